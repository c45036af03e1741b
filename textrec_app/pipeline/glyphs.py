"""The glyph mask of a crop without any network: two brightness clusters, the one off the border is ink.

Source:
    SIGA (CVPR 2023) section 3.2; polarity and degenerate masks by the FIX of METHODS section 1.2.
"""

import cv2
import numpy as np

MIN_INK_SHARE = 0.02
MAX_INK_SHARE = 0.85
BORDER_DECIDES = 0.02
MAX_SIDE_PX = 512


def glyph_mask_kmeans(crop: np.ndarray, seed: int = 0) -> np.ndarray | None:
    """Split a crop's pixels into ink and background by 1-D k-means on brightness.

    The cluster that owns most of the border ring is background; where the ring is shared
    evenly, the smaller cluster is ink.

    Args:
        crop: (H, W, 3) uint8 RGB.

    Returns:
        (H, W) uint8 of 0 and 1, or None where the mask is degenerate: a constant crop, or
        ink under 2 % or over 85 %.
    """
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    values = _sampled(grey)
    if int(values.max()) - int(values.min()) < 2:
        return None
    cv2.setRNGSeed(seed)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 30, 0.5)
    _, _, centres = cv2.kmeans(values.astype(np.float32).reshape(-1, 1), 2, None, criteria, 2, cv2.KMEANS_PP_CENTERS)
    bright = (grey > float(centres.mean())).astype(np.uint8)
    mask = 1 - bright if _is_background(bright) else bright
    share = float(mask.mean())
    return mask if MIN_INK_SHARE <= share <= MAX_INK_SHARE else None


def _sampled(grey: np.ndarray) -> np.ndarray:
    longest = max(grey.shape)
    if longest <= MAX_SIDE_PX:
        return grey
    factor = MAX_SIDE_PX / longest
    return cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


def _is_background(cluster: np.ndarray) -> bool:
    """Whether a 0/1 cluster owns the border ring; on a tie, whether it is the larger one."""
    if min(cluster.shape) < 3:
        return bool(cluster.mean() > 0.5)
    ring = np.concatenate([cluster[0], cluster[-1], cluster[1:-1, 0], cluster[1:-1, -1]])
    share = float(ring.mean())
    if abs(share - 0.5) <= BORDER_DECIDES:
        return bool(cluster.mean() > 0.5)
    return share > 0.5
