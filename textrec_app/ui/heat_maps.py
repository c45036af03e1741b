"""The detector's maps as small pictures that the page stretches over the photograph."""

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from textrec_app.ui.pictures import bytes_to_url

Colour = tuple[int, int, int]

LONG_SIDE_PX = 640
MAX_BYTES = 100_000
LEVELS = 16
MOST_OPAQUE = 0.85
HAZE = 0.1
"""Values up to this are left out: every photograph is full of them."""
RAMPS: dict[str, tuple[Colour, Colour]] = {
    "words": ((255, 214, 0), (230, 40, 0)),
    "characters": ((0, 200, 255), (123, 31, 224)),
}
"""RGB where a map is weakest and where it is strongest; the two stay apart when both are shown."""


def to_heat_url(heat: NDArray[np.float32], name: str) -> str:
    """Data URL of a PNG: clear where the map says nothing, glowing where it says much.

    Args:
        heat: (h, w) in [0, 1], over the whole picture.
        name: "words" or "characters"; it decides the colours.

    Returns:
        At most `MAX_BYTES` before base64; sides are halved until that holds.
    """
    side_px = LONG_SIDE_PX
    while len(data := _encode(_shrunk(heat, side_px), name)) > MAX_BYTES:
        side_px //= 2
    return bytes_to_url(data)


def _shrunk(heat: NDArray[np.float32], long_side_px: int) -> NDArray[np.float32]:
    scale = min(1.0, long_side_px / max(heat.shape))
    size = (max(1, round(heat.shape[1] * scale)), max(1, round(heat.shape[0] * scale)))
    return np.asarray(cv2.resize(heat, size, interpolation=cv2.INTER_AREA), np.float32)


def _encode(heat: NDArray[np.float32], name: str) -> bytes:
    steps = np.linspace(0.0, 1.0, LEVELS)
    weak, strong = (np.array(colour, float) for colour in RAMPS[name])
    colours = np.rint(weak + steps[:, None] * (strong - weak)).astype(np.uint8)
    risen = np.clip((steps - HAZE) / (1 - HAZE), 0.0, 1.0)
    opacities = np.rint(255 * MOST_OPAQUE * np.sqrt(risen)).astype(np.uint8)
    levels = np.rint(np.clip(heat, 0.0, 1.0) * (LEVELS - 1)).astype(np.uint8)
    picture = Image.fromarray(levels, "L").copy()
    picture.putpalette(colours.tobytes())
    file = io.BytesIO()
    picture.save(file, "PNG", transparency=opacities.tobytes(), optimize=True)
    return file.getvalue()
