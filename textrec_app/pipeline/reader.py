"""From a picture to a Reading: detect, order, rectify, recognize, place the characters."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textrec_app.domain import (
    CharacterReading,
    CropCharacter,
    CropReading,
    DetectedRegion,
    Point,
    Polygon,
    Reading,
    RegionReading,
    Timings,
)
from textrec_app.errors import InputError
from textrec_app.pipeline.cropping import crop_polygon, project_boxes, project_spans
from textrec_app.pipeline.detection import Detector
from textrec_app.pipeline.ordering import order_regions
from textrec_app.pipeline.recognition import NOTHING_MORE, ReadOptions, Recognizer
from textrec_app.pipeline.turning import TurnedReading, list_turns, read_turned, turn_angle, turn_corners, turn_crop


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

    def read(self, image: np.ndarray, name: str, options: ReadOptions = NOTHING_MORE) -> Reading:
        """Read every word of a picture.

        Args:
            image: (H, W, 3) uint8 RGB, upright.
            options: what is asked for beyond the texts.

        Raises:
            InputError: not a picture, or there is no detector.
        """
        page = self.read_words(image, options)
        return self._wrap(image, name, page)

    def read_crop(self, image: np.ndarray, name: str, options: ReadOptions = NOTHING_MORE) -> Reading:
        """Read a picture that is one word; the region is the whole picture, beginning at the text's top-left."""
        return self._wrap(image, name, self.read_whole(image, options))

    def read_words(self, image: np.ndarray, options: ReadOptions = NOTHING_MORE) -> PageWords:
        """Like `read`, with the crops."""
        if self.detector is None:
            raise InputError("there is no detector here: read word crops instead, or pull a detector")
        began = time.perf_counter()
        regions = order_regions(self.detector.detect(image))
        detected = time.perf_counter()
        words = self._recognize(image, regions, options)
        ended = time.perf_counter()
        timings = Timings((detected - began) * 1e3, (ended - detected) * 1e3, (ended - began) * 1e3)
        return PageWords(tuple(words), timings)

    def read_whole(self, image: np.ndarray, options: ReadOptions = NOTHING_MORE) -> PageWords:
        """Like `read_crop`, with the crop, turned upright."""
        began = time.perf_counter()
        height, width = image.shape[:2]
        corners = ((0.0, 0.0), (float(width), 0.0), (float(width), float(height)), (0.0, float(height)))

        best = read_turned(
            lambda crops: self.recognizer.read(crops, options),
            [image],
            lambda index, turns: turn_crop(image, turns),
            lambda index, reading: list_turns((height, width), reading.confidence),
        )[0]
        polygon, reading = turn_corners(corners, best.turns), best.reading
        quads = [_part(polygon, item) for item in reading.characters]
        region = _describe(polygon, reading, quads, 1.0, turn_angle(0.0, best.turns))
        spent = (time.perf_counter() - began) * 1e3
        return PageWords((WordReading(region, best.crop, reading),), Timings(0.0, spent, spent))

    def _recognize(
        self, image: np.ndarray, regions: Sequence[DetectedRegion], options: ReadOptions
    ) -> list[WordReading]:
        crops = [crop_polygon(image, region.polygon) for region in regions]
        best = read_turned(
            lambda crops: self.recognizer.read(crops, options),
            crops,
            lambda index, turns: crop_polygon(image, turn_corners(regions[index].polygon, turns)),
            lambda index, reading: list_turns(crops[index].shape[:2], reading.confidence, regions[index].angle_deg),
        )
        return [
            WordReading(_region(region, one), one.crop, one.reading) for region, one in zip(regions, best, strict=True)
        ]

    def _wrap(self, image: np.ndarray, name: str, page: PageWords) -> Reading:
        regions = tuple(word.region for word in page.words if word.region.text)
        return Reading(name, (image.shape[0], image.shape[1]), regions, page.timings_ms, self.models)


def _region(region: DetectedRegion, best: TurnedReading) -> RegionReading:
    polygon, reading = turn_corners(region.polygon, best.turns), best.reading
    quads = [
        project_spans(polygon, [(item.start_rel, item.end_rel)])[0]
        if item.rows_rel is None
        else project_boxes(polygon, [(item.start_rel, item.rows_rel[0], item.end_rel, item.rows_rel[1])])[0]
        for item in reading.characters
    ]
    return _describe(polygon, reading, quads, region.score, turn_angle(region.angle_deg, best.turns))


def _describe(
    polygon: Polygon, reading: CropReading, quads: Sequence[Polygon], score: float, angle_deg: float
) -> RegionReading:
    characters = tuple(
        CharacterReading(character.text, character.confidence, quad, character.alternatives)
        for character, quad in zip(reading.characters, quads, strict=True)
    )
    return RegionReading(
        polygon,
        reading.text,
        reading.confidence,
        score,
        angle_deg,
        "Latin",
        characters,
        reading.alternatives,
        reading.readings,
        reading.agreement,
    )


def _part(corners: Polygon, character: CropCharacter) -> Polygon:
    """A character's box, or its columns, in the parallelogram that is its crop."""
    start_rel, end_rel = character.start_rel, character.end_rel
    top_rel, bottom_rel = character.rows_rel or (0.0, 1.0)
    (left, top), (right, right_top), _, (below, bottom) = corners
    along, down = (right - left, right_top - top), (below - left, bottom - top)

    def at(share: float, side: float) -> Point:
        return (left + share * along[0] + side * down[0], top + share * along[1] + side * down[1])

    return (at(start_rel, top_rel), at(end_rel, top_rel), at(end_rel, bottom_rel), at(start_rel, bottom_rel))
