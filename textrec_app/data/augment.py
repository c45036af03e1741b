"""Damage that cameras, lenses and careless cropping do to a word, sampled anew at each call."""

from functools import partial

import cv2
import numpy as np

from textrec_app.data.buckets import HEIGHT_PX
from textrec_app.data.placement import Placement, shrunk_size

WORKING_HEIGHT_PX = 48


def augment_crop(crop: np.ndarray, width: int, generator: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Warp a crop into its bucket and damage it.

    Args:
        crop: (H, W, 3) uint8 RGB.
        width: bucket width in pixels.
        strength: 0 only resizes, 1 is the full range.

    Returns:
        (32, width, 3) uint8.
    """
    return paint_camera(place_camera(crop.shape[:2], width, generator, strength)(crop), generator, strength)


def place_camera(
    size_hw: tuple[int, int], width: int, generator: np.random.Generator, strength: float = 1.0
) -> Placement:
    """Draw how a crop of a size comes into its bucket: margins, rotation, shear and perspective, most of the time."""
    shrunk_hw = shrunk_size(size_hw, WORKING_HEIGHT_PX)
    matrix = _draw_warp(shrunk_hw, width, generator, strength if generator.random() < 0.75 else 0.0)
    return Placement(shrunk_hw, partial(_warped, matrix=matrix, width=width))


def paint_camera(image: np.ndarray, generator: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Damage a picture that lies in its bucket; nothing in it moves."""
    if generator.random() < 0.6 * strength:
        image = _recoloured(image, generator)
    if generator.random() < 0.35 * strength:
        image = _blurred(image, generator)
    if generator.random() < 0.2 * strength:
        image = _resampled(image, generator)
    if generator.random() < 0.25 * strength:
        image = _noisy(image, generator)
    if generator.random() < 0.15 * strength:
        image = _compressed(image, generator)
    if generator.random() < 0.06 * strength:
        image = _occluded(image, generator)
    return image


def _draw_warp(size_hw: tuple[int, int], width: int, generator: np.random.Generator, strength: float) -> np.ndarray:
    """(3, 3) map of margins, rotation, shear and perspective at once."""
    rows, columns = size_hw
    corners = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    margin = generator.uniform(-0.06, 0.10, (4, 2)) * rows * strength
    outward = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)
    source = corners + (outward * margin).astype(np.float32)
    shear = generator.normal(0.0, 0.16) * strength * rows
    source[:2, 0] += shear / 2
    source[2:, 0] -= shear / 2
    angle = generator.normal(0.0, 3.0) * strength
    rotation = cv2.getRotationMatrix2D((columns / 2, rows / 2), angle, 1.0)
    source = (source @ rotation[:, :2].T + rotation[:, 2]).astype(np.float32)
    target = np.array([[0, 0], [width, 0], [width, HEIGHT_PX], [0, HEIGHT_PX]], np.float32)
    return cv2.getPerspectiveTransform(source, target)


def _warped(image: np.ndarray, matrix: np.ndarray, width: int) -> np.ndarray:
    return cv2.warpPerspective(
        image, matrix, (width, HEIGHT_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def _recoloured(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    values = image.astype(np.float32)
    mean = values.mean()
    values = (values - mean) * generator.uniform(0.45, 1.5) + mean + generator.normal(0.0, 22.0)
    values += generator.normal(0.0, 10.0, 3).astype(np.float32)
    if generator.random() < 0.25:
        values[:] = values.mean(axis=2, keepdims=True)
    if generator.random() < 0.2:
        values = 255.0 - values
    return np.clip(values, 0, 255).astype(np.uint8)


def _blurred(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    if generator.random() < 0.6:
        return cv2.GaussianBlur(image, (0, 0), float(generator.uniform(0.3, 1.3)))
    length = int(generator.integers(2, 6))
    kernel = np.zeros((length, length), np.float32)
    angle = generator.uniform(0, np.pi)
    middle = (length - 1) / 2
    for offset in np.linspace(-middle, middle, 2 * length):
        kernel[round(middle + offset * np.sin(angle)), round(middle + offset * np.cos(angle))] = 1.0
    return cv2.filter2D(image, -1, kernel / kernel.sum())


def _resampled(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    rows, columns = image.shape[:2]
    factor = generator.uniform(0.35, 0.8)
    small = cv2.resize(image, (max(4, int(columns * factor)), max(4, int(rows * factor))), interpolation=cv2.INTER_AREA)
    how = cv2.INTER_LINEAR if generator.random() < 0.7 else cv2.INTER_NEAREST
    return cv2.resize(small, (columns, rows), interpolation=how)


def _noisy(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    rows, columns = image.shape[:2]
    channels = 3 if generator.random() < 0.5 else 1
    noise = generator.standard_normal((rows, columns, channels), dtype=np.float32) * generator.uniform(3.0, 18.0)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def _compressed(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    quality = int(generator.integers(12, 70))
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def _occluded(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    rows, columns = image.shape[:2]
    height, width = int(generator.integers(2, rows // 2)), int(generator.integers(2, 10))
    top, left = int(generator.integers(0, rows - height)), int(generator.integers(0, columns - width))
    result = image.copy()
    result[top : top + height, left : left + width] = generator.integers(0, 256, 3, dtype=np.uint8)
    return result
