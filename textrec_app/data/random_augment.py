"""Random augmentation of the PARSeq kind: a few operations drawn from a pool, sampled anew at each call.

All moves of the geometry, and the resizing into the bucket, are one resampling; all changes of single
values are look-up tables, so that one core makes thousands of crops a second.

Source:
    METHODS section 3.4 (operations, ranges, magnitude 5 of 10, three without replacement); Cubuk et al. 2020.
    As in timm, an operation that was drawn is carried out half of the time.
"""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

from textrec_app.data.buckets import HEIGHT_PX
from textrec_app.data.placement import Placement, shrunk_size

OPERATIONS = 3
APPLIED_SHARE = 0.5
MAGNITUDE = 0.5
MAGNITUDE_SPREAD = 0.05
ROTATION_DEGREES = 30.0
SHEAR_X, SHEAR_Y = 0.9, 0.2
SHIFT_X, SHIFT_Y = 0.10, 0.30
BLUR_PX, BLUR_SHARE = 4.0, 0.02
POISSON_PEAK, POISSON_SHARE = 40.0, 0.20
WORKING_HEIGHT_PX = 40

Magnitude = float
Operation = Callable[[np.ndarray, Magnitude, np.random.Generator], np.ndarray]
Painted = list[tuple[Operation, Magnitude]]
Move = Callable[[Magnitude, tuple[int, int]], np.ndarray]

_LEVELS = np.arange(256, dtype=np.float32)


def randaugment_crop(crop: np.ndarray, width: int, generator: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Resize a crop into its bucket with three random operations.

    Args:
        crop: (H, W, 3) uint8 RGB.
        width: bucket width in pixels.
        strength: 0 only resizes, 1 is PARSeq's magnitude, 2 the full range.

    Returns:
        (32, width, 3) uint8.
    """
    placement, painted = draw_randaugment(crop.shape[:2], width, generator, strength)
    return paint_randaugment(placement(crop), painted, generator)


def draw_randaugment(
    size_hw: tuple[int, int], width: int, generator: np.random.Generator, strength: float = 1.0
) -> tuple[Placement, Painted]:
    """Draw three operations for a crop of a size: where its pixels go, and what is painted afterwards."""
    shrunk_hw = shrunk_size(size_hw, WORKING_HEIGHT_PX)
    matrix = np.eye(3)
    painted: Painted = []
    if strength > 0:
        for name in generator.choice(_NAMES, size=OPERATIONS, replace=False):
            if generator.random() >= APPLIED_SHARE:
                continue
            magnitude = float(np.clip(generator.normal(MAGNITUDE, MAGNITUDE_SPREAD) * strength, 0.0, 1.0))
            if name in _MOVES:
                sign = 1.0 if generator.random() < 0.5 else -1.0
                matrix = _MOVES[name](sign * magnitude, shrunk_hw) @ matrix
            else:
                painted.append((_PAINTS[name], magnitude))
    return Placement(shrunk_hw, partial(resample_crop, matrix=matrix, width=width)), painted


def paint_randaugment(image: np.ndarray, painted: Painted, generator: np.random.Generator) -> np.ndarray:
    """Carry out what was drawn on a picture that lies in its bucket; nothing in it moves."""
    for paint, magnitude in painted:
        image = paint(image, magnitude, generator)
    return image


def paint_crop(crop: np.ndarray, width: int, generator: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """As `randaugment_crop` without moves: two changes of colour, blur or noise; every letter stays where it is."""
    image = draw_randaugment(crop.shape[:2], width, generator, 0.0)[0](crop)
    for name in generator.choice(tuple(_PAINTS), size=2, replace=False):
        if generator.random() < APPLIED_SHARE:
            image = _PAINTS[name](image, float(generator.uniform(0.1, MAGNITUDE)) * strength, generator)
    return image


def resample_crop(image: np.ndarray, matrix: np.ndarray, width: int) -> np.ndarray:
    """Move a picture by a 3x3 affine map of its own pixels, then fit it into (32, width)."""
    rows, columns = image.shape[:2]
    if np.array_equal(matrix, np.eye(3)):
        how = cv2.INTER_AREA if columns > width else cv2.INTER_CUBIC
        return cv2.resize(image, (width, HEIGHT_PX), interpolation=how)
    scale = np.diag([width / columns, HEIGHT_PX / rows, 1.0])
    whole = (scale @ matrix)[:2]
    return cv2.warpAffine(image, whole, (width, HEIGHT_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _rotation(magnitude: Magnitude, size_hw: tuple[int, int]) -> np.ndarray:
    """A turn about the middle on a canvas that grows with it, as long as the text stays large enough to read."""
    rows, columns = size_hw
    angle = np.deg2rad(ROTATION_DEGREES * magnitude)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    grown = np.abs(turn) @ np.array([columns, rows], np.float64)
    return _about_middle(np.diag(np.array([columns, rows]) / grown) @ turn, size_hw)


def _shear_x(magnitude: Magnitude, size_hw: tuple[int, int]) -> np.ndarray:
    return _about_middle(np.array([[1.0, SHEAR_X * magnitude], [0.0, 1.0]]), size_hw)


def _shear_y(magnitude: Magnitude, size_hw: tuple[int, int]) -> np.ndarray:
    steepest = size_hw[0] / size_hw[1]  # the ends of a long word must not leave the picture
    slope = np.clip(SHEAR_Y * magnitude, -steepest, steepest)
    return _about_middle(np.array([[1.0, 0.0], [slope, 1.0]]), size_hw)


def _shift_x(magnitude: Magnitude, size_hw: tuple[int, int]) -> np.ndarray:
    reach = min(SHIFT_X * size_hw[1], SHIFT_X * 2 * size_hw[0])  # of a long word no more than a part of a letter
    return np.array([[1.0, 0.0, reach * magnitude], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


def _shift_y(magnitude: Magnitude, size_hw: tuple[int, int]) -> np.ndarray:
    return np.array([[1.0, 0.0, 0.0], [0.0, 1.0, SHIFT_Y * magnitude * size_hw[0]], [0.0, 0.0, 1.0]])


def _about_middle(linear: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    middle = np.array([size_hw[1] / 2, size_hw[0] / 2])
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = middle - linear @ middle
    return matrix


def _autocontrast(image: np.ndarray, magnitude: Magnitude, generator: np.random.Generator) -> np.ndarray:
    flat = image.reshape(-1, 3)
    low, high = flat.min(axis=0).astype(np.float32), flat.max(axis=0).astype(np.float32)
    table = (_LEVELS[:, None] - low) * (255.0 / np.maximum(high - low, 1.0))
    return cv2.LUT(image, _as_table(table))


def _equalise(image: np.ndarray, magnitude: Magnitude, generator: np.random.Generator) -> np.ndarray:
    return cv2.merge([cv2.equalizeHist(channel) for channel in cv2.split(image)])


def _invert(image: np.ndarray, magnitude: Magnitude, generator: np.random.Generator) -> np.ndarray:
    return cv2.bitwise_not(image)


def _posterise(image: np.ndarray, magnitude: Magnitude, generator: np.random.Generator) -> np.ndarray:
    kept_bits = max(1, 4 - int(4 * magnitude))
    return image & np.uint8(256 - (1 << (8 - kept_bits)))


def _solarise(image: np.ndarray, magnitude: Magnitude, generator: np.random.Generator) -> np.ndarray:
    return cv2.LUT(image, _as_table(np.where(256.0 * (1.0 - magnitude) > _LEVELS, _LEVELS, 255.0 - _LEVELS)))


def _solarise_add(image: np.ndarray, magnitude: Magnitude, generator: np.random.Generator) -> np.ndarray:
    return cv2.LUT(image, _as_table(np.where(_LEVELS < 128, _LEVELS + 110.0 * magnitude, _LEVELS)))


def _colour(image: np.ndarray, magnitude: Magnitude, generator: np.random.Generator) -> np.ndarray:
    factor = _factor(magnitude, generator)
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return cv2.addWeighted(image, factor, grey, 1.0 - factor, 0.0)


def _contrast(image: np.ndarray, magnitude: Magnitude, generator: np.random.Generator) -> np.ndarray:
    mean = float(np.mean(cv2.mean(image)[:3]))
    return cv2.LUT(image, _as_table((_LEVELS - mean) * _factor(magnitude, generator) + mean))


def _brightness(image: np.ndarray, magnitude: Magnitude, generator: np.random.Generator) -> np.ndarray:
    return cv2.LUT(image, _as_table(_LEVELS * _factor(magnitude, generator)))


def _blur(image: np.ndarray, magnitude: Magnitude, generator: np.random.Generator) -> np.ndarray:
    radius = min(BLUR_PX * magnitude, BLUR_SHARE * max(image.shape[:2])) * generator.random()
    return image if radius < 0.2 else cv2.GaussianBlur(image, (0, 0), radius)


def _poisson(image: np.ndarray, magnitude: Magnitude, generator: np.random.Generator) -> np.ndarray:
    peak = min(POISSON_PEAK * magnitude, POISSON_SHARE * max(image.shape[:2]))
    noise = generator.poisson(peak, image.shape) - peak
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def _factor(magnitude: Magnitude, generator: np.random.Generator) -> float:
    """Further from 1 with the magnitude: 1 ± 0.9 at most."""
    return 1.0 + (0.9 if generator.random() < 0.5 else -0.9) * magnitude


def _as_table(values: np.ndarray) -> np.ndarray:
    """(256,) or (256, 3) float to the table that OpenCV wants."""
    table = np.clip(values, 0.0, 255.0).astype(np.uint8)
    return table if table.ndim == 1 else table[None]


_MOVES: dict[str, Move] = {
    "rotate": _rotation,
    "shear_x": _shear_x,
    "shear_y": _shear_y,
    "shift_x": _shift_x,
    "shift_y": _shift_y,
}
_PAINTS: dict[str, Operation] = {
    "autocontrast": _autocontrast,
    "equalise": _equalise,
    "invert": _invert,
    "posterise": _posterise,
    "solarise": _solarise,
    "solarise_add": _solarise_add,
    "colour": _colour,
    "contrast": _contrast,
    "brightness": _brightness,
    "blur": _blur,
    "poisson": _poisson,
}
_NAMES = (*_MOVES, *_PAINTS)
