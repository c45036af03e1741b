"""Pictures of one word: its ink, its glyphs in colours, where the decoder looked at each step; alone or in one zip."""

import io
import json
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from textrec_app.domain import RegionReading
from textrec_app.pipeline.glyph_pictures import draw_attention, draw_characters, draw_mask, draw_tiles
from textrec_app.pipeline.glyph_view import GlyphView
from textrec_app.services.reading import RegionExplanation

Picture = NDArray[np.uint8]


def draw_word_pictures(explanation: RegionExplanation) -> dict[str, Picture]:
    """What there is to show of a word, by name.

    Returns:
        Networks without glyph branch: "glyph" (ink by k-means) and "attention" (a tile for each character). Others:
        "glyph" (ink by the network), "kmeans", "glyph_attention" (a tile for each character), "characters" (all glyphs
        over the crop, a colour for each) and "implicit" (a tile for each decoding step, the last one is the end).
        (H, W) or (H, W, 3) uint8; what could not be found is left out.
    """
    ink, glyphs = explanation.glyph_mask, explanation.glyphs
    if glyphs is not None:
        return {
            "glyph": draw_mask(glyphs.mask),
            **({} if ink is None else {"kmeans": draw_mask(ink)}),
            **_draw_glyphs(explanation.crop, glyphs),
        }
    pictures = {} if ink is None else {"glyph": draw_mask(ink)}
    if len(explanation.attention):
        pictures["attention"] = draw_attention(explanation.crop, explanation.attention)
    return pictures


def pack_word(region: RegionReading, explanation: RegionExplanation) -> bytes:
    """A zip of a word's crop and pictures as PNG, and `word.json` with what was read and where attention drifts."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, picture in {"crop": explanation.crop, **draw_word_pictures(explanation)}.items():
            with archive.open(f"{name}.png", "w") as file:
                Image.fromarray(picture).save(file, "PNG")
        archive.writestr("word.json", json.dumps(_describe(region, explanation), ensure_ascii=False, indent=2))
    return packed.getvalue()


def _draw_glyphs(crop: Picture, glyphs: GlyphView) -> dict[str, Picture]:
    pictures = {}
    maps, steps = glyphs.glyph_attention, glyphs.attention
    if maps is not None and len(maps):
        pictures["glyph_attention"] = draw_tiles(crop, maps)
        pictures["characters"] = draw_characters(crop, maps)
    if len(steps):
        pictures["implicit"] = draw_attention(crop, spread_steps(steps))
    return pictures


def spread_steps(steps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of attention (n, T) as maps (n, 1, T), each with maximum 1."""
    return (steps / np.maximum(steps.max(axis=1, keepdims=True), 1e-9))[:, None, :]


def _describe(region: RegionReading, explanation: RegionExplanation) -> dict[str, Any]:
    glyphs = explanation.glyphs
    told: dict[str, Any] = {
        "text": region.text,
        "confidence": round(region.confidence, 4),
        "characters": [
            {"text": character.text, "confidence": round(character.confidence, 4)}
            for character in explanation.characters
        ],
    }
    if glyphs is None:
        return told
    for character, drift in zip(told["characters"], glyphs.drifts, strict=False):
        character["drift"] = None if drift.distance is None else round(drift.distance, 3)
    readings = {
        name: {"text": one.text, "probability": round(one.probability, 4)} for name, one in glyphs.readings.items()
    }
    return {**told, "readings": readings, "agreement": glyphs.agreement}
