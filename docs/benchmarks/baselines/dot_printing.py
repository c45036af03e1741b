"""Texts as a coding printer leaves them: drops of ink in columns, with the faults of its head and of the belt."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from docs.benchmarks.baselines.dot_fonts import FONTS, list_dots
from docs.benchmarks.baselines.dot_surfaces import SURFACES, add_light, draw_surface, make_noise

SHIFT_BITS = 4
LEAST_PITCH_PX = 2.4
DARK_INKS = ((20, 20, 24), (28, 34, 78), (58, 40, 34), (96, 30, 34), (22, 70, 52))
LIGHT_INKS = ((236, 236, 232), (240, 214, 90), (214, 228, 240))


@dataclass(frozen=True)
class Printer:
    """One printer at one packing line, as it is set and as worn.

    Attributes:
        pitch_px: from one row of dots to the next, in pixels of the picture.
        stretch: from column to column over from row to row; the speed of the belt.
        gap: empty columns between characters.
        radius: of a drop, over the pitch; 0.5 and dots touch.
        slant: sideways shift over height; columns fly while the belt moves.
        dead_row: a row whose nozzle fails, or -1.
        lost: share of single drops that miss.
        jitter: deviation of a drop from its place, over the pitch.
        spread: how far ink creeps, over the pitch.
        ink_rgb: 0..255 each.
        cover: how much of the ground the ink hides.
    """

    font: str
    slashed_zero: bool
    bold: int
    pitch_px: float
    stretch: float
    gap: int
    radius: float
    slant: float
    dead_row: int
    lost: float
    jitter: float
    spread: float
    ink_rgb: tuple[int, int, int]
    cover: float
    surface: str


def draw_printer(generator: np.random.Generator) -> Printer:
    """Draw a printer and what it prints on."""
    font = "small" if generator.random() < 0.5 else "large"
    surface = SURFACES[generator.integers(len(SURFACES))]
    inks = LIGHT_INKS if surface == "dark" else DARK_INKS
    weights = np.array([6.0, *[1.0] * (len(inks) - 1)])
    return Printer(
        font=font,
        slashed_zero=bool(generator.random() < 0.3),
        bold=1 if font == "large" or generator.random() < 0.85 else 2,
        pitch_px=float(generator.uniform(2.6, 6.0) if font == "small" else generator.uniform(2.4, 5.0)),
        stretch=float(generator.uniform(0.65, 1.15)),
        gap=int(generator.choice((1, 1, 2))),
        radius=float(generator.uniform(0.35, 0.6)),
        slant=float(generator.normal(0, 0.1)),
        dead_row=int(generator.integers(FONTS[font].rows)) if generator.random() < 0.06 else -1,
        lost=float(generator.choice((0, 0.01, 0.03), p=(0.5, 0.33, 0.17))),
        jitter=float(generator.uniform(0.02, 0.16)),
        spread=float(generator.choice((0, 0.12, 0.3), p=(0.5, 0.35, 0.15))),
        ink_rgb=inks[generator.choice(len(inks), p=weights / weights.sum())],
        cover=float(generator.uniform(0.6, 0.98)),
        surface=surface,
    )


def draw_crop(text: str, printer: Printer, generator: np.random.Generator) -> np.ndarray:
    """Print a text on a package and photograph it.

    Returns:
        (H, W, 3) uint8 RGB: the crop of this line, with some ground around it.

    Raises:
        KeyError: the printer's font has no glyph for a character.
    """
    printer = replace(printer, pitch_px=printer.pitch_px * float(generator.uniform(0.8, 1.2)))
    ink = _print_ink(text, printer, generator)
    ink = _bend(ink, generator)
    ground = draw_surface(printer.surface, ink.shape[:2], generator)
    cover = (ink * printer.cover)[..., None]
    picture = ground * (1 - cover) + np.array(printer.ink_rgb, np.float32) * cover
    return _photograph(add_light(picture, generator, 1.0), printer, generator)


def _print_ink(text: str, printer: Printer, generator: np.random.Generator) -> np.ndarray:
    """Ink of the whole line: (H, W) float32 in [0, 1]."""
    places = _place_drops(text, printer, generator)
    pitch = printer.pitch_px
    low, high = places.min(axis=0) - pitch, places.max(axis=0) + pitch
    margins = generator.uniform(0.0, 1.6, 4) * pitch
    low, high = low - margins[:2], high + margins[2:]
    width, height = (int(np.ceil(side)) for side in high - low)
    ink = np.zeros((height, width), np.uint8)
    one = 1 << SHIFT_BITS
    sizes = pitch * printer.radius * (1 + generator.normal(0, 0.1, len(places))).clip(0.6, 1.5)
    depths = generator.uniform(0.72, 1.0, len(places))
    for (x, y), size, depth in zip(places - low, sizes, depths, strict=True):
        layer_value = int(255 * depth)
        cv2.circle(ink, (round(x * one), round(y * one)), round(size * one), layer_value, -1, cv2.LINE_AA, SHIFT_BITS)
    spread = ink.astype(np.float32) / 255
    if printer.spread:
        crept = cv2.GaussianBlur(spread, (0, 0), max(0.3, printer.spread * pitch))
        ragged = 0.42 + 0.07 * make_noise((height, width), max(2.0, pitch / 2), generator)
        spread = np.maximum(spread, ((crept - ragged) * 5 + 0.5).clip(0, 0.95))
    return spread * (1 + 0.06 * make_noise((height, width), max(2.0, pitch * 2), generator)).clip(0.5, 1.0)


def _place_drops(text: str, printer: Printer, generator: np.random.Generator) -> np.ndarray:
    """Where drops land: (N, 2) pixels x, y, of those that land."""
    font = FONTS[printer.font]
    width = printer.stretch * printer.pitch_px
    head = generator.normal(0, 0.07, font.rows)  # every nozzle aims a little aside
    wave, phase = generator.uniform(0, 0.35), generator.uniform(0, 6.3)
    drops, start = [], 0.0
    for character in text:
        for column, row in list_dots(printer.font, character, printer.slashed_zero):
            if row == printer.dead_row or generator.random() < printer.lost:
                continue
            for copy in range(printer.bold):
                at = start + column * printer.bold + copy
                x = at * width - row * printer.slant * printer.pitch_px
                y = (row + head[row] + wave * np.sin(phase + at / 25)) * printer.pitch_px
                drops.append((x, y))
        start += printer.bold * (font.columns + printer.gap) * (0.75 if character == " " else 1.0)
    if not drops:
        drops = [(0.0, 0.0)]
    aim = generator.normal(0, printer.jitter * printer.pitch_px, (len(drops), 2))
    return np.array(drops) + aim


def _bend(ink: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Turn, tilt and roll the line a little, as on a can or in a hand."""
    height, width = ink.shape
    angle = generator.normal(0, 1.6)
    rise = min(height * 0.8, abs(np.tan(np.radians(angle))) * width)
    angle = np.degrees(np.arctan2(rise, width)) * np.sign(angle)
    arc = generator.normal(0, 0.12) * height if generator.random() < 0.5 else 0.0
    extra = int(rise / 2 + abs(arc) / 2) + 1
    rows, columns = np.mgrid[0 : height + 2 * extra, 0:width].astype(np.float32)
    across = (columns - width / 2) / (width / 2)
    squeeze = generator.uniform(0, 0.12) if generator.random() < 0.4 else 0.0
    source_x = width / 2 * (1 + across * (1 + squeeze * (across**2 - 1)))
    tilt = 1 + generator.normal(0, 0.04) * across
    middle = height / 2 + extra
    source_y = (
        height / 2
        + (rows - middle - np.tan(np.radians(angle)) * (columns - width / 2) - arc * (across**2 - 0.5)) * tilt
    )
    return cv2.remap(ink, source_x.astype(np.float32), source_y.astype(np.float32), cv2.INTER_LINEAR)


def _photograph(picture: np.ndarray, printer: Printer, generator: np.random.Generator) -> np.ndarray:
    """Blur, haze, noise, small size and JPEG."""
    fade = generator.uniform(0, 0.3) if generator.random() < 0.3 else 0.0
    picture = picture * (1 - fade) + picture.mean() * fade
    blur = printer.pitch_px * generator.uniform(0.05, 0.3)
    picture = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), max(0.3, blur))
    if generator.random() < 0.15:
        length = int(generator.integers(2, max(2, round(printer.pitch_px * 0.7)) + 1))
        kernel = np.ones((1, length), np.float32) / length
        picture = cv2.filter2D(picture, -1, kernel if generator.random() < 0.7 else kernel.T)
    if generator.random() < 0.35:
        scale = max(generator.uniform(0.45, 0.9), LEAST_PITCH_PX / printer.pitch_px)
        size = (round(picture.shape[1] * min(scale, 1.0)), round(picture.shape[0] * min(scale, 1.0)))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    picture = picture + generator.normal(0, generator.uniform(0.5, 6), picture.shape)
    return _compress(picture.clip(0, 255).astype(np.uint8), int(generator.integers(45, 96)))


def _compress(picture: np.ndarray, quality: int) -> np.ndarray:
    _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
