import numpy as np
import pytest

from textrec_app.domain import CropReading, DetectedRegion
from textrec_app.pipeline.page_sense import settle_sense
from textrec_app.pipeline.turning import TurnedReading

UPRIGHT, ON_ITS_HEAD = np.zeros((8, 32, 3), np.uint8), np.full((8, 32, 3), 180, np.uint8)


def region(row, width=100.0, turned=False):
    corners = ((0.0, 40.0 * row), (width, 40.0 * row), (width, 40.0 * row + 20), (0.0, 40.0 * row + 20))
    return DetectedRegion(corners[2:] + corners[:2] if turned else corners, 0.9, 180.0 if turned else 0.0)


def as_read(crop):
    """Upright crops read surely, others not."""
    is_upright = not crop.any()
    return CropReading("right" if is_upright else "wrong", 0.97 if is_upright else 0.6, -0.1)


def settle(regions, is_upside_down, turns=None):
    """Regions of a picture that stands on its head or not, read by themselves at `turns`."""

    def cut(index, turned):
        runs_left = (regions[index].angle_deg == 180.0) != (turned == 2)
        return UPRIGHT if runs_left == is_upside_down else ON_ITS_HEAD

    turns = turns or [0] * len(regions)
    best = [TurnedReading(cut(k, turn), as_read(cut(k, turn)), turn) for k, turn in enumerate(turns)]
    return settle_sense(lambda crops: [as_read(crop) for crop in crops], regions, best, cut)


@pytest.mark.parametrize("n_words", [3, 12])
def test_a_picture_on_its_head_is_read_from_the_other_end(n_words):
    settled = settle([region(row) for row in range(n_words)], is_upside_down=True)
    assert [one.reading.text for one in settled] == ["right"] * n_words
    assert {one.turns for one in settled} == {2}


def test_words_follow_whichever_way_they_were_found():
    regions = [region(0), region(1, turned=True), region(2), region(3, turned=True)]
    settled = settle(regions, is_upside_down=False)
    assert [one.reading.text for one in settled] == ["right"] * 4
    assert [one.turns for one in settled] == [0, 2, 0, 2]


def test_what_reads_well_or_is_too_little_to_tell_stays():
    upright = [region(row) for row in range(4)]
    assert {one.turns for one in settle(upright, is_upside_down=False)} == {0}
    assert [one.turns for one in settle(upright[:2], is_upside_down=True)] == [0, 0]
    letters = [region(row, width=20.0) for row in range(5)]
    assert [one.turns for one in settle(letters, is_upside_down=True)] == [0] * 5
