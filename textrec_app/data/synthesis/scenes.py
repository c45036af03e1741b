"""Render whole scenes with words on planes: the detector's drawn training data."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from textrec_app.data.synthesis.backgrounds import cut_patch, draw_noise, draw_texture
from textrec_app.data.synthesis.clutter import add_clutter
from textrec_app.data.synthesis.degradation import degrade_scene
from textrec_app.data.synthesis.distractors import add_structures
from textrec_app.data.synthesis.fonts import FontLibrary
from textrec_app.data.synthesis.planes import Plane
from textrec_app.data.synthesis.scene_kinds import Composers, Draft, SceneComposer
from textrec_app.data.synthesis.scene_lights import cast_light
from textrec_app.data.synthesis.scene_painting import Canvas, SceneWord, paint_plane
from textrec_app.data.synthesis.scene_placing import (
    Turns,
    draw_scene_turn,
    find_place,
    frame_closely,
    lay_flat,
    measure_busyness,
)
from textrec_app.data.synthesis.texts import TextSource
from textrec_app.errors import InputError

TURNED_SHARE = 0.24
CALM_SHARE = 0.7
N_PLANES = 24
LEAST_SPREAD = 3.5
FAINT_HEIGHT_PX = 16


@dataclass(frozen=True, slots=True)
class RenderedScene:
    """One drawn scene: (H, W, 3) uint8 RGB, (H, W) uint8 mask of all ink (0 or 1), its words."""

    image: np.ndarray
    glyph_mask: np.ndarray
    words: tuple[SceneWord, ...]


class SceneRenderer:
    """Draws scenes; it can be pickled or built in worker processes."""

    def __init__(
        self,
        fonts: FontLibrary,
        texts: TextSource,
        backgrounds: Sequence[np.ndarray],
        size_px: tuple[int, int] = (448, 896),
        kinds: tuple[str, ...] = (),
    ) -> None:
        """Keep what to draw with; other scripts are drawn where the machine has fonts for them.

        Args:
            fonts: faces to draw with.
            texts: what to write.
            backgrounds: (H, W, 3) uint8 pictures without text.
            size_px: smallest and largest side of a scene; close views may be lower.
            kinds: names of `scene_kinds.KINDS` to draw alone; none draws all.

        Raises:
            InputError: there is no background, a kind is not known, or the sizes are below 64 or out of order.
        """
        if not backgrounds:
            raise InputError("Rendering needs at least one background picture; load_backgrounds() draws some.")
        if not 64 <= size_px[0] <= size_px[1]:
            raise InputError(f"Scene sides {size_px} must be at least 64 and in rising order.")
        self.backgrounds, self.size_px = tuple(backgrounds), size_px
        self.composer = SceneComposer(fonts, texts, kinds)

    def render(self, generator: np.random.Generator) -> RenderedScene:
        """Draw one scene: a few have no text, pages have hundreds of words; words do not overlap."""
        height, width = (int(side) for side in generator.integers(self.size_px[0], self.size_px[1] + 1, 2))
        kind, usual = self.composer.pick_kind(generator), self.composer.pick_script(generator)
        turn_rad = draw_scene_turn(generator, TURNED_SHARE)
        is_lying = round(turn_rad / (math.pi / 2)) % 2 == 1
        draft = self.composer.draft(kind, usual, (height, width) if is_lying else (width, height), generator)
        matrix = None
        if kind == "close":
            matrix, (height, width) = frame_closely(draft.planes[0], turn_rad, generator)
        canvas = Canvas(
            self._paint_background((height, width), kind, generator),
            np.zeros((height, width), np.uint8),
            np.zeros((height, width), np.uint8),
        )
        if draft.is_flat:
            _cover_with_paper(canvas.image, draft.planes[0], generator)
            matrix = lay_flat(draft.planes[0], (height, width), turn_rad, generator)
        if matrix is not None:
            paint_plane(canvas, draft.planes[0], matrix, self.backgrounds, generator)
        else:
            self._put(canvas, draft, usual, turn_rad, generator)
        cast_light(canvas.image, generator)
        image = degrade_scene(canvas.image, generator, _measure_smallest(canvas.words))
        return RenderedScene(image, canvas.mask, tuple(mark_faint(image, canvas.words)))

    def _paint_background(self, size_hw: tuple[int, int], kind: str, generator: np.random.Generator) -> np.ndarray:
        if generator.random() < 0.12:
            image = draw_texture(generator, size_hw).astype(np.float32)
        else:
            image = cut_patch(self.backgrounds, size_hw, generator).astype(np.float32)
        if generator.random() < 0.3:
            mean = image.mean(axis=(0, 1))
            tint = generator.normal(0, 25, 3).astype(np.float32)
            image = mean + (image - mean) * np.float32(generator.uniform(0.3, 1.0)) + tint
        most = 8 if kind == "empty" else 3
        if kind != "close" and generator.random() < (0.7 if kind == "empty" else 0.35):
            add_structures(image, generator, 1 + int(generator.random() * most))
        if kind != "close" and generator.random() < 0.3:
            add_clutter(image, generator, 1 + int(generator.random() * 6))
        return np.clip(image, 0, 255)

    def _put(
        self, canvas: Canvas, draft: Draft, usual: Composers, turn_rad: float, generator: np.random.Generator
    ) -> None:
        """Place the planes of a draft, then small ones until enough words stand there."""
        turns = Turns(turn_rad, draft.may_turn_alone)
        busy = measure_busyness(canvas.image)
        for plane in draft.planes:
            self._place(canvas, plane, turns, generator, busy)
        goal = len(canvas.words) + draft.n_more
        for _ in range(N_PLANES):
            left = goal - len(canvas.words)
            if left <= 0:
                return
            self._place(canvas, self.composer.compose_more(usual, left, generator), turns, generator, busy)

    def _place(
        self, canvas: Canvas, plane: Plane, turns: Turns, generator: np.random.Generator, busy: np.ndarray
    ) -> None:
        """Paint a plane where there is room; writing without a board mostly on a calm surface."""
        if not plane.lines:
            return
        is_choosy = plane.panel is None and generator.random() < CALM_SHARE
        matrix = find_place(plane, canvas.taken, turns, generator, busy if is_choosy else None)
        if matrix is not None:
            paint_plane(canvas, plane, matrix, self.backgrounds, generator)


def _cover_with_paper(image: np.ndarray, page: Plane, generator: np.random.Generator) -> None:
    """Paint the paper of a page over the whole picture, uneven at times."""
    image[:] = page.panel
    if generator.random() < 0.4:
        image += draw_noise(generator, (image.shape[0], image.shape[1]), 250)[..., None] * generator.uniform(2, 14)
        np.clip(image, 0, 255, out=image)


def _measure_smallest(words: Sequence[SceneWord]) -> float:
    """Height in pixels that nearly all words reach."""
    if not words:
        return 30.0
    quads = np.stack([word.quad for word in words])
    return max(5.0, float(np.percentile(np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1), 5)))


def mark_faint(image: np.ndarray, words: Sequence[SceneWord]) -> list[SceneWord]:
    """Mark words within which the finished picture hardly changes: light or damage has taken them.

    Args:
        image: (H, W, 3) uint8 RGB.
        words: what was written there.
    """
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    marked = []
    for word in words:
        across, down = (float(np.linalg.norm(word.quad[corner] - word.quad[0])) for corner in (1, 3))
        aspect = across / max(1.0, down)
        width, height = int(np.clip(aspect * FAINT_HEIGHT_PX, 8, 160)), FAINT_HEIGHT_PX
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        view = cv2.getPerspectiveTransform(word.quad, corners)
        patch = cv2.warpPerspective(gray, view, (width, height), borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        spread = float((patch - cv2.GaussianBlur(patch, (0, 0), FAINT_HEIGHT_PX)).std())
        marked.append(replace(word, is_faint=spread < LEAST_SPREAD))
    return marked
