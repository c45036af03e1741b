"""Geometry: arcs and projective maps, applied alike to ink and to character boxes."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from textrec_app.data.synthesis.glyphs import InkLine

# How far warping can smear ink over the quad of its character.
RESAMPLING_PX = 0.5


@dataclass(frozen=True, slots=True)
class ShapedInk:
    """Ink with one quad around each character.

    Attributes:
        ink: (H, W) uint8 coverage.
        quads: (n, 4, 2) float32, clockwise from the character's top-left.
        outline: (4, 2) float32 around the whole text, clockwise from its top-left.
    """

    ink: np.ndarray
    quads: np.ndarray
    outline: np.ndarray


def boxes_to_quads(boxes_xyxy: np.ndarray) -> np.ndarray:
    """Turn (n, 4) boxes into (n, 4, 2) corners, clockwise from the top-left."""
    left, top, right, bottom = boxes_xyxy.T
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return np.stack([np.stack(corner, axis=-1) for corner in corners], axis=1).astype(np.float32)


def keep_straight(line: InkLine) -> ShapedInk:
    """Take a line as it is."""
    height, width = line.ink.shape
    outline = boxes_to_quads(np.array([[0, 0, width - 1, height - 1]], np.float32))[0]
    return ShapedInk(line.ink, boxes_to_quads(line.boxes_xyxy), outline)


def bend(line: InkLine, angle_rad: float) -> ShapedInk:
    """Lay a line along a circle, so that its width spans `angle_rad`; positive arches upwards.

    Each quad touches the arc from outside, so no ink leaves it.
    """
    height, width = line.ink.shape
    turned = angle_rad < 0
    ink = line.ink[::-1, ::-1] if turned else line.ink
    middle_px = height / 2
    radius = max(width / abs(angle_rad), height * 0.75)
    half = width / (2 * radius)
    inner, outer = radius - middle_px, radius + middle_px
    low = inner * math.cos(half) if half < math.pi / 2 else outer * math.cos(half)
    reach = outer * (1.0 if half > math.pi / 2 else math.sin(half))
    new_w, new_h = math.ceil(2 * reach) + 4, math.ceil(outer - low) + 4
    center = np.array([new_w / 2, outer + 2], np.float32)
    columns, rows = np.meshgrid(
        np.arange(new_w, dtype=np.float32) - center[0], center[1] - np.arange(new_h, dtype=np.float32)
    )
    distance, theta = cv2.cartToPolar(rows, columns)
    theta = np.where(theta > np.pi, theta - 2 * np.pi, theta)
    map_x = (theta * radius + width / 2).astype(np.float32)
    map_y = (outer - distance).astype(np.float32)
    bent = cv2.remap(np.ascontiguousarray(ink), map_x, map_y, cv2.INTER_LINEAR)
    boxes = line.boxes_xyxy
    if turned:
        last = np.array([width - 1, height - 1], np.float32)
        boxes = np.tile(last, 2) - boxes[:, [2, 3, 0, 1]]
    quads = _wrap_boxes(boxes, radius, (width, height), center)
    outline = np.array([[0, 0], [new_w, 0], [new_w, new_h], [0, new_h]], np.float32)
    if not turned:
        return ShapedInk(bent, quads, outline)
    mirror = np.array([new_w - 1, new_h - 1], np.float32)
    return ShapedInk(bent[::-1, ::-1].copy(), np.roll(mirror - quads, 2, axis=1), outline)


def _wrap_boxes(boxes_xyxy: np.ndarray, radius: float, size_wh: tuple[int, int], center: np.ndarray) -> np.ndarray:
    width, height = size_wh
    angles = (boxes_xyxy[:, [0, 2]] - width / 2) / radius
    half = (angles[:, 1] - angles[:, 0]) / 2
    outer = (radius + height / 2 - boxes_xyxy[:, 1] + 1) / np.cos(np.minimum(half, 1.0))
    inner = radius + height / 2 - boxes_xyxy[:, 3] - 1
    pad = 0.5 / radius
    corners = (
        (angles[:, 0] - pad, outer), (angles[:, 1] + pad, outer),
        (angles[:, 1] + pad, inner), (angles[:, 0] - pad, inner),
    )  # fmt: skip
    points = [np.stack([center[0] + r * np.sin(a), center[1] - r * np.cos(a)], -1) for a, r in corners]
    return np.stack(points, axis=1).astype(np.float32)


def apply_matrix(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Map points of any shape (..., 2) through a 3 x 3 projective matrix, to float32."""
    flat = points.reshape(-1, 2) @ matrix[:, :2].T + matrix[:, 2]
    return (flat[:, :2] / flat[:, 2:3]).reshape(points.shape).astype(np.float32)


def draw_matrix(generator: np.random.Generator, size_hw: tuple[int, int], stretch: float) -> np.ndarray:
    """Draw a mild view of a plane: rotation, shear, perspective; half of them stay straight.

    Args:
        generator: source of randomness.
        size_hw: size of the ink; long lines are turned less, so that a crop stays flat.
        stretch: factor on the width.

    Returns:
        (3, 3) float64, about the centre of the ink.
    """
    height, width = size_hw
    center = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]], np.float64)
    scale = np.diag([stretch, 1.0, 1.0])
    if generator.random() < 0.5:
        return scale @ center
    aspect = max(1.0, width * stretch / height)
    limit = min(math.radians(12), 0.9 / aspect)
    turn = float(generator.normal(0, 0.5)) * limit
    shear = float(generator.normal(0, 0.15))
    affine = np.array([[math.cos(turn), -math.sin(turn) + shear, 0], [math.sin(turn), math.cos(turn), 0], [0, 0, 1]])
    tilt = np.eye(3)
    if generator.random() < 0.6:
        tilt[2, 0] = generator.uniform(-0.35, 0.35) / (width * stretch)
        tilt[2, 1] = generator.uniform(-0.25, 0.25) / height
    return tilt @ affine @ scale @ center


def translate(dx_px: float, dy_px: float) -> np.ndarray:
    """Make the (3, 3) matrix that moves points."""
    return np.array([[1, 0, dx_px], [0, 1, dy_px], [0, 0, 1]], np.float64)


def draw_plane_matrix(generator: np.random.Generator, size_wh: tuple[float, float], is_upright: bool) -> np.ndarray:
    """Draw how a plane is seen: most are turned little, some much, many in perspective.

    Args:
        generator: source of randomness.
        size_wh: extent of the plane in pixels.
        is_upright: turn it by a few degrees only.

    Returns:
        (3, 3) float64, about the centre of the plane.
    """
    width, height = size_wh
    chance = generator.random()
    limit_deg = 3.0 if chance < 0.4 else 12.0
    if not is_upright and chance > 0.85:
        limit_deg = 45.0 if chance < 0.95 else 180.0
    turn = math.radians(generator.uniform(-limit_deg, limit_deg))
    shear = generator.normal(0, 0.06) if is_upright else generator.normal(0, 0.14)
    affine = np.array(
        [[math.cos(turn), -math.sin(turn), 0], [math.sin(turn), math.cos(turn), 0], [0, 0, 1]]
    ) @ np.array([[1, shear, 0], [0, 1, 0], [0, 0, 1]])
    tilt = np.eye(3)
    if generator.random() < 0.5:
        strength = 0.25 if is_upright else 0.6
        tilt[2, 0] = generator.uniform(-strength, strength) / max(width, height)
        tilt[2, 1] = generator.uniform(-strength, strength) / max(width, height)
    return affine @ tilt @ translate(-width / 2, -height / 2)


def expand_quads(quads: np.ndarray, reach_px: float) -> np.ndarray:
    """Move the sides of (n, 4, 2) quads outwards by `reach_px`, to float32."""
    along = (quads[:, 1] + quads[:, 2] - quads[:, 0] - quads[:, 3]).astype(np.float64)
    down = (quads[:, 2] + quads[:, 3] - quads[:, 0] - quads[:, 1]).astype(np.float64)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
    down /= np.maximum(np.linalg.norm(down, axis=1, keepdims=True), 1e-6)
    sine = np.abs(along[:, :1] * down[:, 1:] - along[:, 1:] * down[:, :1])
    reach = reach_px / np.maximum(sine, 0.2)
    signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    steps = np.stack([reach * (x * along + y * down) for x, y in signs], axis=1)
    return (quads + steps).astype(np.float32)


def enclose(quads: np.ndarray, is_bent: bool) -> np.ndarray:
    """Enclose the characters of a word in a rectangle, before any projective map.

    Args:
        quads: (n, 4, 2), n at least 1, each clockwise from the character's top-left.
        is_bent: the characters lie on an arc, so the rectangle lies along the chord, else level.

    Returns:
        (4, 2) float32, clockwise from the text's top-left.
    """
    along = np.array([1.0, 0.0])
    if is_bent:
        along = (quads[-1, 1] + quads[-1, 2] - quads[0, 0] - quads[0, 3]).astype(np.float64)
        along /= max(float(np.hypot(*along)), 1e-6)
    basis = np.array([[along[0], -along[1]], [along[1], along[0]]])
    local = quads.reshape(-1, 2).astype(np.float64) @ basis
    (left, top), (right, bottom) = local.min(axis=0), local.max(axis=0)
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    return (corners @ basis.T).astype(np.float32)
