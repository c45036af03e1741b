"""Where the pixels of a crop go in its bucket: drawn once, then carried out alike on the picture and on its mask."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Placement:
    """A reduction, so that the one resampling afterwards does not alias, and that resampling.

    Attributes:
        shrunk_hw: size of the crop after the reduction.
        warp: from there into the bucket.
    """

    shrunk_hw: tuple[int, int]
    warp: Callable[[np.ndarray], np.ndarray]

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """(H, W, 3) or (H, W) uint8 to (32, width, 3) or (32, width)."""
        rows, columns = self.shrunk_hw
        if pixels.shape[:2] == self.shrunk_hw:
            return self.warp(pixels)
        return self.warp(cv2.resize(pixels, (columns, rows), interpolation=cv2.INTER_AREA))


def shrunk_size(size_hw: tuple[int, int], most_height_px: int) -> tuple[int, int]:
    """A size of the same shape that is no higher."""
    height, width = size_hw
    if height <= most_height_px:
        return height, width
    return most_height_px, max(1, round(width * most_height_px / height))
