"""Pictures that show a reading: outlines and texts on the original, ink and attention of every word."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from textrec_app.domain import Point, Reading, RegionReading
from textrec_app.services.context import App
from textrec_app.services.reading import explain_region
from textrec_app.services.reading_files import FileReading
from textrec_app.services.word_pictures import draw_word_pictures
from textrec_app.services.writing import told_if_unwritable

SURE, UNSURE = (0, 140, 90), (200, 60, 0)
SURE_FROM = 0.9
ORDER = (60, 90, 220, 150)
"""Colour and opacity of the arrows that follow the lines."""


def write_overlay(app: App, read: FileReading, directory: Path) -> Path | None:
    """Write the overlay of a picture, and beside it a folder with the glyph mask and attention of each word.

    `street.jpg` gives `street.png` and `street.words/001.glyph.png`, `001.attention.png`; a name that is taken
    gets a number. A recognizer with a glyph branch gives `001.glyph.png` (its own mask), `001.kmeans.png`,
    `001.glyph_attention.png`, `001.characters.png` and `001.implicit.png`; see `draw_word_pictures`.

    Returns:
        The overlay's file; None where the picture could not be read.

    Raises:
        InputError: the directory cannot be written.
    """
    if read.reading is None or read.image is None:
        return None
    overlay = _find_free_name(directory, read.path.stem or "picture")
    words = overlay.with_suffix(".words")
    with told_if_unwritable(directory):
        words.mkdir(parents=True, exist_ok=True)
    _save(draw_overlay(read.image, read.reading), overlay)
    for number, region in enumerate(read.reading.regions, start=1):
        for name, picture in draw_word_pictures(explain_region(app, read.image, region)).items():
            _save(picture, words / f"{number:03d}.{name}.png")
    return overlay


def draw_overlay(image: NDArray[np.uint8], reading: Reading) -> NDArray[np.uint8]:
    """The picture with every region outlined and its text above it; unsure readings in another colour.

    A light arrow follows the words of each line, with the line's number in reading order at its beginning.
    """
    picture = _draw_lines(Image.fromarray(image), reading)
    draw = ImageDraw.Draw(picture)
    line_px = max(2, round(max(picture.size) / 500))
    font = ImageFont.load_default(max(12, round(max(picture.size) / 60)))
    for region in reading.regions:
        colour = SURE if region.confidence >= SURE_FROM else UNSURE
        draw.line([*region.polygon, region.polygon[0]], fill=colour, width=line_px)
        left = min(x for x, _ in region.polygon)
        top = min(y for _, y in region.polygon)
        text = "".join(character if character.isprintable() else "?" for character in region.text)
        box = draw.textbbox((left, top), text, font=font, anchor="lb")
        shift = max(0.0, -box[1])
        draw.rectangle((box[0] - 2, box[1] + shift - 1, box[2] + 2, box[3] + shift + 1), fill=colour)
        draw.text((left, top + shift), text, fill="white", font=font, anchor="lb")
    return np.asarray(picture)


def _draw_lines(picture: Image.Image, reading: Reading) -> Image.Image:
    """The picture under an arrow along every line."""
    veil = Image.new("RGBA", picture.size)
    draw = ImageDraw.Draw(veil)
    width_px = max(2, round(max(picture.size) / 350))
    font = ImageFont.load_default(max(10, round(max(picture.size) / 75)))
    for number, line in enumerate(reading.lines, start=1):
        way = [point for index in line for point in _middle_line(reading.regions[index])]
        draw.line(way, fill=ORDER, width=width_px, joint="curve")
        draw.polygon(_arrow_head(way[-2], way[-1], 3.0 * width_px), fill=ORDER)
        draw.text(way[0], str(number), fill=ORDER, font=font, anchor="rm", stroke_width=1, stroke_fill="white")
    return Image.alpha_composite(picture.convert("RGBA"), veil).convert("RGB")


def _middle_line(region: RegionReading) -> tuple[Point, Point]:
    """From the middle of a region's beginning to that of its end."""
    corners = np.asarray(region.polygon[:4], np.float64)
    start, end = (corners[0] + corners[3]) / 2, (corners[1] + corners[2]) / 2
    return (float(start[0]), float(start[1])), (float(end[0]), float(end[1]))


def _arrow_head(start: Point, end: Point, size_px: float) -> list[Point]:
    """A triangle whose tip is the end of a line."""
    along = np.subtract(end, start)
    along = along / max(float(np.hypot(*along)), 1e-6) * size_px
    across = np.array([-along[1], along[0]]) * 0.6
    corners = (np.asarray(end), np.asarray(end) - along + across, np.asarray(end) - along - across)
    return [(float(x), float(y)) for x, y in corners]


def _save(picture: NDArray[np.uint8], path: Path) -> None:
    with told_if_unwritable(path):
        Image.fromarray(picture).save(path)


def _find_free_name(directory: Path, stem: str) -> Path:
    path = directory / f"{stem}.png"
    number = 2
    while path.exists():
        path = directory / f"{stem}-{number}.png"
        number += 1
    return path
