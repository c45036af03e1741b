"""Words that run in any direction arrive upright at the recognizer, also where the detector takes them wrongly."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from models.weights import PRETRAINED_DIR
from tests.support.pictures import draw_word
from textrec_app.domain import CropReading, DetectedRegion, Polygon, RegionReading
from textrec_app.pipeline.detection import Detector
from textrec_app.pipeline.line_directions import follow_neighbours
from textrec_app.pipeline.reader import Reader
from textrec_app.pipeline.recognition import Recognizer
from textrec_app.pipeline.turning import TurnedReading, turn_angle, turn_corners

SIDE_PX = 300


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer.load(PRETRAINED_DIR / "recognizer.safetensors", runtime="torch")


class Finder(Detector):
    """A detector that finds what it is given."""

    def __init__(self, *regions: DetectedRegion) -> None:
        self.regions = regions

    def detect(self, image: np.ndarray) -> list[DetectedRegion]:
        return list(self.regions)


def _turned_scene(text: str, angle_deg: float) -> tuple[np.ndarray, DetectedRegion]:
    """A word on a plain ground, its reading direction turned counter-clockwise, as a good detector sees it."""
    word = draw_word(text, size_px=40)
    height, width = word.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1.0)
    matrix[:, 2] += (SIDE_PX - width) / 2, (SIDE_PX - height) / 2
    scene = cv2.warpAffine(word, matrix, (SIDE_PX, SIDE_PX), borderValue=(225, 220, 210))
    corners = np.array([(6, 6), (width - 6, 6), (width - 6, height - 6), (6, height - 6)])
    polygon = corners @ matrix[:, :2].T + matrix[:, 2]
    return scene, DetectedRegion(_to_polygon(polygon), 0.9, 180.0 - (180.0 - angle_deg) % 360.0)


def _read_one(recognizer: Recognizer, scene: np.ndarray, region: DetectedRegion) -> RegionReading:
    (word,) = Reader(Finder(region), recognizer).read_words(scene).words
    return word.region


def _to_polygon(points: np.ndarray) -> Polygon:
    return tuple((float(x), float(y)) for x, y in points)


def test_words_turned_through_a_full_circle_are_read(recognizer: Recognizer) -> None:
    for angle_deg in range(0, 360, 30):
        scene, region = _turned_scene("Parking", angle_deg)
        one = _read_one(recognizer, scene, region)
        assert (one.text, one.polygon[0]) == ("Parking", region.polygon[0]), angle_deg


@pytest.mark.parametrize(("angle_deg", "off_by"), [(0, 2), (90, 2), (200, 2), (0, 1), (180, 3)])
def test_a_word_that_the_detector_takes_for_turned_is_read_from_its_own_beginning(
    recognizer: Recognizer, angle_deg: float, off_by: int
) -> None:
    scene, region = _turned_scene("Parking", angle_deg)
    taken = DetectedRegion(turn_corners(region.polygon, off_by), 0.9, turn_angle(region.angle_deg, off_by))
    one = _read_one(recognizer, scene, taken)
    assert one.text == "Parking"
    assert one.polygon[0] == pytest.approx(region.polygon[0])
    assert math.cos(math.radians(one.angle_deg - angle_deg)) == pytest.approx(1.0)


@pytest.mark.parametrize("taken_for", ["tall", "running down"])
def test_a_column_of_upright_letters_is_read_from_the_top(recognizer: Recognizer, taken_for: str) -> None:
    image = Image.new("RGB", (120, 320), (230, 230, 220))
    draw = ImageDraw.Draw(image)
    letters: list[Polygon] = []
    for index, letter in enumerate("HOTEL"):
        box = draw.textbbox((60, 40 + 55 * index), letter, font=ImageFont.load_default(40), anchor="mm")
        draw.text((60, 40 + 55 * index), letter, fill=(20, 30, 60), font=ImageFont.load_default(40), anchor="mm")
        letters.append(((box[0], box[1]), (box[2], box[1]), (box[2], box[3]), (box[0], box[3])))
    tall = DetectedRegion(((40, 20), (80, 20), (80, 280), (40, 280)), 0.9, 0.0, tuple(letters))
    region = tall if taken_for == "tall" else DetectedRegion(turn_corners(tall.polygon, 1), 0.9, -90.0, tuple(letters))
    one = _read_one(recognizer, np.asarray(image), region)
    assert (one.text, one.polygon, one.angle_deg) == ("HOTEL", tall.polygon, 0.0)
    middles = [np.asarray(character.polygon).mean(axis=0) for character in one.characters]
    for middle, quad in zip(middles, letters, strict=True):
        assert middle == pytest.approx(np.asarray(quad).mean(axis=0), abs=8.0)


def _row(angles_deg: Sequence[float]) -> list[DetectedRegion]:
    regions = []
    for index, angle_deg in enumerate(angles_deg):
        x = 10.0 + 90.0 * index
        polygon = ((x, 10.0), (x + 80.0, 10.0), (x + 80.0, 40.0), (x, 40.0))
        regions.append(DetectedRegion(polygon if angle_deg == 0 else turn_corners(polygon, 2), 0.9, angle_deg))
    return regions


@pytest.mark.parametrize(("other_confidence", "turns"), [(0.5, 2), (0.1, 0)])
def test_a_word_follows_its_line_unless_that_reads_far_worse(other_confidence: float, turns: int) -> None:
    regions = _row([0.0, 0.0, 180.0, 0.0])
    crop = np.zeros((30, 80, 3), np.uint8)
    best = [TurnedReading(crop, CropReading("word", 0.9, -0.1)) for _ in regions]
    best[2] = TurnedReading(crop, CropReading("pɹoʍ", 0.6, -1.0))
    asked = []

    def read(crops: Sequence[np.ndarray]) -> list[CropReading]:
        asked.append(len(crops))
        return [CropReading("word", other_confidence, -1.0) for _ in crops]

    settled = follow_neighbours(read, regions, best, lambda index, turns: crop)
    assert [one.turns for one in settled] == [0, 0, turns, 0]
    assert asked == [1]


def test_words_that_agree_or_are_alone_are_not_read_again() -> None:
    crop = np.zeros((30, 80, 3), np.uint8)
    for angles_deg in ([0.0, 0.0, 0.0], [0.0, 180.0], [180.0]):
        best = [TurnedReading(crop, CropReading("word", 0.9, -0.1)) for _ in angles_deg]
        assert follow_neighbours(lambda crops: [], _row(angles_deg), best, lambda index, turns: crop) == best
