"""Ink of many words in one array, for effects that treat a whole batch at once.

A worker process draws these (no colour, no camera); `textrec_app.data.word_effects` does the rest on any device.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from textrec_app.data.buckets import BUCKET_WIDTHS_PX, HEIGHT_PX
from textrec_app.data.synthesis.fonts import FontFace, FontLibrary
from textrec_app.data.synthesis.glyphs import InkLine
from textrec_app.data.synthesis.scene_texts import SceneTexts
from textrec_app.data.synthesis.sheets import open_sheet
from textrec_app.errors import InputError

EM_PX = 44
CANVAS_HEIGHT_PX = 64
CANVAS_STRETCH = 1.5
BORDER_PX = 3
LEAST_TEXT_HEIGHT_EM = 0.5
MAX_TRIALS = 1000
LETTER_ASPECT = 0.55
LENGTH_SLACK = 1.7
MOST_STRETCH = 1.25
MEAN_MARGIN = 0.22
SURVEY_WORDS = 600
REDUCTION_PX = 0.5  # how far area reduction may smear ink over its box
LINE_WIDTH_PX = 320


@dataclass(frozen=True, slots=True)
class InkStyle:
    """Shares of words that are bent, turned, widely spaced and stretched; lines are never bent."""

    bent: float = 0.07
    turned: float = 0.35
    spaced: float = 0.3
    stretched: float = 0.6


@dataclass(frozen=True, slots=True)
class PlannedWord:
    """A drawn line and how it is to be seen.

    Attributes:
        line: ink and boxes in its own pixels.
        band_px: (top, bottom) rows that count as the text's height; wider than the ink of a hyphen.
        stretch: factor on the width.
        bend_rad: angle that the line spans on a circle; positive arches upwards.
        turn_rad: rotation, clockwise.
        aspect: width by height of the crop that it fills.
    """

    text: str
    line: InkLine
    band_px: tuple[float, float]
    stretch: float
    bend_rad: float
    turn_rad: float
    aspect: float


@dataclass(frozen=True, slots=True)
class InkBatch:
    """Ink of B words that are to become crops of one width.

    Attributes:
        inks: (B, 64, C) uint8 coverage.
        extents: (B, 4) float32, left, top, right, bottom of each text in its canvas, in pixels.
        aspects: (B,) float32, width by height of the text when seen straight.
        bends_rad: (B,) float32.
        turns_rad: (B,) float32.
        texts: B labels.
        boxes: B arrays (n, 4) float32 around each character that is not a space, in canvas pixels.
        width_px: width of the crops at 32 px of height.
    """

    inks: np.ndarray
    extents: np.ndarray
    aspects: np.ndarray
    bends_rad: np.ndarray
    turns_rad: np.ndarray
    texts: list[str]
    boxes: list[np.ndarray]
    width_px: int

    def __len__(self) -> int:
        """Number of words."""
        return len(self.texts)


class InkSource:
    """Draws words with faces at random; it can be pickled for worker processes."""

    def __init__(self, fonts: FontLibrary, texts: SceneTexts, style: InkStyle | None = None) -> None:
        """Keep what to draw with, and learn how often each width occurs.

        Args:
            fonts: faces to draw with.
            texts: what to write.
            style: how letters are spaced and seen.
        """
        self.fonts, self.texts, self.style = fonts, texts, style or InkStyle()

    def plan(self, generator: np.random.Generator, text: str | None = None) -> PlannedWord:
        """Draw the ink of one word and choose how it is seen; None draws the text as well."""
        text = self.texts.draw(generator) if text is None else text
        face = self.fonts.choose(generator, text)
        if face.capitals_only:
            text = text.upper()
        line = open_sheet(face, EM_PX).draw(text, self._choose_spacing(generator, face))
        return _plan_view(text, line, generator, self.style)

    def draw_batch(self, generator: np.random.Generator, width_px: int, size: int) -> InkBatch:
        """Draw words whose crops belong into one bucket.

        Args:
            width_px: one of `BUCKET_WIDTHS_PX`.
            size: how many.

        Returns:
            A batch that depends on the generator alone. Where no such word turns up, the nearest is stretched.

        Raises:
            InputError: there is no bucket of that width.
        """
        if width_px not in BUCKET_WIDTHS_PX:
            raise InputError(f"There is no bucket of {width_px} px; choose one of {BUCKET_WIDTHS_PX}.")
        position = BUCKET_WIDTHS_PX.index(width_px)
        low = BUCKET_WIDTHS_PX[position - 1] / HEIGHT_PX if position else 0.0
        return pack_inks([self._plan_within(generator, low, width_px) for _ in range(size)], width_px)

    def measure_widths(self, seed: int = 0, count: int = SURVEY_WORDS) -> np.ndarray:
        """Share of each bucket among words as they come: (12,) float64, all above 0."""
        generator = np.random.default_rng([seed, 12])
        aspects = np.array([self.plan(generator).aspect for _ in range(count)])
        places = np.searchsorted(np.array(BUCKET_WIDTHS_PX) / HEIGHT_PX, aspects)
        counts = np.bincount(np.minimum(places, len(BUCKET_WIDTHS_PX) - 1), minlength=len(BUCKET_WIDTHS_PX))
        return (counts + 0.5) / (counts + 0.5).sum()

    def _plan_within(self, generator: np.random.Generator, low: float, width_px: int) -> PlannedWord:
        """Draw words until one fits between two aspects, stretched by at most a quarter."""
        high = width_px / HEIGHT_PX
        best: PlannedWord | None = None
        for _ in range(MAX_TRIALS):
            text = self._draw_text(generator, low, high)
            if text is None:
                continue
            word = _stretch_into(self.plan(generator, text), low, high)
            if low < word.aspect <= high:
                return word
            if best is None or abs(math.log(word.aspect / high)) < abs(math.log(best.aspect / high)):
                best = word
        return best if best is not None else self.plan(generator)

    def _draw_text(self, generator: np.random.Generator, low: float, high: float) -> str | None:
        """A text, if by its length alone it may fit; lines where crops are long."""
        is_line = high * HEIGHT_PX >= LINE_WIDTH_PX and generator.random() < 0.8
        text = self.texts.draw_line(generator) if is_line else self.texts.draw(generator)
        expected = LETTER_ASPECT * len(text)
        return text if low / LENGTH_SLACK < expected < high * LENGTH_SLACK else None

    def _choose_spacing(self, generator: np.random.Generator, face: FontFace) -> float:
        if generator.random() >= self.style.spaced:
            return 0.0
        low, high = (-0.04, 0.1) if generator.random() < 0.75 else (0.1, 0.6)
        return EM_PX * float(generator.uniform(low, high))


def _stretch_into(word: PlannedWord, low: float, high: float) -> PlannedWord:
    """Stretch a word that misses a range of aspects by little."""
    wanted = min(max(word.aspect, low * 1.03), high * 0.99)
    factor = wanted / word.aspect
    if factor == 1 or not 1 / MOST_STRETCH <= factor <= MOST_STRETCH:
        return word
    return replace(word, stretch=word.stretch * factor, aspect=wanted)


def pack_inks(words: Sequence[PlannedWord], width_px: int) -> InkBatch:
    """Lay words into one array; ink that is too large for its canvas is reduced to it.

    Args:
        words: at least one.
        width_px: width that the crops will have at 32 px of height.
    """
    columns = math.ceil(width_px * CANVAS_STRETCH / 8) * 8 + 2 * BORDER_PX
    inks = np.zeros((len(words), CANVAS_HEIGHT_PX, columns), np.uint8)
    extents = np.empty((len(words), 4), np.float32)
    boxes: list[np.ndarray] = []
    for index, word in enumerate(words):
        ink, scale = _fit(word.line.ink, columns)
        height, width = ink.shape
        top, left = (CANVAS_HEIGHT_PX - height) // 2, (columns - width) // 2
        inks[index, top : top + height, left : left + width] = ink
        shift = np.array([left, top, left, top], np.float32)
        reach = REDUCTION_PX if scale.min() < 1 else 0.0
        shift += np.array([-reach, -reach, reach, reach], np.float32)
        boxes.append((word.line.boxes_xyxy + 0.5) * np.tile(scale, 2) - 0.5 + shift)
        upper, lower = ((row + 0.5) * scale[1] - 0.5 + top for row in word.band_px)
        extents[index] = (left, upper, left + width - 1, lower)
    return InkBatch(
        inks,
        extents,
        np.array([_measure_aspect(word) for word in words], np.float32),
        np.array([word.bend_rad for word in words], np.float32),
        np.array([word.turn_rad for word in words], np.float32),
        [word.text for word in words],
        boxes,
        width_px,
    )


def _fit(ink: np.ndarray, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Reduce ink to its canvas; the scale is (x, y)."""
    height, width = ink.shape
    target = (min(width, columns - 2 * BORDER_PX), min(height, CANVAS_HEIGHT_PX - 2 * BORDER_PX))
    if target != (width, height):
        ink = cv2.resize(ink, target, interpolation=cv2.INTER_AREA)
    return ink, np.array([target[0] / width, target[1] / height], np.float32)


def _measure_aspect(word: PlannedWord) -> float:
    top, bottom = word.band_px
    return word.stretch * word.line.ink.shape[1] / max(bottom - top, 1.0)


def _plan_view(text: str, line: InkLine, generator: np.random.Generator, style: InkStyle) -> PlannedWord:
    height, width = line.ink.shape
    top, bottom = 0.0, float(height - 1)
    if height < LEAST_TEXT_HEIGHT_EM * EM_PX:
        top, bottom = min(0.0, line.baseline_px - 0.68 * EM_PX), max(bottom, line.baseline_px)
    stretch = math.exp(generator.normal(-0.14, 0.2)) if generator.random() < style.stretched else 1.0
    flat = stretch * width / (bottom - top)
    bend = turn = 0.0
    if " " not in text and len(text) > 3 and generator.random() < style.bent:
        bend = min(generator.uniform(0.2, 1.5), 0.7 * flat) * (1 if generator.random() < 0.7 else -1)
    if generator.random() < style.turned:
        turn = float(np.clip(generator.normal(0, 0.09), -0.22, 0.22))
        turn *= min(1.0, 4.0 / flat)
    # Height and width that a bent and turned line fills, in units of its own height.
    rise = abs(bend) * flat / 8 + abs(turn) * flat
    aspect = (flat * (1 - bend * bend / 24) + abs(turn) + MEAN_MARGIN) / (1 + rise + MEAN_MARGIN)
    return PlannedWord(text, line, (top, bottom), stretch, bend, turn, aspect)
