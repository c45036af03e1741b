from pathlib import Path

import numpy as np
import pytest

from textrec_app.data.detection_damage import damage_picture
from textrec_app.data.detection_samples import ViewRanges, draw_view, list_target_words, quad_height
from textrec_app.data.scenes import Scene, SceneBox

NO_CHARACTERS = np.zeros((0, 4, 2), np.float32)
RANGES = ViewRanges(size_px=96, height_px=(12, 30))


def box(x0, y0, x1, y1):
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)


def scene(*boxes):
    return Scene(Path("a.jpg"), boxes)


def test_known_characters_are_certain_and_guessed_ones_half_so():
    quad = box(0, 0, 40, 10)
    letters = np.stack([box(0, 2, 20, 10), box(20, 0, 40, 10)])
    words = list_target_words(
        scene(
            SceneBox(quad, "ab", False, "word", letters),
            SceneBox(quad, "ab", False, "word", NO_CHARACTERS),
            SceneBox(quad, "a b", False, "word", NO_CHARACTERS),
            SceneBox(quad, "###", True, "word", NO_CHARACTERS),
            SceneBox(quad, None, False, "word", NO_CHARACTERS),
            SceneBox(quad, "a whole line", False, "line", NO_CHARACTERS),
        )
    )
    assert [word.confidence for word in words] == [1.0, 0.5, 0.5, 0.5, 0.0, 0.5, 0.0]
    assert [word.word_confidence for word in words if word.confidence] == [1.0, 1.0, 1.0, 1.0, 0.8]
    assert [len(word.character_quads) for word in words] == [2, 2, 1, 1, 0, 0, 0]
    parts = words[2:4]
    assert parts[0].quad[1, 0] < parts[1].quad[0, 0]  # the space between belongs to neither


@pytest.fixture
def picture():
    """A dark bar where the only word is."""
    image = np.full((200, 300, 3), 230, np.uint8)
    image[90:110, 100:200] = 20
    word = SceneBox(box(100, 90, 200, 110), "words", False, "word", NO_CHARACTERS)
    return image, list_target_words(scene(word))


@pytest.mark.parametrize("seed", range(12))
def test_words_move_with_their_pixels(picture, seed):
    view, words = draw_view(*picture, RANGES, np.random.default_rng(seed))
    assert view.shape == (96, 96, 3)
    for word in words:
        x, y = word.quad.mean(axis=0)
        if 2 < x < 93 and 2 < y < 93 and quad_height(word.quad) > 8:
            assert view[int(y), int(x)].max() < 60


def test_the_same_seed_draws_the_same_view(picture):
    first, _ = draw_view(*picture, RANGES, np.random.default_rng(5))
    second, _ = draw_view(*picture, RANGES, np.random.default_rng(5))
    assert np.array_equal(first, second)


def test_unreadably_small_words_are_left_out(picture):
    tiny = ViewRanges(size_px=96, height_px=(3.0, 4.0), blank_share=0.0)
    _, words = draw_view(*picture, tiny, np.random.default_rng(0))
    assert [word.confidence for word in words] == [0.0]


def test_a_scene_without_words_can_be_viewed():
    view, words = draw_view(np.zeros((50, 40, 3), np.uint8), [], RANGES, np.random.default_rng(0))
    assert view.shape == (96, 96, 3)
    assert words == []


def test_damage_keeps_shape_and_is_seeded(picture):
    image = picture[0]
    changed = 0
    for seed in range(20):
        first = damage_picture(image, np.random.default_rng(seed))
        assert first.shape == image.shape
        assert first.dtype == np.uint8
        assert np.array_equal(first, damage_picture(image, np.random.default_rng(seed)))
        changed += not np.array_equal(first, image)
    assert changed == 20


@pytest.mark.parametrize("height_px", [4.0, 20.0])
def test_boxes_count_from_the_edges_of_pixels_at_every_scale(height_px):
    """A box round a bar holds the bar in the view, to a fraction of a pixel; half a pixel off would show."""
    image = np.zeros((400, 400, 3), np.uint8)
    image[196:204, 192:208] = 255
    word = SceneBox(box(192, 196, 208, 204), "bar", False, "word", NO_CHARACTERS)
    ranges = ViewRanges(
        size_px=96, height_px=(height_px, height_px), perspective=0.0, blank_share=0.0, wide_share=1.0,
    )  # fmt: skip
    errors = []
    for seed in range(20):
        view, words = draw_view(image, list_target_words(scene(word)), ranges, np.random.default_rng(seed))
        shares = view[..., 0].astype(float) / 255
        is_cut = view[0].any() or view[-1].any() or view[:, 0].any() or view[:, -1].any()
        if words and not is_cut:
            rows, columns = np.mgrid[:96, :96] + 0.5
            middle = np.array([(columns * shares).sum(), (rows * shares).sum()]) / shares.sum()
            errors.append(np.abs(middle - words[0].quad.mean(axis=0)).max())
    assert len(errors) > 5
    assert max(errors) < 0.15
