"""Read one picture, without storing anything."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textrec_app.domain import CharacterReading, Reading, RegionReading
from textrec_app.pipeline.cropping import crop_polygon, project_spans
from textrec_app.pipeline.glyphs import glyph_mask_kmeans
from textrec_app.pipeline.recognition import Recognizer
from textrec_app.services.context import App


@dataclass(frozen=True)
class RegionExplanation:
    """How a region was read.

    Attributes:
        crop: (H, W, 3) uint8 RGB, the rectified region.
        glyph_mask: (H, W) uint8, 1 where there is ink; None where ink and background cannot be told apart.
        attention: (n, H, W) float32 in 0..1, one map for each character.
        characters: what was read, in order, with confidences.
    """

    crop: NDArray[np.uint8]
    glyph_mask: NDArray[np.uint8] | None
    attention: NDArray[np.float32]
    characters: tuple[CharacterReading, ...]


def read_picture(app: App, image: NDArray[np.uint8], name: str) -> Reading:
    """Find and read every word of a picture.

    Args:
        app: the opened application.
        image: (H, W, 3) uint8 RGB, upright (`pipeline.images.load_image`).
        name: what the reading calls the picture.

    Raises:
        WeightsError: weights are missing or altered.
        NotFoundError: no recognizer is installed.
        InputError: no detector is installed.
    """
    return app.models.reader().read(image, name)


def read_word(app: App, image: NDArray[np.uint8], name: str) -> Reading:
    """Read a picture that is one word; nothing is detected.

    Args:
        app: the opened application.
        image: (H, W, 3) uint8 RGB, upright.
        name: what the reading calls the picture.
    """
    return app.models.reader().read_crop(image, name)


def explain_region(app: App, image: NDArray[np.uint8], region: RegionReading) -> RegionExplanation:
    """Show the crop of a region, its ink, and where the recognizer looked for each character.

    There is one attention map for each of the characters; they are the region's own unless the recognizer in use now
    reads the crop otherwise.

    Args:
        app: the opened application.
        image: the upright picture that the region was read in, (H, W, 3) uint8 RGB.
        region: one region of its reading.
    """
    recognizer = app.models.get_active().recognizer
    for crop in _list_candidates(image, region):
        attention = recognizer.attention(crop)
        if len(attention) == len(region.characters):
            return RegionExplanation(crop, glyph_mask_kmeans(crop), attention, region.characters)
    return RegionExplanation(crop, glyph_mask_kmeans(crop), attention, _read_again(recognizer, crop, region))


def _list_candidates(image: NDArray[np.uint8], region: RegionReading) -> list[NDArray[np.uint8]]:
    """The crops that may have been read: with a margin, or the very picture where it was read as one word."""
    height, width = image.shape[:2]
    corners = ((0.0, 0.0), (float(width), 0.0), (float(width), float(height)), (0.0, float(height)))
    crop = crop_polygon(image, region.polygon)
    return [crop, image] if region.polygon == corners else [crop]


def _read_again(recognizer: Recognizer, crop: NDArray[np.uint8], region: RegionReading) -> tuple[CharacterReading, ...]:
    """Characters that fit the attention maps, where another recognizer or a batch's rounding made the region's."""
    characters = recognizer.read([crop])[0].characters
    quads = project_spans(region.polygon, [(character.start_rel, character.end_rel) for character in characters])
    return tuple(
        CharacterReading(character.text, character.confidence, quad)
        for character, quad in zip(characters, quads, strict=True)
    )
