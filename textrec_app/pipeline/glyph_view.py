"""What a network with a glyph branch sees of one crop: ink, a map for each character, where each step looked."""

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from models.recognition.glyph_network import GlyphExplanation
from textrec_app.domain import CropReading, HeadReading
from textrec_app.pipeline.glyph_places import Drift, character_width, find_boxes, measure_drifts, measure_sharpness


@dataclass(frozen=True)
class GlyphView:
    """How a network saw a text of n characters in a crop of H x W px.

    Attributes:
        mask: (H, W) float32 in [0, 1], probability of ink.
        glyph_attention: (n, H, W) float32 in [0, 1], share of each character's glyph in each place; None where the
            network has no glyph maps, or none for so long a text.
        attention: (n + 1, T) float32, implicit attention of each decoding step, the last is the end; rows sum to 1.
            (0, T) where the text is too long to be decoded.
        drifts: how far the implicit attention lies from each character's glyph; empty without glyph maps.
        sharpness: how much of each map lies in one character's width, in [0, 1]; empty without glyph maps.
        readings, agreement: as in `CropReading`.
    """

    mask: NDArray[np.float32]
    glyph_attention: NDArray[np.float32] | None
    attention: NDArray[np.float32]
    drifts: tuple[Drift, ...] = ()
    sharpness: tuple[float, ...] = ()
    readings: dict[str, HeadReading] = field(default_factory=dict)
    agreement: bool | None = None

    def with_reading(self, reading: CropReading) -> "GlyphView":
        """The same with what the heads said when the crop was read."""
        return replace(self, readings=reading.readings, agreement=reading.agreement)


def build_view(explained: GlyphExplanation, size_hw: tuple[int, int], characters: int | None) -> GlyphView:
    """Bring what a network explained to a crop's own size.

    Args:
        explained: of one crop.
        size_hw: of the crop.
        characters: n of the text that was forced on the decoder; None for one that is too long.
    """
    mask = explained.mask[0, 0].float().cpu().numpy()
    attention = explained.attention[0].float().cpu().numpy()
    maps = explained.glyph_attention[0].float().cpu().numpy()
    ink = stretch(mask[None], size_hw)[0]
    if characters is None:
        return GlyphView(ink, None, attention[:0])
    attention = attention[: characters + 1]
    if not len(maps):
        return GlyphView(ink, None, attention)
    maps = maps[:characters]
    boxes = find_boxes(maps, stretch(mask[None], (maps.shape[1], maps.shape[2]))[0])
    return GlyphView(
        ink,
        stretch(maps, size_hw),
        attention,
        measure_drifts(attention[:characters], boxes),
        tuple(measure_sharpness(maps, character_width(boxes, characters))),
    )


def stretch(maps: NDArray[np.float32], size_hw: tuple[int, int]) -> NDArray[np.float32]:
    """Bring n maps (h, w) in [0, 1] to another size: (n, H, W) float32 in [0, 1]."""
    height, width = size_hw
    stretched = np.zeros((len(maps), height, width), np.float32)
    for number, map_ in enumerate(maps):
        stretched[number] = cv2.resize(map_, (width, height), interpolation=cv2.INTER_LINEAR)
    return stretched.clip(0.0, 1.0)


def scale_to_peak(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, H, W) maps, each with maximum 1; an empty one stays so."""
    peaks = maps.reshape(len(maps), -1).max(axis=1, initial=0.0)
    return np.asarray(maps / np.maximum(peaks, 1e-9)[:, None, None], np.float32)
