"""Render single words and short lines as crops: the recognizer's drawn training data."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from textrec_app.data.synthesis.backgrounds import cut_patch
from textrec_app.data.synthesis.degradation import Damage, degrade_crop
from textrec_app.data.synthesis.effects import draw_color, lay_ink, style_ink
from textrec_app.data.synthesis.fonts import FontFace, FontLibrary
from textrec_app.data.synthesis.glyphs import InkLine, draw_line
from textrec_app.data.synthesis.texts import TextSource
from textrec_app.data.synthesis.warps import (
    RESAMPLING_PX,
    ShapedInk,
    apply_matrix,
    bend,
    draw_matrix,
    expand_quads,
    keep_straight,
)
from textrec_app.errors import InputError

EM_PX = 48
MAX_ASPECT = 22


@dataclass(frozen=True, slots=True)
class RenderedWord:
    """One drawn crop.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        text: what is written.
        glyph_mask: (H, W) uint8, 1 where the ink of `text` (outlines included) lies.
        character_quads: (n, 4, 2) float32 pixels, one per character that is not a space, clockwise
            from its top-left; slightly outside the image where the crop cuts a letter.
    """

    image: np.ndarray
    text: str
    glyph_mask: np.ndarray
    character_quads: np.ndarray


@dataclass(frozen=True, slots=True)
class WordStyle:
    """How words look: shares of bent words and of words with neighbours, and the camera's damage."""

    arc_share: float = 0.12
    neighbour_share: float = 0.3
    damage: Damage = "mixed"


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where the crop lies: a map from ink to crop and the crop's size."""

    matrix: np.ndarray
    size_hw: tuple[int, int]


class WordRenderer:
    """Draws word crops; it can be pickled or built in worker processes."""

    def __init__(
        self,
        fonts: FontLibrary,
        texts: TextSource,
        backgrounds: Sequence[np.ndarray],
        height_px: int = 40,
        style: WordStyle | None = None,
    ) -> None:
        """Keep what to draw with.

        Args:
            fonts: faces to draw with.
            texts: what to write.
            backgrounds: (H, W, 3) uint8 pictures without text.
            height_px: height of every crop.
            style: how often letters are bent and what damage is done; None is the mix for training.

        Raises:
            InputError: there is no background, or the height is below 8.
        """
        if not backgrounds:
            raise InputError("Rendering needs at least one background picture; load_backgrounds() draws some.")
        if height_px < 8:
            raise InputError(f"A crop of {height_px} px is too low to read; use at least 8.")
        self.fonts, self.texts, self.height_px = fonts, texts, height_px
        self.backgrounds = tuple(backgrounds)
        self.style = style or WordStyle()

    def render(self, generator: np.random.Generator) -> RenderedWord:
        """Draw one crop of a random text."""
        return self.render_text(self.texts.draw(generator), generator)

    def render_text(self, text: str, generator: np.random.Generator) -> RenderedWord:
        """Draw one crop of this text.

        A face without small letters may be drawn, then the returned text is in upper case.
        """
        face = self.fonts.choose(generator, text)
        if face.capitals_only:
            text = text.upper()
        shaped, line = _shape(face, text, generator, self.style.arc_share)
        frame = _place(shaped, line, generator, self.height_px)
        ink = _warp(shaped.ink, frame)
        surface, behind = self._make_surface(frame.size_hw, generator)
        texture = cut_patch(self.backgrounds, frame.size_hw, generator)
        layers = style_ink(ink, behind, generator, texture)
        mask = layers.compute_mask()
        if shaped.ink is line.ink and generator.random() < self.style.neighbour_share:
            surface = self._add_neighbours(surface, layers.fill_color, (line, face, frame), generator)
        image = degrade_crop(lay_ink(surface, layers, generator), generator, self.style.damage)
        quads = apply_matrix(frame.matrix, shaped.quads)
        quads = expand_quads(quads, layers.reach_px + RESAMPLING_PX)
        return RenderedWord(image, text, mask, quads)

    def _make_surface(self, size_hw: tuple[int, int], generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Make what the text lies on, and its mean colour: plain, tinted photo or photo."""
        chance = generator.random()
        color = draw_color(generator)
        if chance < 0.4:
            surface = np.empty((*size_hw, 3), np.float32)
            surface[:] = color
        else:
            patch = cut_patch(self.backgrounds, size_hw, generator).astype(np.float32)
            mean = patch.mean(axis=(0, 1))
            if chance < 0.75:
                surface = color + (patch - mean) * np.float32(generator.uniform(0.1, 0.5))
            else:
                calm = min(1.0, 34.0 / (float(patch.std(axis=(0, 1)).mean()) + 1e-3))
                surface, color = mean + (patch - mean) * np.float32(calm), mean
        if generator.random() < 0.12:
            _paint_panel(surface, generator)
        return surface, color

    def _add_neighbours(
        self,
        surface: np.ndarray,
        color: np.ndarray,
        context: tuple[InkLine, FontFace, _Frame],
        generator: np.random.Generator,
    ) -> np.ndarray:
        """Write fragments of other text beside the word, never across it."""
        line, face, frame = context
        height, width = line.ink.shape
        gap = generator.uniform(0.12, 0.4) * EM_PX
        for side in ("above", "below", "left", "right"):
            if generator.random() > 0.4:
                continue
            text = self.texts.draw_word(generator)
            if not face.covers(text):
                continue
            other = draw_line(face, text, EM_PX)
            other_h, other_w = other.ink.shape
            along = generator.uniform(-0.5, 0.5) * max(width - other_w, 0.6 * EM_PX)
            offsets = {
                "above": ((width - other_w) / 2 + along, -gap - other_h),
                "below": ((width - other_w) / 2 + along, height + gap),
                "left": (-gap - other_w, line.baseline_px - other.baseline_px),
                "right": (width + gap, line.baseline_px - other.baseline_px),
            }
            shift = np.eye(3)
            shift[0, 2], shift[1, 2] = offsets[side]
            ink = _warp(other.ink, _Frame(frame.matrix @ shift, frame.size_hw))
            cover = (ink.astype(np.float32) / 255)[..., None]
            surface = surface * (1 - cover) + color * cover
        return surface


def _shape(face: FontFace, text: str, generator: np.random.Generator, arc_share: float) -> tuple[ShapedInk, InkLine]:
    spacing = 0.0
    if generator.random() < 0.3:
        low, high = (-0.05, 0.1) if generator.random() < 0.8 else (0.1, 0.5)
        spacing = EM_PX * generator.uniform(low, high)
    line = draw_line(face, text, EM_PX, spacing)
    if generator.random() < 0.1:
        line = _change_weight(line, generator)
    if len(text) > 3 and generator.random() < arc_share:
        limit_rad = 0.35 * line.ink.shape[1] / line.ink.shape[0]
        angle_rad = min(generator.uniform(0.2, 1.6), limit_rad)
        return bend(line, angle_rad if generator.random() < 0.7 else -angle_rad), line
    return keep_straight(line), line


def _change_weight(line: InkLine, generator: np.random.Generator) -> InkLine:
    """Embolden a line, widening its boxes by the same pixel."""
    kernel = np.ones((2 + int(generator.random() * 2), 3), np.uint8)
    padded = cv2.dilate(np.pad(line.ink, 2), kernel)
    grown = line.boxes_xyxy + np.array([1, 1, 3, 3], np.float32)
    return InkLine(padded, grown, line.baseline_px + 2)


def _place(shaped: ShapedInk, line: InkLine, generator: np.random.Generator, height_px: int) -> _Frame:
    """Choose the view and the margins of the crop."""
    stretch = 1.0
    if generator.random() < 0.5:
        stretch = float(np.exp(generator.uniform(-0.45, 0.4)))
    matrix = draw_matrix(generator, shaped.ink.shape, stretch)
    height, width = shaped.ink.shape
    top, bottom = 0.0, float(height)
    if height < 0.45 * EM_PX:
        top, bottom = min(0.0, line.baseline_px - 0.7 * EM_PX), max(bottom, line.baseline_px)
    corners = np.array([[0, top], [width, top], [width, bottom], [0, bottom]], np.float32)
    view = apply_matrix(matrix, corners)
    low, high = view.min(axis=0), view.max(axis=0)
    text_h = high[1] - low[1]
    margins = (generator.beta(1.2, 4.0, 4) * 0.75 - 0.035) * text_h
    margins[:2] = margins[:2] * generator.uniform(0.3, 1.3)
    low, high = low - margins[:2], high + margins[2:]
    scale_y = height_px / (high[1] - low[1])
    scale_x = min(scale_y, MAX_ASPECT * height_px / (high[0] - low[0]))
    crop_w = max(8, round((high[0] - low[0]) * scale_x))
    fit = np.array([[scale_x, 0, -low[0] * scale_x], [0, scale_y, -low[1] * scale_y], [0, 0, 1]])
    return _Frame(fit @ matrix, (height_px, crop_w))


def _warp(ink: np.ndarray, frame: _Frame) -> np.ndarray:
    height, width = frame.size_hw
    return cv2.warpPerspective(ink, frame.matrix, (width, height), flags=cv2.INTER_LINEAR)


def _paint_panel(surface: np.ndarray, generator: np.random.Generator) -> None:
    """Paint a bar or a frame line near an edge, as a sign's border."""
    height, width = surface.shape[:2]
    color = draw_color(generator).tolist()
    chance = generator.random()
    if chance < 0.4:
        rows = int(height * generator.uniform(0.04, 0.2))
        part = surface[:rows] if generator.random() < 0.5 else surface[-max(1, rows) :]
        part[:] = color
    elif chance < 0.7:
        columns = int(height * generator.uniform(0.05, 0.3))
        part = surface[:, :columns] if generator.random() < 0.5 else surface[:, -max(1, columns) :]
        part[:] = color
    else:
        inset = int(generator.random() * 3)
        corner = (width - 1 - inset, height - 1 - inset)
        cv2.rectangle(surface, (inset, inset), corner, color, 1 + int(generator.random() * 2))
