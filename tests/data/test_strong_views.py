"""Views of crops without labels: both keep every letter in its place, and the strong one differs each time."""

import numpy as np
import pytest

from tests.support.pictures import draw_word
from textrec_app.data.strong_views import (
    COLOURS,
    SHARPNESS,
    TEXTURES,
    fit_view,
    light_colour,
    strong_view,
    weak_view,
)


@pytest.fixture
def image() -> np.ndarray:
    return fit_view(draw_word("Hotel"), 128)


def column_contrast(view: np.ndarray) -> np.ndarray:
    """How much each column varies from top to bottom, blurred a little over the width."""
    contrast = view.astype(np.float32).mean(axis=2).std(axis=0)
    return np.convolve(contrast, np.ones(7) / 7, mode="same")


@pytest.mark.parametrize("make", [weak_view, strong_view])
def test_views_are_pictures_of_the_same_size_and_leave_the_picture_alone(image: np.ndarray, make) -> None:
    before = image.copy()
    for seed in range(40):
        view = make(image, np.random.default_rng(seed))
        assert view.shape == image.shape == (32, 128, 3)
        assert view.dtype == np.uint8
    assert np.array_equal(image, before)


def test_the_same_draw_gives_the_same_view(image: np.ndarray) -> None:
    views = [strong_view(image, np.random.default_rng(seed)) for seed in (3, 3, 4)]
    assert np.array_equal(views[0], views[1])
    assert not np.array_equal(views[0], views[2])


def test_every_change_of_the_list_runs_and_most_change_something(image: np.ndarray) -> None:
    for paint in (*COLOURS, *SHARPNESS, *TEXTURES):
        views = [paint(image, np.random.default_rng(seed)) for seed in range(12)]
        assert all(view.shape == image.shape and view.dtype == np.uint8 for view in views)
        assert any(not np.array_equal(view, image) for view in views), paint.__name__


def test_letters_stay_where_they_are(image: np.ndarray) -> None:
    own = column_contrast(image)
    for make, least in ((weak_view, 0.95), (strong_view, 0.6)):
        views = [make(image, np.random.default_rng(seed)) for seed in range(30)]
        alike = [np.corrcoef(own, column_contrast(view))[0, 1] for view in views]
        assert np.mean(alike) > least


def test_a_weak_view_is_close_to_the_picture(image: np.ndarray) -> None:
    differences = [
        np.abs(weak_view(image, np.random.default_rng(seed)).astype(int) - image).mean() for seed in range(30)
    ]
    assert max(differences) < 40


def test_light_is_red_when_cold_and_white_at_daylight() -> None:
    red, green, blue = light_colour(1100)
    assert red == 1.0
    assert red > green > blue
    assert light_colour(6600).min() > 0.95
    assert light_colour(10_000)[2] == 1.0
