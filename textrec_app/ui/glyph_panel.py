"""What a recognizer with a glyph branch shows of one word: ink, glyphs and attention of each character, both readings.

Glyphs and attention travel as veils, small pictures with opacity; the page stretches them over one grey crop.
"""

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from textrec_app.pipeline.glyph_pictures import colour_of, heat_rgba, paint_ink, tint_rgba, to_grey
from textrec_app.services.word_pictures import spread_steps
from textrec_app.ui.pictures import enlarge_crop, to_jpeg_url, to_png_url

if TYPE_CHECKING:
    from textrec_app.pipeline.glyph_places import Drift
    from textrec_app.pipeline.glyph_view import GlyphView
    from textrec_app.services.reading import RegionExplanation

VEIL_HEIGHT_PX, VEIL_WIDTH_PX, INK_HEIGHT_PX = 24, 320, 64
HEAD_NAMES = {"fast": "Fast path", "glyph": "Glyph path"}
ORDINAL_ENDINGS = {1: "st", 2: "nd", 3: "rd"}


def build_glyphs(explanation: "RegionExplanation") -> dict[str, Any] | None:
    """Everything that only networks with a glyph branch know of a word; None for the others.

    Returns:
        `mask`: the network's ink. `readings`: what each head read by itself. `agreement`: whether these are one text,
        None where only one head read. `grey`: the crop without colours. `characters`: for each character its
        `colour`, the veil `glyph`, the glyph's `centre` in 0..1 of the width, and `drift`, a sentence, where attention
        left the glyph. `steps`: for each decoding step, the last is the end, the veil `heat` and its `centre`.
        Either list is empty where the network does not know it, as of texts that are too long.
    """
    view = explanation.glyphs
    if view is None:
        return None
    crop = enlarge_crop(explanation.crop)
    height, width = crop.shape[:2]
    return {
        "mask": to_png_url(paint_ink(view.mask, (INK_HEIGHT_PX, max(1, round(width * INK_HEIGHT_PX / height))))),
        "readings": [
            {"name": HEAD_NAMES.get(name, name), "text": one.text, "probability": round(one.probability, 4)}
            for name, one in view.readings.items()
        ],
        "agreement": view.agreement,
        "grey": to_jpeg_url(to_grey(crop)),
        "characters": _list_characters(explanation, view),
        "steps": _list_steps(view),
    }


def describe_drift(index: int, text: str, drift: "Drift") -> str | None:
    """In plain words how far attention lies from its glyph; None where it lies on it, there is no glyph, or a space.

    Args:
        index: place of the character, from 0.
        text: the character.
    """
    if drift.distance is None or not drift.is_drifting or text.isspace():
        return None
    what = "letter" if text.isalpha() else "digit" if text.isdigit() else "character"
    side = "right" if drift.distance > 0 else "left"
    distance = f"{abs(drift.distance):.1f}"
    letters = "letter" if distance == "1.0" else "letters"
    return f"The {ordinal(index + 1)} {what} ‘{text}’: attention lies {distance} {letters} {side} of its glyph."


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `11th`."""
    return f"{number}{'th' if number % 100 in {11, 12, 13} else ORDINAL_ENDINGS.get(number % 10, 'th')}"


def _list_characters(explanation: "RegionExplanation", view: "GlyphView") -> list[dict[str, Any]]:
    if view.glyph_attention is None:
        return []
    return [
        {
            "colour": "#{:02x}{:02x}{:02x}".format(*colour_of(index)),
            "glyph": to_png_url(tint_rgba(_shrunk(shares), colour_of(index))),
            "centre": drift.glyph_rel,
            "drift": describe_drift(index, character.text, drift),
        }
        for index, (character, shares, drift) in enumerate(
            zip(explanation.characters, view.glyph_attention, view.drifts, strict=True)
        )
    ]


def _list_steps(view: "GlyphView") -> list[dict[str, Any]]:
    columns = view.attention.shape[1]
    centres = view.attention @ ((np.arange(columns) + 0.5) / columns)
    return [
        {"heat": to_png_url(heat_rgba(_shrunk(step))), "centre": round(float(centre), 4)}
        for step, centre in zip(spread_steps(view.attention), centres, strict=True)
    ]


def _shrunk(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """At most as large as a veil needs to be."""
    height, width = min(weights.shape[0], VEIL_HEIGHT_PX), min(weights.shape[1], VEIL_WIDTH_PX)
    return np.asarray(cv2.resize(weights, (width, height), interpolation=cv2.INTER_AREA), np.float32)
