"""From a picture to a Reading: detect, rectify, recognize, settle directions, group, place the characters."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

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
from textrec_app.pipeline.detection import Detector
from textrec_app.pipeline.line_directions import follow_neighbours
from textrec_app.pipeline.page_layout import arrange
from textrec_app.pipeline.page_sense import settle_sense
from textrec_app.pipeline.recognition import NOTHING_MORE, ReadOptions, Recognizer
from textrec_app.pipeline.region_cuts import RegionCuts
from textrec_app.pipeline.tight_pictures import (
    detect_in_border,
    has_contrast,
    is_whole_better,
    is_whole_sure,
    is_word_shaped,
)
from textrec_app.pipeline.turning import SURE_ENOUGH, list_turns, read_turned, turn_angle, turn_corners, turn_crop

MOST_CANDIDATES = 40
"""Each costs more than a sure word to read, most are texture, and a photograph may hold hundreds."""


@dataclass(frozen=True)
class WordReading:
    """One word with everything known of it.

    Attributes:
        crop: (h, w, 3) uint8 RGB, exactly what the recognizer was given.
        reading: the recognizer's own result on that crop.
        character_boxes: quads of its letters as the detector saw them, in pixels of the picture; may be empty.
    """

    region: RegionReading
    crop: np.ndarray
    reading: CropReading
    character_boxes: tuple[Polygon, ...] = ()


@dataclass(frozen=True)
class PageWords:
    """The words of one picture, in reading order, and the milliseconds spent.

    Attributes:
        lines, blocks, rows: as in `Reading`.
    """

    words: tuple[WordReading, ...]
    timings_ms: Timings
    lines: tuple[tuple[int, ...], ...] = ()
    blocks: tuple[tuple[int, ...], ...] = ()
    rows: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True)
class PictureReading:
    """A reading with what its detector saw.

    Attributes:
        reading: with candidates where the options had a floor, the surest 40 at most: they are in no line, and come
            last.
        maps: "words" and "characters", (h, w) float32 in 0..1; stretched to the picture's size each lies on it.
        threshold: the detector's own; regions with a lower score are candidates.
        character_boxes: for each region of the reading, quads of its letters as the detector saw them; may be empty.
    """

    reading: Reading
    maps: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    threshold: float = 0.0
    character_boxes: tuple[tuple[Polygon, ...], ...] = ()


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
        return self._wrap(image, name, self.read_words(image, options))

    def read_with_maps(self, image: np.ndarray, name: str, options: ReadOptions = NOTHING_MORE) -> PictureReading:
        """Like `read`, with what the detector saw."""
        detector, began = self._get_detector(), time.perf_counter()
        detection = detector.look(image, options.floor)
        page = self._read_regions(image, detection.regions, options, began)
        boxes = tuple(word.character_boxes for word in page.words)
        return PictureReading(self._wrap(image, name, page), detection.maps, detector.threshold, boxes)

    def read_crop(self, image: np.ndarray, name: str, options: ReadOptions = NOTHING_MORE) -> Reading:
        """Read a picture that is one word; the region is the whole picture, beginning at the text's top-left."""
        page = self.read_whole(image, options)
        return self._wrap(image, name, page if page.words[0].region.text else PageWords((), page.timings_ms))

    def read_words(self, image: np.ndarray, options: ReadOptions = NOTHING_MORE) -> PageWords:
        """Like `read`, with the crops."""
        detector, began = self._get_detector(), time.perf_counter()
        regions = detector.detect(image) if options.floor is None else detector.look(image, options.floor).regions
        return self._read_regions(image, regions, options, began)

    def read_whole(self, image: np.ndarray, options: ReadOptions = NOTHING_MORE) -> PageWords:
        """Like `read_crop`, with the crop, turned upright; the one word is there even if nothing was read in it."""
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
        one = ((0,),)
        return PageWords((WordReading(region, best.crop, reading),), Timings(0.0, spent, spent), one, one, one)

    def _get_detector(self) -> Detector:
        if self.detector is None:
            raise InputError("there is no detector here: read word crops instead, or pull a detector")
        return self.detector

    def _read_regions(
        self, image: np.ndarray, regions: Sequence[DetectedRegion], options: ReadOptions, began: float
    ) -> PageWords:
        """Read what was detected since `began`; candidates neither have a say in directions nor join lines."""
        threshold = 0.0 if options.floor is None else self._get_detector().threshold
        candidates = sorted((region for region in regions if region.score < threshold), key=lambda one: -one.score)
        detected = time.perf_counter()
        sure = self._recognize(image, [region for region in regions if region.score >= threshold], options)
        if is_word_shaped(image.shape[:2]) and has_contrast(image):
            sure = self._read_tight(image, sure, options)
        others = self._recognize(image, candidates[:MOST_CANDIDATES], options)
        layout = arrange([word.region for word in sure], [word.region for word in others])
        words = [*sure, *others]
        ended = time.perf_counter()
        timings = Timings((detected - began) * 1e3, (ended - detected) * 1e3, (ended - began) * 1e3)
        ordered = tuple(words[index] for index in layout.order)
        return PageWords(ordered, timings, layout.lines, layout.blocks, layout.rows)

    def _recognize(
        self, image: np.ndarray, regions: Sequence[DetectedRegion], options: ReadOptions
    ) -> list[WordReading]:
        """The regions in which something was read, in their order."""
        if not regions:
            return []
        cuts = RegionCuts(image, regions)
        crops = [cuts.cut(index, 0) for index in range(len(regions))]

        def read(asked: Sequence[np.ndarray]) -> list[CropReading]:
            return self.recognizer.read(asked, options)

        best = read_turned(
            read,
            crops,
            cuts.cut,
            lambda index, reading: list_turns(
                crops[index].shape[:2],
                reading.confidence,
                regions[index].angle_deg,
                reading.confidence < SURE_ENOUGH and cuts.is_stacked(index),
            ),
        )
        words = []
        best = settle_sense(read, regions, best, cuts.cut)
        for index, one in enumerate(follow_neighbours(read, regions, best, cuts.cut)):
            if one.reading.text:
                quads = cuts.place(index, one.turns, one.reading.characters)
                polygon, angle_deg = cuts.polygon(index, one.turns), cuts.angle_deg(index, one.turns)
                region = _describe(polygon, one.reading, quads, regions[index].score, angle_deg)
                words.append(WordReading(region, one.crop, one.reading, regions[index].character_polygons))
        return words

    def _read_tight(self, image: np.ndarray, words: list[WordReading], options: ReadOptions) -> list[WordReading]:
        """The words of a picture that may be one word: seen in a border if there seem to be none, or the whole."""
        found = words or self._recognize(image, detect_in_border(self._get_detector(), image), options)
        whole = self.read_whole(image, options).words[0]
        if not found:
            return [whole] if is_whole_sure(whole.reading) else []
        ordered = [found[index] for index in arrange([word.region for word in found]).order]
        polygons, said = [word.region.polygon for word in ordered], [word.reading for word in ordered]
        return [whole] if is_whole_better(image.shape[:2], polygons, said, whole.reading) else found

    def _wrap(self, image: np.ndarray, name: str, page: PageWords) -> Reading:
        size_hw = (image.shape[0], image.shape[1])
        regions = tuple(word.region for word in page.words)
        return Reading(name, size_hw, regions, page.timings_ms, self.models, page.lines, page.blocks, page.rows)


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
