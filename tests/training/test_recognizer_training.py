"""Recognizer training end to end on a handful of drawn words."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.weights import load_card
from textrec_app.data.crop_pool import CropPool, pool_in_memory
from textrec_app.data.word_batches import WeightedPool
from textrec_app.errors import InputError
from textrec_app.pipeline.recognition import Recognizer
from textrec_app.training.recipes import get_recognizer_recipe
from textrec_app.training.recognizer import RecognizerRun, train_recognizer

SMALL = (("widths", (8, 8, 16, 32)), ("depths", (1, 1, 1, 1)), ("heads", 2), ("global_blocks", 1))


def _drawn(text: str) -> np.ndarray:
    image = np.full((40, 24 * len(text) + 16, 3), 230, np.uint8)
    cv2.putText(image, text, (8, 31), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (20, 20, 20), 2, cv2.LINE_AA)
    return image


@pytest.fixture
def pool() -> CropPool:
    return pool_in_memory((_drawn(text), text) for text in ("TEN", "NET", "EAT", "TEA", "ANT", "TAN"))


def _run(out: Path, pool: CropPool, base: Path | None = None) -> RecognizerRun:
    recipe = replace(get_recognizer_recipe("tiny"), network=SMALL)
    return RecognizerRun(out, recipe, [WeightedPool(pool, 1.0)], pool, base=base, name="tiny", device="cpu")


def test_a_run_leaves_a_checkpoint_that_reads_and_says_what_it_is(tmp_path: Path, pool: CropPool) -> None:
    result = train_recognizer(_run(tmp_path, pool))
    assert result.state == "finished"
    card = load_card(result.checkpoint)
    assert (card.task, card.recipe["fit"]["name"], card.metrics["steps"]) == ("recognizer", "tiny", 12)
    readings = Recognizer.load(result.checkpoint).read([pool.crop(0), pool.crop(1)])
    assert len(readings) == 2
    assert all(0.0 <= reading.confidence <= 1.0 for reading in readings)


def test_a_child_names_its_parent(tmp_path: Path, pool: CropPool) -> None:
    parent = train_recognizer(_run(tmp_path / "parent", pool)).checkpoint
    child = train_recognizer(_run(tmp_path / "child", pool, base=parent)).checkpoint
    assert load_card(child).parent == "tiny@0"


def test_cancel_is_obeyed_and_still_leaves_weights(tmp_path: Path, pool: CropPool) -> None:
    result = train_recognizer(_run(tmp_path, pool), should_stop=lambda: "cancelled")
    assert (result.state, result.step) == ("cancelled", 1)
    assert result.checkpoint.is_file()


def test_nothing_to_train_on_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to train on"):
        train_recognizer(_run(tmp_path, pool_in_memory([])))
