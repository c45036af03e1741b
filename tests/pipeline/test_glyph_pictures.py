"""Veils and what they make of a crop."""

import numpy as np

from textrec_app.pipeline.glyph_pictures import (
    CHARACTER_COLOURS,
    colour_of,
    draw_attention,
    draw_characters,
    draw_mask,
    draw_tiles,
    heat_rgba,
    lay_over,
    paint_ink,
    tint_rgba,
)

CROP = np.full((20, 60, 3), (90, 120, 60), np.uint8)
GREY = 104  # of that colour


def half(columns: slice) -> np.ndarray:
    """A map (5, 15) that is 1 in some columns."""
    shares = np.zeros((5, 15), np.float32)
    shares[:, columns] = 1.0
    return shares


def test_neighbouring_characters_have_colours_far_apart() -> None:
    colours = np.array([colour_of(index) for index in range(25)])
    assert (np.abs(np.diff(colours, axis=0)).sum(axis=1) > 150).all()
    assert len(set(CHARACTER_COLOURS)) == len(CHARACTER_COLOURS)


def test_a_veil_covers_what_it_should_and_leaves_grey_elsewhere() -> None:
    covered = lay_over(CROP, tint_rgba(half(slice(0, 5)), (255, 0, 0)))
    assert np.abs(covered[:, 30:].astype(int) - GREY).max() <= 1
    assert covered[10, 5, 0] > 220
    assert covered[10, 5, 2] < 40
    assert np.array_equal(lay_over(CROP, heat_rgba(np.zeros((1, 8), np.float32))), lay_over(CROP))


def test_heat_grows_with_the_weight_and_shows_weak_second_looks() -> None:
    opacity = heat_rgba(np.array([[0.0, 0.1, 0.5, 1.0, 7.0]], np.float32))[0, :, 3].tolist()
    assert opacity[0] == 0
    assert opacity[:4] == sorted(opacity[:4])
    assert opacity[1] > 0.25 * opacity[3]
    assert opacity[3] == opacity[4] < 255


def test_all_glyphs_over_one_crop_have_their_own_colours() -> None:
    maps = np.stack([half(slice(0, 5)), half(slice(10, 15))])
    picture = draw_characters(CROP, maps)
    assert picture.shape == (80, 240, 3)  # at least 64 px high
    for column, index in ((20, 0), (220, 1)):
        assert np.abs(picture[40, column].astype(int) - colour_of(index)).max() < 45
    for tiles in (draw_tiles(CROP, maps), draw_attention(CROP, maps)):
        assert tiles.shape == (80, 480, 3)


def test_ink_is_dark_on_the_page_and_white_in_files() -> None:
    mask = np.zeros((4, 8), np.uint8)
    mask[:, :4] = 1
    painted = paint_ink(mask, (20, 40)).astype(int).sum(axis=2)
    assert painted[:, :20].max() < painted[:, 20:].min()
    assert draw_mask(mask).max() == 255
    soft = paint_ink(np.full((4, 8), 0.5, np.float32), (4, 8)).astype(int).sum(axis=2)
    assert painted.min() < soft.min() <= soft.max() < painted.max()
