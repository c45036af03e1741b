import math

import numpy as np
import pytest

from textrec_app.data.scenes import SceneBox
from textrec_app.errors import InputError
from textrec_app.evaluation.detection import (
    FoundText,
    MatchCounts,
    Matching,
    SceneSample,
    assign_regions,
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


def test_half_is_not_enough():
    found = [FoundText(corners(0, 0, 10, 10))]
    assert match_regions([truth(corners(0, 0, 10, 20))], found).n_matched == 0  # IoU is exactly 0.5
    assert match_regions([truth(corners(0, 0, 10, 19.9))], found).n_matched == 1


def test_one_region_matches_one_box_only():
    box = truth(corners(0, 0, 10, 10))
    one = FoundText(corners(0, 0, 10, 10))
    assert match_regions([box], [one, one]) == MatchCounts(1, 1, 2, n_duplicates=1)
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
    assert match_regions([], []) == MatchCounts(0, 0, 0, is_text_free=True)
    assert match_regions([], [FoundText(corners(0, 0, 5, 5))]) == MatchCounts(0, 0, 1, is_text_free=True)


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


def test_every_box_and_every_region_is_accounted_for():
    boxes = [
        truth(corners(0, 0, 10, 10)),
        truth(corners(20, 0, 30, 10)),
        truth(corners(100, 0, 160, 20), "###", excused=True),
    ]
    inside, wrong, right = corners(105, 2, 120, 12), corners(50, 0, 60, 10), corners(1, 0, 10, 10)
    matching = assign_regions(boxes, [FoundText(inside), FoundText(wrong), FoundText(right)])
    assert matching == Matching(((0, 2),), (1,), (2,), (1,), (0,), ())
    assert matching.count() == MatchCounts(1, 2, 2)


WORD = corners(0, 0, 100, 20)


@pytest.mark.parametrize(
    ("polygons", "duplicates"),
    [
        ([WORD, corners(110, 0, 200, 20)], []),
        ([WORD, corners(0, 0, 40, 20)], [1]),  # whole, and once more in part
        ([corners(0, 0, 40, 20), WORD], [0]),  # whichever comes first: the part is not the match
        ([WORD, WORD, WORD], [1, 2]),
        ([WORD, corners(90, 0, 200, 20)], []),  # a tenth is shared, as slanted neighbours may
        ([WORD, corners(0, 10, 100, 31)], []),  # less than half of either
        ([WORD, corners(0, 8, 100, 30)], [1]),
        ([WORD, corners(0, 0, 400, 20)], [1]),  # a line over a word that is found singly
        ([corners(300, 0, 400, 20), corners(310, 0, 400, 20)], [1]),  # twice where nothing is
        ([WORD, ()], []),
    ],
)
def test_duplicates_cover_again_what_is_covered(polygons, duplicates):
    found = [FoundText(polygon) for polygon in polygons]
    assert list(assign_regions([truth(WORD)], found).duplicates) == duplicates


def test_regions_in_excused_boxes_are_duplicates_but_not_wrong():
    matching = assign_regions([truth(WORD, excused=True)], [FoundText(WORD), FoundText(WORD)])
    assert matching.count() == MatchCounts(0, 0, 0, n_duplicates=1)


def test_parts_of_a_word_that_is_not_found_whole_are_wrong_but_no_duplicates():
    halves = [FoundText(corners(0, 0, 50, 20)), FoundText(corners(50, 0, 100, 20))]
    assert match_regions([truth(WORD)], halves) == MatchCounts(0, 1, 2)


def test_duplicates_are_counted_for_a_hundred_boxes():
    metrics = sum_up([MatchCounts(3, 4, 5, n_duplicates=1), MatchCounts(2, 4, 2, n_duplicates=2)], 0.0)
    assert metrics.duplicates_per_100 == pytest.approx(37.5)
    assert sum_up([MatchCounts(0, 0, 0)], 0.0).duplicates_per_100 == 0


def test_false_words_are_counted_on_pictures_without_boxes_only():
    some = [match_regions([truth(WORD)], [FoundText(corners(0, 50, 9, 60))] * 3)]
    assert sum_up(some, 0.0).false_per_picture is None
    free = [match_regions([], [FoundText(corners(9 * i, 0, 9 * i + 8, 5)) for i in range(n)]) for n in (0, 3, 0)]
    metrics = sum_up(some + free, 0.0)
    assert (metrics.false_per_picture, metrics.n_text_free) == (1.0, 3)
    only_excused = match_regions([truth(WORD, excused=True)], [])
    assert sum_up([only_excused], 0.0).n_text_free == 0


def test_a_page_of_many_words_is_matched_as_by_hand():
    quads = [corners(x, y, x + 40, y + 10) for x in range(0, 1000, 50) for y in range(0, 400, 20)]
    found = [FoundText(tuple((x + 1, y + 1) for x, y in quad)) for quad in reversed(quads)]
    matching = assign_regions([truth(quad) for quad in quads], found)
    assert matching.pairs == tuple((index, len(quads) - 1 - index) for index in range(len(quads)))
    assert (matching.false, matching.duplicates) == ((), ())


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
