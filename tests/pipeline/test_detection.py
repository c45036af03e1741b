from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.detection.craft import build_craft
from models.errors import WeightsError
from models.weights import PRETRAINED_DIR, WeightCard, save_weights
from textrec_app.errors import InputError
from textrec_app.pipeline.canvas import DetectionPreprocessing, prepare_canvas
from textrec_app.pipeline.craft_postprocess import CraftThresholds
from textrec_app.pipeline.detection import Detector
from textrec_app.pipeline.map_decoders import create_decoder

TINY = {"widths": [8, 8, 8, 8], "depths": [1, 1, 1, 1], "up_widths": [8, 8, 8]}
CARD = WeightCard(name="d", version="1", task="detector", architecture="craft", config=TINY)
SHIPPED = PRETRAINED_DIR / "detector.safetensors"


class BrightnessNetwork(nn.Module):
    """Calls every bright pixel text, so that what surrounds a network can be seen exactly."""

    def forward(self, images: Tensor) -> Tensor:
        bright = nn.functional.avg_pool2d(images.mean(dim=1, keepdim=True), 2)
        return torch.cat([bright * 8, torch.full_like(bright, -9.0)], dim=1)


def bright_bar(size_hw, left_top, bar_hw):
    image = np.zeros((*size_hw, 3), np.uint8)
    (x, y), (height, width) = left_top, bar_hw
    image[y : y + height, x : x + width] = 255
    return image


@pytest.mark.parametrize("size_hw", [(300, 400), (200, 2000), (1500, 700), (97, 131)])
def test_polygons_are_in_pixels_of_the_given_picture(size_hw):
    height, width = size_hw
    bar_hw, left_top = (height // 5, width // 2), (width // 4, height // 3)
    (region,) = Detector(BrightnessNetwork(), CARD).detect(bright_bar(size_hw, left_top, bar_hw))
    corners = np.array(region.polygon)
    letter = min(bar_hw)
    assert np.abs(corners.min(axis=0) - left_top).max() < 0.3 * letter + 3
    assert np.abs(corners.max(axis=0) - np.add(left_top, bar_hw[::-1])).max() < 0.3 * letter + 3
    assert corners.min() >= 0
    assert region.score > 0.9


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 500), (500, 1), (3, 4000), (5000, 40)])
def test_odd_sizes_are_no_error(size_hw):
    assert Detector(BrightnessNetwork(), CARD).detect(np.zeros((*size_hw, 3), np.uint8)) == []


@pytest.mark.parametrize("shape", [(10, 10), (10, 10, 4), (0, 10, 3), (2, 3, 3, 3)])
def test_other_arrays_are_refused(shape):
    with pytest.raises(InputError, match="RGB"):
        Detector(BrightnessNetwork(), CARD).detect(np.zeros(shape, np.uint8))


def test_the_canvas_surrounds_the_picture_with_its_own_colour():
    image = np.full((60, 200, 3), (10, 200, 90), np.uint8)
    image[20:40, 50:150] = 255
    canvas, placement = prepare_canvas(image, DetectionPreprocessing(long_side_px=200, short_side_px=60))
    assert placement.scale == 1
    assert placement.margin_px >= 8
    assert canvas.shape[0] % 32 == 0
    assert canvas.shape[1] % 32 == 0
    assert (canvas[0, 0] == (10, 200, 90)).all()
    assert (canvas[-1, -1] == (10, 200, 90)).all()
    inner = canvas[placement.margin_px : placement.margin_px + 60, placement.margin_px : placement.margin_px + 200]
    assert np.array_equal(inner, image)


def test_large_pictures_shrink_and_small_ones_grow_a_little():
    preprocessing = DetectionPreprocessing(long_side_px=640, short_side_px=320, magnify=1.5)
    assert prepare_canvas(np.zeros((4000, 3000, 3), np.uint8), preprocessing)[1].scale == pytest.approx(0.16)
    assert prepare_canvas(np.zeros((40, 100, 3), np.uint8), preprocessing)[1].scale == pytest.approx(1.5)


def test_long_narrow_pictures_keep_their_small_text():
    preprocessing = DetectionPreprocessing()
    canvas, placement = prepare_canvas(np.zeros((3000, 700, 3), np.uint8), preprocessing)
    assert placement.scale > 0.7  # the longer side alone would ask for 0.43
    assert canvas.shape[0] * canvas.shape[1] < 1.3 * preprocessing.area_px


def test_a_second_look_can_be_left_out():
    one = WeightCard(
        name="d", version="1", task="detector", architecture="craft", preprocessing={"far_ratio": 0.0}, config=TINY
    )
    image = bright_bar((300, 400), (100, 100), (150, 200))
    assert len(Detector(BrightnessNetwork(), one).detect(image)) == 1
    assert prepare_canvas(image, DetectionPreprocessing(), ratio=0.5)[1].scale == pytest.approx(0.75)


def test_lines_that_run_together_from_afar_are_told_apart_by_a_closer_look():
    image = bright_bar((2000, 3000), (2000, 1500), (8, 120))
    image[1511:1519, 2000:2120] = 255
    settings = {"small_px": 14.0, "target_px": 30.0, "far_ratio": 0.0}
    from_afar, close = (
        Detector(BrightnessNetwork(), replace(CARD, preprocessing=settings | {"most_tiles": most})).detect(image)
        for most in (0, 24)
    )
    assert (len(from_afar), len(close)) == (1, 2)
    upper, lower = sorted(np.array(region.polygon).mean(axis=0)[1] for region in close)
    assert upper == pytest.approx(1504, abs=2)
    assert lower == pytest.approx(1515, abs=2)


def test_what_the_card_says_is_used(tmp_path):
    card = WeightCard(
        name="d",
        version="1",
        task="detector",
        architecture="craft",
        config=TINY,
        preprocessing={"mean": [1.0, 2.0, 3.0], "long_side_px": 320, "thresholds": {"text": 0.9, "min_area_px": 50}},
    )
    path = save_weights(tmp_path, "detector", build_craft(TINY).state_dict(), card)
    detector = Detector.load(path)
    assert detector.preprocessing.mean == (1.0, 2.0, 3.0)
    assert detector.preprocessing.long_side_px == 320
    thresholds = create_decoder(detector.card.architecture, detector.card.preprocessing["thresholds"]).thresholds
    assert isinstance(thresholds, CraftThresholds)
    assert (thresholds.text, thresholds.min_area_px) == (0.9, 50)
    assert detector.card.sha256


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(WeightsError, match="missing"):
        Detector.load(tmp_path / "detector.safetensors")


@pytest.fixture(scope="module")
def shipped() -> Detector:
    return Detector.load(Path(SHIPPED))


def draw_words(angle_deg=0.0):
    image = np.full((360, 640, 3), (225, 222, 214), np.uint8)
    for text, origin in (("Harbour", (60, 120)), ("STREET", (340, 120)), ("Open", (60, 250)), ("daily", (230, 250))):
        cv2.putText(image, text, origin, cv2.FONT_HERSHEY_DUPLEX, 1.8, (30, 40, 60), 3, cv2.LINE_AA)
    matrix = cv2.getRotationMatrix2D((320, 180), angle_deg, 1.0)
    return cv2.warpAffine(image, matrix, (640, 360), borderValue=(225, 222, 214))


@pytest.mark.parametrize("angle_deg", [0, 10, -14])
def test_shipped_weights_find_drawn_words(shipped, angle_deg):
    regions = shipped.detect(draw_words(angle_deg))
    assert len(regions) == 4
    for region in regions:
        assert region.angle_deg == pytest.approx(angle_deg, abs=8)
        assert len(region.polygon) == 4
        assert 3 <= len(region.character_polygons) <= 9
        assert 0.3 < region.score <= 1


def test_shipped_weights_find_a_word_that_fills_the_picture(shipped):
    crop = draw_words()[66:142, 334:582]
    (region,) = shipped.detect(np.ascontiguousarray(crop))
    corners = np.array(region.polygon)
    assert np.ptp(corners[:, 0]) > 0.8 * crop.shape[1]
    assert np.ptp(corners[:, 1]) > 0.5 * crop.shape[0]


@pytest.mark.parametrize("value", [0, 127, 255])
def test_shipped_weights_find_nothing_in_an_empty_picture(shipped, value):
    assert shipped.detect(np.full((240, 320, 3), value, np.uint8)) == []
