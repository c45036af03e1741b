from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from models.weights import WeightCard
from textrec_app.data.scenes import Scene, SceneBox
from textrec_app.pipeline.detection import Detector
from textrec_app.training.line_splitting import list_line_words, part_scene, propose_words

CARD = WeightCard(name="d", version="1", task="detector", architecture="craft")
NO_CHARACTERS = np.zeros((0, 4, 2), np.float32)


class BrightIsText(nn.Module):
    """Red is where characters are, as surely as it is bright; nothing joins them."""

    def forward(self, images: Tensor) -> Tensor:
        red = nn.functional.avg_pool2d(images[:, :1], 2)
        return torch.cat([red * 2.5, torch.full_like(red, -9)], dim=1)


def rectangle(x0, y0, x1, y1):
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)


def box(quad, text=None, is_excused=False, level="line"):
    return SceneBox(quad, text, is_excused, level, NO_CHARACTERS)


def picture(words, brightness=255):
    image = np.zeros((240, 400, 3), np.uint8)
    for x0, y0, x1, y1 in words:
        image[y0:y1, x0:x1, 0] = brightness
        for x in range(x0, x1, 10):  # strokes, which the network does not see
            image[y0 + 4 : y1 - 4, x : x + 5, 1] = 255
    return image


WORDS = [(40, 40, 140, 70), (170, 40, 230, 70), (260, 40, 360, 70)]
DETECTOR = Detector(BrightIsText(), CARD)


def test_a_line_becomes_the_words_that_the_detector_sees():
    scene = Scene(Path("a.jpg"), (box(rectangle(40, 40, 360, 70)),))
    words = list_line_words(DETECTOR, picture(WORDS), scene)
    assert len(words) == 3
    ends = [(word.quad[:, 0].min(), word.quad[:, 0].max()) for word in words]
    assert np.allclose(ends, [(x0, x1) for x0, _, x1, _ in WORDS], atol=7)
    assert all(np.allclose((word.quad[:, 1].min(), word.quad[:, 1].max()), (40, 70), atol=0.1) for word in words)
    assert all(0 < word.confidence < 1 and word.word_confidence == 0.8 for word in words)


def test_missed_and_excused_lines_are_left_out_and_words_stay():
    missed, excused = rectangle(40, 100, 360, 130), rectangle(40, 40, 360, 70)
    known = box(rectangle(40, 160, 100, 180), "Word", level="word")
    scene = Scene(Path("a.jpg"), (box(missed), box(excused, is_excused=True), known))
    words = list_line_words(DETECTOR, picture(WORDS), scene)
    assert [word.confidence for word in words] == [0, 0, 0.5]
    assert len(words[2].character_quads) == 4


def test_a_set_of_lines_is_written_as_words():
    scene = Scene(Path("a.jpg"), (box(rectangle(40, 40, 360, 70), "ABCD EF GHIJ"), box(rectangle(40, 100, 360, 130))))
    parted = part_scene(DETECTOR.detect(picture(WORDS)), picture(WORDS), scene)
    assert [b.text for b in parted.boxes] == ["ABCD", "EF", "GHIJ", None]
    assert [b.level for b in parted.boxes] == ["word", "word", "word", "line"]
    assert not any(b.is_excused for b in parted.boxes)
    words = list_line_words(DETECTOR, picture(WORDS), parted)
    assert [word.confidence > 0 for word in words] == [True, True, True, False]


def test_sure_words_are_proposed_and_doubtful_ones_left_out():
    image = picture(WORDS[:1])
    image[100:130, 40:140, 0] = 190
    regions = {round(region.polygon[0][1]): region.score for region in DETECTOR.look(image, 0.0).regions}
    low, high = sorted(regions.values())
    assert low < high
    sure, doubtful = sorted(propose_words(DETECTOR, image, (low + high) / 2), key=lambda word: word.quad[0, 1])
    assert sure.confidence > 0
    assert doubtful.confidence == 0
    assert abs(sure.word_confidence - high) < 1e-6


def test_nothing_is_proposed_on_an_empty_picture():
    assert propose_words(DETECTOR, picture([]), 0.5) == []
