"""Things that look like text to a careless detector and are none."""

import math

import cv2
import numpy as np

from textrec_app.data.synthesis.effects import draw_color


def add_clutter(image: np.ndarray, generator: np.random.Generator, count: int) -> None:
    """Paint lines, frames, bars, grids, arrows, blobs and leaves, in place.

    Args:
        image: (H, W, 3) float32 RGB, changed.
        generator: source of randomness.
        count: how many things.
    """
    painters = (
        _paint_lines, _paint_boxes, _paint_bars, _paint_grid, _paint_arrow, _paint_rings, _paint_leaves,
    )  # fmt: skip
    for _ in range(count):
        painters[int(generator.random() * len(painters))](image, generator)


def _point(image: np.ndarray, generator: np.random.Generator) -> tuple[int, int]:
    return int(generator.random() * image.shape[1]), int(generator.random() * image.shape[0])


def _paint_lines(image: np.ndarray, generator: np.random.Generator) -> None:
    for _ in range(1 + int(generator.random() * 4)):
        color, breadth = draw_color(generator).tolist(), 1 + int(generator.random() ** 2 * 6)
        cv2.line(image, _point(image, generator), _point(image, generator), color, breadth, cv2.LINE_AA)


def _paint_boxes(image: np.ndarray, generator: np.random.Generator) -> None:
    for _ in range(1 + int(generator.random() * 4)):
        x, y = _point(image, generator)
        corner = (x + int(generator.uniform(10, 160)), y + int(generator.uniform(10, 160)))
        breadth = -1 if generator.random() < 0.6 else 1 + int(generator.random() * 4)
        cv2.rectangle(image, (x, y), corner, draw_color(generator).tolist(), breadth)


def _paint_bars(image: np.ndarray, generator: np.random.Generator) -> None:
    """Paint equal strokes in a row, like a fence, a bar code or a vent."""
    x, y = _point(image, generator)
    color = draw_color(generator).tolist()
    length, breadth = int(generator.uniform(10, 70)), int(generator.uniform(1, 7))
    is_row, is_even = generator.random() < 0.6, generator.random() < 0.6
    for _ in range(4 + int(generator.random() * 16)):
        step = breadth + int(generator.uniform(2, 8)) if not is_even else breadth * 2 + 2
        corner = (x + breadth, y + length) if is_row else (x + length, y + breadth)
        cv2.rectangle(image, (x, y), corner, color, -1)
        x, y = (x + step, y) if is_row else (x, y + step)


def _paint_grid(image: np.ndarray, generator: np.random.Generator) -> None:
    x, y = _point(image, generator)
    cell_w, cell_h = int(generator.uniform(6, 40)), int(generator.uniform(6, 40))
    color = draw_color(generator).tolist()
    columns, rows = 2 + int(generator.random() * 8), 2 + int(generator.random() * 6)
    for row in range(rows + 1):
        start = (x, y + row * cell_h)
        cv2.line(image, start, (x + columns * cell_w, start[1]), color, 1 + int(cell_h > 20))
    for column in range(columns + 1):
        start = (x + column * cell_w, y)
        cv2.line(image, start, (start[0], y + rows * cell_h), color, 1 + int(cell_h > 20))


def _paint_arrow(image: np.ndarray, generator: np.random.Generator) -> None:
    x, y = _point(image, generator)
    angle, length = generator.random() * 2 * math.pi, generator.uniform(15, 90)
    tip = (int(x + length * math.cos(angle)), int(y + length * math.sin(angle)))
    breadth = 1 + int(length / 12)
    cv2.arrowedLine(image, (x, y), tip, draw_color(generator).tolist(), breadth, cv2.LINE_AA, tipLength=0.4)


def _paint_rings(image: np.ndarray, generator: np.random.Generator) -> None:
    for _ in range(1 + int(generator.random() * 5)):
        radius = int(generator.uniform(3, 45))
        breadth = -1 if generator.random() < 0.4 else 1 + int(radius / 8)
        color = draw_color(generator).tolist()
        cv2.circle(image, _point(image, generator), radius, color, breadth, cv2.LINE_AA)


def _paint_leaves(image: np.ndarray, generator: np.random.Generator) -> None:
    x, y = _point(image, generator)
    spread, color = generator.uniform(20, 90), draw_color(generator)
    for _ in range(20 + int(generator.random() * 60)):
        center = (int(x + generator.normal(0, spread)), int(y + generator.normal(0, spread)))
        axes = (int(generator.uniform(2, 12)), int(generator.uniform(1, 5)))
        tone = (color * generator.uniform(0.5, 1.3)).tolist()
        cv2.ellipse(image, center, axes, generator.random() * 360, 0, 360, tone, -1, cv2.LINE_AA)
