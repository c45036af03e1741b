"""One list of words from several looks at a picture: at the whole, from afar, at parts from close by."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from textrec_app.domain import DetectedRegion, Polygon
from textrec_app.pipeline.cut_words import find_cut, join_cut_words

Quads = NDArray[np.float32]

_COVERED = 0.5
_MUCH_SMALLER = 0.7
_BLOCK_WORDS = 4
_BLOCK_HEIGHT = 3.0
_ALIKE_HEIGHT = 1.4
_LONGER = 1.3
_SIZE_STEP = math.log(1.5)


@dataclass(frozen=True, slots=True)
class Look:
    """Words that one look at a picture, or at a part of it, has found.

    Attributes:
        regions: in pixels of the picture.
        scale: pixels of the network's input for each pixel of the picture.
        trusted_px: text heights, lowest and greatest, in pixels of the input, at which this look is believed first.
        usable_px: text heights outside of which its words are left out.
        window_xyxy: the part that was seen, in pixels of the picture; None for all of it. Words that end at a border
            of it that is no border of the picture are taken to be cut there.
    """

    regions: Sequence[DetectedRegion]
    scale: float = 1.0
    trusted_px: tuple[float, float] = (0.0, math.inf)
    usable_px: tuple[float, float] = (0.0, math.inf)
    window_xyxy: tuple[int, int, int, int] | None = None


@dataclass(slots=True)
class _Words:
    """Words of all looks, side by side."""

    regions: list[DetectedRegion] = field(default_factory=list)
    looks: list[int] = field(default_factory=list)
    trusted: list[bool] = field(default_factory=list)
    cut: list[bool] = field(default_factory=list)
    sure_score: float = 0.0

    def is_sure(self, index: int) -> bool:
        """Whether a word is no doubtful one."""
        return self.regions[index].score >= self.sure_score

    def add(self, region: DetectedRegion, look: int, is_trusted: bool, is_cut: bool) -> None:
        self.regions.append(region)
        self.looks.append(look)
        self.trusted.append(is_trusted)
        self.cut.append(is_cut)


def merge_scales(
    near: Sequence[DetectedRegion], far: Sequence[DetectedRegion], large_px: float, sure_score: float = 0.0
) -> list[DetectedRegion]:
    """Keep the near look's words, and the far look's where text is large.

    Args:
        near: words found at the usual scale.
        far: words of the same picture found at a smaller scale, in the same pixels.
        large_px: text height, in these pixels, from which the far look is trusted more; below half of it, it is not
            trusted at all.
        sure_score: as in `merge_looks`.

    Returns:
        Words that do not cover each other.
    """
    looks = [
        Look(near, trusted_px=(0.0, large_px)),
        Look(far, trusted_px=(large_px, math.inf), usable_px=(large_px / 2, math.inf)),
    ]
    return merge_looks(looks, (0, 0), sure_score)


def merge_looks(looks: Sequence[Look], size_hw: tuple[int, int], sure_score: float = 0.0) -> list[DetectedRegion]:
    """One list without duplicates, from any number of looks.

    Of words that cover each other, one from a look that is trusted at its height stays; of several, the largest; of
    equally large ones, that with the highest score. Fragments so give way to the whole word, and words that a window
    cut give way to whole ones; what is cut in every window is joined where the parts meet. A word that covers several
    trusted ones is given up for them if it is not trusted itself, or if it is a block of text taken for a word. Words
    of one look are never weighed against each other.

    Args:
        size_hw: of the picture; it says which borders of windows are borders of the picture.
        sure_score: words below it are doubtful; they never change which of the others stay.

    Returns:
        Words in the order of the looks, joined ones last.
    """
    words = _gather(looks, size_hw)
    words.sure_score = sure_score
    if len(looks) < 2 or not words.regions:
        return words.regions
    quads = np.array([region.polygon for region in words.regions], np.float32)
    pairs, inside = find_overlaps(quads, np.array(words.looks))
    words, pairs, inside = _join(words, pairs, inside)
    return _choose(words, pairs, inside)


def text_height(polygon: Polygon) -> float:
    """Mean length of the two sides of a quad across its reading direction."""
    return float(text_heights(np.array([polygon], np.float32))[0])


def reading_angle(polygon: Sequence[Sequence[float]] | Quads) -> float:
    """Counter-clockwise reading direction of a quad, in degrees, (-180, 180]."""
    quad = np.asarray(polygon, np.float64)
    along = quad[1] - quad[0] + quad[2] - quad[3]
    return math.degrees(math.atan2(0.0 - float(along[1]), float(along[0])))


def text_heights(quads: Quads) -> NDArray[np.float32]:
    """(N,) mean length of the two sides across the reading direction, of (N, 4, 2) quads."""
    sides = np.linalg.norm(quads[:, 3] - quads[:, 0], axis=-1) + np.linalg.norm(quads[:, 2] - quads[:, 1], axis=-1)
    return sides / 2


def _gather(looks: Sequence[Look], size_hw: tuple[int, int]) -> _Words:
    words = _Words()
    for index, look in enumerate(looks):
        if not look.regions:
            continue
        quads = np.array([region.polygon for region in look.regions], np.float32)
        heights = text_heights(quads) * look.scale
        cut = find_cut(quads, look.window_xyxy, size_hw)
        low, high = look.trusted_px
        least, most = look.usable_px
        for region, height, is_cut in zip(look.regions, heights.tolist(), cut.tolist(), strict=True):
            if least <= height <= most:
                words.add(region, index, low <= height <= high, is_cut)
    return words


def find_overlaps(quads: Quads, looks: NDArray[np.int_]) -> tuple[NDArray[np.int_], NDArray[np.float32]]:
    """Words of different looks that share ground.

    Returns:
        (P, 2) indices, the first the smaller, and (P,) the share of the first that lies in the second.
    """
    low, high = quads.min(axis=1), quads.max(axis=1)  # (N, 2) each
    meet = looks[:, None] != looks[None, :]
    for axis in (0, 1):
        meet &= low[:, None, axis] < high[None, :, axis]
        meet &= low[None, :, axis] < high[:, None, axis]
    areas = _areas(quads)
    pairs = np.argwhere(np.triu(meet, 1))
    pairs = np.where((areas[pairs[:, 0]] > areas[pairs[:, 1]])[:, None], pairs[:, ::-1], pairs)
    inside = np.zeros(len(pairs), np.float32)
    for place, (small, large) in enumerate(pairs.tolist()):
        if areas[small] > 0:
            inside[place] = cv2.intersectConvexConvex(quads[small], quads[large])[0] / areas[small]
    return pairs[inside > 0], inside[inside > 0]


def _areas(quads: Quads) -> NDArray[np.float32]:
    following = np.roll(quads, -1, axis=1)
    cross = quads[..., 0] * following[..., 1] - quads[..., 1] * following[..., 0]
    return np.abs(cross.sum(axis=1)) / 2


def _join(
    words: _Words, pairs: NDArray[np.int_], inside: NDArray[np.float32]
) -> tuple[_Words, NDArray[np.int_], NDArray[np.float32]]:
    """Join what is cut in several windows; the joined words come last, the parts are gone."""
    cut_pairs = [
        (one, other)
        for one, other in pairs.tolist()
        if words.cut[one] and words.cut[other] and words.is_sure(one) == words.is_sure(other)
    ]
    groups = join_cut_words(words.regions, cut_pairs)
    if not groups:
        return words, pairs, inside
    gone = {index for members, _ in groups for index in members}
    joined = _Words(sure_score=words.sure_score)
    for index, region in enumerate(words.regions):
        if index not in gone:
            joined.add(region, words.looks[index], words.trusted[index], words.cut[index])
    for number, (_, region) in enumerate(groups):
        joined.add(region, -1 - number, False, False)
    quads = np.array([region.polygon for region in joined.regions], np.float32)
    return joined, *find_overlaps(quads, np.array(joined.looks))


def _choose(words: _Words, pairs: NDArray[np.int_], inside: NDArray[np.float32]) -> list[DetectedRegion]:
    quads = np.array([region.polygon for region in words.regions], np.float32)
    areas, heights = _areas(quads), text_heights(quads)
    is_covered = inside > _COVERED
    rivals: dict[int, list[int]] = {}
    inner: dict[int, list[int]] = {}
    for small, large in pairs[is_covered].tolist():
        rivals.setdefault(small, []).append(large)
        rivals.setdefault(large, []).append(small)
        if areas[small] < _MUCH_SMALLER * areas[large] and words.is_sure(small):
            inner.setdefault(large, []).append(small)
    ranks = [2 if cut else 0 if trusted else 1 for cut, trusted in zip(words.cut, words.trusted, strict=True)]
    for word, parts in inner.items():
        ranks[word] = _rank_cover(word, parts, ranks, quads, heights)
    sizes = np.floor(np.log(np.maximum(areas, 1.0)) / _SIZE_STEP)
    scores = [region.score for region in words.regions]
    kept: set[int] = set()
    for index in sorted(range(len(ranks)), key=lambda at: (not words.is_sure(at), ranks[at], -sizes[at], -scores[at])):
        if ranks[index] < _GIVEN_UP and not any(rival in kept for rival in rivals.get(index, ())):
            kept.add(index)
    return [words.regions[index] for index in sorted(kept)]


_GIVEN_UP = 3


def _rank_cover(
    word: int, parts: Sequence[int], ranks: Sequence[int], quads: Quads, heights: NDArray[np.float32]
) -> int:
    """Rank of a word that covers smaller ones of other looks: 0 is weighed first, `_GIVEN_UP` is left out."""
    solid = [part for part in parts if ranks[part] == 0]
    if ranks[word] == 0:
        small = [part for part in solid if heights[part] * _BLOCK_HEIGHT < heights[word]]
        return _GIVEN_UP if len(small) >= _BLOCK_WORDS else 0
    if ranks[word] == 1 and len(solid) > 1:
        return _GIVEN_UP
    if ranks[word] == 1 and len(solid) == 1:
        lengths = np.linalg.norm(quads[[word, solid[0]], 1] - quads[[word, solid[0]], 0], axis=-1)
        is_alike = heights[word] < _ALIKE_HEIGHT * heights[solid[0]]
        return 0 if is_alike and lengths[0] > _LONGER * lengths[1] else 1
    return ranks[word]
