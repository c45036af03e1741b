"""Paint boards into a scene: panel, marks, round corners, rim, shadow, and the light of their surroundings."""

import cv2
import numpy as np

from textrec_app.data.synthesis.planes import Plane
from textrec_app.data.synthesis.scene_placing import get_corners, get_window
from textrec_app.data.synthesis.warps import translate

LIT_SHARE = 0.4
FINE_PX = 3
BROAD_PX = 64
LIGHT_RANGE = (0.6, 1.4)


def paint_board(image: np.ndarray, plane: Plane, matrix: np.ndarray, generator: np.random.Generator) -> None:
    """Paint a board with its marks, the surface showing through a little; a rim and a shadow at times.

    Args:
        image: (H, W, 3) float32 RGB, changed.
        plane: one with a panel.
        matrix: (3, 3) from plane to picture.
        generator: source of randomness.
    """
    corners = get_corners(plane, matrix)
    x0, y0, x1, y1 = get_window(corners, image.shape)
    local = translate(-x0, -y0) @ matrix
    face, cover = _draw_board(plane, generator)
    alpha = cv2.warpPerspective(cover, local, (x1 - x0, y1 - y0))[..., None]
    laid = cv2.warpPerspective(face, local, (x1 - x0, y1 - y0), borderMode=cv2.BORDER_REPLICATE)
    window = image[y0:y1, x0:x1]
    if generator.random() < LIT_SHARE:
        laid = light_like(laid, window, BROAD_PX)
    if generator.random() < 0.3:
        step = generator.uniform(2, 8, 2)
        shadow = cv2.GaussianBlur(alpha, (0, 0), 1 + float(step.mean()) / 2)
        shadow = cv2.warpAffine(shadow, np.array([[1, 0, step[0]], [0, 1, step[1]]]), (x1 - x0, y1 - y0))[..., None]
        window *= 1 - shadow * np.float32(generator.uniform(0.2, 0.6))
    relief = (window - window.mean(axis=(0, 1))) * np.float32(generator.uniform(0, 0.2 if plane.is_sheer else 0.03))
    window[:] = np.clip(window * (1 - alpha) + (laid + relief) * alpha, 0, 255)
    if plane.corner_px == 0 and plane.panel is not None and generator.random() < 0.3:
        rim = np.clip(plane.panel + generator.normal(0, 90, 3), 0, 255).tolist()
        outline = np.rint(corners * 16).astype(np.int32)
        cv2.polylines(image, [outline], True, rim, 1 + int(generator.random() * 3), cv2.LINE_AA, 4)


def _draw_board(plane: Plane, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw the face of a board and its cover, seen from the front."""
    width, height = int(np.ceil(plane.size_wh[0])), int(np.ceil(plane.size_wh[1]))
    face = np.empty((height, width, 3), np.float32)
    face[:] = plane.panel
    for mark in plane.marks:
        x0, y0, x1, y1 = (max(0, round(value)) for value in mark.box_xyxy)
        face[y0:y1, x0:x1] = mark.color
    if generator.random() < 0.4:
        ramp = np.linspace(generator.uniform(0.75, 1.05), generator.uniform(0.75, 1.05), height, dtype=np.float32)
        face *= ramp[:, None, None]
    cover = np.ones((height, width), np.float32)
    if plane.corner_px >= 2:
        radius = round(plane.corner_px)
        cover[:] = 0
        cover[radius : height - radius] = 1
        cover[:, radius : width - radius] = 1
        for x in (radius, width - 1 - radius):
            for y in (radius, height - 1 - radius):
                cv2.circle(cover, (x, y), radius, 1.0, -1, cv2.LINE_AA)
    return face, cover


def light_like(color: np.ndarray, surface: np.ndarray, grain_px: int = FINE_PX) -> np.ndarray:
    """Make paint darker where the surface below is darker than its mean, and lighter where it is lighter.

    Args:
        color: (3,) or (H, W, 3) float32 RGB.
        surface: (H, W, 3) float32 RGB, as it was before.
        grain_px: what is smaller than this does not count.

    Returns:
        (H, W, 3) float32 RGB.
    """
    height, width = surface.shape[:2]
    small = (max(1, width // grain_px), max(1, height // grain_px))
    light = cv2.resize(surface, small, interpolation=cv2.INTER_AREA).mean(axis=-1).astype(np.float32) + 20
    light = np.clip(light / light.mean(), *LIGHT_RANGE)
    light = cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.clip(color * light[..., None], 0, 255)
