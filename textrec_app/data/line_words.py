"""Words of a line of which only the box is known, from words that a detector found in the picture.

Sets that mark whole lines (MSRA-TD500, SROIE) say exactly where text is, but not where its words part. A detector
sees that, but misses words and is loose at their ends. Where both fit, each word takes its ends from the detector
and its top and bottom from the line; where they do not, the line is left out of training.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from textrec_app.data.detection_samples import SLICE_CONFIDENCE
from textrec_app.data.detection_targets import TargetWord, slice_quad, slice_word
from textrec_app.data.line_spaces import find_spaces
from textrec_app.domain import DetectedRegion

Quad = NDArray[np.float32]
Spans = NDArray[np.float64]

WORDS_CONFIDENCE = 0.8
AGREED_CONFIDENCE = 0.9
UNSPLIT_CONFIDENCE = 0.5
SEEN_CONFIDENCE = 0.6
"""Of characters that only a detector counted: `refine_words` has no text to judge them by, and leaves them alone."""
_END = 0.15
_SLACK = 0.1


@dataclass(frozen=True, slots=True)
class SplitRules:
    """When a detector's words are trusted to part a line; lengths are relative to the line's height.

    Attributes:
        inside: share of a region, along and across the line each, that lies in the line.
        height: least and greatest height of a region.
        gap: spaces narrower than this part no words.
        hole: stretches wider than this, where nothing was found, hold a word that the detector missed.
        covered: least share of the line's length that words and the spaces between them make up.
        overlap: greatest share of a region that another one may cover.
        glyph: regions narrower than this, on average, are single characters of a script without spaces.
        edge: how far a word's end may be from where the text says, and `edge_rel` the same for the line's length.
    """

    inside: float = 0.6
    height: tuple[float, float] = (0.45, 1.6)
    gap: float = 0.1
    hole: float = 1.0
    covered: float = 0.8
    overlap: float = 0.3
    glyph: float = 1.3
    edge: float = 0.5
    edge_rel: float = 0.03


@dataclass(frozen=True, slots=True)
class LineWord:
    """One word of a line: its quad, its characters' quads (n, 4, 2), and its text where that is known."""

    quad: Quad
    character_quads: Quad
    text: str | None


@dataclass(frozen=True, slots=True)
class LineSplit:
    """The words of a line in reading order, and how far they are trusted; none and 0 for a line left out."""

    words: tuple[LineWord, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class _Found:
    """Regions of a line along its length, in units of its height: ends (n, 2), and their characters' ends."""

    spans: Spans
    characters: tuple[Spans, ...]


def split_line(
    quad: Quad,
    regions: Sequence[DetectedRegion],
    text: str | None = None,
    image: NDArray[np.uint8] | None = None,
    rules: SplitRules | None = None,
) -> LineSplit:
    """Part a line into words.

    Lines run along their longer side, in the direction that the regions read. Where all regions are single
    characters, or stand across the line, the script has no spaces, or runs downwards, and the line is one word.

    Args:
        quad: (4, 2), clockwise from the top-left of the picture or of the text.
        regions: of the whole picture, in the same pixels.
        text: of the line, with unreliable spaces; None if unknown. Where it parts the line as the regions do, the
            words get their texts.
        image: (H, W, 3) uint8, the picture; it has to show the same spaces (see `find_spaces`), unless the text does.
        rules: None for the usual ones.

    Returns:
        Words with confidence 0.8, 0.9 where the text agrees, 0.5 for a line that is one word without being found
        as one; or no words, and 0.
    """
    rules = rules or SplitRules()
    near = [region for region in regions if _is_inside(quad, _to_quad(region), rules)]
    turned = turn_to_reading(quad, near)
    frame, length = _frame_line(turned)
    if frame is None or not near:
        return LineSplit((), 0.0)
    found = _project(near, frame)
    if not _is_complete(found.spans, length, rules) or not _has_heights(near, frame, rules):
        return LineSplit((), 0.0)
    if _is_unspaced(found.spans, length, rules):
        return LineSplit((_cut_word(turned, found, np.array([0, length]), length, text),), UNSPLIT_CONFIDENCE)
    spans = _join(found.spans, length, rules)
    parts = _match_text(spans, text, length, rules)
    if image is not None and parts[0] is None and not _agrees(spans, find_spaces(image, turned)):
        return LineSplit((), 0.0)
    words = tuple(_cut_word(turned, found, span, length, part) for span, part in zip(spans, parts, strict=True))
    return LineSplit(words, AGREED_CONFIDENCE if text and parts[0] is not None else WORDS_CONFIDENCE)


def list_split_words(quad: Quad, split: LineSplit) -> list[TargetWord]:
    """A line's words for training; the line itself, left out of training, where it could not be parted.

    The direction counts as known where the line reads to the right, at most 60 degrees up or down, along its longer
    side. The characters are guesses from the text (confidence 0.5) or, without one, the detector's own (0.6).
    """
    if not split.words:
        return [TargetWord(quad, np.zeros((0, 4, 2), np.float32), 0.0)]
    return [
        TargetWord(
            word.quad,
            word.character_quads,
            SLICE_CONFIDENCE if word.text else SEEN_CONFIDENCE,
            split.confidence,
            _reads_right(word.quad),
        )
        for word in split.words
    ]


def turn_to_reading(quad: Quad, regions: Sequence[DetectedRegion]) -> Quad:
    """Begin a line's quad where reading begins, as most of the regions read; as it is where none is elongated."""
    total = np.zeros(2, np.float64)
    for region in regions:
        corners = _to_quad(region)
        along = (corners[1] - corners[0] + corners[2] - corners[3]) / 2
        across = np.linalg.norm(corners[3] - corners[0])
        excess = max(float(np.linalg.norm(along) - across), 0.0)
        total += excess * along / max(float(np.linalg.norm(along)), 1e-6)
    if not total.any():
        return quad
    turns = [np.roll(quad, -start, axis=0) for start in range(4)]
    return max(turns, key=lambda turn: float(_unit(turn[1] - turn[0] + turn[2] - turn[3]) @ total))


def _frame_line(quad: Quad) -> tuple[NDArray[np.float64] | None, float]:
    """Map from the picture to the line, upright and of height 1, and its length there; None if degenerate."""
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    height = float(sides[1] + sides[3]) / 2
    length = float(sides[0] + sides[2]) / 2 / max(height, 1e-6)
    if min(sides) < 2 or not cv2.isContourConvex(quad.astype(np.float32)):
        return None, length
    target = np.array([[0, 0], [length, 0], [length, 1], [0, 1]], np.float32)
    return cv2.getPerspectiveTransform(quad.astype(np.float32), target), length


def _is_inside(quad: Quad, region: Quad, rules: SplitRules) -> bool:
    frame, length = _frame_line(quad)
    if frame is None:
        return False
    corners = _map(region, frame)
    low, high = corners.min(axis=0), corners.max(axis=0)
    shared = np.minimum(high, (length, 1.0)) - np.maximum(low, 0.0)
    return bool((shared >= rules.inside * np.maximum(high - low, 1e-6)).all())


def _project(regions: Sequence[DetectedRegion], frame: NDArray[np.float64]) -> _Found:
    """Where regions and their characters lie along the line, sorted."""
    spans = [_span(_to_quad(region), frame) for region in regions]
    order = np.argsort([float(span.mean()) for span in spans])
    characters = []
    for index in order:
        own = [_span(np.array(c, np.float32), frame) for c in regions[index].character_polygons]
        characters.append(np.array(sorted(own, key=lambda s: float(s.mean())), np.float64).reshape(-1, 2))
    return _Found(np.array([spans[index] for index in order]), tuple(characters))


def _is_complete(spans: Spans, length: float, rules: SplitRules) -> bool:
    """Whether nothing of the line is missed, or found twice."""
    clipped = np.clip(spans, 0, length)
    starts = np.append(clipped[:, 0], length)
    ends = np.append(0.0, np.maximum.accumulate(clipped[:, 1]))
    holes = starts - ends
    widths = np.maximum(clipped[:, 1] - clipped[:, 0], 1e-6)
    shared = np.maximum(-holes[1:-1], 0)
    is_double = bool((shared > rules.overlap * np.minimum(widths[:-1], widths[1:])).any())
    missed = holes[0].clip(0) + holes[-1].clip(0)
    return bool(holes.max() <= rules.hole) and not is_double and length - missed >= rules.covered * length


def _has_heights(regions: Sequence[DetectedRegion], frame: NDArray[np.float64], rules: SplitRules) -> bool:
    """Whether all regions but specks (hyphens, points) are about as high as the line."""
    for region in regions:
        corners = _map(_to_quad(region), frame)
        height = float(np.ptp(corners[:, 1]))
        is_speck = height < rules.height[0] and float(np.ptp(corners[:, 0])) < rules.height[0]
        if not is_speck and not rules.height[0] <= height <= rules.height[1]:
            return False
    return True


def _is_unspaced(spans: Spans, length: float, rules: SplitRules) -> bool:
    widths = spans[:, 1] - spans[:, 0]
    return length < 1 / rules.glyph or (len(spans) > 1 and bool(np.mean(widths) < rules.glyph))


def _join(spans: Spans, length: float, rules: SplitRules) -> Spans:
    """Words' ends: regions without a space between them are one; the outermost reach the line's ends."""
    joined = [list(map(float, np.clip(spans[0], 0, length)))]
    for start, end in np.clip(spans[1:], 0, length).tolist():
        if start - joined[-1][1] < rules.gap:
            joined[-1][1] = max(end, joined[-1][1])
        else:
            joined.append([start, end])
    joined[0][0], joined[-1][1] = 0.0, length
    return np.array(joined, np.float64)


def _agrees(spans: Spans, spaces: Spans) -> bool:
    """Whether the picture shows a space between any two words and none within a word."""
    starts, ends = spaces[:, 0], spaces[:, 1]
    is_whole = all(not ((starts > low + _END) & (ends < high - _END)).any() for low, high in spans.tolist())
    middles = (spans[:-1, 1] + spans[1:, 0]) / 2
    return is_whole and all(((starts - _SLACK <= x) & (x <= ends + _SLACK)).any() for x in middles.tolist())


def _match_text(spans: Spans, text: str | None, length: float, rules: SplitRules) -> list[str | None]:
    """Text of each word, where the text's spaces part the line as the words do; else None for each."""
    parts = (text or "").split()
    tolerance = rules.edge + rules.edge_rel * length
    if len(parts) == len(spans):
        joined = " ".join(parts)
        lasts = np.cumsum([len(part) + 1 for part in parts]) - 1
        firsts = np.append(0, lasts[:-1] + 1)
        for edges in (_usual_edges(joined), np.linspace(0, 1, len(joined) + 1)):  # a usual typeface, a typewriter's
            expected = np.stack([edges[firsts], edges[lasts]], axis=1) * length
            if np.abs(expected - spans).max() <= tolerance:
                return list(parts)
    return [None] * len(spans)


def _usual_edges(text: str) -> NDArray[np.float32]:
    """Where the characters of a text part in a usual typeface, n + 1 shares of its length; spaces are narrow."""
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    return np.append(slice_word(unit, text.replace(" ", "i"))[:, 0, 0], np.float32(1))


def _cut_word(quad: Quad, found: _Found, span: Spans, length: float, text: str | None) -> LineWord:
    """A stretch of the line as a word, with the characters that were found in it."""
    own = [c for group in found.characters for c in group if span[0] <= c.mean() <= span[1]]
    cut = slice_quad(quad, np.clip(span / length, 0, 1))[0]
    count = len(text.replace(" ", "")) if text else None
    if text and count != len(own) and " " not in text:
        return LineWord(cut, slice_word(cut, text), text)
    slices = [slice_quad(quad, np.clip(c, span[0], span[1]) / length)[0] for c in own if np.ptp(c) > 0]
    return LineWord(cut, np.array(slices, np.float32).reshape(-1, 4, 2), text)


def _span(quad: Quad, frame: NDArray[np.float64]) -> Spans:
    along = _map(quad, frame)[:, 0]
    return np.array([along.min(), along.max()], np.float64)


def _map(quad: Quad, frame: NDArray[np.float64]) -> NDArray[np.float32]:
    return cv2.perspectiveTransform(quad.reshape(1, -1, 2).astype(np.float32), frame)[0]


def _to_quad(region: DetectedRegion) -> Quad:
    return np.array(region.polygon, np.float32)


def _reads_right(quad: Quad) -> bool:
    along = quad[1] - quad[0] + quad[2] - quad[3]
    across = quad[3] - quad[0] + quad[2] - quad[1]
    return bool(_unit(along)[0] > 0.5 and np.linalg.norm(along) * 1.5 > np.linalg.norm(across))


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    return vector / max(float(np.linalg.norm(vector)), 1e-6)
