"""Where attention lies and where characters are drawn: against slow references, and at the edges."""

import math

import numpy as np
import pytest

from textrec_app.evaluation.glyph_report import WordFinding, summarise_sets, summarise_words
from textrec_app.evaluation.glyphs import (
    Alignment,
    compute_alignment,
    compute_mask_iou,
    find_centres_x,
    join_alignments,
    measure_characters,
)


def quad_at(left: float, right: float, top: float = 4.0, bottom: float = 28.0) -> list[list[float]]:
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def slow_iou(one: np.ndarray, other: np.ndarray) -> float:
    both = either = 0
    for y in range(one.shape[0]):
        for x in range(one.shape[1]):
            both += bool(one[y, x]) and bool(other[y, x])
            either += bool(one[y, x]) or bool(other[y, x])
    return both / either if either else 1.0


def slow_centre(grid: np.ndarray, width_px: float) -> float:
    total = moment = 0.0
    for row in grid:
        for column, value in enumerate(row):
            first, last = column * width_px / len(row), (column + 1) * width_px / len(row)
            total += value
            moment += value * ((first + last) / 2 - 0.5)
    return moment / total if total else math.nan


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_iou_of_masks_as_counted_one_by_one(share: float) -> None:
    generator = np.random.default_rng(int(share * 10))
    one = (generator.random((8, 13)) < share).astype(np.uint8)
    other = generator.random((8, 13)) < 0.5 * share
    assert compute_mask_iou(one, other) == pytest.approx(slow_iou(one, other))
    assert compute_mask_iou(one, one) == 1.0


def test_iou_of_nothing_in_common_and_of_nothing_at_all() -> None:
    left, right = np.array([[1, 0]]), np.array([[0, 1]])
    assert compute_mask_iou(left, right) == 0.0
    assert compute_mask_iou(left * 0, right * 0) == 1.0
    with pytest.raises(ValueError, match="resize"):
        compute_mask_iou(left, right.T)


def test_centres_of_maps_as_summed_one_by_one() -> None:
    maps = np.random.default_rng(1).random((5, 3, 9)).astype(np.float32)
    expected = [slow_centre(grid, 70.0) for grid in maps]
    assert find_centres_x(maps, 70.0) == pytest.approx(expected, abs=1e-5)
    assert find_centres_x(maps.sum(axis=1), 70.0) == pytest.approx(expected, abs=1e-5)


def test_a_column_lies_in_the_middle_of_its_pixels() -> None:
    assert find_centres_x(np.eye(4)[[0, 3]], 16).tolist() == [1.5, 13.5]
    assert find_centres_x(np.eye(16)[[5]], 16).tolist() == [5.0]


def test_an_empty_map_lies_nowhere() -> None:
    centres = find_centres_x(np.array([[0.0, 0.0], [0.0, 1.0]]), 8)
    assert np.isnan(centres).tolist() == [True, False]
    assert find_centres_x(np.zeros((0, 4, 8)), 32).shape == (0,)
    assert np.isnan(find_centres_x(np.zeros((2, 0)), 32)).all()


def test_distances_are_in_mean_widths() -> None:
    quads = np.array([quad_at(0, 10), quad_at(12, 18), quad_at(20, 34)], np.float32)  # 10, 6 and 14 wide: 10
    alignment = compute_alignment([5.0, 19.0, 32.1], quads)  # centres 5, 15, 27
    assert alignment.errors == pytest.approx([0.0, 0.4, 0.51])
    assert alignment.drift_share == pytest.approx(1 / 3)
    assert alignment.mean_error == pytest.approx(0.91 / 3)
    assert alignment.median_error == pytest.approx(0.4)
    assert alignment.lost == 0


def test_half_a_width_is_no_drift() -> None:
    assert compute_alignment([10.0], np.array([quad_at(0, 10)])).drift_share == 0.0
    assert compute_alignment([10.1], np.array([quad_at(0, 10)])).drift_share == 1.0


def test_a_character_without_attention_drifts_but_has_no_distance() -> None:
    alignment = compute_alignment([5.0, math.nan], np.array([quad_at(0, 10), quad_at(10, 20)]))
    assert alignment.drift_share == 0.5
    assert alignment.lost == 1
    assert alignment.mean_error == 0.0
    lost = compute_alignment([math.nan], np.array([quad_at(0, 10)]))
    assert lost.drift_share == 1.0
    assert math.isnan(lost.mean_error)
    assert math.isnan(lost.median_error)


def test_a_word_without_characters() -> None:
    empty = compute_alignment([], np.zeros((0, 4, 2)))
    assert (empty.drift_share, empty.lost, len(empty.errors)) == (0.0, 0, 0)
    assert math.isnan(empty.mean_error)
    assert len(join_alignments([]).errors) == 0


def test_as_many_places_as_characters() -> None:
    with pytest.raises(ValueError, match="2 places"):
        compute_alignment([1.0, 2.0], np.array([quad_at(0, 10)]))


@pytest.mark.parametrize("angle", [0.0, 0.4, -1.0])
def test_a_turned_character_keeps_its_width_and_centre(angle: float) -> None:
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    middle = np.array([15.0, 16.0])
    quads = (np.array([quad_at(10, 20)]) - middle) @ turn.T + middle
    centres, width = measure_characters(quads)
    assert centres == pytest.approx([15.0])
    assert width == pytest.approx(10.0)


def make_finding(label: str, fast: str, iou: float, errors: list[float], degenerate: bool = False) -> WordFinding:
    ious = {"k-means": 0.0 if degenerate else 0.5, "network": iou}
    return WordFinding(label, {"fast": fast, "fused": label}, ious, degenerate, {"glyph": Alignment(np.array(errors))})


def test_sets_are_summed_up_each_and_together() -> None:
    straight = [make_finding("AB", "ab", 0.8, [0.1, 0.3]), make_finding("CD", "CX", 0.6, [0.6, math.nan], True)]
    curved = [make_finding("E-F", "EF", 0.4, [0.0, 0.0, 0.0])]
    reports = summarise_sets({"straight": straight, "curved": curved})
    assert list(reports) == ["straight", "curved", "all"]
    first = reports["straight"]
    assert first.word_accuracy == {"fast": 0.5, "fused": 1.0}
    assert first.mask_iou == pytest.approx({"k-means": 0.25, "network": 0.7})
    assert first.n_usable == 1
    assert first.mask_iou_usable == {"k-means": 0.5, "network": 0.8}
    assert first.alignment["glyph"].drift_share == 0.5
    assert first.alignment["glyph"].lost == 1
    assert first.alignment_read["glyph"].characters == 2  # of "AB" alone
    assert first.alignment_read["glyph"].drift_share == 0.0
    assert reports["all"].n == 3
    assert reports["all"].alignment["glyph"].characters == 7
    assert reports["all"].alignment["glyph"].drift_share == pytest.approx(2 / 7)
    assert reports["curved"].word_accuracy["fast"] == 1.0


def test_no_words_and_words_without_attention_are_told_too() -> None:
    assert summarise_words([]).to_dict()["n"] == 0
    lost = summarise_words([make_finding("A", "A", 0.1, [math.nan], degenerate=True)])
    told = lost.to_dict()
    assert told["alignment"]["glyph"]["mean_error"] is None
    assert told["alignment"]["glyph"]["drift_share"] == 1.0
    assert told["mask_iou_usable"] == {}
    wrong = summarise_words([make_finding("A", "B", 0.1, [0.0]), make_finding("...", "...", 0.1, [0.0] * 3)])
    assert wrong.alignment_read == {}
    assert wrong.word_accuracy["fast"] == 0.0
