"""One list of words from two looks at a picture: a near one for usual text, a far one for text of great size."""

from collections.abc import Sequence

import cv2
import numpy as np

from textrec_app.domain import DetectedRegion, Polygon

_COVERED = 0.5


def merge_scales(
    near: Sequence[DetectedRegion], far: Sequence[DetectedRegion], large_px: float
) -> list[DetectedRegion]:
    """Keep the near look's words, and the far look's where text is large.

    A far word that covers nothing found nearby is added when it is at least half of `large_px` high. One that is at
    least `large_px` high also replaces the fragments of it that the near look saw, if it is larger than all of them.

    Args:
        near: words found at the usual scale.
        far: words of the same picture found at a smaller scale, in the same pixels.
        large_px: text height, in these pixels, from which the far look is trusted more.

    Returns:
        Words that do not cover each other.
    """
    kept = list(near)
    for word in sorted(far, key=lambda region: -region.score):
        height = text_height(word.polygon)
        if height < large_px / 2:
            continue
        touching = [other for other in kept if _overlap(word.polygon, other.polygon) > _COVERED]
        if not touching:
            kept.append(word)
        elif height >= large_px and _area(word.polygon) > sum(_area(other.polygon) for other in touching):
            kept = [other for other in kept if other not in touching]
            kept.append(word)
    return kept


def text_height(polygon: Polygon) -> float:
    """Mean length of the two sides of a quad across its reading direction."""
    quad = np.array(polygon)
    return float(np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1])) / 2


def _overlap(first: Polygon, second: Polygon) -> float:
    """Shared area, relative to the smaller of two convex quads."""
    smaller = min(_area(first), _area(second))
    if smaller <= 0:
        return 0.0
    shared, _ = cv2.intersectConvexConvex(np.array(first, np.float32), np.array(second, np.float32))
    return float(shared) / smaller


def _area(polygon: Polygon) -> float:
    return float(abs(cv2.contourArea(np.array(polygon, np.float32))))
