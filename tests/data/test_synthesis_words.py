import pickle

import numpy as np
import pytest

from tests.support.faces import find_some_fonts, make_word_renderer
from textrec_app.data.synthesis.effects import lay_ink, style_ink
from textrec_app.data.synthesis.glyphs import draw_line
from textrec_app.data.synthesis.texts import TextSource
from textrec_app.data.synthesis.words import RenderedWord, WordRenderer
from textrec_app.errors import InputError


@pytest.fixture(scope="module")
def words() -> list[RenderedWord]:
    generator = np.random.default_rng(8)
    renderer = make_word_renderer()
    return [renderer.render(generator) for _ in range(150)]


def fill_quads(quads: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    rows, columns = np.mgrid[: size_hw[0], : size_hw[1]]
    inside = np.zeros(size_hw, bool)
    for quad in quads:
        own = np.ones(size_hw, bool)
        for (ax, ay), (bx, by) in zip(quad, np.roll(quad, -1, axis=0), strict=True):
            own &= (bx - ax) * (rows - ay) - (by - ay) * (columns - ax) >= -1e-3
        inside |= own
    return inside


def test_a_word_has_picture_text_mask_and_one_quad_per_visible_character(words: list[RenderedWord]) -> None:
    for word in words:
        assert word.image.dtype == np.uint8
        assert word.image.shape == (*word.glyph_mask.shape, 3)
        assert word.image.shape[0] == 40
        assert set(np.unique(word.glyph_mask)) <= {0, 1}
        assert word.glyph_mask.any()
        assert word.character_quads.shape == (len(word.text.replace(" ", "")), 4, 2)


def test_all_ink_of_a_word_lies_in_its_character_quads(words: list[RenderedWord]) -> None:
    for word in words:
        inside = fill_quads(word.character_quads, word.glyph_mask.shape)
        assert not (word.glyph_mask.astype(bool) & ~inside).any(), word.text


def test_quads_run_clockwise_in_reading_order(words: list[RenderedWord]) -> None:
    for word in words:
        x, y = word.character_quads[..., 0], word.character_quads[..., 1]
        area = (x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1) / 2
        assert (area > 0).all(), word.text
        assert x[-1].mean() >= x[0].mean()


def test_no_ink_shows_outside_the_mask() -> None:
    surface = np.full((90, 300, 3), 128, np.float32)
    for seed, face in enumerate(find_some_fonts().faces):
        line = draw_line(face, "Agfjy7", 48)
        height, width = line.ink.shape
        canvas = np.zeros(surface.shape[:2], np.uint8)
        canvas[10 : 10 + min(height, 80), 10 : 10 + min(width, 290)] = line.ink[:80, :290]
        texture = np.full(surface.shape, 90, np.uint8)
        layers = style_ink(canvas, surface[0, 0], np.random.default_rng(seed), texture)
        shown = np.abs(lay_ink(surface, layers, PlainGenerator(1)) - surface).max(axis=2)
        assert shown[layers.compute_mask() == 0].max() <= 8, face.path


class PlainGenerator(np.random.Generator):
    """Draws 0.99 always, so that no shadow, glow or relief is chosen."""

    def __init__(self, seed: int) -> None:
        super().__init__(np.random.PCG64(seed))

    def random(self, *_args: object, **_kwargs: object) -> float:  # type: ignore[override]
        return 0.99


def test_same_seed_same_bytes_also_after_pickling() -> None:
    renderer = make_word_renderer()
    twin = pickle.loads(pickle.dumps(renderer))
    for seed in range(12):
        first = renderer.render(np.random.default_rng(seed))
        second = twin.render(np.random.default_rng(seed))
        assert first.text == second.text
        assert first.image.tobytes() == second.image.tobytes()
        assert first.glyph_mask.tobytes() == second.glyph_mask.tobytes()
        assert first.character_quads.tobytes() == second.character_quads.tobytes()


def test_pictures_differ_in_brightness_polarity_and_shape(words: list[RenderedWord]) -> None:
    darker = []
    for word in words:
        ink = word.glyph_mask.astype(bool)
        if (~ink).any():
            darker.append(word.image[ink].mean() < word.image[~ink].mean())
    assert 0.25 < np.mean(darker) < 0.75
    assert np.std([word.image.mean() for word in words]) > 25
    assert len({word.image.shape for word in words}) > 60


@pytest.mark.parametrize("text", ["-", ".", "I", "W" * 24, "TOTAL  RM 12.50", "_", '"'])
def test_odd_texts_are_drawn(text: str) -> None:
    renderer = make_word_renderer()
    for seed in range(6):
        word = renderer.render_text(text, np.random.default_rng(seed))
        assert word.text == text
        assert word.glyph_mask.any()
        assert word.image.shape[1] <= 22 * 40 + 1


def test_wrong_material_is_refused() -> None:
    with pytest.raises(InputError, match="background"):
        WordRenderer(find_some_fonts(), TextSource(), [])
    with pytest.raises(InputError, match="too low"):
        WordRenderer(find_some_fonts(), TextSource(), [np.zeros((64, 64, 3), np.uint8)], height_px=4)
