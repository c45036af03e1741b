import numpy as np
import pytest

from textrec_app.data.synthesis.page_layouts import KINDS, draw_layout


@pytest.mark.parametrize("kind", KINDS)
def test_a_layout_is_the_same_for_the_same_seed_and_complete(kind):
    one, other = (draw_layout(kind, np.random.default_rng(3)) for _ in range(2))
    assert one.regions == other.regions
    count = len(one.regions)
    assert count > 0
    assert {len(values) for values in (one.lines, one.blocks, one.ranks, one.sections)} == {count}
    assert np.isfinite([region.polygon for region in one.regions]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_line_lies_in_one_block_and_a_block_in_one_section(kind):
    for seed in range(5):
        layout = draw_layout(kind, np.random.default_rng(seed))
        for inner, outer in ((layout.lines, layout.blocks), (layout.blocks, layout.sections)):
            assert all(len(set(outer[inner == name])) == 1 for name in set(inner.tolist()))


def test_words_of_a_line_follow_each_other_in_reading_direction():
    layout = draw_layout("columns", np.random.default_rng(1))
    for name in set(layout.lines.tolist()):
        own = np.flatnonzero(layout.lines == name)
        own = own[np.argsort(layout.ranks[own])]
        lefts = [layout.regions[index].polygon[0][0] for index in own]
        assert lefts == sorted(lefts)
