"""Doubtful places are read too where that is asked for, but not hundreds of them."""

import numpy as np
import pytest

from models.weights import PRETRAINED_DIR, WeightCard
from tests.support.pictures import draw_word
from textrec_app.domain import DetectedRegion, Polygon
from textrec_app.pipeline.detection import Detection, Detector
from textrec_app.pipeline.reader import MOST_CANDIDATES, Reader
from textrec_app.pipeline.recognition import ReadOptions, Recognizer

THRESHOLD = 0.5


class Finder(Detector):
    """A detector that finds what it is given."""

    def __init__(self, regions: list[DetectedRegion]) -> None:
        self.regions, self.threshold = regions, THRESHOLD
        self.card = WeightCard(name="finder", version="1", task="detector", architecture="craft")

    def look(self, image: np.ndarray, floor: float | None = None) -> Detection:
        least = self.threshold if floor is None else floor
        return Detection([region for region in self.regions if region.score >= least], {})


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer.load(PRETRAINED_DIR / "recognizer.safetensors", runtime="torch")


def test_of_many_candidates_the_surest_are_read_and_no_sure_word_is_lost(recognizer: Recognizer) -> None:
    word = draw_word("Hotel", size_px=24)
    height, width = word.shape[:2]
    image = np.tile(word, (10, 10, 1))
    places: list[Polygon] = [
        ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
        for y in range(0, 10 * height, height)
        for x in range(0, 10 * width, width)
    ]
    doubtful = [DetectedRegion(place, 0.1 + 0.004 * index) for index, place in enumerate(places[:90])]
    sure = [DetectedRegion(place, 0.9) for place in places[90:]]
    reader = Reader(Finder([*doubtful, *sure]), recognizer)
    scores = [region.score for region in reader.read_with_maps(image, "x", ReadOptions(floor=0.1)).reading.regions]
    assert scores[:10] == [0.9] * 10
    assert sorted(scores[10:]) == [region.score for region in doubtful[-MOST_CANDIDATES:]]
    assert [region.score for region in reader.read_with_maps(image, "x").reading.regions] == [0.9] * 10
