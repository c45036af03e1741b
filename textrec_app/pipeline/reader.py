"""From a picture to a Reading: detect, order, rectify, recognize, place the characters."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textrec_app.domain import CharacterReading, CropReading, DetectedRegion, Polygon, Reading, RegionReading, Timings
from textrec_app.errors import InputError
from textrec_app.pipeline.cropping import crop_polygon, project_spans
from textrec_app.pipeline.detection import Detector
from textrec_app.pipeline.ordering import order_regions
from textrec_app.pipeline.recognition import Recognizer

UPRIGHT_RATIO = 1.5
SURE_ENOUGH = 0.8
STEEP_DEG = 60.0


@dataclass(frozen=True)
class WordReading:
    """One word with everything known of it.

    Attributes:
        crop: (h, w, 3) uint8 RGB, exactly what the recognizer was given.
        reading: the recognizer's own result on that crop.
    """

    region: RegionReading
    crop: np.ndarray
    reading: CropReading


@dataclass(frozen=True)
class PageWords:
    """The words of one picture, in reading order, and the milliseconds spent."""

    words: tuple[WordReading, ...]
    timings_ms: Timings


class Reader:
    """A detector and a recognizer that work together; the detector may be left out for word crops."""

    def __init__(self, detector: Detector | None, recognizer: Recognizer) -> None:
        self.detector, self.recognizer = detector, recognizer

    @property
    def models(self) -> dict[str, str]:
        """Name and version of each network, as every reading records them."""
        cards = {"recognizer": self.recognizer.card}
        if self.detector is not None:
            cards["detector"] = self.detector.card
        return {task: f"{card.name}@{card.version}" for task, card in cards.items()}

    def read(self, image: np.ndarray, name: str) -> Reading:
        """Read every word of a picture.

        Args:
            image: (H, W, 3) uint8 RGB, upright.

        Raises:
            InputError: not a picture, or there is no detector.
        """
        page = self.read_words(image)
        return self._wrap(image, name, page)

    def read_crop(self, image: np.ndarray, name: str) -> Reading:
        """Read a picture that is one word; the region is the whole picture."""
        return self._wrap(image, name, self.read_whole(image))

    def read_words(self, image: np.ndarray) -> PageWords:
        """Like `read`, with the crops."""
        if self.detector is None:
            raise InputError("there is no detector here: read word crops instead, or pull a detector")
        began = time.perf_counter()
        regions = order_regions(self.detector.detect(image))
        detected = time.perf_counter()
        words = self._recognize(image, regions)
        ended = time.perf_counter()
        timings = Timings((detected - began) * 1e3, (ended - detected) * 1e3, (ended - began) * 1e3)
        return PageWords(tuple(words), timings)

    def read_whole(self, image: np.ndarray) -> PageWords:
        """Like `read_crop`, with the crop."""
        began = time.perf_counter()
        height, width = image.shape[:2]
        corners = ((0.0, 0.0), (float(width), 0.0), (float(width), float(height)), (0.0, float(height)))
        reading = self.recognizer.read([image])[0]
        characters = tuple(
            CharacterReading(
                character.text,
                character.confidence,
                _rectangle(character.start_rel * width, character.end_rel * width, height),
            )
            for character in reading.characters
        )
        region = RegionReading(corners, reading.text, reading.confidence, 1.0, 0.0, "Latin", characters)
        spent = (time.perf_counter() - began) * 1e3
        return PageWords((WordReading(region, image, reading),), Timings(0.0, spent, spent))

    def _recognize(self, image: np.ndarray, regions: Sequence[DetectedRegion]) -> list[WordReading]:
        polygons = [region.polygon for region in regions]
        crops = [crop_polygon(image, polygon) for polygon in polygons]
        readings = self.recognizer.read(crops)
        for turns, unsure in self._other_directions(regions, crops, readings):
            turned = [crop_polygon(image, _turned(regions[index].polygon, turns)) for index in unsure]
            for index, crop, reading in zip(unsure, turned, self.recognizer.read(turned), strict=True):
                if reading.confidence > readings[index].confidence:
                    readings[index], crops[index] = reading, crop
                    polygons[index] = _turned(regions[index].polygon, turns)
        return [
            WordReading(_region(region, polygon, reading), crop, reading)
            for region, polygon, crop, reading in zip(regions, polygons, crops, readings, strict=True)
        ]

    def _other_directions(
        self, regions: Sequence[DetectedRegion], crops: Sequence[np.ndarray], readings: Sequence[CropReading]
    ) -> list[tuple[int, list[int]]]:
        """Quarter turns to try, each with the words that are worth it: unsure, and tall or steep.

        A tall crop may be a line that runs up or down; a steep word may be read from its other end.
        """
        unsure = [index for index, reading in enumerate(readings) if reading.confidence < SURE_ENOUGH]
        tall = [index for index in unsure if crops[index].shape[0] > UPRIGHT_RATIO * crops[index].shape[1]]
        steep = [index for index in unsure if abs(regions[index].angle_deg) > STEEP_DEG]
        return [(1, tall), (3, tall), (2, steep)]

    def _wrap(self, image: np.ndarray, name: str, page: PageWords) -> Reading:
        regions = tuple(word.region for word in page.words if word.region.text)
        return Reading(name, (image.shape[0], image.shape[1]), regions, page.timings_ms, self.models)


def _region(region: DetectedRegion, polygon: Polygon, reading: CropReading) -> RegionReading:
    quads = project_spans(polygon, [(item.start_rel, item.end_rel) for item in reading.characters])
    characters = tuple(
        CharacterReading(item.text, item.confidence, quad) for item, quad in zip(reading.characters, quads, strict=True)
    )
    return RegionReading(polygon, reading.text, reading.confidence, region.score, region.angle_deg, "Latin", characters)


def _turned(polygon: Polygon, quarter_turns: int) -> Polygon:
    """The same corners, beginning so many corners later: the text's top-left moves on clockwise."""
    return polygon[quarter_turns:] + polygon[:quarter_turns]


def _rectangle(left: float, right: float, height: float) -> Polygon:
    return ((left, 0.0), (right, 0.0), (right, float(height)), (left, float(height)))
