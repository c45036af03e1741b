"""What the one-shot detector should say of a picture: centre maps, and samples of what it should regress.

METHODS section 13.3. The centre maps are dense. Regression is learnt at a few cells of every instance, drawn at random:
an instance counts the same however large it is, and nothing is computed for cells that take no part.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from textrec_app.data.detection_targets import TargetWord, draw_gaussians

Floats = NDArray[np.float32]

REACH_HEIGHTS = 6.0
"""How far along a line a cell is asked where it ends, in text heights; beyond, the end is read nearer to it."""

_CENTRE_SIGMA_REL = 0.28
_MOST_SIGMA_HEIGHTS = 1.5
_LEAST_SIGMA_CELLS = 0.7
_NEAR_SPREAD = 0.3
_WIDE_SPREAD = 0.94
_SPREAD_DOWN = 0.8
_USUAL_AREA_CELLS = 150.0
_AREA_WEIGHTS = (0.4, 3.0)


@dataclass(frozen=True, slots=True)
class InstanceSamples:
    """Cells of the grid, and what should be said there; n of them.

    Attributes:
        cells: (n, 2) int64, column and row.
        quads: (n, 4, 2) float32, corners of the instance from the text's top-left, relative to the cell's reference
            point (its middle, moved by `offsets`), in pixels; of long words only the part within reach.
        offsets: (n, 2) float32, from the cell's middle towards the instance's centre, at most half a cell each way.
        directions: (n,) float32, reading direction in radians, clockwise (y runs downwards).
        knows_direction: (n,) bool; False where the text may as well run the other way.
        vectors: (n, 2) float32, from the reference point to the centre of the whole word, in pixels.
        weights: (n,) float32, trust in the instance over the number of its samples.
    """

    cells: NDArray[np.int64]
    quads: Floats
    offsets: Floats
    directions: Floats
    knows_direction: NDArray[np.bool_]
    vectors: Floats
    weights: Floats


@dataclass(frozen=True, slots=True)
class InstanceTargets:
    """Targets of one head for one picture.

    Attributes:
        centre: (H, W) float32 in [0, 1].
        weights: (H, W) float32, trust in `centre`; 0 leaves a cell out.
    """

    centre: Floats
    weights: Floats
    samples: InstanceSamples


def build_word_targets(
    size_hw: tuple[int, int], words: Sequence[TargetWord], stride: int, n_samples: int, rng: np.random.Generator
) -> InstanceTargets:
    """Targets of the word head.

    A word's centre is a Gaussian that follows its shape but is at most 1.5 text heights long, so that a long line has
    one peak and no ridge. Small words weigh more, cell by cell, than large ones.

    Args:
        size_hw: of the grid.
        words: in pixels of the picture; those with confidence 0 are left out of training.
        stride: pixels of the picture for a cell.
        n_samples: cells drawn for each word, its centre among them.
    """
    centre = np.zeros(size_hw, np.float32)
    weights = np.ones(size_hw, np.float32)
    useful = [word for word in words if word.confidence > 0]
    for word in words:
        if word.confidence <= 0:
            cv2.fillPoly(weights, [_to_corner_cells(word.quad, stride)], 0.0)
    for word in useful:
        quad = word.quad / np.float32(stride)
        low, high = _AREA_WEIGHTS
        area = max(float(abs(cv2.contourArea(quad))), 1.0)
        weight = word.word_confidence * float(np.clip((_USUAL_AREA_CELLS / area) ** 0.5, low, high))
        cv2.fillPoly(weights, [_to_corner_cells(word.quad, stride)], weight)
        _draw_centre(centre, quad)
    quads = np.array([word.quad for word in useful], np.float32).reshape(-1, 4, 2)
    trusts = np.array([word.word_confidence for word in useful], np.float32)
    known = np.array([word.knows_direction for word in useful], bool)
    samples = _draw_samples(size_hw, _Instances(quads, trusts, known, quads.mean(axis=1)), stride, n_samples, rng)
    return InstanceTargets(centre, weights, samples)


def build_character_targets(
    size_hw: tuple[int, int], words: Sequence[TargetWord], stride: int, n_samples: int, rng: np.random.Generator
) -> InstanceTargets:
    """Targets of the character head: CRAFT's bells, and for each character the way to its word's centre.

    Args as for `build_word_targets`. Words without known characters are left out.
    """
    centre = np.zeros(size_hw, np.float32)
    weights = np.ones(size_hw, np.float32)
    useful = [word for word in words if word.confidence > 0 and len(word.character_quads)]
    for word in words:
        trust = float(word.confidence) if len(word.character_quads) else 0.0
        if trust < 1:
            cv2.fillPoly(weights, [_to_corner_cells(word.quad, stride)], trust)
    for word in useful:
        cells = word.character_quads / np.float32(stride)
        draw_gaussians(centre, cells - np.float32(0.5))  # it takes whole numbers for middles of cells
    counts = [len(word.character_quads) for word in useful]
    quads = np.concatenate([np.zeros((0, 4, 2), np.float32), *(word.character_quads for word in useful)])
    trusts = np.repeat(np.array([word.confidence for word in useful], np.float32), counts)
    known = np.repeat(np.array([word.knows_direction for word in useful], bool), counts)
    centres = np.repeat(
        np.array([word.quad.mean(axis=0) for word in useful], np.float32).reshape(-1, 2), counts, axis=0
    )
    samples = _draw_samples(size_hw, _Instances(quads, trusts, known, centres), stride, n_samples, rng)
    return InstanceTargets(centre, weights, samples)


def _to_corner_cells(quad: Floats, stride: int) -> NDArray[np.int32]:
    """The cells that hold the corners of a quad in pixels."""
    return np.round(quad / stride - 0.5).astype(np.int32)


@dataclass(frozen=True, slots=True)
class _Instances:
    """Quads (n, 4, 2) in pixels, trust, whether the direction is known, and the centre of the word of each."""

    quads: Floats
    trusts: Floats
    knows_direction: NDArray[np.bool_]
    word_centres: Floats


def _draw_centre(target: Floats, quad: Floats) -> None:
    """Keep the larger of the map and an oriented Gaussian in the middle of a quad, in place."""
    along, down = _mean_sides(quad[None])
    length, height = float(np.linalg.norm(along)), float(np.linalg.norm(down))
    if length < 1e-3 or height < 1e-3:
        return
    sigma_along = max(min(_CENTRE_SIGMA_REL * length, _MOST_SIGMA_HEIGHTS * height), _LEAST_SIGMA_CELLS)
    sigma_down = max(_CENTRE_SIGMA_REL * height, _LEAST_SIGMA_CELLS)
    centre = quad.mean(axis=0)
    reach = 3 * max(sigma_along, sigma_down) + 1
    rows, columns = target.shape
    x0, y0 = np.maximum(np.floor(centre - reach).astype(int), 0)
    x1, y1 = np.minimum(np.ceil(centre + reach).astype(int) + 1, (columns, rows))
    if x0 >= x1 or y0 >= y1:
        return
    middle = np.floor(centre) + 0.5  # the bell reaches 1 in the cell that holds the centre
    x, y = np.arange(x0, x1) + 0.5 - middle[0], np.arange(y0, y1) + 0.5 - middle[1]
    unit_along, unit_down = along[0] / length, down[0] / height
    u = x[None] * unit_along[0] + y[:, None] * unit_along[1]
    v = x[None] * unit_down[0] + y[:, None] * unit_down[1]
    bell = np.exp(-0.5 * ((u / sigma_along) ** 2 + (v / sigma_down) ** 2)).astype(np.float32)
    window = target[y0:y1, x0:x1]
    np.maximum(window, bell, out=window)


def _mean_sides(quads: Floats) -> tuple[Floats, Floats]:
    """Vectors (n, 2) along the reading direction and downwards."""
    half = np.float32(0.5)
    along = (quads[:, 1] - quads[:, 0] + quads[:, 2] - quads[:, 3]) * half
    down = (quads[:, 3] - quads[:, 0] + quads[:, 2] - quads[:, 1]) * half
    return along, down


def _draw_samples(
    size_hw: tuple[int, int], instances: _Instances, stride: int, n_samples: int, rng: np.random.Generator
) -> InstanceSamples:
    """Cells of every instance, all at once; those that fall outside the grid are dropped.

    Half of them lie anywhere in the instance, half near its middle. Where instances overlap, a cell is that of the
    smaller one.
    """
    n = len(instances.quads)
    is_near = np.arange(n_samples) % 2 == 0
    shares = rng.uniform(-0.5, 0.5, (n, n_samples, 2))
    shares[..., 0] *= np.where(is_near, _NEAR_SPREAD, _find_spread(instances.quads)[:, None])
    shares[..., 1] *= np.where(is_near, _NEAR_SPREAD, _WIDE_SPREAD) * _SPREAD_DOWN
    shares[:, :1] = 0.0  # the centre itself
    shares += 0.5
    points = _interpolate(instances.quads, shares)  # (n, n_samples, 2)
    cells = np.floor(points / stride).astype(np.int64)
    owner = np.repeat(np.arange(n), n_samples).reshape(n, n_samples)
    inside = np.all((cells >= 0) & (cells < np.array(size_hw[::-1])), axis=2)
    inside &= _owns(size_hw, instances.quads, stride, cells, inside)
    cells, owner = cells[inside], owner[inside]
    quads = instances.quads[owner]
    centres = (cells + 0.5) * stride
    offsets = np.clip((quads.mean(axis=1) - centres) / stride, -0.5, 0.5)
    reference = centres + offsets * stride
    along, _ = _mean_sides(quads)
    per_instance = np.maximum(np.bincount(owner, minlength=n), 1)[owner] if n else np.zeros(0)
    return InstanceSamples(
        cells=cells,
        quads=(_cut_to_reach(quads, reference) - reference[:, None]).astype(np.float32),
        offsets=offsets.astype(np.float32),
        directions=np.arctan2(along[:, 1], along[:, 0]).astype(np.float32),
        knows_direction=instances.knows_direction[owner],
        vectors=(instances.word_centres[owner] - reference).astype(np.float32),
        weights=(instances.trusts[owner] / per_instance).astype(np.float32),
    )


def _find_spread(quads: Floats) -> Floats:
    """How much of each quad's length (n,) cells are drawn from: long lines up to half a height from their ends."""
    along, down = _mean_sides(quads)
    length = np.maximum(np.linalg.norm(along, axis=1), 1e-3)
    return np.maximum(1 - np.linalg.norm(down, axis=1) / length, _WIDE_SPREAD)


def _interpolate(quads: Floats, shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points at shares (n, k, 2) of the way along and down quads (n, 4, 2)."""
    u, v = shares[..., :1], shares[..., 1:]
    top = quads[:, None, 0] * (1 - u) + quads[:, None, 1] * u
    bottom = quads[:, None, 3] * (1 - u) + quads[:, None, 2] * u
    return top * (1 - v) + bottom * v


def _owns(
    size_hw: tuple[int, int], quads: Floats, stride: int, cells: NDArray[np.int64], inside: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Whether each cell (n, k, 2) belongs to its instance, not to a smaller one that covers it too."""
    owners = np.full(size_hw, -1, np.int32)
    areas = np.array([abs(cv2.contourArea(quad)) for quad in quads])
    for index in np.argsort(-areas):
        cv2.fillPoly(owners, [_to_corner_cells(quads[index], stride)], int(index))
    clipped = np.where(inside[..., None], cells, 0)
    found = owners[clipped[..., 1], clipped[..., 0]]
    numbers = np.arange(len(quads))[:, None]
    smaller = (found >= 0) & (found != numbers)
    return ~(smaller & (areas[found] < 0.7 * areas[:, None])) if len(quads) else inside


def _cut_to_reach(quads: Floats, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The part of each quad (n, 4, 2) within 6 text heights of a point (n, 2) along the reading direction."""
    along, down = _mean_sides(quads)
    length = np.maximum(np.linalg.norm(along, axis=1), 1e-3)
    height = np.linalg.norm(down, axis=1)
    start = (quads[:, 0] + quads[:, 3]) / 2
    position = ((points - start) * along).sum(axis=1) / length**2
    reach = REACH_HEIGHTS * height / length
    low = np.clip(position - reach, 0, 1)[:, None]
    high = np.clip(position + reach, 0, 1)[:, None]
    top, bottom = quads[:, 1] - quads[:, 0], quads[:, 2] - quads[:, 3]
    corners = [
        quads[:, 0] + low * top,
        quads[:, 0] + high * top,
        quads[:, 3] + high * bottom,
        quads[:, 3] + low * bottom,
    ]
    return np.stack(corners, axis=1)
