"""Pictures of what a network found in a crop: ink, a colour for each character, heat where attention lies.

A veil is a small picture with opacity. The page lays veils over the crop itself, so that a word needs one crop and a
few hundred bytes for each character; files get the same veils laid over it here.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]

CHARACTER_COLOURS: tuple[Colour, ...] = (
    (226, 54, 64),
    (0, 146, 232),
    (238, 158, 0),
    (118, 72, 240),
    (0, 166, 96),
    (240, 80, 176),
    (0, 172, 184),
    (244, 112, 24),
    (56, 86, 240),
    (128, 176, 0),
    (176, 52, 200),
    (16, 118, 108),
)
"""RGB; neighbours differ in hue and lightness, so that touching characters stay apart."""
INK: Colour = (17, 90, 90)
PAPER: Colour = (237, 248, 247)
TINT_OPACITY = 0.85
HEAT_OPACITY = 0.8
MIN_HEIGHT_PX = 64


def colour_of(index: int) -> Colour:
    """RGB of the character at this place of a text; long texts begin again."""
    return CHARACTER_COLOURS[index % len(CHARACTER_COLOURS)]


def tint_rgba(shares: NDArray[np.float32], colour: Colour) -> NDArray[np.uint8]:
    """One glyph map as a veil of one colour.

    Args:
        shares: (h, w) in [0, 1]; 1 is covered most.

    Returns:
        (h, w, 4) uint8 RGBA.
    """
    veil = np.empty((*shares.shape, 4), np.uint8)
    veil[..., :3] = colour
    veil[..., 3] = np.rint(np.clip(shares, 0.0, 1.0) * (255 * TINT_OPACITY))
    return veil


def heat_rgba(weights: NDArray[np.float32]) -> NDArray[np.uint8]:
    """One map of attention as a veil: glowing where weights are large, clear where there are none.

    The square root of the weight is painted, so that a weak second look is seen too.

    Args:
        weights: (h, w) in [0, 1].

    Returns:
        (h, w, 4) uint8 RGBA.
    """
    strength = np.sqrt(np.clip(weights, 0.0, 1.0))
    glow = cv2.applyColorMap(np.rint(strength * 255).astype(np.uint8), cv2.COLORMAP_INFERNO)
    veil = np.empty((*weights.shape, 4), np.uint8)
    veil[..., :3] = glow[..., ::-1]
    veil[..., 3] = np.rint(strength * (255 * HEAT_OPACITY))
    return veil


def lay_over(crop: NDArray[np.uint8], *veils: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The crop in grey under veils, each stretched over all of it.

    Args:
        crop: (H, W, 3) uint8 RGB.
        veils: (h, w, 4) uint8 RGBA of any size.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    height, width = crop.shape[:2]
    picture = to_grey(crop).astype(np.float32)
    for veil in veils:
        stretched = cv2.resize(veil, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
        opacity = stretched[..., 3:] / 255
        picture = picture * (1 - opacity) + stretched[..., :3] * opacity
    return np.clip(picture, 0, 255).astype(np.uint8)


def draw_characters(crop: NDArray[np.uint8], maps: NDArray[np.float32]) -> NDArray[np.uint8]:
    """All glyph maps over the crop, a colour for each character.

    Args:
        crop: (H, W, 3) uint8 RGB.
        maps: (n, h, w) in [0, 1].

    Returns:
        (H', W', 3) uint8 RGB, at least 64 px high.
    """
    return lay_over(_enlarged(crop), *(tint_rgba(shares, colour_of(index)) for index, shares in enumerate(maps)))


def draw_attention(crop: NDArray[np.uint8], maps: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The crop once for each map, heated where attention lies, side by side.

    Args:
        crop: (H, W, 3) uint8 RGB.
        maps: (n, h, w) in [0, 1], n at least 1.

    Returns:
        (H', n * W', 3) uint8 RGB, at least 64 px high.
    """
    return _draw_strip(crop, [heat_rgba(weights) for weights in maps])


def draw_tiles(crop: NDArray[np.uint8], maps: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The crop once for each glyph map, which lies over it in its character's colour, side by side.

    Args:
        crop: (H, W, 3) uint8 RGB.
        maps: (n, h, w) in [0, 1], n at least 1.

    Returns:
        (H', n * W', 3) uint8 RGB, at least 64 px high.
    """
    return _draw_strip(crop, [tint_rgba(shares, colour_of(index)) for index, shares in enumerate(maps)])


def draw_mask(mask: NDArray[np.float32] | NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Probability of ink in [0, 1], or 0 and 1, as (H, W) uint8: ink is white."""
    return np.rint(np.clip(mask.astype(np.float32), 0.0, 1.0) * 255).astype(np.uint8)


def paint_ink(mask: NDArray[np.float32] | NDArray[np.uint8], size_hw: tuple[int, int]) -> NDArray[np.uint8]:
    """Ink dark on light paper, in between where a network is not sure.

    Args:
        mask: (h, w) in [0, 1]: probability of ink, or 0 and 1.
        size_hw: height and width of the picture.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    height, width = size_hw
    mode = cv2.INTER_NEAREST if mask.dtype == np.uint8 else cv2.INTER_LINEAR
    ink = cv2.resize(mask.astype(np.float32), (width, height), interpolation=mode).clip(0.0, 1.0)[..., None]
    return np.rint(np.array(PAPER) * (1 - ink) + np.array(INK) * ink).astype(np.uint8)


def to_grey(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB without its colours."""
    return np.asarray(cv2.cvtColor(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)


def _draw_strip(crop: NDArray[np.uint8], veils: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The enlarged crop once under each veil, side by side."""
    grown = _enlarged(crop)
    return np.concatenate([lay_over(grown, veil) for veil in veils], axis=1)


def _enlarged(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = max(1, -(-MIN_HEIGHT_PX // crop.shape[0]))
    return crop if scale == 1 else crop.repeat(scale, axis=0).repeat(scale, axis=1)
