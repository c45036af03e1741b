"""Pictures without any text, from pictures with some: cut beside the text, or with the text painted over."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from textrec_app.data.scenes import Scene, save_scenes

Picture = NDArray[np.uint8]
Quads = Sequence[NDArray[np.float32]]
Box = tuple[int, int, int, int]

_CELLS = 96
_GROWTH_REL = 0.3
_MIN_GROWTH_PX = 5.0
_FILL_SHRINK = 4
_SEAM_SIGMA_PX = 2.0


def find_text_free_box(size_hw: tuple[int, int], quads: Quads, min_side_px: int) -> Box | None:
    """Find the largest upright rectangle that stays clear of all text.

    Text is kept away by 0.3 of its height, at least 5 px, and by up to one cell of the grid that is searched
    (a 96th of the picture's longer side).

    Args:
        quads: each (4, 2), of all text in the picture, also of what is excused.
        min_side_px: the least acceptable shorter side.

    Returns:
        x0, y0, x1, y1 in pixels, within the picture; None where no rectangle is large enough.
    """
    height, width = size_hw
    cell = max(max(size_hw) / _CELLS, 1.0)
    rows, columns = int(height / cell), int(width / cell)
    if min(rows, columns) < 1:
        return None
    covered = cover_text(size_hw, quads)
    blocked = cv2.resize((covered > 0).astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA) > 0
    least = max(1, int(np.ceil(min_side_px / cell)))
    found = _find_largest_rectangle(~blocked, least)
    if found is None:
        return None
    scale = np.array([width / columns, height / rows] * 2)
    x0, y0, x1, y1 = (found * scale).round().astype(int).tolist()
    return (x0, y0, x1, y1) if min(x1 - x0, y1 - y0) >= min_side_px else None


def cover_text(size_hw: tuple[int, int], quads: Quads) -> Picture:
    """Paint grown boxes round all text.

    Args:
        quads: each (4, 2) in pixels.

    Returns:
        (H, W) uint8: 255 on text and within 0.3 of its height (at least 5 px) of it, else 0.
    """
    mask = np.zeros(size_hw, np.uint8)
    for quad in quads:
        centre, (first, second), angle = cv2.minAreaRect(np.asarray(quad, np.float32))
        growth = 2 * max(_MIN_GROWTH_PX, _GROWTH_REL * min(first, second))
        corners = cv2.boxPoints((centre, (first + growth, second + growth), angle))
        cv2.fillPoly(mask, [np.round(corners).astype(np.int32)], 255)
    return mask


def erase_text(image: Picture, quads: Quads, rng: np.random.Generator) -> Picture:
    """Paint over all text with its surroundings, as a background to draw other text on.

    The hole is filled at a quarter of the size, so that strokes left at its rim do not run into it, and gets noise
    about as strong as the picture's own.

    Args:
        image: (H, W, 3) uint8, at least 4 px in each direction.
        quads: each (4, 2) in its pixels.

    Source:
        Telea, Journal of Graphics Tools 2004, as OpenCV has it.
    """
    height, width = image.shape[:2]
    mask = cover_text((height, width), quads)
    size = (max(1, width // _FILL_SHRINK), max(1, height // _FILL_SHRINK))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    hole = (cv2.resize(mask, size, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    fill = cv2.resize(
        cv2.inpaint(small, hole, _FILL_SHRINK, cv2.INPAINT_TELEA), (width, height), interpolation=cv2.INTER_CUBIC
    )
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    noise = 1 + float(np.median(np.abs(cv2.Laplacian(grey, cv2.CV_32F)))) / 4
    grainy = fill.astype(np.float32) + rng.normal(0, noise, (height, width, 1)).astype(np.float32)
    blend = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), _SEAM_SIGMA_PX)[..., None]
    return np.clip(image * (1 - blend) + grainy * blend, 0, 255).astype(np.uint8)


def save_text_free(folder: Path, pictures: Sequence[Path]) -> None:
    """Write a detection set of pictures that hold no text: a `boxes.jsonl` without boxes."""
    save_scenes(folder, [Scene(path, ()) for path in pictures])


def _find_largest_rectangle(free: NDArray[np.bool_], least: int) -> NDArray[np.float64] | None:
    """x0, y0, x1, y1 in cells of the largest all-free rectangle at least `least` cells wide and high.

    Row by row, each rectangle under the skyline of free cells above the row is closed where the skyline falls.
    """
    heights = np.zeros(free.shape[1], np.int64)
    best, best_area = None, 0
    for row in range(free.shape[0]):
        heights = np.where(free[row], heights + 1, 0)
        open_from: list[tuple[int, int]] = []  # column where a rectangle begins, and its height
        for column, height in enumerate([*heights.tolist(), 0]):
            start = column
            while open_from and open_from[-1][1] >= height:
                start, top = open_from.pop()
                area = top * (column - start)
                if area > best_area and min(top, column - start) >= least:
                    best, best_area = (start, row + 1 - top, column, row + 1), area
            open_from.append((start, height))
    return None if best is None else np.array(best, np.float64)
