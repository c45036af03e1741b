"""Small drawn pictures: words and street-like scenes, the same for the same arguments."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

WORDS = ("Hotel", "Cafe", "48", "Park", "open", "Taxi", "Bar", "Exit")


def draw_word(text: str, size_px: int = 28, seed: int = 0) -> np.ndarray:
    """One word in dark ink on light ground, (H, W, 3) uint8 RGB, with a little seeded noise."""
    font = ImageFont.load_default(size=size_px)
    left, top, right, bottom = font.getbbox(text)
    margin = size_px // 4
    image = Image.new("RGB", (int(right - left) + 2 * margin, int(bottom - top) + 2 * margin), (225, 220, 210))
    ImageDraw.Draw(image).text((margin - left, margin - top), text, fill=(30, 30, 45), font=font)
    noise = np.random.default_rng(seed).integers(-8, 9, (image.height, image.width, 3))
    return np.clip(np.asarray(image, dtype=np.int16) + noise, 0, 255).astype(np.uint8)


def draw_scene(words: Sequence[str], size_hw: tuple[int, int] = (240, 320), seed: int = 0) -> np.ndarray:
    """Words below one another on a plain ground, (H, W, 3) uint8 RGB."""
    scene = np.full((*size_hw, 3), (205, 210, 200), dtype=np.uint8)
    top = 10
    for index, text in enumerate(words):
        word = draw_word(text, seed=seed + index)
        height, width = word.shape[:2]
        scene[top : top + height, 20 : 20 + width] = word
        top += height + 15
    return scene


def to_png(image: np.ndarray) -> bytes:
    """An RGB picture as the bytes of a PNG file."""
    return cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes()


def write_words(directory: Path, words: Sequence[str] = WORDS) -> list[Path]:
    """One PNG for each word, named by number and word."""
    directory.mkdir(parents=True, exist_ok=True)
    paths = [directory / f"{index:03d} {word}.png" for index, word in enumerate(words)]
    for index, path in enumerate(paths):
        path.write_bytes(to_png(draw_word(words[index], seed=index)))
    return paths
