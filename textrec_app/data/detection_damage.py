"""Cheap colour and sharpness changes of a picture that leave its text where it is."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

_NOISE_PX = 1024


def damage_picture(image: Picture, rng: np.random.Generator) -> Picture:
    """Change light, colour, focus, noise and compression at random.

    Args:
        image: (H, W, 3) uint8; H and W at most 1023.

    Returns:
        The same shape.
    """
    image = _recolour(image, rng)
    if rng.random() < 0.25:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.4, 1.8)))
    if rng.random() < 0.15:
        image = _lower_resolution(image, float(rng.uniform(0.4, 0.8)))
    if rng.random() < 0.3:
        image = _add_noise(image, float(rng.uniform(2, 14)), rng)
    if rng.random() < 0.2:
        quality = int(rng.integers(15, 70))
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return image


def _recolour(image: Picture, rng: np.random.Generator) -> Picture:
    """Gain, offset and gamma for each channel by table; sometimes swapped channels, negative or grey."""
    values = np.linspace(0, 1, 256)[None, :].repeat(3, axis=0)
    gamma = np.exp(rng.normal(0, 0.25))
    gain = np.exp(rng.normal(0, 0.15) + rng.normal(0, 0.06, (3, 1)))
    offset = rng.normal(0, 0.08) + rng.normal(0, 0.03, (3, 1))
    values = (values**gamma - 0.5) * gain + 0.5 + offset
    if rng.random() < 0.12:
        values = 1 - values
    table = np.clip(values * 255, 0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        image = np.ascontiguousarray(image[:, :, rng.permutation(3)])
    if rng.random() < 0.1:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return cv2.LUT(image, np.ascontiguousarray(table.T)[None])


def _lower_resolution(image: Picture, factor: float) -> Picture:
    height, width = image.shape[:2]
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def _add_noise(image: Picture, sigma: float, rng: np.random.Generator) -> Picture:
    height, width = image.shape[:2]
    y, x = rng.integers(0, _NOISE_PX - height), rng.integers(0, _NOISE_PX - width)
    tile = _noise_tile()[y : y + height, x : x + width]
    return cv2.addWeighted(image.astype(np.float32), 1.0, tile, sigma, 0.0).clip(0, 255).astype(np.uint8)


@lru_cache(maxsize=1)
def _noise_tile() -> NDArray[np.float32]:
    """Unit noise drawn once: fresh numbers for each picture would cost more than all else here."""
    return np.random.default_rng(0).standard_normal((_NOISE_PX, _NOISE_PX, 3), dtype=np.float32)
