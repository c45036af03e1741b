"""`Detector.look` for both architectures: regions and maps in pixels of the given picture."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.detection.one_shot import OneShotMaps
from models.registry import create_network
from models.weights import WeightCard
from tests.support.checkpoints import DETECTOR_CONFIG
from tests.support.one_shot_maps import draw_maps, make_word, quad_iou
from textrec_app.errors import InputError
from textrec_app.pipeline.canvas import DetectionPreprocessing, prepare_canvas
from textrec_app.pipeline.detection import Detector

CONFIGS = {"craft": DETECTOR_CONFIG, "one_shot": DETECTOR_CONFIG | {"dilations": [2], "head_width": 8}}
ONE_LOOK = {"far_ratio": 0.0, "looks_level": False}


class AllKnowingNetwork(nn.Module):
    """Says what a perfectly trained network would say of the words that it was told."""

    def __init__(self, words, placement) -> None:
        super().__init__()
        self.words = [
            replace(
                word,
                quad=word.quad * placement.scale + placement.margin_px,
                character_quads=word.character_quads * placement.scale + placement.margin_px,
            )
            for word in words
        ]

    def forward(self, images: Tensor) -> OneShotMaps:
        words, characters = draw_maps((images.shape[2], images.shape[3]), self.words)
        return OneShotMaps(torch.from_numpy(words)[None], torch.from_numpy(characters)[None])


class BrightnessNetwork(nn.Module):
    """Calls every bright pixel the centre of a word and of a character."""

    def forward(self, images: Tensor) -> OneShotMaps:
        bright = images.mean(dim=1, keepdim=True) * 8
        words, characters = (nn.functional.avg_pool2d(bright, stride) for stride in (4, 2))
        return OneShotMaps(
            torch.cat([words, words.new_zeros(1, 24, *words.shape[2:])], dim=1),
            torch.cat([characters, characters.new_zeros(1, 26, *characters.shape[2:])], dim=1),
        )


def card(architecture, preprocessing=None):
    return WeightCard(
        name="d", version="1", task="detector", architecture=architecture, config=CONFIGS[architecture],
        preprocessing=ONE_LOOK if preprocessing is None else preprocessing,
    )  # fmt: skip


def all_knowing(words, size_hw):
    image = np.zeros((*size_hw, 3), np.uint8)
    _, placement = prepare_canvas(image, DetectionPreprocessing())
    return Detector(AllKnowingNetwork(words, placement), card("one_shot")), image


@pytest.mark.parametrize("size_hw", [(480, 640), (1200, 1600), (1500, 700), (131, 257)])
@pytest.mark.parametrize("degrees", [0, 90, 180, -30])
def test_words_are_found_in_pixels_of_the_given_picture(size_hw, degrees):
    height = min(size_hw) / 12
    word = make_word("Word", (size_hw[1] * 0.4, size_hw[0] * 0.6), height, degrees)
    detector, image = all_knowing([word], size_hw)
    (region,) = detector.detect(image)
    polygon = np.array(region.polygon)
    assert quad_iou(polygon, word.quad) > 0.9
    assert np.linalg.norm(polygon - word.quad[0], axis=1).argmin() == 0
    assert len(region.character_polygons) == 4
    turn = (region.angle_deg + degrees + 180) % 360 - 180  # ours counts counter-clockwise
    assert abs(turn) < 2
    assert -180 < region.angle_deg <= 180


def test_a_floor_below_the_threshold_adds_doubtful_words_and_loses_none():
    words = [make_word("Word", (200, 100 + 90 * k), 30, 0) for k in range(3)]
    detector, image = all_knowing(words, (480, 640))
    sure = detector.look(image).regions
    network = AllKnowingNetwork(words, prepare_canvas(image, DetectionPreprocessing())[1])

    class DoubtfulNetwork(nn.Module):
        def forward(self, images: Tensor) -> OneShotMaps:
            said = network(images)
            said.words[:, 0, said.words.shape[2] // 2 :] -= 15.0  # lower half: probability well below the threshold
            return said

    doubtful = Detector(DoubtfulNetwork(), card("one_shot"))
    at_threshold, below = doubtful.look(image).regions, doubtful.look(image, floor=0.05).regions
    assert len(sure) == 3
    assert 0 < len(at_threshold) < len(below) == 3
    assert all(region.score >= doubtful.threshold for region in at_threshold)
    kept = {region.polygon for region in below}
    assert all(region.polygon in kept for region in at_threshold)
    assert doubtful.detect(image) == at_threshold


@pytest.mark.parametrize("size_hw", [(480, 640), (97, 803), (1400, 300), (31, 31)])
def test_maps_lie_exactly_on_the_picture(size_hw):
    """A bright spot of the picture is bright at the same place of the maps, stretched to the picture's size."""
    height, width = size_hw
    image = np.zeros((height, width, 3), np.uint8)
    spot = max(6, min(size_hw) // 6)
    x, y = int(width * 0.7), int(height * 0.2)
    image[y : y + spot, x : x + spot] = 255
    maps = Detector(BrightnessNetwork(), card("one_shot")).look(image).maps
    assert set(maps) == {"words", "characters"}
    for values in maps.values():
        assert values.dtype == np.float32
        assert 0 <= values.min() <= values.max() <= 1
        rows, columns = np.nonzero(values > 0.5)
        scale = np.array([width / values.shape[1], height / values.shape[0]])
        middle = (np.array([columns.mean(), rows.mean()]) + 0.5) * scale
        assert np.abs(middle - (x + spot / 2, y + spot / 2)).max() < scale.max()


@pytest.mark.parametrize("architecture", CONFIGS)
@pytest.mark.parametrize("size_hw", [(60, 80), (1, 1), (5, 900)])
def test_an_untrained_network_of_either_kind_looks_at_any_picture(architecture, size_hw):
    torch.manual_seed(0)
    detector = Detector(create_network(architecture, CONFIGS[architecture]), card(architecture))
    image = np.random.default_rng(0).integers(0, 256, (*size_hw, 3), dtype=np.uint8)
    seen = detector.look(image, floor=0.02)
    assert set(seen.maps) == {"words", "characters"}
    assert all(values.ndim == 2 and values.min() >= 0 and values.max() <= 1 for values in seen.maps.values())
    assert {region.polygon for region in detector.look(image).regions} <= {region.polygon for region in seen.regions}
    for region in seen.regions:
        corners = np.array(region.polygon)
        assert np.isfinite(corners).all()
        assert corners.min() >= 0
        assert (corners.max(axis=0) <= size_hw[::-1]).all()


@pytest.mark.parametrize("architecture", CONFIGS)
def test_other_arrays_are_refused(architecture):
    detector = Detector(create_network(architecture, CONFIGS[architecture]), card(architecture))
    with pytest.raises(InputError, match="RGB"):
        detector.look(np.zeros((10, 10), np.uint8))


def test_a_threshold_of_the_card_is_used():
    network = create_network("one_shot", CONFIGS["one_shot"])
    assert Detector(network, card("one_shot", {"thresholds": {"score": 0.55, "low_text": 3}})).threshold == 0.55
