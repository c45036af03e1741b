"""Where planes of text come to lie in a scene, and how they are seen."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from textrec_app.data.synthesis.planes import Plane
from textrec_app.data.synthesis.warps import apply_matrix, draw_plane_matrix, translate

MIN_TEXT_PX = 7
CAPITAL_PART = 0.7
GAP_PX = 4
TURNED_SHARE = 0.1
QUARTER_SHARE = 0.08
OBLIQUE_SHARE = 0.2
N_TRIES = 8
N_CHOICES = 3
CELL_PX = 8


@dataclass(frozen=True, slots=True)
class Turns:
    """How text is turned in a scene.

    Attributes:
        scene_rad: turn of everything, clockwise in the picture.
        alone: single planes may be turned further.
    """

    scene_rad: float = 0.0
    alone: bool = True


def draw_scene_turn(generator: np.random.Generator, share: float) -> float:
    """Draw the turn of a whole scene in radians: mostly none, else a quarter or half turn or any."""
    if generator.random() >= share:
        return 0.0
    if generator.random() < 0.55:
        return math.pi / 2 * int(generator.integers(1, 4))
    return float(generator.random() * 2 * math.pi)


def draw_view(plane: Plane, turns: Turns, generator: np.random.Generator) -> np.ndarray:
    """Draw a (3, 3) matrix from plane to picture, about the plane's centre."""
    view = draw_plane_matrix(generator, plane.size_wh, plane.is_upright)
    if not plane.is_upright and generator.random() < OBLIQUE_SHARE:
        view = np.diag([generator.uniform(0.45, 0.95), 1.0, 1.0]) @ view
    turn, chance = turns.scene_rad, generator.random()
    if turns.alone and chance < TURNED_SHARE:
        turn += generator.random() * 2 * math.pi
    elif turns.alone and chance < TURNED_SHARE + QUARTER_SHARE:
        turn += math.pi / 2 * (1 if generator.random() < 0.5 else -1)
    sine, cosine = math.sin(turn), math.cos(turn)
    return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]]) @ view


def find_place(
    plane: Plane,
    taken: np.ndarray,
    turns: Turns,
    generator: np.random.Generator,
    busy: np.ndarray | None = None,
) -> np.ndarray | None:
    """Look for a free place: a matrix from plane to scene, or None after eight tries.

    Args:
        plane: what is to be placed; it is shrunk where it is larger than the scene.
        taken: (H, W) uint8, 1 where planes lie already.
        turns: how text is turned in this scene.
        generator: source of randomness.
        busy: from `measure_busyness`; then the calmest of three free places is taken, as for real writing.
    """
    height, width = taken.shape
    found: list[tuple[float, np.ndarray]] = []
    for _ in range(N_TRIES):
        view = draw_view(plane, turns, generator)
        corners = get_corners(plane, view)
        extent = np.ptp(corners, axis=0)
        room = np.array([width - 2 * GAP_PX, height - 2 * GAP_PX])
        scale = min(1.0, float((room / extent).min()))
        if scale * CAPITAL_PART * plane.find_smallest_px() < MIN_TEXT_PX:
            continue
        low = corners.min(axis=0) * scale
        start = GAP_PX + generator.random(2) * (room - extent * scale) - low
        matrix = translate(*start) @ np.diag([scale, scale, 1.0]) @ view
        claimed = np.zeros_like(taken)
        outline = np.rint(get_corners(plane, matrix)).astype(np.int32)
        cv2.fillConvexPoly(claimed, outline, 1)
        cv2.polylines(claimed, [outline], True, 1, 2 * GAP_PX)
        if np.any(claimed & taken):
            continue
        if busy is None:
            return matrix
        found.append((_weigh(busy, outline), matrix))
        if len(found) == N_CHOICES:
            break
    return min(found, key=lambda place: place[0])[1] if found else None


def measure_busyness(image: np.ndarray) -> np.ndarray:
    """Measure how much happens in each cell of 8 x 8 pixels of an (H, W, 3) float32 picture: float32."""
    gray = image.mean(axis=-1)
    height, width = gray.shape
    edges = np.abs(gray[1:, 1:] - gray[:-1, 1:]) + np.abs(gray[1:, 1:] - gray[1:, :-1])
    return cv2.resize(edges, (-(-width // CELL_PX), -(-height // CELL_PX)), interpolation=cv2.INTER_AREA)


def _weigh(busy: np.ndarray, outline: np.ndarray) -> float:
    (x0, y0), (x1, y1) = outline.min(axis=0) // CELL_PX, outline.max(axis=0) // CELL_PX + 1
    return float(busy[max(0, y0) : y1, max(0, x0) : x1].mean())


def lay_flat(plane: Plane, size_hw: tuple[int, int], turn_rad: float, generator: np.random.Generator) -> np.ndarray:
    """Lay a page over the whole picture, as scanners and screens show it: a quarter turn or none, hardly askew."""
    quarter = round(turn_rad / (math.pi / 2)) * math.pi / 2
    askew = math.radians(generator.normal(0, 0.7)) if generator.random() < 0.6 else 0.0
    sine, cosine = math.sin(quarter + askew), math.cos(quarter + askew)
    turned = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    width, height = plane.size_wh
    return translate(size_hw[1] / 2, size_hw[0] / 2) @ turned @ translate(-width / 2, -height / 2)


def frame_closely(plane: Plane, turn_rad: float, generator: np.random.Generator) -> tuple[np.ndarray, tuple[int, int]]:
    """Take a picture of hardly more than a plane.

    Returns:
        The (3, 3) matrix from plane to picture, and the picture's height and width.
    """
    sine, cosine = math.sin(turn_rad), math.cos(turn_rad)
    view = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]]) @ draw_view(plane, Turns(0.0, False), generator)
    corners = get_corners(plane, view)
    low, extent = corners.min(axis=0), np.ptp(corners, axis=0)
    before, after = generator.uniform(0.01, 0.15, (2, 2)) * extent.min() + 1
    width, height = (max(32, int(side)) for side in np.ceil(extent + before + after))
    return translate(*(before - low)) @ view, (height, width)


def get_corners(plane: Plane, matrix: np.ndarray) -> np.ndarray:
    """Corners of a plane in the picture: (4, 2) float32, clockwise from its top-left."""
    width, height = plane.size_wh
    return apply_matrix(matrix, np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32))


def get_window(points: np.ndarray, size_hw: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Find the window around points, with room for outlines: x0, y0, x1, y1 inside the scene."""
    low = np.maximum(np.floor(points.min(axis=0)) - 12, 0).astype(int)
    high = np.ceil(points.max(axis=0)).astype(int) + 12
    return int(low[0]), int(low[1]), min(int(high[0]), size_hw[1]), min(int(high[1]), size_hw[0])
