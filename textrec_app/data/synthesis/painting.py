"""Brushes for the example pictures: surfaces, shadows, perspective, text on a line or a circle."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from textrec_app.data.synthesis.backgrounds import draw_noise
from textrec_app.data.synthesis.fonts import BUILT_IN, list_system_fonts, load_font

Color = tuple[int, int, int]
Point = tuple[float, float]


@lru_cache(maxsize=1)
def _list_fonts_by_name() -> dict[str, str]:
    return {path.stem.lower(): str(path) for path in list_system_fonts()}


def find_font(names: Sequence[str], size_px: int) -> ImageFont.FreeTypeFont:
    """Open the first installed font of these file stems, else a DejaVu, else Pillow's own."""
    installed = _list_fonts_by_name()
    for name in (*names, "DejaVuSans-Bold", "DejaVuSans"):
        if name.lower() in installed:
            return load_font(installed[name.lower()], size_px)
    return load_font(BUILT_IN, size_px)


@dataclass(frozen=True, slots=True)
class Ink:
    """How to write: font, colour, and extra space between letters in pixels."""

    font: ImageFont.FreeTypeFont
    color: Color
    spacing_px: float = 0.0


def write(image: Image.Image, center: Point, text: str, ink: Ink) -> None:
    """Write one line centred on a point (x, y), y being the middle of a capital's height."""
    pen = ImageDraw.Draw(image)
    width = sum(ink.font.getlength(c) for c in text) + ink.spacing_px * (len(text) - 1)
    capital = ink.font.getbbox("H", anchor="ls")
    x, y = center[0] - width / 2, center[1] - (capital[1] + capital[3]) / 2
    if ink.spacing_px == 0:
        pen.text((center[0], y), text, ink.color, ink.font, anchor="ms")
        return
    for character in text:
        pen.text((x, y), character, ink.color, ink.font, anchor="ls")
        x += ink.font.getlength(character) + ink.spacing_px


def write_around(image: Image.Image, circle: tuple[float, float, float], text: str, ink: Ink, is_top: bool) -> None:
    """Write along a circle (x, y, radius): over its top, or upright along its bottom."""
    center_x, center_y, radius = circle
    widths = [ink.font.getlength(c) + ink.spacing_px for c in text]
    angle = -sum(widths) / (2 * radius)
    side = 4 * ink.font.size
    for character, width in zip(text, widths, strict=True):
        angle += width / (2 * radius)
        tile = Image.new("L", (int(side), int(side)))
        ImageDraw.Draw(tile).text((side / 2, side / 2), character, 255, ink.font, anchor="ms")
        turn = -math.degrees(angle) if is_top else math.degrees(angle)
        tile = tile.rotate(turn, Image.Resampling.BICUBIC)
        direction = -1 if is_top else 1
        x = center_x + radius * math.sin(angle) - side / 2
        y = center_y + direction * radius * math.cos(angle) - side / 2
        image.paste(ink.color, (round(x), round(y)), tile)
        angle += width / (2 * radius)


def paint_gradient(size_wh: tuple[int, int], colors: Sequence[Color]) -> Image.Image:
    """Blend colours from top to bottom."""
    column = np.array(colors, np.float32)[:, None]
    rows = cv2.resize(column, (1, size_wh[1]), interpolation=cv2.INTER_LINEAR)
    return Image.fromarray(np.repeat(rows, size_wh[0], axis=1).astype(np.uint8))


def paint_wood(size_wh: tuple[int, int], color: Color, generator: np.random.Generator) -> Image.Image:
    """Paint planks with grain along the width."""
    width, height = size_wh
    grain = np.zeros((height, width), np.float32)
    for length_px, depth_px, strength in ((900, 14, 9), (400, 3, 7), (160, 1, 5)):
        noise = generator.standard_normal((height // depth_px + 2, width // length_px + 3), dtype=np.float32)
        grain += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC) * strength
    plank = height // 5
    for top in range(0, height, plank):
        grain[top : top + plank] += generator.uniform(-9, 9)
        grain[top : top + 3] -= 38
    return Image.fromarray(np.clip(np.array(color, np.float32) + grain[..., None], 0, 255).astype(np.uint8))


def paint_plaster(size_wh: tuple[int, int], color: Color, generator: np.random.Generator) -> Image.Image:
    """Paint a wall with soft stains and fine grain."""
    size_hw = (size_wh[1], size_wh[0])
    tone = draw_noise(generator, size_hw, 220) * 5 + draw_noise(generator, size_hw, 40) * 2.5
    tone += draw_noise(generator, size_hw, 2) * 2
    return Image.fromarray(np.clip(np.array(color, np.float32) + tone[..., None], 0, 255).astype(np.uint8))


def paint_bricks(
    size_wh: tuple[int, int], brick_wh: tuple[int, int], color: Color, generator: np.random.Generator
) -> Image.Image:
    """Paint a brick wall in running bond."""
    image = paint_plaster(size_wh, (176, 166, 154), generator)
    pen = ImageDraw.Draw(image)
    brick_w, brick_h = brick_wh
    for row, top in enumerate(range(0, size_wh[1], brick_h)):
        for left in range(-(row % 2) * brick_w // 2, size_wh[0], brick_w):
            tone = np.clip(np.array(color) + generator.normal(0, 11) + generator.normal(0, 4, 3), 0, 255)
            box = (left + 2, top + 2, left + brick_w - 2, top + brick_h - 2)
            pen.rectangle(box, tuple(int(value) for value in tone))
    pixels = np.asarray(image, np.float32) + draw_noise(generator, (size_wh[1], size_wh[0]), 3)[..., None] * 6
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def paint_bokeh(
    size_wh: tuple[int, int], colors: Sequence[Color], generator: np.random.Generator, blur_px: float
) -> Image.Image:
    """Paint an out-of-focus street: a gradient with soft blocks and discs."""
    image = paint_gradient(size_wh, colors)
    layer = image.copy()
    pen = ImageDraw.Draw(layer)
    width, height = size_wh
    x = 0
    while x < width:
        breadth = int(generator.uniform(90, 240))
        tone = np.clip(np.array(colors[-1]) * generator.uniform(0.5, 1.25), 0, 255).astype(int)
        pen.rectangle((x, generator.uniform(0.12, 0.5) * height, x + breadth, height), tuple(tone.tolist()))
        x += breadth
    for _ in range(70):
        radius = generator.uniform(10, 42)
        center = generator.random(2) * size_wh
        tone = np.clip(np.array(colors[len(colors) // 2]) + generator.normal(20, 35, 3), 0, 255).astype(int)
        pen.ellipse((*(center - radius), *(center + radius)), tuple(tone.tolist()))
    soft = cv2.GaussianBlur(np.asarray(Image.blend(image, layer, 0.75)), (0, 0), blur_px)
    return Image.fromarray(soft)


def round_mask(size_wh: tuple[int, int], radius_px: int) -> Image.Image:
    """Make an L mask of a rectangle with round corners."""
    mask = Image.new("L", size_wh)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, size_wh[0] - 1, size_wh[1] - 1), radius_px, 255)
    return mask


def place(
    image: Image.Image,
    board: Image.Image,
    quad: Sequence[Point],
    mask: Image.Image | None = None,
    shadow: tuple[float, float, float] = (10, 14, 12),
) -> Image.Image:
    """Lay a board into a picture in perspective.

    Args:
        image: RGB picture.
        board: RGB content, seen from the front.
        quad: where its corners come to lie, clockwise from its top-left.
        mask: L cover of the board; None covers all of it.
        shadow: offset x, offset y and softness of its shadow in pixels; softness 0 casts none.
    """
    width, height = board.size
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, np.array(quad, np.float32))
    cover = np.full((height, width), 255, np.uint8) if mask is None else np.asarray(mask)
    shrink = min(1.0, float(np.ptp(np.array(quad), axis=0).max()) / max(width, height))
    sharp = np.asarray(board)
    if shrink < 0.75:
        sharp = cv2.GaussianBlur(sharp, (0, 0), 0.4 / shrink)
    laid = cv2.warpPerspective(sharp, matrix, image.size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.warpPerspective(cover, matrix, image.size, flags=cv2.INTER_LINEAR).astype(np.float32)[..., None] / 255
    pixels = np.asarray(image, np.float32)
    if shadow[2] > 0:
        move = np.array([[1, 0, shadow[0]], [0, 1, shadow[1]]], np.float32)
        dark = cv2.GaussianBlur(cv2.warpAffine(alpha, move, image.size), (0, 0), shadow[2])[..., None]
        pixels = pixels * (1 - 0.55 * dark)
    return Image.fromarray((pixels * (1 - alpha) + laid * alpha).clip(0, 255).astype(np.uint8))


def develop(image: Image.Image, generator: np.random.Generator, width_px: int = 1000) -> Image.Image:
    """Finish a picture like a photograph: shrink, light from one corner, dark edges, grain."""
    height_px = round(image.height * width_px / image.width)
    pixels = np.asarray(image.resize((width_px, height_px), Image.Resampling.LANCZOS), np.float32)
    y, x = np.mgrid[-1 : 1 : height_px * 1j, -1 : 1 : width_px * 1j].astype(np.float32)
    light = 1.06 - 0.13 * (x * x + y * y) + 0.05 * (-x - y)
    pixels = pixels * light[..., None] + generator.standard_normal(pixels.shape, dtype=np.float32) * 2.2
    return Image.fromarray(cv2.GaussianBlur(pixels, (0, 0), 0.55).clip(0, 255).astype(np.uint8))


def save(image: Image.Image, path: Path, limit_bytes: int = 150_000) -> None:
    """Write a JPEG below a size, lowering the quality from 90 as far as needed."""
    for quality in range(90, 30, -5):
        image.save(path, quality=quality, optimize=True)
        if path.stat().st_size <= limit_bytes:
            return
