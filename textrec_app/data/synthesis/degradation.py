"""What a camera does to a picture: light, blur, few pixels, noise, JPEG."""

import math
from typing import Literal

import cv2
import numpy as np

from textrec_app.data.synthesis.backgrounds import draw_noise

Damage = Literal["mixed", "none", "blurred"]


def degrade_crop(image: np.ndarray, generator: np.random.Generator, damage: Damage = "mixed") -> np.ndarray:
    """Damage a word crop as phone cameras do; of the mix about a fifth stay clean.

    Args:
        image: (H, W, 3) float32 RGB in 0..255.
        generator: source of randomness.
        damage: the mix for training, none at all, or blur and few pixels for certain.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    if damage == "none":
        return np.clip(image, 0, 255).astype(np.uint8)
    if damage == "blurred":
        return _blur_for_certain(image, generator)
    if generator.random() < 0.5:
        image = change_light(image, generator)
    if generator.random() < 0.18:
        return np.clip(image, 0, 255).astype(np.uint8)
    chance = generator.random()
    if chance < 0.22:
        image = blur(image, generator, 2.0)
    elif chance < 0.62:
        image = lose_resolution(image, generator, low_px=10, high_px=30)
    elif chance < 0.7:
        image = blur(image, generator, 1.1)
        image = lose_resolution(image, generator, low_px=14, high_px=30)
    if generator.random() < 0.4:
        image = add_noise(image, generator)
    pixels = np.clip(image, 0, 255).astype(np.uint8)
    if generator.random() < 0.5:
        pixels = recompress(pixels, int(generator.integers(20, 91)))
    return pixels


def _blur_for_certain(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    if generator.random() < 0.5:
        image = blur(image, generator, 2.4)
    else:
        image = lose_resolution(image, generator, low_px=11, high_px=18)
    pixels = np.clip(add_noise(image, generator), 0, 255).astype(np.uint8)
    return recompress(pixels, int(generator.integers(40, 80)))


def change_light(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Change exposure, contrast and tint, and light one side more than the other at times."""
    gain = math.exp(min(0.4, max(-0.9, generator.normal(-0.12, 0.3))))
    offset = generator.normal(0, 12)
    image = image * np.float32(gain) + np.float32(offset)
    chance = generator.random()
    if chance < 0.25:
        image = image * (1 + generator.normal(0, 0.08, 3)).astype(np.float32)
    elif chance < 0.45:
        flat = np.float32(generator.uniform(30, 200))
        keep = np.float32(generator.uniform(0.45, 0.85))
        image = image * keep + flat * (1 - keep)
    elif chance < 0.65:
        noise = draw_noise(generator, image.shape[:2], max(image.shape[:2]))
        image = image * np.clip(1 + 0.3 * noise, 0.35, 1.8)[..., None]
    return image


def blur(image: np.ndarray, generator: np.random.Generator, sigma_max_px: float) -> np.ndarray:
    """Blur out of focus or by a moving hand."""
    if generator.random() < 0.65:
        return cv2.GaussianBlur(image, (0, 0), generator.uniform(0.5, sigma_max_px))
    length = int(generator.integers(3, max(4, round(3.2 * sigma_max_px))))
    kernel = np.zeros((length, length), np.float32)
    angle = generator.random() * math.pi
    reach = np.array([math.cos(angle), math.sin(angle)]) * (length - 1) / 2
    middle = (length - 1) / 2
    start, end = np.rint(middle - reach).astype(int), np.rint(middle + reach).astype(int)
    cv2.line(kernel, start.tolist(), end.tolist(), 1.0, 1)
    return cv2.filter2D(image, -1, kernel / kernel.sum())


def lose_resolution(image: np.ndarray, generator: np.random.Generator, low_px: int, high_px: int) -> np.ndarray:
    """Shrink to a height of `low_px` to `high_px` and enlarge again, each by a random method."""
    height, width = image.shape[:2]
    target = generator.uniform(low_px, high_px)
    scale = min(1.0, target / height)
    small = (max(2, round(width * scale)), max(2, round(height * scale)))
    shrink = cv2.INTER_AREA if generator.random() < 0.7 else cv2.INTER_LINEAR
    methods = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_CUBIC, cv2.INTER_NEAREST)
    grow = methods[int(generator.random() * (3.3 if scale > 0.4 else 3.0))]
    return cv2.resize(cv2.resize(image, small, interpolation=shrink), (width, height), interpolation=grow)


def add_noise(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Add sensor noise, grey or coloured, fine or blotched."""
    strength = np.float32(2 + 14 * generator.random() ** 2)
    size_hw = image.shape[:2]
    if generator.random() < 0.4:
        return image + draw_noise(generator, size_hw, 1 + int(generator.random() * 3))[..., None] * strength
    return image + generator.standard_normal(image.shape, dtype=np.float32) * strength


def recompress(image: np.ndarray, quality: int) -> np.ndarray:
    """Pass a uint8 RGB picture through JPEG at a quality of 1 to 100."""
    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]


def degrade_scene(image: np.ndarray, generator: np.random.Generator, smallest_px: float = 30.0) -> np.ndarray:
    """Damage a scene mildly, so that its smallest text stays text.

    Args:
        image: (H, W, 3) float32 RGB in 0..255.
        generator: source of randomness.
        smallest_px: height of its smallest words; below 16 px there is less blur and less loss.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    if generator.random() < 0.5:
        image = change_light(image, generator)
    chance = generator.random()
    height = image.shape[0]
    if chance < 0.25:
        image = blur(image, generator, min(1.3, max(0.55, 0.08 * smallest_px)))
    elif chance < 0.45:
        least = min(0.95, max(0.5, 8.0 / smallest_px))
        image = lose_resolution(image, generator, low_px=int(height * least), high_px=height)
    if generator.random() < 0.4:
        part = np.float32(min(1.0, smallest_px / 16))
        image = image + part * (add_noise(image, generator) - image)
    pixels = np.clip(image, 0, 255).astype(np.uint8)
    if generator.random() < 0.6:
        pixels = recompress(pixels, int(generator.integers(30 if smallest_px > 16 else 60, 96)))
    return pixels
