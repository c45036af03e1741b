"""Reading crops with a network whose every answer is known: spans, confidences, order, attention."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from models.charset import PRINTABLE_ASCII
from models.registry import create_network
from models.weights import WeightCard, save_weights
from textrec_app.errors import InputError, WeightsError
from textrec_app.pipeline.crop_readings import span_bounds
from textrec_app.pipeline.devices import pick_device
from textrec_app.pipeline.recognition import Recognizer

CONFIG = {"classes": 96, "widths": [8, 8, 16, 16], "depths": [1, 1, 1, 1], "heads": 2}
PREPROCESSING = {"height_px": 32, "mean": [0.5] * 3, "std": [0.5] * 3}


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory: pytest.TempPathFactory) -> Recognizer:
    torch.manual_seed(0)
    network = create_network("conv_attention_ctc", CONFIG)
    with torch.no_grad():
        network.get_parameter("head.weight").mul_(30)  # loud enough to say something
    card = WeightCard("loud", "1", "recognizer", "conv_attention_ctc", CONFIG, PRINTABLE_ASCII, PREPROCESSING)
    path = save_weights(tmp_path_factory.mktemp("weights"), "loud", network.state_dict(), card)
    return Recognizer.load(path)


def _noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_readings_come_in_the_order_of_the_crops(recognizer: Recognizer) -> None:
    crops = [_noise(32, width, width) for width in (300, 60, 150, 61, 299)]
    together = recognizer.read(crops)
    alone = [recognizer.read([crop])[0] for crop in crops]
    assert [len(reading.text) > 0 for reading in alone].count(True) >= 3
    for left, right in zip(together, alone, strict=True):
        assert abs(len(left.text) - len(right.text)) <= 2  # batches may run in bfloat16


def test_characters_follow_the_text_and_stay_in_the_crop(recognizer: Recognizer) -> None:
    reading = recognizer.read([_noise(40, 200)])[0]
    assert "".join(character.text for character in reading.characters) == reading.text
    bounds = [(character.start_rel, character.end_rel) for character in reading.characters]
    assert all(0.0 <= start < end <= 1.0 for start, end in bounds)
    assert all(left[1] <= right[0] + 1e-6 for left, right in pairwise(bounds))
    assert all(0.0 <= character.confidence <= 1.0 for character in reading.characters)


def test_one_attention_map_for_each_character(recognizer: Recognizer) -> None:
    crop = _noise(48, 180, 2)
    maps = recognizer.attention(crop)
    assert maps.shape[1:] == (48, 180)
    assert len(maps) > 0
    assert maps.min() >= 0.0
    assert np.allclose(maps.max(axis=(1, 2)), 1.0, atol=0.05)


def test_no_crops_no_readings(recognizer: Recognizer) -> None:
    assert recognizer.read([]) == []


@pytest.mark.parametrize("crop", [np.zeros((0, 5, 3), np.uint8), np.zeros((5, 5), np.uint8), np.zeros((5, 5, 3))])
def test_what_is_no_crop_is_refused(recognizer: Recognizer, crop: np.ndarray) -> None:
    with pytest.raises(InputError, match="crop must be"):
        recognizer.read([crop])


def test_a_detectors_weights_are_refused(tmp_path: Path) -> None:
    network = create_network("craft", {})
    path = save_weights(tmp_path, "d", network.state_dict(), WeightCard("d", "1", "detector", "craft"))
    with pytest.raises(WeightsError, match="not a recognizer"):
        Recognizer.load(path)


def test_spans_widen_to_half_way_and_do_not_overlap() -> None:
    assert span_bounds([], 10) == []
    bounds = span_bounds([(2, 3), (6, 7), (10, 11)], 16)
    assert bounds == [(0.0, 4.5), (4.5, 8.5), (8.5, 13.0)]
    assert span_bounds([(0, 1)], 4) == [(0.0, 2.5)]


def test_a_gpu_that_is_not_there_is_a_sentence() -> None:
    assert pick_device("cpu").type == "cpu"
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="TEXTREC_DEVICE"):
            pick_device("cuda")
