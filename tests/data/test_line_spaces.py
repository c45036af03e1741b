import cv2
import numpy as np
import pytest

from textrec_app.data.line_spaces import find_spaces

QUAD = np.array([[20, 40], [380, 40], [380, 70], [20, 70]], np.float32)


def line(text, ink=20, ground=220, noise=0.0):
    image = np.full((110, 400, 3), ground, np.uint8)
    cv2.putText(image, text, (24, 67), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (ink, ink, ink), 3, cv2.LINE_AA)
    grain = np.random.default_rng(0).normal(0, noise, image.shape)
    return np.clip(image + grain, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("ink", "ground", "noise"), [(20, 220, 0), (230, 30, 4), (150, 190, 2)])
def test_a_space_is_found_between_words_whatever_the_colours(ink, ground, noise):
    spaces = find_spaces(line("HANDY   WORDS", ink, ground, noise), QUAD)
    assert len(spaces) >= 1
    widest = spaces[np.argmax(spaces[:, 1] - spaces[:, 0])]
    assert 3.3 < widest.mean() < 5.5


def test_letters_are_not_parted():
    assert len(find_spaces(line("HANDYWORDSWIDE"), QUAD)) == 0


def test_an_upside_down_line_is_measured_from_its_own_start():
    image = line("HI   MUCHLONGERWORD")
    ahead = find_spaces(image, QUAD)
    back = find_spaces(cv2.rotate(image, cv2.ROTATE_180), np.float32([400, 110]) - QUAD)
    assert len(ahead) == len(back) == 1
    assert np.allclose(ahead, back, atol=0.1)


@pytest.mark.parametrize("kind", ["busy", "plain", "degenerate"])
def test_where_nothing_can_be_told_there_are_no_spaces(kind):
    rng = np.random.default_rng(3)
    image = rng.integers(0, 256, (110, 400, 3), dtype=np.uint8) if kind == "busy" else line("")
    quad = QUAD[[0, 0, 3, 3]] if kind == "degenerate" else QUAD
    assert find_spaces(image, quad).shape == (0, 2)
