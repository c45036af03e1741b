"""From the maps of the one-shot detector to words with their characters; every step works on all words at once.

1. Peaks of the centre map are the instances.
2. The quad is read at the peak. Its ends are read once more near the ends, and again for as long as they move on: a
   cell says only how far the text goes on within a few text heights, so a line of any length is covered whole.
3. The bells of large words are bumpy, so a word has several peaks, which all lead to the same quad: a peak inside the
   quad of a surer one with text of like height is the same instance. Points are looked up in quads, boxes are not
   compared with boxes; but it is the step that makes one word of three or four peaks.
4. Characters join the word whose quad holds them; of several, the one whose centre they point to. They speak for it,
   too: texture that looks like a word has no letters.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detection.one_shot import (
    CENTRE,
    CHARACTER_STRIDE,
    COLUMN_QUAD,
    DIRECTION,
    OFFSET,
    ORIENTATION,
    ROW_QUAD,
    VECTOR,
    WORD_STRIDE,
)
from models.detection.one_shot_units import MOST_UNITS, UNIT_PX

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

MOST_WORDS = 2000
MOST_CHARACTERS = 6000
DOUBTFUL_CHARACTER = 0.25
_MOST_STEPS = 16
_FAR_HEIGHTS = 2.0
_INSIDE_HEIGHTS = 0.7
_LIKE_HEIGHT = 2.0
_MOST_GAP = 0.5
_MOST_GROWTH = 1.6
_MOST_BACK = 3.0
_SURE_REACH = 4.5
_MOST_DRIFT = 0.5
_SLACK = 0.1
_MOST_LOGIT = 30.0
_LEAST_FLOOR = 1e-3


@dataclass(frozen=True, slots=True)
class OneShotThresholds:
    """How maps become words; chosen on validation pictures, kept in the weight card.

    Attributes:
        score: words below are not reported.
        character: characters below are not.
        grow_ends: added before and after a word, relative to its height: regression errs to both sides alike, but a
            letter that is cut off costs the reader more than a strip of background.
        grow_height: added above and below, relative to the same.
    """

    score: float = 0.4
    character: float = 0.4
    grow_ends: float = 0.0
    grow_height: float = 0.0


@dataclass(frozen=True, slots=True)
class CanvasWord:
    """One word, in pixels of the network's input.

    Attributes:
        quad: (4, 2) float32, clockwise from the text's top-left.
        score: 0 to 1.
        character_quads: (n, 4, 2) float32 in reading order.
    """

    quad: Floats
    score: float
    character_quads: Floats


@dataclass(frozen=True, slots=True)
class Instances:
    """Instances of one head, the surest first; n of them.

    Attributes:
        quads: (n, 4, 2) float32 pixels, from the text's top-left.
        scores: (n,) float32.
        targets: (n, 2) float32, the centre of the word that each points to; for words, their own.
    """

    quads: Floats
    scores: Floats
    targets: Floats

    def pick(self, indices: Indices) -> "Instances":
        """Some of them."""
        return Instances(self.quads[indices], self.scores[indices], self.targets[indices])

    def part(self, start: int, stop: int) -> "Instances":
        """Those from `start` up to `stop`."""
        return self.pick(np.arange(start, stop))


def find_one_shot_words(
    words: Floats, characters: Floats, thresholds: OneShotThresholds, floor: float | None = None
) -> list[CanvasWord]:
    """Find the words of one picture.

    Args:
        words: (25, H / 4, W / 4) float32 of one picture; see `OneShotMaps` for the channels.
        characters: (27, H / 2, W / 2) float32.
        floor: least score of the words, if not the card's; doubtful ones never change what the others score.

    Returns:
        Words, the surest first; none for maps without text.
    """
    least = thresholds.score if floor is None else floor
    found = read_words(words, least**2)
    letters = read_characters(characters, min(DOUBTFUL_CHARACTER, thresholds.character))
    n_likely = int((found.scores >= thresholds.score**2).sum())  # the surest come first
    owners = assign_characters(found.part(0, n_likely), letters)
    rest = np.nonzero(owners < 0)[0]
    doubtful = assign_characters(found.part(n_likely, len(found.scores)), letters.pick(rest))
    owners[rest] = np.where(doubtful < 0, -1, doubtful + n_likely)
    result = []
    for index, (quad, centre) in enumerate(zip(found.quads, found.scores, strict=True)):
        own = np.nonzero(owners == index)[0]
        own = own[_one_for_each_instance(letters.quads[own], letters.quads[own].mean(axis=1))]
        score = combine_scores(float(centre), letters.scores[own])
        if score >= least:
            sure = letters.quads[own[letters.scores[own] >= thresholds.character]]
            along = quad[1] - quad[0] + quad[2] - quad[3]
            grown = grow_quad(quad, thresholds.grow_ends, thresholds.grow_height)
            result.append(CanvasWord(grown, score, sure[np.argsort(sure.mean(axis=1) @ along)]))
    return sorted(result, key=lambda word: -word.score)


def combine_scores(centre: float, letters: Floats) -> float:
    """Score of a word: both heads must see it. Geometric mean of its centre's and, on average, its characters' scores.

    Where no character is seen, theirs counts as 0.25, the least that one can have.
    """
    seen = float(letters.mean()) if len(letters) else DOUBTFUL_CHARACTER
    return float(np.sqrt(centre * seen))


def grow_quad(quad: Floats, ends_rel: float, height_rel: float) -> Floats:
    """Move a quad's sides outwards, by shares of its height before and after the text, and above and below it."""
    along = (quad[1] - quad[0] + quad[2] - quad[3]) / 2
    down = (quad[3] - quad[0] + quad[2] - quad[1]) / 2
    height = float(np.linalg.norm(down))
    ends = along / max(float(np.linalg.norm(along)), 1e-3) * height * ends_rel
    sides = down * height_rel
    return (quad + np.stack([-ends - sides, ends - sides, ends + sides, sides - ends])).astype(np.float32)


def read_words(maps: Floats, floor: float) -> Instances:
    """Words of a picture whose score is at least `floor`."""
    columns, rows, scores, said = _read_peaks(maps, floor, MOST_WORDS)
    along_columns = _runs_along_columns(said)
    quads = _walk(maps, columns, rows, along_columns)
    quads = _begin_at_text(quads, said, along_columns)
    kept = _one_for_each_instance(quads, _reference(said, columns, rows, WORD_STRIDE))
    return Instances(quads[kept], scores[kept], quads[kept].mean(axis=1))


def read_characters(maps: Floats, floor: float) -> Instances:
    """Characters of a picture whose score is at least `floor`."""
    columns, rows, scores, said = _read_peaks(maps, floor, MOST_CHARACTERS)
    along_columns = _runs_along_columns(said)
    points = _reference(said, columns, rows, CHARACTER_STRIDE)
    quads = _begin_at_text(_read_quads(said, points, along_columns), said, along_columns)
    return Instances(quads, scores, points + _to_pixels(said[:, VECTOR]))


def find_peaks(logits: Floats, floor: float, most: int) -> tuple[Indices, Indices, Floats]:
    """Local maxima (3 x 3) of a map (H, W) of logits.

    Returns:
        Columns, rows and probabilities of those that reach `floor`, the surest first, at most so many.
    """
    logits = np.nan_to_num(logits, nan=-_MOST_LOGIT, posinf=_MOST_LOGIT, neginf=-_MOST_LOGIT)
    floor = min(max(floor, _LEAST_FLOOR), 1 - _LEAST_FLOOR)
    least = np.float32(np.log(floor / (1 - floor)))
    peaks = (logits >= least) & (logits >= cv2.dilate(logits, np.ones((3, 3), np.uint8)))
    rows, columns = _one_for_each_plateau(peaks)
    order = np.argsort(-logits[rows, columns], kind="stable")[:most]
    rows, columns = rows[order], columns[order]
    return columns, rows, (1 / (1 + np.exp(-logits[rows, columns]))).astype(np.float32)


def _read_peaks(maps: Floats, floor: float, most: int) -> tuple[Indices, Indices, Floats, Floats]:
    """Columns, rows, probabilities and channels (n, C) of peaks; what is no number is passed over."""
    columns, rows, scores = find_peaks(maps[CENTRE], floor, most)
    said = maps[:, rows, columns].T
    sound = np.isfinite(said).all(axis=1)
    return columns[sound], rows[sound], scores[sound], said[sound]


def _one_for_each_plateau(peaks: NDArray[np.bool_]) -> tuple[Indices, Indices]:
    """Rows and columns of one cell of each group of neighbours, the nearest to the group's middle."""
    _, labels, _, centroids = cv2.connectedComponentsWithStats(peaks.astype(np.uint8), connectivity=8)
    rows, columns = np.nonzero(peaks)
    groups = labels[rows, columns]
    far = (columns - centroids[groups, 0]) ** 2 + (rows - centroids[groups, 1]) ** 2
    order = np.lexsort((far, groups))
    first = np.unique(groups[order], return_index=True)[1]
    return rows[order][first], columns[order][first]


def assign_characters(words: Instances, letters: Instances) -> Indices:
    """The word of each character; -1 where there is none.

    Returns:
        (n,) indices of words.
    """
    if not len(words.quads) or not len(letters.quads):
        return np.full(len(letters.quads), -1, np.int64)
    centres = letters.quads.mean(axis=1)
    places, heights = _places_in(words.quads, centres)
    inside = np.all(np.abs(places) <= 0.5 + _SLACK, axis=2)  # (characters, words)
    gaps = np.linalg.norm(letters.targets[:, None] - words.targets[None], axis=2) / heights[None]
    gaps = np.where(inside, gaps + 4 * np.abs(places[:, :, 1]), np.inf)
    best = gaps.argmin(axis=1)
    return np.where(np.any(inside, axis=1), best, -1)


def _walk(maps: Floats, columns: Indices, rows: Indices, along_columns: NDArray[np.bool_]) -> Floats:
    """Quads at peaks, the ends read anew near the ends until they stay."""
    said = maps[:, rows, columns].T
    points = _reference(said, columns, rows, WORD_STRIDE)
    quads = _read_quads(said, points, along_columns)
    for is_end in (False, True):
        quads = _walk_to_end(maps, quads, points, along_columns, is_end)
    return quads


def _walk_to_end(maps: Floats, quads: Floats, points: Floats, along_columns: NDArray[np.bool_], is_end: bool) -> Floats:
    """Quads with the left or the right end read anew, always from near the end that was read last."""
    ahead, behind = ([1, 2], [0, 3]) if is_end else ([0, 3], [1, 2])
    quads, seen_last, here = quads.copy(), quads.copy(), points.copy()
    active = np.arange(len(quads))
    for _ in range(_MOST_STEPS):
        edge, unit, height = _ends(seen_last[active], ahead, behind)
        away = ((edge - here[active]) * unit).sum(axis=1)
        goes_on = away > _FAR_HEIGHTS * height
        if not goes_on.any():
            break
        active, edge, unit, height, away = (values[goes_on] for values in (active, edge, unit, height, away))
        columns, rows = _cells(maps.shape[1:], edge - unit * (_INSIDE_HEIGHTS * height)[:, None])
        said = maps[:, rows, columns].T
        point = _reference(said, columns, rows, WORD_STRIDE)
        seen = _read_quads(said, point, along_columns[active])
        moved = seen[:, ahead].mean(axis=1) - edge
        back = ((seen[:, behind].mean(axis=1) - here[active]) * unit).sum(axis=1)
        drift = np.abs(moved[:, 0] * unit[:, 1] - moved[:, 1] * unit[:, 0])
        growth = _heights(seen) / height
        agrees = (drift < _MOST_DRIFT * height) & (growth < _MOST_GROWTH) & (growth > 1 / _MOST_GROWTH)
        agrees &= (moved * unit).sum(axis=1) > -_MOST_BACK * height
        agrees &= back < _MOST_GAP * height + np.maximum(away - _SURE_REACH * height, 0)  # else it is the next word
        active, seen = active[agrees], seen[agrees]
        quads[active[:, None], ahead] = seen[:, ahead]
        seen_last[active], here[active] = seen, point[agrees]
    return quads


def _ends(quads: Floats, ahead: list[int], behind: list[int]) -> tuple[Floats, Floats, Floats]:
    """The middle of the end ahead (n, 2), the way there (n, 2) of length 1, and heights (n,)."""
    edge = quads[:, ahead].mean(axis=1)
    way = edge - quads[:, behind].mean(axis=1)
    return edge, way / np.maximum(np.linalg.norm(way, axis=1), 1e-3)[:, None], np.maximum(_heights(quads), 1e-3)


def _one_for_each_instance(quads: Floats, points: Floats) -> Indices:
    """Indices of peaks that are no second peak of a surer one; quads and points come the surest first.

    A peak is one where it, or the middle of its quad, lies in the surer one's quad, and the text is as high.
    """
    if not len(quads):
        return np.zeros(0, np.int64)
    (places, heights), (middles, _) = _places_in(quads, points), _places_in(quads, quads.mean(axis=1))
    inside = np.all(np.abs(places) <= 0.5, axis=2) | np.all(
        np.abs(middles) <= 0.5, axis=2
    )  # [i, j]: i in the quad of j
    ratio = heights[:, None] / heights[None]
    same = inside & (ratio < _LIKE_HEIGHT) & (ratio > 1 / _LIKE_HEIGHT)
    is_kept = np.ones(len(quads), bool)
    for index in range(1, len(quads)):
        is_kept[index] = not (same[index, :index] & is_kept[:index]).any()
    return np.nonzero(is_kept)[0]


def _places_in(quads: Floats, points: Floats) -> tuple[Floats, Floats]:
    """Places (m, n, 2) of points in the frames of quads, -0.5 to 0.5 inside; and the quads' heights (n,)."""
    along = (quads[:, 1] - quads[:, 0] + quads[:, 2] - quads[:, 3]) / 2
    down = (quads[:, 3] - quads[:, 0] + quads[:, 2] - quads[:, 1]) / 2
    away = points[:, None] - quads.mean(axis=1)[None]
    area = along[:, 0] * down[:, 1] - along[:, 1] * down[:, 0]
    area = np.where(np.abs(area) < 1e-3, 1e-3, area)
    u = (away[..., 0] * down[:, 1] - away[..., 1] * down[:, 0]) / area
    v = (along[:, 0] * away[..., 1] - along[:, 1] * away[..., 0]) / area
    return np.stack([u, v], axis=2), np.maximum(np.linalg.norm(down, axis=1), 1e-3)


def _runs_along_columns(said: Floats) -> NDArray[np.bool_]:
    right, down, left, up = said[:, ORIENTATION].T
    return np.maximum(down, up) > np.maximum(right, left)


def _begin_at_text(quads: Floats, said: Floats, along_columns: NDArray[np.bool_]) -> Floats:
    """Let quads begin at the text's top-left: turned by half where the text runs left or up.

    The four directions and the fine direction say it together, each by a number of -1 to 1.
    """
    right, down, left, up = (1 / (1 + np.exp(-np.clip(said[:, ORIENTATION], -_MOST_LOGIT, _MOST_LOGIT)))).T
    fine = np.clip(said[:, DIRECTION], -1, 1)
    forwards = np.where(along_columns, down - up + fine[:, 1], right - left + fine[:, 0])
    return np.where((forwards < 0)[:, None, None], np.roll(quads, 2, axis=1), quads)


def _read_quads(said: Floats, points: Floats, along_columns: NDArray[np.bool_]) -> Floats:
    units = np.where(along_columns[:, None], said[:, COLUMN_QUAD], said[:, ROW_QUAD]).reshape(-1, 4, 2)
    return points[:, None] + _to_pixels(units)


def _reference(said: Floats, columns: Indices, rows: Indices, stride: int) -> Floats:
    """Middles of cells, moved by what the network says; (n, 2) pixels."""
    middles = np.stack([columns, rows], axis=1) + 0.5
    return ((middles + np.clip(said[:, OFFSET], -0.5, 0.5)) * stride).astype(np.float32)


def _cells(size_hw: tuple[int, ...], points: Floats) -> tuple[Indices, Indices]:
    """Columns and rows of the cells that hold points, kept within the map."""
    cells = np.floor(points / WORD_STRIDE).astype(np.int64)
    return np.clip(cells[:, 0], 0, size_hw[1] - 1), np.clip(cells[:, 1], 0, size_hw[0] - 1)


def _heights(quads: Floats) -> Floats:
    return np.linalg.norm(quads[:, 3] - quads[:, 0] + quads[:, 2] - quads[:, 1], axis=1) / 2


def _to_pixels(units: Floats) -> Floats:
    kept = np.clip(units, -MOST_UNITS, MOST_UNITS)
    return (np.sign(kept) * UNIT_PX * np.expm1(np.abs(kept))).astype(np.float32)
