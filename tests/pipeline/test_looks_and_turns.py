"""Several looks at one crop: stretched, in windows, turned."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from textrec_app.domain import CropReading
from textrec_app.pipeline.looks import (
    LONGEST_LINE_PX,
    OVERLAP_PX,
    STEP_PX,
    WINDOW_PX,
    cut_windows,
    is_long,
    join_looks,
    stretch_to_bucket,
)
from textrec_app.pipeline.turning import list_turns, read_turned, turn_angle, turn_corners, turn_crop

CORNERS = ((0.0, 0.0), (4.0, 0.0), (4.0, 2.0), (0.0, 2.0))


def test_a_stretched_crop_is_one_bucket_wider_and_the_widest_stays() -> None:
    assert stretch_to_bucket(np.zeros((32, 100, 3), np.uint8)).shape == (32, 160, 3)
    assert stretch_to_bucket(np.zeros((10, 900, 3), np.uint8)).shape == (32, 1024, 3)


def test_windows_cover_a_long_line_and_overlap() -> None:
    crop = np.zeros((20, 1400, 3), np.uint8)
    crop[:, ::7] = 255
    assert is_long(crop)
    assert not is_long(np.zeros((32, 1024, 3), np.uint8))
    windows, places = cut_windows(crop)
    length = 2240
    assert {window.shape for window in windows} == {(32, WINDOW_PX, 3)}
    assert places[0] == 0
    assert length - STEP_PX < places[-1] + WINDOW_PX <= length
    assert not any(place % STEP_PX for place in places)
    assert all(left + WINDOW_PX - OVERLAP_PX // 2 >= right for left, right in pairwise(places))


def test_a_sliver_of_a_picture_is_not_cut_into_windows_without_end() -> None:
    windows, places = cut_windows(np.zeros((1, 30_000, 3), np.uint8))
    assert places[-1] + WINDOW_PX == LONGEST_LINE_PX
    assert len(windows) < 30


@pytest.mark.parametrize("starts", [[0, 12], [0, 10], [0, 12, 24]])
def test_joined_windows_are_the_line_that_they_were_cut_from(starts: list[int]) -> None:
    ids = np.random.default_rng(0).integers(1, 5, 64)
    ids[::3] = 0
    line = np.log(np.eye(5, dtype=np.float32)[ids] * 0.9 + 0.02)[: starts[-1] + 20]
    looks = [line[start : start + 20].copy() for start in starts]
    for left in looks[:-1]:
        left[-1] = np.log(0.2)  # what a window sees at its own edge is not trusted
    assert np.array_equal(join_looks(looks, starts), line)


def read_by_mean(crops: Sequence[np.ndarray]) -> list[CropReading]:
    """Surest of crops whose first row is bright."""
    return [CropReading("x", float(crop[0].mean()) / 255.0, -1.0) for crop in crops]


@pytest.mark.parametrize(("size_hw", "turns"), [((60, 20), 1), ((60, 20), 3), ((20, 60), 2)])
def test_an_unsure_crop_is_read_in_the_direction_that_is_surest(size_hw: tuple[int, int], turns: int) -> None:
    upright = np.zeros((*(size_hw if turns == 2 else size_hw[::-1]), 3), np.uint8)
    upright[0] = 240
    shown = turn_crop(upright, -turns)
    best = read_turned(
        read_by_mean,
        [shown],
        lambda index, count: turn_crop(shown, count),
        lambda index, reading: list_turns(shown.shape[:2], reading.confidence),
    )[0]
    assert best.turns == turns
    assert np.array_equal(best.crop, upright)


def test_a_sure_crop_is_not_turned_and_a_little_more_is_not_enough() -> None:
    assert list_turns((60, 20), 0.9) == ()
    assert list_turns((20, 60), 0.7) == ()
    assert list_turns((20, 60), 0.7, angle_deg=80.0) == (2,)
    answers = {0: 0.40, 2: 0.45}
    best = read_turned(
        lambda crops: [CropReading("x", answers[int(crop[0, 0, 0])], -1.0) for crop in crops],
        [np.zeros((2, 6, 3), np.uint8)],
        lambda index, turns: np.full((2, 6, 3), turns, np.uint8),
        lambda index, reading: (2,),
    )[0]
    assert (best.turns, best.reading.confidence) == (0, 0.40)


@pytest.mark.parametrize(("angle_deg", "turns", "expected"), [(0, 1, -90), (10, 2, -170), (-80, 2, 100), (0, 2, 180)])
def test_text_that_begins_at_another_corner_runs_in_another_direction(
    angle_deg: float, turns: int, expected: float
) -> None:
    assert turn_angle(angle_deg, turns) == pytest.approx(expected)
    assert turn_angle(angle_deg, 0) == pytest.approx(angle_deg)


def test_turned_corners_begin_at_the_texts_top_left() -> None:
    assert turn_corners(CORNERS, 1)[0] == (4.0, 0.0)
    assert turn_corners(CORNERS, 0) == CORNERS
