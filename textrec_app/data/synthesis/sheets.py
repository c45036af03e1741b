"""Glyph sheets: the letters of one face at one size, kept so that a word is a few copies into a row."""

from functools import lru_cache

import numpy as np

from textrec_app.data.synthesis.fonts import FontFace, load_font
from textrec_app.data.synthesis.glyphs import InkLine, compose_glyphs

KERNING_PROBES = ("AV", "To", "Ta", "LT", "Yo", "P.", "VA", "We", "r.", "Te", "AT", "11")


class GlyphSheet:
    """Alpha bitmaps, advances and kerning of a face, drawn once each."""

    def __init__(self, face: FontFace, size_px: int) -> None:
        """Open the face at an em size and see whether it kerns at all.

        Raises:
            InputError: the file cannot be read as a font.
        """
        self.face, self.size_px = face, size_px
        self._font = load_font(face.path, size_px)
        self._glyphs: dict[str, tuple[np.ndarray | None, int, int, float]] = {}
        self._kerning: dict[str, float] = {}
        self._kerns = any(self._measure_pair(pair) for pair in KERNING_PROBES if face.covers(pair))

    def draw(self, text: str, spacing_px: float = 0.0) -> InkLine:
        """Draw text on one straight baseline; the same ink and boxes as `draw_line`.

        Args:
            text: at least one character that is not a space, all covered by the face.
            spacing_px: added after each character; may be negative.
        """
        placed: list[tuple[int, int, np.ndarray]] = []
        pen, previous = 0.0, ""
        for character in text:
            ink, left, top, advance = self._glyphs.get(character) or self._draw_glyph(character)
            if previous and self._kerns:
                pen += self._measure_pair(previous + character)
            if ink is not None:
                placed.append((round(pen) + left, top, ink))
            pen += max(advance + spacing_px, 1.0)
            previous = character
        return compose_glyphs(placed)

    def _draw_glyph(self, character: str) -> tuple[np.ndarray | None, int, int, float]:
        core, (left, top) = self._font.getmask2(character, mode="L", anchor="ls")
        advance = float(self._font.getlength(character))
        pixels = np.array(core, np.uint8).reshape(core.size[1], core.size[0])
        rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
        if not len(rows):
            glyph: tuple[np.ndarray | None, int, int, float] = (None, 0, 0, advance)
        else:
            ink = np.ascontiguousarray(pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
            glyph = (ink, int(left + columns[0]), int(top + rows[0]), advance)
        self._glyphs[character] = glyph
        return glyph

    def _measure_pair(self, pair: str) -> float:
        found = self._kerning.get(pair)
        if found is None:
            alone = [(self._glyphs.get(c) or self._draw_glyph(c))[3] for c in pair]
            found = float(self._font.getlength(pair)) - alone[0] - alone[1]
            self._kerning[pair] = found
        return found


@lru_cache(maxsize=2048)
def open_sheet(face: FontFace, size_px: int) -> GlyphSheet:
    """The sheet of a face, shared within the process."""
    return GlyphSheet(face, size_px)
