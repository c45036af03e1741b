import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.weights import WeightCard
from textrec_app.data.detection_targets import TargetWord, slice_quad
from textrec_app.pipeline.detection import Detector
from textrec_app.training.weak_labels import compute_trust, refine_words

CARD = WeightCard(name="d", version="1", task="detector", architecture="craft")
QUAD = np.array([[40, 40], [160, 40], [160, 70], [40, 70]], np.float32)


class RedAndGreenNetwork(nn.Module):
    """Red is where characters are, green where they meet."""

    def forward(self, images: Tensor) -> Tensor:
        return nn.functional.avg_pool2d(images[:, :2], 2) * 6


def picture(edges):
    image = np.zeros((120, 200, 3), np.uint8)
    image[40:70, 40:160, 0] = 255
    for edge in edges:
        image[40:70, edge - 4 : edge + 4] = (0, 255, 0)
    return image


def refine(image, word):
    detector = Detector(RedAndGreenNetwork(), CARD)
    with torch.inference_mode():
        return refine_words(detector, image, [word])[0]


def guessed(n):
    return TargetWord(QUAD, slice_quad(QUAD, np.linspace(0, 1, n + 1)), 0.5)


def test_uneven_characters_are_found():
    word = refine(picture([60, 140]), guessed(3))
    assert word.confidence == 1
    assert np.allclose(word.character_quads[:, 1, 0], [60, 140, 160], atol=4)


def test_a_count_that_is_far_off_leaves_the_guess():
    word = guessed(6)
    assert refine(picture([100]), word) is word


def test_certain_and_ignored_words_stay():
    certain = TargetWord(QUAD, QUAD[None], 1.0)
    ignored = TargetWord(QUAD, np.zeros((0, 4, 2), np.float32), 0.0)
    assert refine(picture([60]), certain) is certain
    assert refine(picture([60]), ignored) is ignored


@pytest.mark.parametrize(
    ("known", "found", "trust"), [(4, 4, 1.0), (4, 3, 0.75), (4, 6, 0.5), (2, 9, 0.0), (1, 1, 1.0)]
)
def test_trust_falls_with_the_difference(known, found, trust):
    assert compute_trust(known, found) == trust
