"""How pictures are brought before a detector: scaled, with a border of their own colour, sides multiples of 32."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

_MULTIPLE_PX = 32
_MARGIN_MULTIPLE_PX = 4  # whole cells of every map


@dataclass(frozen=True, slots=True)
class DetectionPreprocessing:
    """How pictures are brought before the network; it travels in the weight card.

    Attributes:
        mean, std: of each channel (RGB), in 0..255.
        long_side_px: the longer side is scaled to this.
        short_side_px: long narrow pictures (receipts) are scaled further, until the shorter side reaches this,
        area_px: or the area this.
        magnify: no picture is scaled by more.
        far_ratio: scale of a second look, relative to the first, for text of great size; 0 for none.
        large_px: text height, in pixels of the first look, from which the second is trusted more.
        small_px: text height, in pixels of the first look, below which parts of large pictures are looked at closely,
        target_px: so that it is as high as this there.
        most_tiles: closer looks that a picture gets at most, 960 px square each; 0 for none.
        margin_rel: border added on each side, relative to the shorter side, so that a word that fills the picture
            has surroundings.
        looks_level: whether a picture whose text runs slanted is looked at once more, turned level.
    """

    mean: tuple[float, float, float] = (124.0, 116.0, 104.0)
    std: tuple[float, float, float] = (58.0, 57.0, 57.0)
    long_side_px: int = 1280
    short_side_px: int = 640
    area_px: int = 1280 * 960
    magnify: float = 1.5
    far_ratio: float = 0.4
    large_px: float = 60.0
    small_px: float = 11.0
    target_px: float = 18.0
    most_tiles: int = 24
    margin_rel: float = 0.06
    looks_level: bool = True


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the picture lies in the network's input: x_input = x * scale + margin; size is the picture's there."""

    scale: float
    margin_px: int
    size_hw: tuple[int, int]


def prepare_canvas(
    image: Picture, preprocessing: DetectionPreprocessing, ratio: float = 1.0
) -> tuple[Picture, Placement]:
    """Scale a picture as the preprocessing says and lay it on a canvas that the network accepts.

    Args:
        image: (H, W, 3) uint8, neither side 0.
        ratio: further scale.

    Returns:
        As `lay_on_canvas`.
    """
    return lay_on_canvas(image, choose_scale(image.shape[:2], preprocessing) * ratio, preprocessing.margin_rel)


def lay_on_canvas(image: Picture, scale: float, margin_rel: float) -> tuple[Picture, Placement]:
    """Scale a picture exactly and lay it on a canvas.

    Returns:
        The canvas (H', W', 3) uint8, sides multiples of 32, filled around the picture with the median colour of
        its border, and where the picture lies.
    """
    height, width = image.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    scaled = image if size == (width, height) else cv2.resize(image, size, interpolation=interpolation)
    margin = math.ceil(max(8, margin_rel * min(size)) / _MARGIN_MULTIPLE_PX) * _MARGIN_MULTIPLE_PX
    canvas_width, canvas_height = (math.ceil((side + 2 * margin) / _MULTIPLE_PX) * _MULTIPLE_PX for side in size)
    canvas = np.empty((canvas_height, canvas_width, 3), np.uint8)
    canvas[:] = _border_colour(scaled)
    canvas[margin : margin + size[1], margin : margin + size[0]] = scaled
    return canvas, Placement(scale, margin, size[::-1])


def choose_scale(size_hw: tuple[int, ...], preprocessing: DetectionPreprocessing) -> float:
    """Scale of the first look at a picture of this size."""
    by_long_side = preprocessing.long_side_px / max(size_hw)
    by_area = math.sqrt(preprocessing.area_px / (size_hw[0] * size_hw[1]))
    narrow = min(preprocessing.short_side_px / min(size_hw), by_area)
    return min(max(by_long_side, narrow), preprocessing.magnify)


def _border_colour(image: Picture) -> NDArray[np.uint8]:
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    return np.median(border, axis=0).astype(np.uint8)
