"""Other views of one crop that leave its text as it is: whoever reads a word rightly reads them alike."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Crop = NDArray[np.uint8]

WEAK, STRONG, SCALE, TURN = "weak", "strong", "scale", "turn"

SMALLER = 0.5
TURN_DEG = 2.5
LONGEST_TURNED = 6.0
"""Lines that are longer, in heights, are turned less, so that their ends stay in the picture."""
FADED_CONTRAST = 0.65
FADED_SHIFT = (14.0, -4.0, 6.0)
NOISE = 10.0
LOOSE_REL, TIGHT_REL, TIGHT_ENDS_REL = 0.10, 0.05, 0.02
WIDER = 1.2


@dataclass(frozen=True)
class CropView:
    """A way to change a crop; `group` is weak, strong, scale or turn."""

    name: str
    group: str
    change: Callable[[Crop], Crop]


def make_smaller(crop: Crop) -> Crop:
    """Half as large and back: fine strokes blur."""
    height, width = crop.shape[:2]
    size = (max(1, round(width * SMALLER)), max(1, round(height * SMALLER)))
    return _bytes(cv2.resize(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), (width, height)))


def fade(crop: Crop) -> Crop:
    """Less contrast, another tint, noise; the same noise for every crop of one size."""
    mean = crop.mean(axis=(0, 1), keepdims=True)
    noise = np.random.default_rng(0).normal(0.0, NOISE, crop.shape)
    return _bytes((crop - mean) * FADED_CONTRAST + mean + np.array(FADED_SHIFT) + noise)


def invert(crop: Crop) -> Crop:
    """The grey negative: what was dark is light."""
    return np.repeat((255 - np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), np.uint8))[..., None], 3, axis=2)


def turn_left(crop: Crop) -> Crop:
    """A slight turn counter-clockwise."""
    return _turn(crop, TURN_DEG)


def turn_right(crop: Crop) -> Crop:
    """A slight turn clockwise."""
    return _turn(crop, -TURN_DEG)


def loosen(crop: Crop) -> Crop:
    """A margin of the edge's own colours on every side."""
    margin = max(1, round(LOOSE_REL * crop.shape[0]))
    return _bytes(cv2.copyMakeBorder(crop, margin, margin, margin, margin, cv2.BORDER_REPLICATE))


def tighten(crop: Crop) -> Crop:
    """Cut a little off every side; tiny crops stay whole."""
    height, width = crop.shape[:2]
    rows, columns = round(TIGHT_REL * height), round(min(TIGHT_REL * height, TIGHT_ENDS_REL * width))
    return np.ascontiguousarray(crop[rows : height - rows, columns : width - columns])


def widen(crop: Crop) -> Crop:
    """Wider letters of the same height."""
    height, width = crop.shape[:2]
    return _bytes(cv2.resize(crop, (round(width * WIDER), height), interpolation=cv2.INTER_CUBIC))


VIEWS = (
    CropView("smaller", WEAK, make_smaller),
    CropView("faded", STRONG, fade),
    CropView("inverted", STRONG, invert),
    CropView("loose", SCALE, loosen),
    CropView("tight", SCALE, tighten),
    CropView("wide", SCALE, widen),
    CropView("turned left", TURN, turn_left),
    CropView("turned right", TURN, turn_right),
)


def _turn(crop: Crop, degrees: float) -> Crop:
    height, width = crop.shape[:2]
    allowed = degrees * min(1.0, LONGEST_TURNED * height / width)
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), allowed, 1.0)
    turned = cv2.warpAffine(crop, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return _bytes(turned)


def _bytes(picture: NDArray[np.generic] | cv2.typing.MatLike) -> Crop:
    return np.clip(np.asarray(picture), 0, 255).astype(np.uint8)
