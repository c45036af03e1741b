import math

import numpy as np
import pytest

from textrec_app.data.scenes import SceneBox
from textrec_app.errors import InputError
from textrec_app.evaluation.detection import (
    FoundText,
    MatchCounts,
    SceneSample,
    compute_intersection,
    compute_iou,
    evaluate_detection,
    evaluate_spotting,
    match_regions,
    sum_up,
)

IMAGE = np.zeros((10, 10, 3), np.uint8)
NO_CHARACTERS = np.zeros((0, 4, 2), np.float32)


def corners(x0, y0, x1, y1):
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def truth(quad, text="word", excused=False):
    return SceneBox(np.array(quad, np.float32), text, excused, "word", NO_CHARACTERS)


def array(quad):
    return np.array(quad, np.float64)


def test_iou_of_known_pairs():
    unit = array(corners(0, 0, 2, 2))
    assert compute_iou(unit, unit) == pytest.approx(1)
    assert compute_iou(unit, array(corners(1, 0, 3, 2))) == pytest.approx(1 / 3)
    assert compute_iou(unit, array(corners(2, 0, 4, 2))) == 0  # they touch
    assert compute_iou(unit, array(corners(5, 5, 6, 6))) == 0
    diamond = array(((1, 0), (2, 1), (1, 2), (0, 1)))
    assert compute_intersection(unit, diamond) == pytest.approx(2)


def test_iou_does_not_depend_on_order_or_direction():
    first = array(((0, 0), (10, 2), (9, 7), (1, 6)))
    second = array(((3, 1), (12, 3), (11, 9), (2, 5)))
    expected = compute_iou(first, second)
    assert 0 < expected < 1
    assert compute_iou(second, first) == pytest.approx(expected)
    assert compute_iou(first[::-1], second) == pytest.approx(expected)
    assert compute_iou(np.roll(first, 2, axis=0), second[::-1]) == pytest.approx(expected)


def test_intersection_agrees_with_counted_points():
    generator = np.random.default_rng(0)
    points = generator.uniform(0, 10, (200_000, 2))
    for _ in range(5):
        angle = np.sort(generator.uniform(0, 2 * math.pi, (2, 5)), axis=1)
        hulls = [5 + generator.uniform(2, 5) * np.stack([np.cos(a), np.sin(a)], axis=1) for a in angle]
        inside = np.ones(len(points), bool)
        for hull in hulls:
            for start, end in zip(hull, np.roll(hull, -1, axis=0), strict=True):
                side, offset = end - start, points - start
                inside &= side[0] * offset[:, 1] - side[1] * offset[:, 0] >= 0
        assert compute_intersection(*hulls) == pytest.approx(100 * inside.mean(), abs=0.6)


def test_half_is_not_enough():
    found = [FoundText(corners(0, 0, 10, 10))]
    assert match_regions([truth(corners(0, 0, 10, 20))], found).n_matched == 0  # IoU is exactly 0.5
    assert match_regions([truth(corners(0, 0, 10, 19.9))], found).n_matched == 1


def test_one_region_matches_one_box_only():
    box = truth(corners(0, 0, 10, 10))
    one = FoundText(corners(0, 0, 10, 10))
    assert match_regions([box], [one, one]) == MatchCounts(1, 1, 2)
    assert match_regions([box, box], [one]) == MatchCounts(1, 2, 1)


def test_merged_words_match_nothing():
    boxes = [truth(corners(0, 0, 40, 10)), truth(corners(50, 0, 90, 10))]
    assert match_regions(boxes, [FoundText(corners(0, 0, 90, 10))]) == MatchCounts(0, 2, 1)


def test_excused_boxes_neither_help_nor_hurt():
    boxes = [truth(corners(0, 0, 10, 10)), truth(corners(100, 0, 160, 20), "###", excused=True)]
    right = FoundText(corners(0, 0, 10, 10))
    inside = FoundText(corners(105, 2, 120, 12))  # lies in the excused box, whatever the IoU
    beside = FoundText(corners(155, 0, 190, 20))  # mostly outside it
    assert match_regions(boxes, [right, inside]) == MatchCounts(1, 1, 1)
    assert match_regions(boxes, [right, beside]) == MatchCounts(1, 1, 2)
    assert match_regions(boxes, []) == MatchCounts(0, 1, 0)


def test_nothing_to_find_and_nothing_found():
    assert match_regions([], []) == MatchCounts(0, 0, 0)
    assert match_regions([], [FoundText(corners(0, 0, 5, 5))]) == MatchCounts(0, 0, 1)


@pytest.mark.parametrize(
    "polygon",
    [(), ((1, 1),), ((1, 1), (2, 2)), ((0, 0), (5, 5), (9, 9), (3, 3)), corners(3, 3, 3, 3), ((math.nan, 0),) * 4],
)
def test_regions_without_area_count_as_wrong(polygon):
    assert match_regions([truth(corners(0, 0, 10, 10))], [FoundText(polygon)]) == MatchCounts(0, 1, 1)


def test_a_box_without_area_is_missed():
    assert match_regions([truth(corners(4, 4, 4, 4))], [FoundText(corners(0, 0, 8, 8))]) == MatchCounts(0, 1, 1)


def test_corners_out_of_order_are_sorted():
    crossed = ((0, 0), (10, 10), (10, 0), (0, 10))
    assert match_regions([truth(crossed)], [FoundText(corners(0, 0, 10, 10))]).n_matched == 1


def test_polygons_with_many_corners_match():
    circle = tuple((5 + 5 * math.cos(a), 5 + 5 * math.sin(a)) for a in np.linspace(0, 2 * math.pi, 16, endpoint=False))
    assert match_regions([truth(corners(0, 0, 10, 10))], [FoundText(circle)]).n_matched == 1


def test_sums_go_over_all_pictures():
    metrics = sum_up([MatchCounts(1, 1, 1), MatchCounts(1, 3, 1), MatchCounts(0, 0, 2)], spent_s=0.6)
    assert metrics.precision == pytest.approx(0.5)
    assert metrics.recall == pytest.approx(0.5)
    assert metrics.hmean == pytest.approx(0.5)
    assert metrics.n_images == 3
    assert metrics.ms_per_image == pytest.approx(200)


@pytest.mark.parametrize("counts", [[], [MatchCounts(0, 0, 0)], [MatchCounts(0, 4, 0)], [MatchCounts(0, 0, 4)]])
def test_nothing_right_is_zero_not_an_error(counts):
    metrics = sum_up(counts, 0.0)
    assert (metrics.precision, metrics.recall, metrics.hmean) == (0, 0, 0)


def test_evaluation_has_the_keys_of_the_contract():
    sample = SceneSample(IMAGE, (truth(corners(0, 0, 10, 10)),))
    metrics = evaluate_detection(iter([sample]), lambda image: [FoundText(corners(0, 0, 10, 10))])
    assert list(metrics.to_dict()) == ["precision", "recall", "hmean", "n_images", "ms_per_image"]
    assert metrics.hmean == 1


def test_spotting_needs_the_right_text():
    boxes = (truth(corners(0, 0, 10, 10), "Don't"), truth(corners(20, 0, 30, 10), "stop"))
    sample = SceneSample(IMAGE, boxes)

    def read(image):
        return [FoundText(corners(0, 0, 10, 10), "DONT"), FoundText(corners(20, 0, 30, 10), "step")]

    assert evaluate_spotting([sample], read, "alnum36").hmean == pytest.approx(0.5)
    assert evaluate_spotting([sample], read, "exact").hmean == 0
    assert evaluate_detection([sample], read).hmean == 1


def test_spotting_excuses_what_has_no_text_to_compare():
    boxes = (truth(corners(0, 0, 10, 10), "!!!"), truth(corners(20, 0, 30, 10), None), truth(corners(40, 0, 50, 10)))
    sample = SceneSample(IMAGE, boxes)
    found = [FoundText(corners(0, 0, 10, 10), "lll"), FoundText(corners(40, 0, 50, 10), "WORD")]
    metrics = evaluate_spotting([sample], lambda image: found, "alnum36")
    assert (metrics.precision, metrics.recall) == (1, 1)


def test_spotting_takes_the_region_that_reads_right():
    sample = SceneSample(IMAGE, (truth(corners(0, 0, 10, 10), "yes"),))
    found = [FoundText(corners(0, 0, 10, 9), "no"), FoundText(corners(0, 0, 10, 10), "yes")]
    assert evaluate_spotting([sample], lambda image: found, "alnum36").recall == 1


def test_unknown_protocol_is_named():
    with pytest.raises(InputError, match="alnum99"):
        evaluate_spotting([], lambda image: [], "alnum99")
