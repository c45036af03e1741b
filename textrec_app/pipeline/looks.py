"""Several looks at one crop: stretched a little for a second opinion, cut into windows where it is too long."""

import cv2
import numpy as np
from numpy.typing import NDArray

from textrec_app.data.buckets import BUCKET_WIDTHS_PX, HEIGHT_PX, bucket_width

WINDOW_PX = 512
OVERLAP_PX = 128
STEP_PX = 8
"""Of this many pixels every network makes whole steps."""
LONGEST_WHOLE_PX = 1024
"""Lines that are longer at 32 px of height are read window by window."""
LONGEST_LINE_PX = 8192
"""No text is longer; a sliver of a picture would else become windows without end, and is squeezed."""


def stretch_to_bucket(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 to (32, the next wider bucket, 3): the same crop with wider letters."""
    height, width = crop.shape[:2]
    place = BUCKET_WIDTHS_PX.index(bucket_width((height, width)))
    wider = BUCKET_WIDTHS_PX[min(place + 1, len(BUCKET_WIDTHS_PX) - 1)]
    return _resize(crop, wider)


def is_long(crop: NDArray[np.uint8]) -> bool:
    """Whether a crop (H, W, 3) would be squeezed by the widest bucket."""
    height, width = crop.shape[:2]
    return HEIGHT_PX * width > LONGEST_WHOLE_PX * height


def cut_windows(crop: NDArray[np.uint8]) -> tuple[list[NDArray[np.uint8]], list[int]]:
    """Cut a long line into overlapping windows of one width.

    Args:
        crop: (H, W, 3) uint8, `is_long`.

    Returns:
        (32, WINDOW_PX, 3) windows from left to right, and the pixel of the line, a multiple of 8, where each begins;
        up to 7 px at the line's end are in none.
    """
    height, width = crop.shape[:2]
    length = min(max(WINDOW_PX, round(HEIGHT_PX * width / height)), LONGEST_LINE_PX)
    line = _resize(crop, length)
    count = 1 + -(-(length - WINDOW_PX) // (WINDOW_PX - OVERLAP_PX))
    starts = np.linspace(0, length - WINDOW_PX, count).round().astype(int)
    starts_px: list[int] = (starts // STEP_PX * STEP_PX).tolist()
    return [line[:, start : start + WINDOW_PX] for start in starts_px], starts_px


def join_looks(looks: list[NDArray[np.float32]], starts: list[int]) -> NDArray[np.float32]:
    """One look of a whole line from those of its windows, by CTC's columns.

    In each overlap the columns of the left window are followed up to the step where both windows are surest of the
    blank, then those of the right one, so that no character is cut in two or read twice.

    Args:
        looks: (T, K) log-probabilities of each window; class 0 is the blank.
        starts: the line's step at which each window begins, rising, each before the end of the window to its left.

    Returns:
        (starts[-1] + T, K) log-probabilities.
    """
    joined = looks[0]
    for look, start in zip(looks[1:], starts[1:], strict=True):
        overlap = len(joined) - start
        blanks = joined[start:, 0] + look[:overlap, 0]
        margin = overlap // 4  # a window sees little context at its own edge
        cut = margin + int(blanks[margin : overlap - margin].argmax()) if overlap > 2 * margin else overlap // 2
        joined = np.concatenate([joined[: start + cut], look[cut:]])
    return joined


def _resize(crop: NDArray[np.uint8], width_px: int) -> NDArray[np.uint8]:
    height, width = crop.shape[:2]
    shrink = height > HEIGHT_PX or width > width_px
    mode = cv2.INTER_AREA if shrink else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(crop, (width_px, HEIGHT_PX), interpolation=mode), np.uint8)
