"""The detector's maps on their way to the page."""

import base64
import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from textrec_app.ui.heat_maps import LONG_SIDE_PX, MAX_BYTES, to_heat_url


def decode(url: str) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",", 1)[1]))).convert("RGBA"))


@pytest.mark.parametrize("name", ["words", "characters"])
def test_a_map_is_clear_where_it_says_nothing_and_glows_where_it_says_much(name: str) -> None:
    heat = np.zeros((60, 80), np.float32)
    heat[10:20, 10:30] = 1.0
    heat[40:50, 10:30] = 0.4
    rgba = decode(to_heat_url(heat, name)).astype(int)
    assert rgba.shape == (60, 80, 4)
    assert rgba[30, 60, 3] == 0
    assert rgba[15, 20, 3] > rgba[45, 20, 3] > 60
    assert abs(rgba[15, 20, :3] - rgba[45, 20, :3]).sum() > 60  # hue tells strong from weak too


def test_the_two_maps_can_be_told_apart() -> None:
    heat = np.ones((4, 4), np.float32)
    words, characters = (decode(to_heat_url(heat, name))[0, 0, :3].astype(int) for name in ("words", "characters"))
    assert abs(words - characters).max() > 100


def test_no_map_is_heavy_however_large_and_noisy() -> None:
    noise = np.random.default_rng(3).random((1500, 2000), dtype=np.float32)
    url = to_heat_url(noise, "words")
    assert len(url) < MAX_BYTES * 4 / 3 + 100
    height, width, _ = decode(url).shape
    assert max(height, width) <= LONG_SIDE_PX
    assert abs(width / height - 4 / 3) < 0.02


def test_values_outside_the_range_do_no_harm() -> None:
    rgba = decode(to_heat_url(np.array([[-1.0, 2.0]], np.float32), "words"))
    assert rgba[0, 0, 3] == 0
    assert rgba[0, 1, 3] > 200
