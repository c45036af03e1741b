"""Where a large picture deserves a closer look: cells of doubt, and the fewest tiles that cover them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Cells = NDArray[np.bool_]
Window = tuple[int, int, int, int]

CELL_PX = 32
"""Side of a cell, in pixels of the input that the whole picture was seen at."""

_LOST_SPREAD = 25.0
_LOST_SHARE = 0.2
_EXPLAINED_MARGIN = 0.5


@dataclass(frozen=True, slots=True)
class CellGrid:
    """Squares over a picture.

    Attributes:
        side_px: side of a cell in pixels of the picture.
        size_hw: of the picture.
    """

    side_px: float
    size_hw: tuple[int, int]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        height, width = self.size_hw
        return (max(1, math.ceil(height / self.side_px)), max(1, math.ceil(width / self.side_px)))

    def mark(self, quads: NDArray[np.float32], margin_rel: float = 0.0) -> Cells:
        """Cells that the boxes around quads touch.

        Args:
            quads: (N, 4, 2) in pixels of the picture.
            margin_rel: added to the boxes on all sides, relative to their shorter side.
        """
        cells = np.zeros(self.shape, bool)
        low, high = quads.min(axis=1), quads.max(axis=1)
        margin = margin_rel * (high - low).min(axis=1, keepdims=True)
        first = np.maximum(np.floor((low - margin) / self.side_px), 0).astype(int)
        last = np.floor((high + margin) / self.side_px).astype(int)
        for (left, top), (right, bottom) in zip(first.tolist(), last.tolist(), strict=True):
            cells[top : bottom + 1, left : right + 1] = True
        return cells

    def inside(self, windows: Sequence[Window]) -> Cells:
        """Cells that lie wholly in one of the windows, those at the picture's far borders as far as they go."""
        cells = np.zeros(self.shape, bool)
        height, width = self.size_hw
        for x0, y0, x1, y1 in windows:
            right = self.shape[1] if x1 >= width else int(x1 / self.side_px + 1e-6)
            bottom = self.shape[0] if y1 >= height else int(y1 / self.side_px + 1e-6)
            cells[math.ceil(y0 / self.side_px - 1e-6) : bottom, math.ceil(x0 / self.side_px - 1e-6) : right] = True
        return cells


def find_lost_detail(image: NDArray[np.uint8], scale: float, grid: CellGrid) -> Cells:
    """Cells much of whose detail is lost when the picture is shrunk: there may be text too small to be seen.

    Args:
        image: (H, W, 3) uint8.
        scale: of the shrunk picture, below 1.
    """
    height, width = image.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    green = np.ascontiguousarray(image[:, :, 1])
    mean = cv2.resize(green, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    square = cv2.resize(cv2.multiply(green, green, dtype=cv2.CV_16U), size, interpolation=cv2.INTER_AREA)
    lost = (square.astype(np.float32) - mean * mean > _LOST_SPREAD**2).astype(np.float32)
    rows, columns = grid.shape
    padded = np.zeros((rows * CELL_PX, columns * CELL_PX), np.float32)
    high, wide = min(size[1], len(padded)), min(size[0], padded.shape[1])
    padded[:high, :wide] = lost[:high, :wide]
    return padded.reshape(rows, CELL_PX, columns, CELL_PX).mean(axis=(1, 3)) > _LOST_SHARE


def leave_explained(cells: Cells, quads: NDArray[np.float32], grid: CellGrid) -> Cells:
    """The cells without those that words touch which were already found."""
    return cells & ~grid.mark(quads, _EXPLAINED_MARGIN) if len(quads) else cells


def plan_tiles(wanted: Cells, grid: CellGrid, tile_px: float, margin_px: float) -> list[Window]:
    """Tiles of one size that together see every wanted cell at some distance from their borders.

    Args:
        tile_px: side in pixels of the picture; cut to the picture's own sides.
        margin_px: a cell counts as seen if it keeps this distance from those borders that are not the picture's.
            Neighbouring tiles so overlap by twice as much.

    Returns:
        Windows x0, y0, x1, y1, those that see the most wanted cells first.
    """
    height, width = grid.size_hw
    tile_h, tile_w = min(height, math.ceil(tile_px)), min(width, math.ceil(tile_px))
    left = wanted.copy()
    gains: list[tuple[int, Window]] = []
    while left.any():
        top = int(np.argmax(left.any(axis=1)))
        y0 = _begin(top * grid.side_px, height, tile_h, margin_px)
        strip = grid.inside([_seen((0, y0, width, y0 + tile_h), grid.size_hw, margin_px)]) & left
        strip[top] |= left[top]  # also of a cell that is larger than what a tile sees
        while strip.any():
            x0 = _begin(int(np.argmax(strip.any(axis=0))) * grid.side_px, width, tile_w, margin_px)
            window = (x0, y0, x0 + tile_w, y0 + tile_h)
            seen = grid.inside([_seen(window, grid.size_hw, margin_px)])
            seen[:, int(np.argmax(strip.any(axis=0)))] = True
            gains.append((int((strip & seen).sum()), window))
            left &= ~(strip & seen)
            strip &= ~seen
    return [window for _, window in sorted(gains, key=lambda gain: -gain[0])]


def seen_windows(windows: Sequence[Window], size_hw: tuple[int, int], margin_px: float) -> list[Window]:
    """Windows without the margins at borders that are not the picture's."""
    return [_seen(window, size_hw, margin_px) for window in windows]


def _begin(wanted: float, side: int, tile: int, margin_px: float) -> int:
    return int(np.clip(math.floor(wanted - margin_px), 0, side - tile))


def _seen(window: Window, size_hw: tuple[int, int], margin_px: float) -> Window:
    height, width = size_hw
    margin = math.floor(margin_px)
    x0, y0, x1, y1 = window
    return (
        x0 + margin * (x0 > 0),
        y0 + margin * (y0 > 0),
        x1 - margin * (x1 < width),
        y1 - margin * (y1 < height),
    )
