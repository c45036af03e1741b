"""A reading put together by hand: two lines that belong together, a place that is hardly a word, a word upside down."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from textrec_app.domain import CharacterReading, Polygon, Reading, RegionReading, Timings
from textrec_app.pipeline.page_layout import filter_reading
from textrec_app.pipeline.reader import PictureReading

WIDTH_PX, HEIGHT_PX = 800, 600
THRESHOLD = 0.5
TEXT = "GREEN GROCER\n14 Station\n\nOPEN"
TEXT_WITH_CANDIDATES = "GREEN GROCER\n14 Station Road\n\nOPEN"
WORDS = (
    ("GREEN", 100.0, 100.0, 0.95, 0.97),
    ("GROCER", 260.0, 100.0, 0.9, 0.9),
    ("14", 100.0, 150.0, 0.8, 0.3),
    ("Station", 190.0, 150.0, 0.85, 0.99),
)
CANDIDATE = ("Road", 350.0, 150.0, 0.3, 0.6)
LETTER_WIDTH_PX, LETTER_HEIGHT_PX = 22.0, 36.0
FOUND_BOXES: tuple[Polygon, ...] = (((101.0, 101.0), (119.0, 101.0), (119.0, 135.0), (101.0, 135.0)),)
"""What the detector found of "GREEN"."""
UPSIDE_DOWN: Polygon = ((600.0, 500.0), (480.0, 500.0), (480.0, 460.0), (600.0, 460.0))


def make_picture() -> NDArray[np.uint8]:
    """The picture of `make_picture_reading`, without its letters."""
    return np.full((HEIGHT_PX, WIDTH_PX, 3), (206, 212, 204), dtype=np.uint8)


def make_picture_reading() -> PictureReading:
    """Read from `make_picture`, as it were; "Road" lies under the threshold."""
    words = (*(_place(*word) for word in WORDS), RegionReading(UPSIDE_DOWN, "OPEN", 0.92, 0.75, 180.0))
    reading = Reading("drawn.png", (HEIGHT_PX, WIDTH_PX), words, Timings(1.0, 2.0, 3.0), {"detector": "d@1"})
    shown = filter_reading(reading, THRESHOLD)
    heat = np.zeros((150, 200), np.float32)
    heat[20:40, 30:60] = 1.0
    maps = {"words": heat, "characters": heat[::-1].copy()}
    candidates = replace(shown, regions=(*shown.regions, _place(*CANDIDATE)))
    boxes = tuple(FOUND_BOXES if region.text == "GREEN" else () for region in candidates.regions)
    return PictureReading(candidates, maps, THRESHOLD, boxes)


def _place(text: str, left: float, top: float, score: float, confidence: float) -> RegionReading:
    letters = tuple(
        CharacterReading(letter, confidence, _box(left + index * LETTER_WIDTH_PX, top, 1))
        for index, letter in enumerate(text)
    )
    return RegionReading(_box(left, top, len(text)), text, confidence, score, 0.0, "Latin", letters)


def _box(left: float, top: float, count: int) -> Polygon:
    right, bottom = left + count * LETTER_WIDTH_PX, top + LETTER_HEIGHT_PX
    return ((left, top), (right, top), (right, bottom), (left, bottom))
