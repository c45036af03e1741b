"""Light on a finished scene: shadows of things outside the picture, glare, dark edges."""

import cv2
import numpy as np

LOW_PX = 64


def cast_light(image: np.ndarray, generator: np.random.Generator) -> None:
    """Shade a part of some scenes and let a lamp shine on others, in place.

    Args:
        image: (H, W, 3) float32 RGB in 0..255.
        generator: source of randomness.
    """
    chance = generator.random()
    if chance < 0.14:
        _cast_shadow(image, generator)
    elif chance < 0.2:
        _shine(image, generator)
    elif chance < 0.28:
        _darken_edges(image, generator)


def _cast_shadow(image: np.ndarray, generator: np.random.Generator) -> None:
    """Darken a polygon with an edge from sharp to soft."""
    height, width = image.shape[:2]
    corners = generator.uniform(-0.3, 1.3, (int(generator.integers(3, 6)), 2)) * (width, height)
    cover = np.zeros((height, width), np.float32)
    cv2.fillPoly(cover, [np.rint(cv2.convexHull(corners.astype(np.float32))).astype(np.int32)], 1.0)
    cover = cv2.GaussianBlur(cover, (0, 0), float(generator.uniform(0.8, 14)))
    image *= 1 - cover[..., None] * np.float32(generator.uniform(0.2, 0.6))


def _shine(image: np.ndarray, generator: np.random.Generator) -> None:
    """Add a soft bright spot."""
    image += _spot(image, generator, generator.uniform(0.05, 0.3))[..., None] * np.float32(generator.uniform(30, 100))
    np.clip(image, 0, 255, out=image)


def _darken_edges(image: np.ndarray, generator: np.random.Generator) -> None:
    keep = 1 - np.float32(generator.uniform(0.3, 0.8)) * (1 - _spot(image, generator, generator.uniform(0.3, 0.7)))
    image *= keep[..., None]


def _spot(image: np.ndarray, generator: np.random.Generator, reach: float) -> np.ndarray:
    """A bell of light somewhere: (H, W) float32, 0 to 1; reach is its width in pictures."""
    height, width = image.shape[:2]
    x0, y0 = generator.uniform(0.1, 0.9, 2)
    y, x = np.mgrid[0 : 1 : LOW_PX * 1j, 0 : 1 : LOW_PX * 1j].astype(np.float32)
    bell = np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * reach**2)).astype(np.float32)
    return cv2.resize(bell, (width, height), interpolation=cv2.INTER_LINEAR)
