"""Pictures that are one word are read although a detector sees nothing in them."""

import cv2
import numpy as np
import pytest

from models.weights import PRETRAINED_DIR
from tests.support.checkpoints import save_tiny_detector
from tests.support.pictures import draw_scene, draw_word
from textrec_app.domain import CropReading, DetectedRegion
from textrec_app.pipeline.detection import Detector
from textrec_app.pipeline.reader import Reader
from textrec_app.pipeline.recognition import Recognizer
from textrec_app.pipeline.tight_pictures import detect_in_border, has_contrast, is_whole_better, is_word_shaped


@pytest.fixture(scope="module")
def blind_reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    weights = save_tiny_detector(tmp_path_factory.mktemp("blind"), finds=False)
    recognizer = Recognizer.load(PRETRAINED_DIR / "recognizer.safetensors", runtime="torch")
    return Reader(Detector.load(weights), recognizer)


@pytest.mark.parametrize("word", ["Hotel", "24"])
def test_a_word_that_fills_its_picture_is_read(blind_reader: Reader, word: str) -> None:
    image = draw_word(word)
    reading = blind_reader.read(image, "word.png")
    assert [region.text for region in reading.regions] == [word]
    assert (reading.lines, reading.blocks) == (((0,),), ((0,),))
    assert reading.regions[0].polygon[2] == image.shape[1::-1]


def test_nothing_is_read_into_small_pictures_without_text_or_into_large_ones(blind_reader: Reader) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 120, 3)).astype(np.uint8)
    for image in (cv2.GaussianBlur(noise, (0, 0), 3), np.full((60, 60, 3), 90, np.uint8), draw_scene(["Hotel"])):
        reading = blind_reader.read(image, "x")
        assert (reading.regions, reading.lines, reading.blocks) == ((), (), ())


def test_small_and_long_pictures_may_be_words() -> None:
    assert is_word_shaped((40, 60))
    assert is_word_shaped((200, 1000))
    assert not is_word_shaped((480, 640))


class BorderFinder(Detector):
    """A detector that finds the middle half of what it is shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[int, ...]] = []

    def detect(self, image: np.ndarray) -> list[DetectedRegion]:
        self.shown.append(image.shape)
        height, width = image.shape[:2]
        left, right, top, bottom = width / 4, 3 * width / 4, height / 4, 3 * height / 4
        return [DetectedRegion(((left, top), (right, top), (right, bottom), (left, bottom)), 0.8)]


def test_what_is_found_within_a_border_lies_in_the_picture() -> None:
    finder = BorderFinder()
    (region,) = detect_in_border(finder, np.zeros((40, 100, 3), np.uint8))
    assert finder.shown == [(80, 140, 3)]
    assert region.polygon == ((15.0, 0.0), (85.0, 0.0), (85.0, 40.0), (15.0, 40.0))


@pytest.mark.parametrize(
    ("part_width", "part", "whole", "expected"),
    [
        (90, 0.9, 0.97, True),
        (90, 0.97, 0.96, True),
        (90, 0.97, 0.7, False),
        (30, 0.5, 0.97, False),
        (90, 0.1, 0.3, False),
    ],
)
def test_the_whole_picture_wins_where_most_of_it_is_the_word_and_it_reads_as_well(
    part_width: float, part: float, whole: float, expected: bool
) -> None:
    polygon = ((0.0, 0.0), (part_width, 0.0), (part_width, 40.0), (0.0, 40.0))
    readings = CropReading("STRATEG", part, -0.1), CropReading("STRATEGY", whole, -0.1)
    assert is_whole_better((40, 100), [polygon], readings[:1], readings[1]) is expected


@pytest.mark.parametrize(
    ("texts", "whole", "expected"),
    [
        (("HO", "2"), "HOTEL", True),
        (("CONSTAN", "TANTINE"), "CONSTANTINE", True),
        (("NO", "EXIT"), "NO EXIT", False),
        (("NO", "EXIT"), "NOEXIT", False),
    ],
)
def test_pieces_of_a_word_give_way_to_it_and_two_words_do_not(
    texts: tuple[str, ...], whole: str, expected: bool
) -> None:
    parts = [((x, 2.0), (x + 45, 2.0), (x + 45, 38.0), (x, 38.0)) for x in (2.0, 52.0)]
    said = [CropReading(text, 0.9, -0.1) for text in texts]
    assert is_whole_better((40, 100), parts, said, CropReading(whole, 0.95, -0.1)) is expected


def test_a_picture_of_one_colour_is_no_word():
    flat = np.full((40, 120, 3), (200, 30, 90), np.uint8)
    assert not has_contrast(flat)
    flat[10:20, 10:60] += 20
    assert has_contrast(flat)
