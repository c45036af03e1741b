"""Crops to fixed-height pictures whose width is one of a few, so that batches need no padding."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

import cv2
import numpy as np

HEIGHT_PX = 32
BUCKET_WIDTHS_PX = (64, 96, 128, 160, 192, 256, 320, 384, 512, 640, 768, 1024)


def bucket_width(size_hw: tuple[int, int]) -> int:
    """The bucket of a crop: the narrowest that does not squeeze it, else the widest."""
    height, width = size_hw
    wanted = HEIGHT_PX * width / max(1, height)
    return BUCKET_WIDTHS_PX[min(bisect_left(BUCKET_WIDTHS_PX, wanted), len(BUCKET_WIDTHS_PX) - 1)]


def resize_to_bucket(crop: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 to (32, bucket width, 3) uint8."""
    height, width = crop.shape[:2]
    target = bucket_width((height, width))
    shrink = height > HEIGHT_PX or width > target
    return cv2.resize(crop, (target, HEIGHT_PX), interpolation=cv2.INTER_AREA if shrink else cv2.INTER_CUBIC)


def batch_by_width(images: Sequence[np.ndarray], size: Callable[[int], int]) -> Iterator[tuple[list[int], np.ndarray]]:
    """Pictures of one width together, narrow ones first.

    Args:
        images: (32, W, 3) uint8 each.
        size: the most pictures of a batch, by their width.

    Yields:
        Places in `images`, and (B, 32, W, 3).
    """
    order = sorted(range(len(images)), key=lambda index: images[index].shape[1])
    for width, group in groupby(order, key=lambda index: images[index].shape[1]):
        members, most = list(group), max(1, size(width))
        for start in range(0, len(members), most):
            chunk = members[start : start + most]
            yield chunk, np.stack([images[index] for index in chunk])
