"""Colour, outline, shadow, relief and wear of ink on a surface, all in float RGB."""

from dataclasses import dataclass

import cv2
import numpy as np

from textrec_app.data.synthesis.backgrounds import draw_noise

MASK_COVERAGE = 0.04
SMALL_TEXT_PX = 16
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, slots=True)
class InkLayers:
    """Ink ready to lay on a surface.

    Attributes:
        fill: (H, W) float32 coverage of the letters' faces, 0 to 1.
        around: (H, W) float32 coverage of outlines and extrusion, which belong to the glyphs.
        fill_color: (3,) or (H, W, 3) float32 RGB.
        around_color: (3,) float32 RGB.
        text_px: height of the letters, to which shadows and outlines are scaled.
        reach_px: how far outlines or extrusion lie outside the letters' faces.
    """

    fill: np.ndarray
    around: np.ndarray | None
    fill_color: np.ndarray
    around_color: np.ndarray
    text_px: float
    reach_px: int

    def compute_mask(self) -> np.ndarray:
        """Mark every pixel with more than a trace of ink: (H, W) uint8, 0 or 1."""
        covered = self.fill if self.around is None else np.maximum(self.fill, self.around)
        return (covered > MASK_COVERAGE).astype(np.uint8)


def draw_color(generator: np.random.Generator) -> np.ndarray:
    """Draw a colour as signs have them: grey, muted or vivid; (3,) float32 in 0..255."""
    chance = generator.random()
    if chance < 0.3:
        return np.full(3, 255 * generator.beta(0.5, 0.5), np.float32)
    hue, value = _draw_hue(generator), 255 * generator.beta(1.6, 1.0)
    saturation = generator.beta(1.2, 3.0) if chance < 0.68 else generator.beta(4.0, 1.5)
    ramp = np.abs((hue + np.array([0.0, 4.0, 2.0])) % 6 - 3) - 1
    pure = 1 - saturation + saturation * np.clip(ramp, 0, 1)
    return (value * pure).astype(np.float32)


def _draw_hue(generator: np.random.Generator) -> float:
    """Draw a hue in 0..6 (0 red, 1 yellow, 2 green, 4 blue): red, yellow and blue lead."""
    chance = generator.random()
    if chance < 0.3:
        return generator.random() * 6
    centers = (0.0, 0.0, 0.8, 1.0, 3.7, 3.8, 2.3)
    return (centers[int(generator.random() * len(centers))] + generator.normal(0, 0.2)) % 6


def draw_ink_color(generator: np.random.Generator, behind: np.ndarray, low_contrast_share: float = 0.08) -> np.ndarray:
    """Draw a colour that stands off from `behind`: mostly clearly, sometimes barely."""
    if generator.random() < low_contrast_share:
        shift = generator.uniform(30, 60) * (1 if behind @ LUMA < 128 else -1)
        if generator.random() < 0.3 and 60 < behind @ LUMA < 195:
            shift = -shift
        return np.clip(behind + shift + generator.normal(0, 6, 3), 0, 255).astype(np.float32)
    for _ in range(12):
        color = draw_color(generator)
        if generator.random() < 0.35:
            color = np.full(3, 240.0 if generator.random() < 0.55 else 15.0, np.float32)
            color += generator.normal(0, 8, 3).astype(np.float32)
        difference = color - behind
        luma = abs(float(difference @ LUMA))
        if luma > 60 or (luma > 28 and float(np.abs(difference).max()) > 120):
            return np.clip(color, 0, 255)
    return np.full(3, 255.0 if behind @ LUMA < 128 else 0.0, np.float32)


def shift_image(image: np.ndarray, dx_px: int, dy_px: int) -> np.ndarray:
    """Move an image by whole pixels; what comes in is zero."""
    moved = np.zeros_like(image)
    height, width = image.shape[:2]
    if abs(dx_px) >= width or abs(dy_px) >= height:
        return moved
    source = image[max(0, -dy_px) : height - max(0, dy_px), max(0, -dx_px) : width - max(0, dx_px)]
    top, left = max(0, dy_px), max(0, dx_px)
    moved[top : top + source.shape[0], left : left + source.shape[1]] = source
    return moved


def style_ink(
    ink: np.ndarray,
    behind: np.ndarray,
    generator: np.random.Generator,
    texture: np.ndarray,
    text_px: float = 30.0,
) -> InkLayers:
    """Choose how letters look.

    Args:
        ink: (H, W) uint8 coverage.
        behind: (3,) mean colour of the surface.
        generator: source of randomness.
        texture: (H, W, 3) uint8 that may fill the letters.
        text_px: height of the letters; below 16 they stay plain.
    """
    fill = ink.astype(np.float32) / 255
    color = draw_ink_color(generator, behind, 0.08 if text_px >= SMALL_TEXT_PX else 0.0)
    around, around_color, reach = None, color, 0
    chance = generator.random() if text_px >= SMALL_TEXT_PX else 1.0
    if chance < 0.12:
        around, reach = _outline(ink, generator, text_px)
        around_color = draw_ink_color(generator, color, 0.0)
        if generator.random() < 0.15:
            hollow = np.clip(around - fill, 0, 1)
            return InkLayers(hollow, None, around_color, around_color, text_px, reach)
    elif chance < 0.17:
        around, reach = _extrude(fill, generator, text_px)
        around_color = draw_ink_color(generator, color, 0.2)
    fill_color = _paint(color, fill.shape, generator, texture)
    if generator.random() < 0.04:
        fill = _wear(fill, generator)
    if generator.random() < 0.1:
        fill = fill * np.float32(generator.uniform(0.6, 0.95))
    return InkLayers(fill, around, fill_color, around_color, text_px, reach)


def _outline(ink: np.ndarray, generator: np.random.Generator, text_px: float) -> tuple[np.ndarray, int]:
    breadth = 3 + 2 * int(generator.random() * 2.3 * text_px / 30)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (breadth, breadth))
    return cv2.dilate(ink, kernel).astype(np.float32) / 255, breadth // 2


def _extrude(fill: np.ndarray, generator: np.random.Generator, text_px: float) -> tuple[np.ndarray, int]:
    step_x = int(generator.integers(-1, 2))
    step_y = 1 if step_x == 0 or generator.random() < 0.7 else 0
    around = fill
    reach = 1 + int(generator.random() * 3 * text_px / 30)
    for depth in range(1, reach + 1):
        around = np.maximum(around, shift_image(fill, step_x * depth, step_y * depth))
    return around, reach


def _paint(
    color: np.ndarray, size_hw: tuple[int, int], generator: np.random.Generator, texture: np.ndarray
) -> np.ndarray:
    """Fill letters with one colour, a gradient or a texture."""
    chance = generator.random()
    if chance < 0.1:
        other = np.clip(color + generator.normal(0, 45, 3), 0, 255).astype(np.float32)
        length = size_hw[0] if generator.random() < 0.7 else size_hw[1]
        ramp = np.linspace(0, 1, length, dtype=np.float32)
        blend = ramp[:, None, None] if length == size_hw[0] else ramp[None, :, None]
        return np.broadcast_to(color * (1 - blend) + other * blend, (*size_hw, 3))
    if chance < 0.17:
        relief = texture.astype(np.float32)
        return np.clip(color + 0.35 * (relief - relief.mean(axis=(0, 1))), 0, 255)
    return color


def _wear(fill: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    noise = draw_noise(generator, fill.shape, 2 + int(generator.random() * 5))
    return fill * np.clip(1.6 + noise, 0.15, 1.0)


def lay_ink(surface: np.ndarray, layers: InkLayers, generator: np.random.Generator) -> np.ndarray:
    """Lay ink on a surface, with a shadow, a glow or relief now and then.

    Args:
        surface: (H, W, 3) float32 RGB.
        layers: ink of the same size.
        generator: source of randomness.

    Returns:
        (H, W, 3) float32 RGB.
    """
    covered = layers.fill if layers.around is None else np.maximum(layers.fill, layers.around)
    chance = generator.random()
    if chance < 0.16 and layers.text_px >= SMALL_TEXT_PX:
        surface = _cast_shadow(surface, covered, generator, layers.text_px)
    elif chance < 0.19:
        halo = cv2.GaussianBlur(covered, (0, 0), generator.uniform(2, 5))[..., None]
        surface = surface * (1 - halo * 0.6) + layers.fill_color * halo * 0.6
    if layers.around is not None:
        edge = layers.around[..., None]
        surface = surface * (1 - edge) + layers.around_color * edge
    face = layers.fill[..., None]
    surface = surface * (1 - face) + layers.fill_color * face
    if generator.random() < 0.06:
        surface = _emboss(surface, covered, generator)
    return surface


def _cast_shadow(
    surface: np.ndarray, covered: np.ndarray, generator: np.random.Generator, text_px: float
) -> np.ndarray:
    reach = generator.uniform(-1, 1, 2) * 0.1 * text_px
    shadow = shift_image(covered, round(reach[0]), round(abs(reach[1])))
    if generator.random() < 0.7:
        shadow = cv2.GaussianBlur(shadow, (0, 0), generator.uniform(0.6, 2.5))
    shadow = shadow[..., None] * np.float32(generator.uniform(0.35, 0.9))
    color = 0.0 if generator.random() < 0.85 else 255.0
    return surface * (1 - shadow) + color * shadow


def _emboss(surface: np.ndarray, covered: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    step = 1 + int(generator.random() * 2)
    relief = shift_image(covered, step, step) - shift_image(covered, -step, -step)
    relief *= covered
    return surface + relief[..., None] * np.float32(generator.choice([-1, 1]) * generator.uniform(30, 90))
