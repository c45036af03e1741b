"""Values for the Read tab's two panels: the picture with its outlined words, and one word in detail.

The values are plain JSON. The page builds elements from them by script and puts recognised text in with
`textContent`: Gradio's templates evaluate `${…}` even inside an escaped value, so no text goes through one.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from textrec_app.domain import Alternative, CharacterReading, Polygon, RegionReading
from textrec_app.pipeline.glyph_pictures import heat_rgba, lay_over, paint_ink
from textrec_app.pipeline.reader import PictureReading
from textrec_app.services.reading import RegionExplanation, filter_reading
from textrec_app.ui.glyph_panel import build_glyphs
from textrec_app.ui.heat_maps import to_heat_url
from textrec_app.ui.pictures import enlarge_crop, to_jpeg_url, to_png_url
from textrec_app.ui.read_layout import describe_layout, format_points

SCORE_FLOOR = 0.3
"""Places that the detector gives less are no candidates: nobody reads them."""
EVERY_SCORE = 0.0


def build_overlay(
    image: np.ndarray, picture: PictureReading, token: str, is_word: bool = False, hint: str = ""
) -> dict[str, Any]:
    """Everything that the page needs to draw a reading and to hide words of low score without asking again.

    Args:
        picture: all candidates, and the score from which they are shown at first.
        token: names this reading in what the page asks later.
        hint: a sentence to show above it.
    """
    reading = picture.reading
    height, width = reading.size_hw
    no_boxes: tuple[tuple[Polygon, ...], ...] = ((),) * len(reading.regions)
    return {
        "kind": "reading",
        "token": token,
        "name": reading.image,
        "is_word": is_word,
        "hint": hint,
        "width": width,
        "height": height,
        "image": to_jpeg_url(image),
        "maps": {name: to_heat_url(heat, name) for name, heat in picture.maps.items()},
        "threshold": picture.threshold,
        "floor": min(SCORE_FLOOR, picture.threshold),
        "regions": [
            _describe_region(region, found)
            for region, found in zip(reading.regions, picture.character_boxes or no_boxes, strict=True)
        ],
        "layouts": [
            describe_layout(reading, filter_reading(reading, score)) for score in (picture.threshold, EVERY_SCORE)
        ],
        "timings": {
            "detect": reading.timings_ms.detect,
            "recognize": reading.timings_ms.recognize,
            "total": reading.timings_ms.total,
        },
        "models": dict(reading.models),
        "reading": reading.to_dict(),
    }


def build_failure(message: str) -> dict[str, Any]:
    """The panel's value when a picture could not be read."""
    return {"kind": "failure", "message": message}


def build_detail(region: RegionReading, explanation: RegionExplanation) -> dict[str, Any]:
    """One word: its crop, its ink by brightness, and for each character where the network looked.

    `glyphs` is what only networks with a glyph branch know (`build_glyphs`), None for the others; where it has the
    characters' glyphs, these stand for the pictures of attention.
    """
    crop = enlarge_crop(explanation.crop)
    mask = explanation.glyph_mask
    glyphs = build_glyphs(explanation)
    attention = explanation.attention if glyphs is None or not glyphs["characters"] else ()
    return {
        "text": region.text,
        "confidence": region.confidence,
        "score": region.score,
        "angle_deg": region.angle_deg,
        "script": region.script,
        "crop": to_jpeg_url(crop),
        "aspect": round(crop.shape[1] / crop.shape[0], 4),
        "mask": None if mask is None else to_png_url(paint_ink(mask, (crop.shape[0], crop.shape[1]))),
        "glyphs": glyphs,
        "characters": [
            {
                **_describe_character(character, crop, attention[index] if index < len(attention) else None),
                "alternatives": _describe_others(explanation.places[index] if index < len(explanation.places) else ()),
            }
            for index, character in enumerate(explanation.characters)
        ],
        "alternatives": _describe_others(explanation.alternatives),
    }


def _describe_others(others: Sequence[Alternative]) -> list[dict[str, Any]]:
    return [{"text": other.text, "confidence": round(other.confidence, 4)} for other in others if other.is_likely]


def _describe_region(region: RegionReading, boxes: Sequence[Polygon]) -> dict[str, Any]:
    """One candidate; its character boxes are the detector's, or where the recognizer read each character."""
    return {
        "points": format_points(region.polygon),
        "text": region.text,
        "confidence": round(region.confidence, 4),
        "score": region.score,
        "boxes": [format_points(box) for box in boxes or [character.polygon for character in region.characters]],
    }


def _describe_character(character: CharacterReading, crop: np.ndarray, attention: np.ndarray | None) -> dict[str, Any]:
    picture = None if attention is None else to_jpeg_url(paint_attention(crop, attention))
    focus = None if attention is None else find_focus(attention)
    confidence = round(character.confidence, 4)
    return {"text": character.text, "confidence": confidence, "attention": picture, "focus": focus}


def find_focus(attention: np.ndarray) -> float:
    """Where along the width a map (H, W) is strongest, 0 to 1; the middle for an empty map.

    Neighbouring columns count together, about as many as a character is wide, so that a speck does not decide.
    """
    reach = max(1, attention.shape[0] // 2)
    columns = np.convolve((attention**2).sum(axis=0), np.hanning(reach + 2)[1:-1], mode="same")
    return float(columns.argmax()) / max(1, len(columns) - 1) if columns.any() else 0.5


def paint_attention(crop: np.ndarray, attention: np.ndarray) -> np.ndarray:
    """Lay one attention map (H, W) in [0, 1] over its crop (H, W, 3) RGB: grey where the network did not look."""
    height, width = crop.shape[:2]
    smooth = cv2.resize(attention.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return lay_over(crop, heat_rgba(smooth))
