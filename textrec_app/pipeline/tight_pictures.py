"""Pictures that are hardly more than one word: what a detector misses in them is found all the same."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from textrec_app.domain import CropReading, DetectedRegion, Polygon
from textrec_app.pipeline.detection import Detector

SMALL_PX = 160
LONG_RATIO = 3.5
BORDER_REL = 0.5
SURE_WHOLE = 0.6
"""Crops without text are read as nothing; one in 360 as something surer than this (docs/LOG.md)."""
COVERED_SHARE = 0.5
LEAST_CONTRAST = 8
LITTLE_LESS = 0.02


def is_word_shaped(size_hw: tuple[int, int]) -> bool:
    """Whether a picture is so small, or so long, that it may be one word."""
    short, long = sorted(size_hw)
    return short <= SMALL_PX or long >= LONG_RATIO * short


def has_contrast(image: NDArray[np.uint8]) -> bool:
    """Whether a picture (H, W, 3) is more than one flat colour; in that no word can be read."""
    return bool((np.ptp(image.reshape(-1, image.shape[2]), axis=0) >= LEAST_CONTRAST).any())


def detect_in_border(detector: Detector, image: NDArray[np.uint8]) -> list[DetectedRegion]:
    """Find words in a picture with a wide border of its own colour around it.

    Args:
        image: (H, W, 3) uint8 RGB.

    Returns:
        Regions in pixels of `image`.
    """
    height, width = image.shape[:2]
    border = max(8, round(BORDER_REL * min(height, width)))
    rim = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    colour = [float(value) for value in np.median(rim, axis=0)]
    framed = cv2.copyMakeBorder(image, border, border, border, border, cv2.BORDER_CONSTANT, value=colour)
    found = detector.detect(np.asarray(framed, np.uint8))
    return [
        DetectedRegion(
            _shift(region.polygon, border, (width, height)),
            region.score,
            region.angle_deg,
            tuple(_shift(polygon, border, (width, height)) for polygon in region.character_polygons),
        )
        for region in found
    ]


def is_whole_sure(whole: CropReading) -> bool:
    """Whether the whole picture, in which no word was found, is one word."""
    return bool(whole.text) and whole.confidence >= SURE_WHOLE


def is_whole_better(
    size_hw: tuple[int, int], parts: Sequence[Polygon], said: Sequence[CropReading], whole: CropReading
) -> bool:
    """Whether the whole picture is one word of which a detector found only a part, or pieces.

    Args:
        size_hw: of the picture.
        parts: the regions in it in reading order, pixels of the picture; at least one.
        said: what each of them says.
        whole: what the picture says as one crop.
    """
    corners = np.concatenate([np.asarray(part, np.float64) for part in parts])
    width, height = np.ptp(corners, axis=0)
    is_tight = width * height >= COVERED_SHARE * size_hw[0] * size_hw[1]
    least = min(part.confidence for part in said)
    is_one_word = len(said) == 1 or not (" " in whole.text or whole.text == "".join(part.text for part in said))
    return bool(is_tight and is_one_word and is_whole_sure(whole) and whole.confidence >= least - LITTLE_LESS)


def _shift(polygon: Polygon, border_px: int, size_wh: tuple[int, int]) -> Polygon:
    width, height = size_wh
    return tuple(
        (min(max(x - border_px, 0.0), float(width)), min(max(y - border_px, 0.0), float(height))) for x, y in polygon
    )
