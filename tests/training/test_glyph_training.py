"""Networks with a glyph branch get masks however they are trained: by folders, by themselves, with new words."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.weights import load_card
from tests.support.pictures import draw_word
from textrec_app.data.crop_pool import CropPool, pool_in_memory, write_pool_shard
from textrec_app.data.word_batches import WeightedPool
from textrec_app.training.recipes import RecognizerRecipe, SelfTraining, get_recognizer_recipe
from textrec_app.training.recognizer import MASKS, RecognizerRun, train_recognizer
from textrec_app.training.rolling_words import RollingPlan, RollingSampler, RollingWords, shard_folder
from textrec_app.training.self_training import Unlabeled, self_train

SMALL = (
    ("widths", (8, 8, 16, 16)),
    ("depths", (1, 1, 1, 1)),
    ("heads", 2),
    ("decoder_width", 16),
    ("sequence_width", 16),
    ("pyramid_width", 16),
    ("glyph_width", 16),
)
WORDS = ("TEN", "NET", "EAT", "TEA")


def _recipe(steps: int = 2) -> RecognizerRecipe:
    recipe = get_recognizer_recipe("tiny")
    fit = replace(recipe.fit, steps=steps, batch_size=4, evaluate_every=steps)
    return replace(recipe, fit=fit, architecture="siga_s", network=SMALL, self_training=SelfTraining(1, 0.0))


def _pool() -> CropPool:
    blank = np.full((32, 70, 3), 120, np.uint8)
    return pool_in_memory([*((draw_word(word), word) for word in WORDS), (blank, "A")])


def _masks(run_dir: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (run_dir / MASKS).glob("*.glyphs")}


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("teacher")
    return train_recognizer(RecognizerRun(out, _recipe(), [WeightedPool(_pool(), 1.0)], device="cpu")).checkpoint


def test_a_run_keeps_its_masks_for_the_next_sitting(tmp_path: Path) -> None:
    run = RecognizerRun(tmp_path, _recipe(3), [WeightedPool(_pool(), 1.0)], validation=_pool(), device="cpu")
    first = train_recognizer(run, should_stop=lambda: "paused")
    made = _masks(tmp_path)
    assert len(made) == 1
    second = train_recognizer(run)
    assert (first.state, second.state) == ("paused", "finished")
    assert _masks(tmp_path) == made
    assert load_card(second.checkpoint).architecture == "siga_s"


def test_a_student_gets_masks_of_what_its_teacher_labeled(teacher: Path, tmp_path: Path) -> None:
    run = RecognizerRun(tmp_path, _recipe(), [WeightedPool(_pool(), 1.0)], base=teacher, device="cpu")
    labels = '{"text": "TEN", "confidence": 0.9, "agreed": true}\n' * len(WORDS)
    (tmp_path / "round-1").mkdir()
    (tmp_path / "round-1" / "pseudo_labels.jsonl").write_text(labels)
    unlabeled = pool_in_memory((draw_word(word, seed=9), "") for word in WORDS)
    assert self_train(run, Unlabeled(unlabeled)).state == "finished"
    assert len(_masks(tmp_path / "round-1")) == 2


def test_rolling_words_come_with_masks(teacher: Path, tmp_path: Path) -> None:
    plan = RollingPlan(seed=1, first_step=0, steps_per_shard=100.0, words=4, first=1, window=1)
    words = RollingWords(tmp_path / "words", plan, 0.5, 0.5)
    write_pool_shard(shard_folder(words.folder, 0), "words", ((draw_word(word), word) for word in WORDS))
    source = RollingSampler([WeightedPool(_pool(), 0.5)], words, _recipe())
    run = RecognizerRun(tmp_path / "run", _recipe(), [], base=teacher, device="cpu", source=source)
    assert train_recognizer(run).state == "finished"
    assert len(_masks(tmp_path / "run")) == 1


def test_networks_without_a_glyph_branch_make_no_masks(tmp_path: Path) -> None:
    recipe = replace(_recipe(), architecture="conv_attention_ctc", network=SMALL[:3])
    train_recognizer(RecognizerRun(tmp_path, recipe, [WeightedPool(_pool(), 1.0)], device="cpu"))
    assert not (tmp_path / MASKS).exists()
