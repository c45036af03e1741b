"""The glyph mask of a crop without any network: two brightness clusters, the one off the border is ink.

On one axis the k-means of two clusters is a threshold, and the best of all thresholds is Otsu's: the squares within
the clusters and those between them have a fixed sum. So the best clustering is found exactly, alike at each call and
without a start to guess, from the histogram of 256 levels.

Source:
    SIGA (CVPR 2023) section 3.2; polarity and degenerate masks by the FIX of METHODS section 1.2.
    Otsu, IEEE Trans. Systems, Man and Cybernetics 1979.
"""

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

MASK_RULE = 1  # to be raised where the same crop gets another mask, so that masks on disk are made again
OUTCOMES = ("kept", "constant", "too little ink", "too much ink")
KEPT, CONSTANT, TOO_LITTLE, TOO_MUCH = range(4)
NO_MASK = 255
MIN_INK_SHARE = 0.02
MAX_INK_SHARE = 0.85
BORDER_DECIDES = 0.02
MIN_CONTRAST = 2
GREY_WEIGHTS, GREY_SHIFT = (9798, 19235, 3735), 15  # those of OpenCV, so that both ways see the same grey


def glyph_mask_kmeans(crop: np.ndarray) -> np.ndarray | None:
    """Split a crop's pixels into ink and background by 1-D k-means on brightness.

    The cluster that owns most of the border ring is background; where the ring is shared
    evenly, the smaller cluster is ink.

    Args:
        crop: (H, W, 3) uint8 RGB.

    Returns:
        (H, W) uint8 of 0 and 1, or None where the mask is degenerate: a constant crop, or
        ink under 2 % or over 85 %.
    """
    return split_glyphs(crop)[0]


def split_glyphs(crop: np.ndarray) -> tuple[np.ndarray | None, int]:
    """As `glyph_mask_kmeans`, with what became of it: a place in `OUTCOMES`; only a kept one has a mask."""
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    low, high, _, _ = cv2.minMaxLoc(grey)
    if high - low < MIN_CONTRAST:
        return None, CONSTANT
    _, bright = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    total = cv2.countNonZero(bright)
    is_paper = _is_background(bright, total)
    share = (bright.size - total if is_paper else total) / bright.size
    if share < MIN_INK_SHARE:
        return None, TOO_LITTLE
    if share > MAX_INK_SHARE:
        return None, TOO_MUCH
    return (1 - bright if is_paper else bright), KEPT


def split_glyph_batch(images: Tensor) -> Tensor:
    """Masks of many finished crops of one size, by the same rule, on the device they lie on.

    Args:
        images: (B, 3, H, W) uint8 RGB.

    Returns:
        (B, 1, H, W) uint8: 0 background, 1 ink, and 255 all over a degenerate one.
    """
    grey = _to_grey(images)  # (B, H, W)
    bright = grey > find_thresholds(grey.flatten(1))[:, None, None]
    area, ring = bright.double().mean((1, 2)), _ring_share(bright)
    shared = (ring - 0.5).abs() <= BORDER_DECIDES
    is_paper = torch.where(shared, area > 0.5, ring > 0.5)
    ink = bright ^ is_paper[:, None, None]
    share = ink.double().mean((1, 2))
    contrast = grey.amax((1, 2)) - grey.amin((1, 2))
    dropped = (share < MIN_INK_SHARE) | (share > MAX_INK_SHARE) | (contrast < MIN_CONTRAST)
    return ink.to(torch.uint8).masked_fill(dropped[:, None, None], NO_MASK)[:, None]


def find_thresholds(levels: Tensor) -> Tensor:
    """The best split of each row into two clusters: the threshold with the largest squares between them.

    Args:
        levels: (B, N) integers in 0..255.

    Returns:
        (B,) int64; values above it are the bright cluster. The least of equally good ones.
    """
    B, N = levels.shape
    ones = torch.ones_like(levels, dtype=torch.int64)
    counts = torch.zeros(B, 256, dtype=torch.int64, device=levels.device).scatter_add_(1, levels.long(), ones)
    below = counts.cumsum(1).double()  # (B, 256) pixels up to each level
    sums = (counts * torch.arange(256, device=levels.device)).cumsum(1).double()
    whole = sums[:, -1:]
    spread = (N * sums - below * whole).square() / (below * (N - below)).clamp_min(1.0)
    return spread.argmax(1)


def _to_grey(images: Tensor) -> Tensor:
    """(B, 3, H, W) uint8 to (B, H, W) int32 in 0..255, rounded as OpenCV does."""
    red, green, blue = images.to(torch.int32).unbind(1)
    weighted = red * GREY_WEIGHTS[0] + green * GREY_WEIGHTS[1] + blue * GREY_WEIGHTS[2]
    return (weighted + (1 << (GREY_SHIFT - 1))) >> GREY_SHIFT


def _ring_share(bright: Tensor) -> Tensor:
    """(B, H, W) bool to (B,) share of the border ring that is bright."""
    _, H, W = bright.shape
    inner = functional.pad(torch.zeros(max(0, H - 2), max(0, W - 2), dtype=torch.bool), (1, 1, 1, 1), value=True)
    ring = inner[:H, :W].to(bright.device)
    return (bright & ring).double().sum((1, 2)) / ring.sum()


def _is_background(cluster: np.ndarray, total: int) -> bool:
    """Whether a 0/1 cluster of so many pixels owns the border ring; on a tie, whether it is the larger one."""
    rows, columns = cluster.shape
    inner = cluster[1:-1, 1:-1]
    inside = cv2.countNonZero(inner) if inner.size else 0
    share = (total - inside) / (rows * columns - inner.size)
    if abs(share - 0.5) <= BORDER_DECIDES:
        return total > 0.5 * cluster.size
    return share > 0.5
