"""Structures without text: fences, window grids, bricks, shutters, bar codes, signs with shapes, leaves."""

import math

import cv2
import numpy as np

from textrec_app.data.synthesis.backgrounds import draw_texture
from textrec_app.data.synthesis.effects import draw_color
from textrec_app.data.synthesis.warps import apply_matrix, draw_plane_matrix, translate

TILE_PX = 256


def add_structures(image: np.ndarray, generator: np.random.Generator, count: int) -> None:
    """Lay structures without text into a picture, each on a plane of its own, in place.

    Args:
        image: (H, W, 3) float32 RGB, changed.
        generator: source of randomness.
        count: how many.
    """
    painters = (
        _draw_fence, _draw_lattice, _draw_windows, _draw_shutter, _draw_bar_code, _draw_blocks, _draw_logo, _draw_logo,
        _draw_surface, _draw_shelf,
    )  # fmt: skip
    for _ in range(count):
        size = (int(generator.uniform(60, TILE_PX)), int(generator.uniform(60, TILE_PX)))
        tile, cover = painters[int(generator.random() * len(painters))](size, generator)
        _lay(image, tile, cover, generator)


def _lay(image: np.ndarray, tile: np.ndarray, cover: np.ndarray, generator: np.random.Generator) -> None:
    """Warp a tile to a random place, size and view."""
    height, width = tile.shape[:2]
    view = draw_plane_matrix(generator, (width, height), is_upright=generator.random() < 0.7)
    scale = generator.uniform(0.05, 0.9) ** 1.3 * max(image.shape[:2]) / max(width, height)
    view = np.diag([scale, scale, 1.0]) @ view
    corners = apply_matrix(view, np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32))
    low, extent = corners.min(axis=0), np.ptp(corners, axis=0)
    start = generator.random(2) * (np.array(image.shape[1::-1]) - extent * 0.5) - extent * 0.25 - low
    matrix = translate(*start) @ view
    corners += start.astype(np.float32)
    x0, y0 = (int(v) for v in np.maximum(np.floor(corners.min(axis=0)), 0))
    x1, y1 = (int(v) for v in np.minimum(np.ceil(corners.max(axis=0)) + 1, image.shape[1::-1]))
    if x1 - x0 < 4 or y1 - y0 < 4:
        return
    local = translate(-x0, -y0) @ matrix
    laid = cv2.warpPerspective(tile, local, (x1 - x0, y1 - y0), borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.warpPerspective(cover, local, (x1 - x0, y1 - y0))[..., None]
    alpha *= np.float32(generator.uniform(0.7, 1.0))
    window = image[y0:y1, x0:x1]
    window[:] = window * (1 - alpha) + laid * alpha


def _fill(size_wh: tuple[int, int], color: np.ndarray, covered: float) -> tuple[np.ndarray, np.ndarray]:
    tile = np.empty((size_wh[1], size_wh[0], 3), np.float32)
    tile[:] = color
    return tile, np.full((size_wh[1], size_wh[0]), covered, np.float32)


def _draw_fence(size_wh: tuple[int, int], generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Pickets, with a rail or two; what is behind shows between them."""
    width, height = size_wh
    tile, cover = _fill(size_wh, draw_color(generator), 0.0)
    breadth = int(generator.integers(2, 16))
    step = breadth + int(generator.integers(3, 24))
    for left in range(0, width, step):
        top = int(generator.uniform(0, 0.06) * height)
        cover[top:, left : left + breadth] = 1
        tile[:, left : left + breadth] *= np.float32(generator.uniform(0.85, 1.15))
    for row in generator.uniform(0.1, 0.9, 1 + int(generator.random() * 3)):
        cover[int(row * height) : int(row * height) + breadth] = 1
    return tile, cover


def _draw_lattice(size_wh: tuple[int, int], generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Crossed slanted wires."""
    width, height = size_wh
    tile, cover = _fill(size_wh, draw_color(generator), 0.0)
    step, breadth = int(generator.integers(8, 40)), int(generator.integers(1, 4))
    for start in range(-height, width + height, step):
        cv2.line(cover, (start, 0), (start + height, height), 1.0, breadth, cv2.LINE_AA)
        cv2.line(cover, (start + height, 0), (start, height), 1.0, breadth, cv2.LINE_AA)
    return tile, cover


def _draw_windows(size_wh: tuple[int, int], generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A wall with rows of windows, lit or dark, with bars."""
    width, height = size_wh
    tile, cover = _fill(size_wh, draw_color(generator), 1.0)
    columns, rows = 2 + int(generator.random() * 9), 2 + int(generator.random() * 9)
    glass = draw_color(generator) * 0.6
    step_x, step_y = width / columns, height / rows
    part = generator.uniform(0.45, 0.85, 2)
    is_barred = generator.random() < 0.5
    for row in range(rows):
        for column in range(columns):
            x, y = int((column + 0.5 - part[0] / 2) * step_x), int((row + 0.5 - part[1] / 2) * step_y)
            corner = (int(x + part[0] * step_x), int(y + part[1] * step_y))
            color = (glass * generator.uniform(0.6, 1.6)).tolist()
            cv2.rectangle(tile, (x, y), corner, color, -1)
            if is_barred:
                middle = (x + corner[0]) // 2
                cv2.line(tile, (middle, y), (middle, corner[1]), tile[0, 0].tolist(), 1)
                cv2.line(tile, (x, (y + corner[1]) // 2), (corner[0], (y + corner[1]) // 2), tile[0, 0].tolist(), 1)
    return tile, cover


def _draw_shutter(size_wh: tuple[int, int], generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Slats with a shade on each, like blinds, vents or steps."""
    width, height = size_wh
    tile, cover = _fill(size_wh, draw_color(generator), 1.0)
    step = generator.uniform(4, 26)
    phase = (np.arange(height) / step) % 1.0
    shade = 0.6 + 0.5 * phase if generator.random() < 0.5 else np.where(phase < generator.uniform(0.2, 0.6), 0.5, 1.0)
    return tile * shade.astype(np.float32)[:, None, None], cover


def _draw_bar_code(size_wh: tuple[int, int], generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Bars, or the squares of a matrix code."""
    width, height = size_wh
    paper = np.full(3, generator.uniform(200, 250), np.float32)
    if generator.random() < 0.5:
        code = generator.random((21, 21)) < 0.5
        for y, x in ((0, 0), (0, 14), (14, 0)):
            code[y : y + 7, x : x + 7] = True
            code[y + 1 : y + 6, x + 1 : x + 6] = False
            code[y + 2 : y + 5, x + 2 : x + 5] = True
    else:
        code = np.repeat(generator.random((1, 60)) < 0.5, 30, axis=0)
    dark = np.pad(code, 2).astype(np.float32)
    side = (min(width, height),) * 2 if code.shape[0] == 21 else (width, height)
    dark = cv2.resize(dark, side, interpolation=cv2.INTER_NEAREST)[..., None]
    tile = paper * (1 - dark) + np.float32(generator.uniform(5, 60)) * dark
    return tile.astype(np.float32), np.ones(side[::-1], np.float32)


def _draw_blocks(size_wh: tuple[int, int], generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Keys, tiles or a chessboard: equal rounded cells in rows."""
    width, height = size_wh
    tile, cover = _fill(size_wh, draw_color(generator), 1.0)
    cell = int(generator.integers(8, 48))
    gap = max(1, int(cell * generator.uniform(0.05, 0.35)))
    colors = (draw_color(generator), draw_color(generator))
    is_checked = generator.random() < 0.4
    for row, y in enumerate(range(gap, height, cell)):
        for column, x in enumerate(range(gap, width, cell)):
            color = colors[(row + column) % 2 if is_checked else int(generator.random() < 0.07)]
            cv2.rectangle(tile, (x, y), (x + cell - gap, y + cell - gap), color.tolist(), -1)
    return tile, cover


def _draw_logo(size_wh: tuple[int, int], generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A board with shapes: discs, polygons, arrows, stars, waves, a figure."""
    width, height = size_wh
    tile, cover = _fill(size_wh, draw_color(generator), 1.0 if generator.random() < 0.6 else 0.0)
    canvas = np.zeros((height, width), np.uint8)
    middle, radius = np.array([width / 2, height / 2]), min(size_wh) * generator.uniform(0.2, 0.45)
    chance = generator.random()
    breadth = max(2, int(radius * generator.uniform(0.08, 0.3)))
    center = (int(middle[0]), int(middle[1]))
    if chance < 0.25:
        cv2.circle(canvas, center, int(radius), 255, breadth if generator.random() < 0.5 else -1, cv2.LINE_AA)
    elif chance < 0.6:
        corners = int(generator.integers(3, 9))
        inner = generator.uniform(0.35, 1.0)
        angles = np.arange(2 * corners) * math.pi / corners + generator.random() * 6
        lengths = np.where(np.arange(2 * corners) % 2, inner, 1.0) * radius
        points = middle + np.stack([np.cos(angles), np.sin(angles)], axis=1) * lengths[:, None]
        cv2.fillPoly(canvas, [np.rint(points).astype(np.int32)], 255, cv2.LINE_AA)
    elif chance < 0.75:
        tip = (int(middle[0] + radius), center[1])
        cv2.arrowedLine(canvas, (int(middle[0] - radius), center[1]), tip, 255, breadth, cv2.LINE_AA, tipLength=0.4)
    elif chance < 0.9:
        x = np.linspace(0, width, 40)
        for row in range(1 + int(generator.random() * 3)):
            y = middle[1] + radius * 0.3 * np.sin(x / radius * 2) + row * breadth * 2
            wave = np.rint(np.stack([x, y], axis=1)).astype(np.int32)
            cv2.polylines(canvas, [wave], False, 255, breadth, cv2.LINE_AA)
    else:
        head = (center[0], int(middle[1] - radius * 0.75))
        cv2.circle(canvas, head, int(radius * 0.25), 255, -1, cv2.LINE_AA)
        cv2.line(canvas, (center[0], int(head[1] + radius * 0.4)), center, 255, breadth * 2, cv2.LINE_AA)
        for side in (-1, 1):
            foot = (int(center[0] + side * radius * 0.4), int(middle[1] + radius))
            cv2.line(canvas, center, foot, 255, breadth, cv2.LINE_AA)
    shape = canvas.astype(np.float32)[..., None] / 255
    tile = tile * (1 - shape) + draw_color(generator) * shape
    return tile, np.maximum(cover, shape[..., 0])


def _draw_surface(size_wh: tuple[int, int], generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Bricks, stripes, leaves, a facade or paper."""
    tile = draw_texture(generator, (size_wh[1], size_wh[0])).astype(np.float32)
    return tile, np.ones((size_wh[1], size_wh[0]), np.float32)


def _draw_shelf(size_wh: tuple[int, int], generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Upright things side by side, like books, bottles or people far away."""
    width, height = size_wh
    tile, cover = _fill(size_wh, draw_color(generator) * 0.4, 1.0)
    rows = 1 + int(generator.random() * 4)
    step = height / rows
    for row in range(rows):
        x, floor = 0, int((row + 1) * step) - 2
        while x < width:
            breadth = int(generator.uniform(4, 22))
            top = int(floor - step * generator.uniform(0.5, 0.92))
            cv2.rectangle(tile, (x, top), (x + breadth, floor), draw_color(generator).tolist(), -1)
            x += breadth + int(generator.random() * 4)
    return tile, cover
