import math

import cv2
import numpy as np
import pytest

from textrec_app.domain import DetectedRegion
from textrec_app.pipeline.levelling import find_slant, join_looks, turn_level


def region(centre, size, angle_deg, score=0.9):
    """A word at an angle, counter-clockwise."""
    cosine, sine = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    (x, y), (width, height) = centre, size
    corners = ((-width, -height), (width, -height), (width, height), (-width, height))
    polygon = tuple((x + u / 2 * cosine + v / 2 * sine, y - u / 2 * sine + v / 2 * cosine) for u, v in corners)
    return DetectedRegion(polygon, score, float(angle_deg))


def wrapped(degrees):
    return (degrees + 180) % 360 - 180


@pytest.mark.parametrize("angle_deg", [30, 45, 90, 135, 180, -120, -90, -25])
def test_the_direction_of_most_text_is_found(angle_deg):
    words = [region((100, 50 * k), (80, 20), angle_deg + jitter) for k, jitter in enumerate((-4, 0, 5))]
    assert abs(wrapped(find_slant([*words, region((300, 300), (60, 20), 3)]) - angle_deg)) < 4


def test_level_text_needs_no_other_look():
    assert find_slant([]) == 0
    assert find_slant([region((100, 50 * k), (80, 20), angle) for k, angle in enumerate((-12, 0, 17))]) == 0
    level, upright = region((100, 100), (200, 20), 0), region((300, 100), (60, 20), 90)
    assert find_slant([level, upright]) == 0


def test_no_direction_leads_where_every_word_has_its_own():
    assert find_slant([region((100, 50 * k), (80, 20), 60 * k + 30) for k in range(6)]) == 0


@pytest.mark.parametrize("angle_deg", [37, 90, 180, -60])
@pytest.mark.parametrize("size_hw", [(400, 600), (3000, 4000)])
def test_the_turned_picture_shows_the_text_level_and_words_find_their_way_back(angle_deg, size_hw):
    height, width = size_hw
    word = region((width * 0.6, height * 0.45), (width * 0.2, height * 0.05), angle_deg)
    image = np.zeros((height, width, 3), np.uint8)
    cv2.fillPoly(image, [np.round(np.array(word.polygon)).astype(np.int32)], (255, 255, 255))
    view = turn_level(image, [word], angle_deg)
    rows, columns = np.nonzero(view.image[:, :, 0] > 127)
    low, high = (columns.min(), rows.min()), (columns.max() + 1, rows.max() + 1)
    shrink = min(1, 2560 / max(size_hw))
    assert high[0] - low[0] == pytest.approx(width * 0.2 * shrink, abs=4)
    assert high[1] - low[1] == pytest.approx(height * 0.05 * shrink, abs=4)
    assert view.image.size < image.size
    seen = DetectedRegion(((low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1])), 0.95, 0.0)
    (back,) = join_looks([], [seen], view)
    assert np.abs(np.array(back.polygon) - np.array(word.polygon)).max() < 4 / shrink
    assert abs(wrapped(back.angle_deg - angle_deg)) < 2


def test_where_looks_meet_the_level_one_counts_and_no_word_is_lost():
    image = np.zeros((400, 600, 3), np.uint8)
    slanted = region((300, 200), (200, 30), 90, score=0.95)
    level, elsewhere = region((80, 60), (100, 24), 0, score=0.7), region((500, 330), (90, 24), 2, score=0.6)
    view = turn_level(image, [slanted, level, elsewhere], 90)
    again = join_looks([], [region((200, 300), (210, 32), 0, score=0.8)], view)[0]
    centre = np.array(again.polygon).mean(axis=0)
    moved = region(tuple(centre), (200, 30), 90, score=0.95)
    joined = join_looks([moved, level, elsewhere], [region((200, 300), (210, 32), 0, score=0.8)], view, 0.5)
    assert sorted(one.score for one in joined) == [0.6, 0.7, 0.8]
    doubtful = join_looks([moved], [region((200, 300), (210, 32), 0, score=0.4)], view, 0.5)
    assert [one.score for one in doubtful] == [0.95]  # a doubtful word never displaces a sure one
