"""What lies behind text: photographs that the caller names, else drawn textures."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from textrec_app.errors import InputError

PHOTO_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
PHOTO_MAX_SIDE_PX = 1200
TEXTURE_SIDE_PX = 640


def load_backgrounds(folder: Path | None = None, count: int = 24) -> list[np.ndarray]:
    """Read the pictures of a folder, or draw textures when there is no folder.

    Args:
        folder: pictures without text; the longer side is shrunk to 1200 px.
        count: how many textures to draw; photographs are all read.

    Returns:
        (H, W, 3) uint8 RGB pictures, the same on every call.

    Raises:
        InputError: the folder is missing or has no readable picture.
    """
    if folder is None:
        generator = np.random.default_rng(20)
        return [draw_texture(generator, (TEXTURE_SIDE_PX, TEXTURE_SIDE_PX)) for _ in range(count)]
    paths = sorted(p for p in folder.glob("*") if p.suffix.lower() in PHOTO_SUFFIXES)
    photos = [photo for path in paths if (photo := _read_photo(path)) is not None]
    if not photos:
        raise InputError(f"No readable picture was found in {folder}; name a folder of pictures.")
    return photos


def _read_photo(path: Path) -> np.ndarray | None:
    photo = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if photo is None or min(photo.shape[:2]) < 64:
        return None
    scale = min(1.0, PHOTO_MAX_SIDE_PX / max(photo.shape[:2]))
    size = (round(photo.shape[1] * scale), round(photo.shape[0] * scale))
    return cv2.cvtColor(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB)


def cut_patch(pictures: Sequence[np.ndarray], size_hw: tuple[int, int], generator: np.random.Generator) -> np.ndarray:
    """Cut a random window, seen from a random distance, mirrored at random.

    Returns:
        (H, W, 3) uint8.
    """
    picture = pictures[int(generator.random() * len(pictures))]
    height, width = size_hw
    limit = min(picture.shape[0] / height, picture.shape[1] / width)
    zoom = min(limit, 0.6 + 2.4 * generator.random() ** 2)
    rows, columns = max(2, int(height * zoom)), max(2, int(width * zoom))
    top = int(generator.random() * (picture.shape[0] - rows + 1))
    left = int(generator.random() * (picture.shape[1] - columns + 1))
    patch = picture[top : top + rows, left : left + columns]
    if generator.random() < 0.5:
        patch = patch[:, ::-1]
    return cv2.resize(np.ascontiguousarray(patch), (width, height), interpolation=cv2.INTER_LINEAR)


def draw_texture(generator: np.random.Generator, size_hw: tuple[int, int]) -> np.ndarray:
    """Draw a surface without text: cloudy, brick, planks, stripes, foliage, plaster or paper.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    painters = (_draw_clouds, _draw_bricks, _draw_stripes, _draw_foliage, _draw_facade, _draw_paper)
    painter = painters[int(generator.random() * len(painters))]
    texture = painter(generator, size_hw)
    grain = draw_noise(generator, size_hw, 1) * generator.uniform(2, 12)
    light = 1 + 0.25 * (draw_noise(generator, size_hw, max(size_hw) // 2) - 0.0)
    return np.clip((texture + grain[..., None]) * light[..., None], 0, 255).astype(np.uint8)


def draw_noise(generator: np.random.Generator, size_hw: tuple[int, int], grain_px: int) -> np.ndarray:
    """Draw smooth noise with spots of about `grain_px`: (H, W) float32, mean 0, about -2 to 2."""
    height, width = size_hw
    coarse = (height // max(1, grain_px) + 2, width // max(1, grain_px) + 2)
    noise = generator.standard_normal(coarse, dtype=np.float32)
    if grain_px <= 1:
        return noise[:height, :width]
    return cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)


def _random_color(generator: np.random.Generator, low: int = 30, high: int = 225) -> np.ndarray:
    base = generator.uniform(low, high)
    return np.clip(base + generator.normal(0, 22, 3), 0, 255).astype(np.float32)


def _draw_clouds(generator: np.random.Generator, size_hw: tuple[int, int]) -> np.ndarray:
    texture = np.broadcast_to(_random_color(generator), (*size_hw, 3)).astype(np.float32).copy()
    for grain_px in (160, 60, 20, 6):
        strength = generator.uniform(2, 22)
        texture += draw_noise(generator, size_hw, grain_px)[..., None] * strength
    return texture


def _draw_bricks(generator: np.random.Generator, size_hw: tuple[int, int]) -> np.ndarray:
    height, width = size_hw
    texture = _draw_clouds(generator, size_hw) * 0.3 + _random_color(generator) * 0.7
    brick_h = int(generator.integers(18, 60))
    brick_w = int(brick_h * generator.uniform(1.5, 3))
    color = _random_color(generator, 60, 180)
    for row, top in enumerate(range(0, height, brick_h)):
        for left in range(-(row % 2) * brick_w // 2, width, brick_w):
            tone = color + generator.normal(0, 12)
            corner = (left + brick_w - 3, top + brick_h - 3)
            cv2.rectangle(texture, (left, top), corner, tone.tolist(), -1)
    return texture + draw_noise(generator, size_hw, 3)[..., None] * 6


def _draw_stripes(generator: np.random.Generator, size_hw: tuple[int, int]) -> np.ndarray:
    height, width = size_hw
    texture = np.empty((*size_hw, 3), np.float32)
    texture[:] = _random_color(generator)
    position, is_row = 0, generator.random() < 0.5
    while position < (height if is_row else width):
        breadth = int(generator.integers(6, 90))
        color = _random_color(generator)
        band = slice(position, position + breadth)
        if is_row:
            texture[band] = color
        else:
            texture[:, band] = color
        position += breadth
    return texture + draw_noise(generator, size_hw, 8)[..., None] * 8


def _draw_foliage(generator: np.random.Generator, size_hw: tuple[int, int]) -> np.ndarray:
    height, width = size_hw
    texture = np.empty((*size_hw, 3), np.float32)
    texture[:] = (30, 45, 25)
    for _ in range(height * width // 300):
        center = (int(generator.random() * width), int(generator.random() * height))
        axes = (int(3 + generator.random() * 12), int(1 + generator.random() * 5))
        tone = generator.uniform(0.4, 1.5)
        color = (60 * tone, 110 * tone, 45 * tone)
        cv2.ellipse(texture, center, axes, generator.random() * 360, 0, 360, color, -1, cv2.LINE_AA)
    return texture


def _draw_facade(generator: np.random.Generator, size_hw: tuple[int, int]) -> np.ndarray:
    height, width = size_hw
    texture = _draw_clouds(generator, size_hw)
    step_y, step_x = int(generator.integers(60, 180)), int(generator.integers(50, 160))
    glass, frame = _random_color(generator, 30, 120), _random_color(generator, 120, 230)
    for top in range(step_y // 4, height, step_y):
        for left in range(step_x // 4, width, step_x):
            corner = (left + step_x // 2, top + int(step_y * 0.6))
            tone = glass * generator.uniform(0.7, 1.4)
            cv2.rectangle(texture, (left, top), corner, tone.tolist(), -1)
            cv2.rectangle(texture, (left, top), corner, frame.tolist(), 3)
    return texture


def _draw_paper(generator: np.random.Generator, size_hw: tuple[int, int]) -> np.ndarray:
    texture = np.empty((*size_hw, 3), np.float32)
    texture[:] = generator.uniform(170, 245) + generator.normal(0, 6, 3)
    for grain_px in (200, 12, 3):
        texture += draw_noise(generator, size_hw, grain_px)[..., None] * generator.uniform(1, 6)
    return texture
