"""Reading with two heads: one pass, what each said, whether they agree, characters where their glyphs lie."""

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from models.recognition.glyph_network import GlyphNetwork
from models.weights import load_network
from tests.support.glyph_networks import PaintedNetwork, paint, save_tiny_siga
from textrec_app.domain import DetectedRegion
from textrec_app.pipeline.detection import Detector
from textrec_app.pipeline.glyph_view import GlyphView
from textrec_app.pipeline.logits import FastPathRunner, TorchRunner
from textrec_app.pipeline.reader import Reader
from textrec_app.pipeline.recognition import ReadOptions, Recognizer

CROP = np.random.default_rng(0).integers(0, 256, (40, 200, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Recognizer:
    """A tiny `siga_s` that was never trained."""
    return Recognizer.load(save_tiny_siga(tmp_path_factory.mktemp("siga")))


def network_of(recognizer: Recognizer) -> PaintedNetwork:
    assert isinstance(recognizer.network, PaintedNetwork)
    return recognizer.network


def test_heads_that_say_the_same_agree() -> None:
    recognizer = paint("Hotel", "Hotel")
    reading = recognizer.read([CROP])[0]
    assert (reading.text, reading.agreement) == ("Hotel", True)
    assert {head: one.text for head, one in reading.readings.items()} == {"fast": "Hotel", "glyph": "Hotel"}
    assert all(one.probability == pytest.approx(np.exp(one.log_prob)) for one in reading.readings.values())
    assert reading.sharpness == pytest.approx(1.0, abs=0.05)
    assert network_of(recognizer).asked == {"both": 1, "fast": 0}  # one pass, and no second look


def test_heads_that_differ_are_weighed_and_told() -> None:
    recognizer = paint("Hotel", "Hotal", sure=(12.0, 3.0))
    reading = recognizer.read([CROP])[0]
    assert (reading.text, reading.agreement) == ("Hotel", False)
    assert reading.readings["glyph"].text == "Hotal"
    assert paint("Hotal", "Hotel", sure=(3.0, 12.0)).read([CROP])[0].text == "Hotel"


def test_asking_for_alternatives_changes_no_confidence() -> None:
    for glyph in ("Hotel", "Motel"):
        recognizer = paint("Hotel", glyph)
        plain, asked = recognizer.read([CROP])[0], recognizer.read([CROP], ReadOptions(alternatives=3))[0]
        assert plain.text == asked.text
        assert plain.confidence == pytest.approx(asked.confidence, abs=1e-6)
        assert {other.text for other in asked.alternatives} & {"Hotel", "Motel"} <= {"Hotel", "Motel"}


def test_a_text_longer_than_the_glyph_head_reads_is_left_to_the_fast_path() -> None:
    text = "abcdefghijklmnopqrstuvwxyz"
    reading = paint(text, text).read([np.zeros((32, 1000, 3), np.uint8)])[0]
    assert (reading.text, reading.agreement, reading.sharpness) == (text, None, None)
    assert set(reading.readings) == {"fast"}


def test_long_lines_are_left_to_the_fast_path() -> None:
    recognizer = paint("Hotel", "Hotel")
    reading = recognizer.read([np.zeros((32, 1500, 3), np.uint8)])[0]
    assert reading.agreement is None
    assert network_of(recognizer).asked["both"] == 0


def test_where_a_runner_has_the_fast_path_only_one_head_speaks(tiny: Recognizer) -> None:
    assert isinstance(tiny.runner, TorchRunner)
    alone = Recognizer(tiny.network, tiny.card, tiny.device, FastPathRunner(tiny.runner)).read([CROP])[0]
    both = tiny.read([CROP])[0]
    assert (alone.agreement, set(alone.readings)) == (None, {"fast"})
    assert alone.readings["fast"].text == both.readings["fast"].text
    assert set(both.readings) == {"fast", "glyph"}


def test_a_real_network_reads_crops_of_all_widths(tiny: Recognizer) -> None:
    crops = [np.random.default_rng(width).integers(0, 256, (32, width, 3), np.uint8) for width in (40, 300, 90, 1100)]
    readings = tiny.read(crops)
    for reading, crop in zip(readings, crops, strict=True):
        assert reading.agreement in ((None,) if crop.shape[1] == 1100 else (None, True, False))
        assert "".join(character.text for character in reading.characters) == reading.text
        assert 0.0 <= reading.confidence <= 1.0
    assert tiny.read([]) == []


def test_weights_say_the_same_through_the_runner_as_by_themselves(tmp_path: Path) -> None:
    path = save_tiny_siga(tmp_path)
    network, card = load_network(path)
    assert isinstance(network, GlyphNetwork)
    images = np.random.default_rng(3).integers(0, 256, (2, 32, 96, 3), np.uint8)
    reading = TorchRunner(network, card.preprocessing, torch.device("cpu"), "float32").read_glyphs(images)
    with torch.inference_mode():
        own = network.read((torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5)
    for seen, expected in zip(reading, own, strict=True):
        assert torch.allclose(seen, expected, atol=1e-3)


def test_polygons_follow_a_rising_word() -> None:
    reading = Reader(None, paint("Hotel", "Hotel", rise=0.4)).read_crop(CROP, "x")
    tops = [character.polygon[0][1] for character in reading.regions[0].characters]
    assert all(right < left - 1.0 for left, right in pairwise(tops))
    assert all(bottom[1] - top[1] < 0.7 * 40 for top, *_, bottom in (c.polygon for c in reading.regions[0].characters))


class Finder(Detector):
    """A detector that finds what it is given."""

    def __init__(self, *regions: DetectedRegion) -> None:
        self.regions = regions

    def detect(self, image: np.ndarray) -> list[DetectedRegion]:
        return list(self.regions)


@pytest.mark.parametrize("angle_deg", [0, 25, 90, 180, 250])
def test_polygons_stay_in_a_turned_region_in_order_and_are_not_thin(angle_deg: float) -> None:
    corners = cv2.boxPoints(((150, 150), (160, 40), angle_deg))
    polygon = tuple((float(x), float(y)) for x, y in np.roll(corners, -1, axis=0))
    recognizer = paint("Hotel", "Hotel", rise=0.8)
    page = Reader(Finder(DetectedRegion(polygon, 0.9, 0.0)), recognizer).read_words(np.zeros((300, 300, 3), np.uint8))
    region = page.words[0].region
    outline = np.array(region.polygon, np.float32)
    origin, along = outline[0], (outline[1] - outline[0]) / np.linalg.norm(outline[1] - outline[0])
    middles = [float((np.mean(character.polygon, axis=0) - origin) @ along) for character in region.characters]
    assert middles == sorted(middles)
    for character in region.characters:
        quad = np.array(character.polygon, np.float32)
        assert cv2.contourArea(quad) > 4.0
        assert all(cv2.pointPolygonTest(outline, (float(x), float(y)), True) > -0.2 for x, y in quad)


def test_an_explanation_has_mask_maps_steps_and_drifts() -> None:
    view = paint("Hotel", "Hotel").explain(CROP, "Motel!")
    assert isinstance(view, GlyphView)
    assert view.mask.shape == (40, 200)
    assert view.glyph_attention is not None
    assert view.glyph_attention.shape == (6, 40, 200)
    assert view.attention.shape == (7, 40)
    assert view.attention.sum(axis=1) == pytest.approx(np.ones(7))
    assert [drift.is_drifting for drift in view.drifts] == [False] * 6
    assert min(view.sharpness) > 0.9


def test_of_a_text_too_long_there_is_the_mask_only(tiny: Recognizer) -> None:
    view = tiny.explain(CROP, "x" * 26)
    assert view is not None
    assert (view.glyph_attention, view.drifts, len(view.attention)) == (None, (), 0)
    assert view.mask.shape == CROP.shape[:2]
    assert 0.0 <= view.mask.min() <= view.mask.max() <= 1.0
    assert len(tiny.attention(CROP, "x" * 26)) == 26


@pytest.mark.parametrize("text", ["", "A", "日本"])
def test_texts_of_any_kind_can_be_explained(tiny: Recognizer, text: str) -> None:
    view = tiny.explain(CROP, text)
    assert view is not None
    assert view.glyph_attention is not None
    assert len(view.glyph_attention) == len(view.drifts) == len(view.sharpness) == len(text)
    assert len(view.attention) == len(text) + 1
