"""The page that `bench` reads."""

import numpy as np
import pytest

from textrec_app.evaluation.bench_page import PAGE_SIZE_HW, PAGE_WORDS, draw_bench_page


def test_the_same_page_at_every_call() -> None:
    image, texts = draw_bench_page()
    again, same = draw_bench_page()
    assert np.array_equal(image, again)
    assert texts == same
    assert len(texts) == PAGE_WORDS
    assert not np.array_equal(image, draw_bench_page(seed=1)[0])


@pytest.mark.parametrize("words", [1, 40, PAGE_WORDS])
def test_ink_stays_on_the_page_and_fills_it_with_many_words(words: int) -> None:
    image, _ = draw_bench_page(words)
    assert image.shape == (*PAGE_SIZE_HW, 3)
    rows, columns = np.nonzero(image[..., 0] < 120)
    assert rows.min() >= 30
    assert columns.min() >= 30
    assert columns.max() < PAGE_SIZE_HW[1] - 30
    assert rows.max() < PAGE_SIZE_HW[0] - 20
    if words == PAGE_WORDS:
        assert rows.max() > 0.85 * PAGE_SIZE_HW[0]
