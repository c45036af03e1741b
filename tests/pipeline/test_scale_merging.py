from textrec_app.domain import DetectedRegion
from textrec_app.pipeline.scale_merging import merge_scales


def region(x0, y0, x1, y1, score=0.8):
    return DetectedRegion(((x0, y0), (x1, y0), (x1, y1), (x0, y1)), score)


SMALL = region(0, 0, 60, 20)


def test_small_text_is_the_near_looks_business():
    assert merge_scales([SMALL], [region(0, 0, 200, 30)], large_px=100) == [SMALL]


def test_large_words_that_only_the_far_look_saw_are_added():
    large = region(0, 100, 400, 220)
    assert merge_scales([SMALL], [large], large_px=100) == [SMALL, large]


def test_fragments_of_a_large_word_give_way_to_it():
    fragments = [region(0, 105, 90, 215), region(150, 105, 260, 200)]
    large = region(0, 100, 400, 220)
    assert merge_scales([*fragments, SMALL], [large], large_px=100) == [SMALL, large]


def test_a_word_of_middling_height_that_was_found_near_stays():
    near = region(0, 0, 200, 70)
    assert merge_scales([near], [region(0, 0, 220, 80)], large_px=100) == [near]


def test_a_complete_near_word_is_not_cut_down():
    near = region(0, 0, 500, 120)
    assert merge_scales([near], [region(0, 0, 300, 118)], large_px=100) == [near]


def test_none_and_degenerate():
    assert merge_scales([], [], 100) == []
    flat = region(5, 5, 5, 5)
    assert merge_scales([flat], [flat], 100) == [flat]
