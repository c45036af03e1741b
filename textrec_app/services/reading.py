"""Read one picture, without storing anything."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textrec_app.data.glyph_masks import glyph_mask_kmeans
from textrec_app.domain import Alternative, CharacterReading, CropReading, DetectedRegion, Reading, RegionReading
from textrec_app.errors import InputError
from textrec_app.pipeline.cropping import crop_polygon, project_spans
from textrec_app.pipeline.glyph_view import GlyphView, scale_to_peak
from textrec_app.pipeline.lexicon import Lexicon
from textrec_app.pipeline.page_layout import filter_reading, join_words, list_rows, reading_text
from textrec_app.pipeline.reader import PictureReading
from textrec_app.pipeline.recognition import NOTHING_MORE, ReadOptions
from textrec_app.pipeline.region_cuts import RegionCuts
from textrec_app.pipeline.turning import STACKED, turn_corners, turn_crop
from textrec_app.services.context import App

__all__ = [
    "PictureReading",
    "RegionExplanation",
    "check_word_list",
    "explain_region",
    "filter_reading",
    "join_words",
    "list_rows",
    "read_options",
    "read_picture",
    "read_picture_with_maps",
    "read_word",
    "reading_text",
]

SHOWN_ALTERNATIVES = 5
SHOWN_CHARACTERS = 40


@dataclass(frozen=True)
class RegionExplanation:
    """How a region was read.

    Attributes:
        crop: (H, W, 3) uint8 RGB, the rectified region.
        glyph_mask: (H, W) uint8, 1 where there is ink; None where ink and background cannot be told apart.
        attention: (n, H, W) float32 in 0..1, one map for each character, each with maximum 1: glyph attention where
            the recognizer has it, else what in the picture speaks for the character.
        characters: what was read, in order, with confidences.
        alternatives: what else the region may say, the likeliest first.
        places: what else may stand at the place of each character; empty where the recognizer in use now reads
            another text.
        glyphs: what a recognizer with a glyph branch sees of the region; None for any other.
    """

    crop: NDArray[np.uint8]
    glyph_mask: NDArray[np.uint8] | None
    attention: NDArray[np.float32]
    characters: tuple[CharacterReading, ...]
    alternatives: tuple[Alternative, ...] = ()
    places: tuple[tuple[Alternative, ...], ...] = ()
    glyphs: GlyphView | None = None


def read_options(lexicon: Path | str | None = None, alternatives: int = 0) -> ReadOptions:
    """What is asked for beyond the texts.

    Args:
        lexicon: a file with one word a line, or the words themselves, a line each; they are preferred to any text.
        alternatives: other texts for each word, and other characters for each place.

    Raises:
        InputError: the file cannot be read or is empty.
    """
    if isinstance(lexicon, Path):
        return ReadOptions(alternatives, Lexicon.load(lexicon))
    words = (lexicon or "").split("\n")
    return ReadOptions(alternatives, Lexicon.of(words) if any(word.strip() for word in words) else None)


def check_word_list(app: App, options: ReadOptions) -> None:
    """Refuse a word list of which the recognizer in use can read nothing.

    Raises:
        InputError: every word has characters that it does not know.
        NotFoundError: no recognizer is installed.
    """
    words = options.lexicon
    if words is not None and not words.has_readable(app.models.get_active().recognizer.charset):
        raise InputError(
            f"The recognizer can read none of the words of the list, such as '{words.words[0][:SHOWN_CHARACTERS]}': "
            "it does not know their characters. Write words that it can read, or give no list."
        )


def read_picture(app: App, image: NDArray[np.uint8], name: str, options: ReadOptions = NOTHING_MORE) -> Reading:
    """Find and read every word of a picture.

    Args:
        app: the opened application.
        image: (H, W, 3) uint8 RGB, upright (`pipeline.images.load_image`).
        name: what the reading calls the picture.
        options: a word list, alternatives.

    Raises:
        WeightsError: weights are missing or altered.
        NotFoundError: no recognizer is installed.
        InputError: no detector is installed.
    """
    return app.models.reader().read(image, name, options)


def read_picture_with_maps(
    app: App, image: NDArray[np.uint8], name: str, options: ReadOptions = NOTHING_MORE
) -> PictureReading:
    """Like `read_picture`, with what the detector saw.

    With `options.floor` the reading holds candidates too; `filter_reading` gives the reading at any threshold above it.
    """
    return app.models.reader().read_with_maps(image, name, options)


def read_word(app: App, image: NDArray[np.uint8], name: str, options: ReadOptions = NOTHING_MORE) -> Reading:
    """Read a picture that is one word; nothing is detected.

    Args:
        app: the opened application.
        image: (H, W, 3) uint8 RGB, upright.
        name: what the reading calls the picture.
        options: a word list, alternatives.
    """
    return app.models.reader().read_crop(image, name, options)


def explain_region(app: App, image: NDArray[np.uint8], region: RegionReading) -> RegionExplanation:
    """Show the crop of a region, its ink, and where the recognizer looked for each character.

    There is one attention map for each of the characters, which are the region's own; alternatives are those of the
    recognizer in use now.

    Args:
        app: the opened application.
        image: the upright picture that the region was read in, (H, W, 3) uint8 RGB.
        region: one region of its reading.
    """
    recognizer = app.models.get_active().recognizer
    options = ReadOptions(alternatives=SHOWN_ALTERNATIVES)
    for crop in _list_candidates(image, region):
        reading = recognizer.read([crop], options)[0]
        if reading.text == region.text:
            break
    characters = region.characters or _read_again(reading, region)
    text = "".join(character.text for character in characters)
    is_same = text == reading.text
    view = recognizer.explain(crop, text)
    maps = None if view is None else view.glyph_attention
    return RegionExplanation(
        crop,
        glyph_mask_kmeans(crop),
        recognizer.attention(crop, text) if maps is None else scale_to_peak(maps),
        characters,
        tuple(other for other in reading.alternatives if other.text != region.text),
        tuple(character.alternatives for character in reading.characters) if is_same else (),
        None if view is None else view.with_reading(reading),
    )


def _list_candidates(image: NDArray[np.uint8], region: RegionReading) -> list[NDArray[np.uint8]]:
    """The crops that may have been read: the very picture where it was read as one word, else the region laid flat."""
    height, width = image.shape[:2]
    corners = ((0.0, 0.0), (float(width), 0.0), (float(width), float(height)), (0.0, float(height)))
    whole = [turn_crop(image, turns) for turns in range(4) if region.polygon == turn_corners(corners, turns)]
    letters = tuple(character.polygon for character in region.characters)
    cuts = RegionCuts(image, [DetectedRegion(region.polygon, region.score, region.angle_deg, letters)])
    column = [cuts.cut(0, STACKED)] if cuts.is_stacked(0) else []
    return [*whole, *column, cuts.cut(0, 0), crop_polygon(image, region.polygon)]


def _read_again(reading: CropReading, region: RegionReading) -> tuple[CharacterReading, ...]:
    """Characters of a region that came without any."""
    spans = [(character.start_rel, character.end_rel) for character in reading.characters]
    return tuple(
        CharacterReading(character.text, character.confidence, quad)
        for character, quad in zip(reading.characters, project_spans(region.polygon, spans), strict=True)
    )
