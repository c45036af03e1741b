"""Batches with and without labels: one width, both views of the same crops, either part may be missing."""

import numpy as np
import pytest

from tests.support.pictures import draw_word
from textrec_app.data.crop_pool import CropPool, pool_in_memory
from textrec_app.data.semi_batches import SemiMixture, SemiSampler
from textrec_app.data.word_batches import WeightedPool
from textrec_app.errors import InputError


def make_pool(*words: str) -> CropPool:
    return pool_in_memory((draw_word(word, seed=index), word) for index, word in enumerate(words))


EMPTY = pool_in_memory([])


def test_both_parts_come_at_one_width_in_the_wished_shares() -> None:
    sampler = SemiSampler([WeightedPool(make_pool("TEN"), 1.0)], make_pool("TEN"), SemiMixture(12, 0.75), 1)
    for step in range(4):
        batch = sampler.batch(step)
        assert batch.labeled is not None
        assert batch.labeled.images.shape[1:] == batch.weak.shape[1:] == batch.strong.shape[1:]
        assert len(batch.weak) == len(batch.strong) == 3 * len(batch.labeled.texts)
        assert batch.again is None


def test_a_step_gives_the_same_batch_again_and_another_step_another() -> None:
    sampler = SemiSampler([], make_pool("TAN", "EAT"), SemiMixture(8), 1)
    again = SemiSampler([], make_pool("TAN", "EAT"), SemiMixture(8), 1)
    assert np.array_equal(sampler.batch(3).strong, again.batch(3).strong)
    assert not np.array_equal(sampler.batch(3).strong, sampler.batch(4).strong)


def test_without_labels_there_are_unlabeled_crops_alone() -> None:
    batch = SemiSampler([], make_pool("TAN", "EAT"), SemiMixture(8, 0.5), 1).batch(0)
    assert batch.labeled is None
    assert len(batch.weak) >= 8


def test_without_crops_there_are_labels_alone() -> None:
    batch = SemiSampler([WeightedPool(make_pool("TEN"), 1.0)], EMPTY, SemiMixture(8, 0.5), 1).batch(0)
    assert batch.labeled is not None
    assert len(batch.weak) == len(batch.strong) == 0


def test_a_width_that_only_one_part_has_gives_that_part() -> None:
    long = make_pool("INTERNATIONAL LIMITED")
    sampler = SemiSampler([WeightedPool(make_pool("TEN"), 1.0)], long, SemiMixture(8, 0.5), 1)
    kinds = {(batch.labeled is not None, len(batch.weak) > 0) for batch in map(sampler.batch, range(20))}
    assert kinds == {(True, False), (False, True)}


def test_second_views_are_of_labeled_and_unlabeled_crops_in_order() -> None:
    mixture = SemiMixture(8, 0.5, with_second_views=True)
    batch = SemiSampler([WeightedPool(make_pool("TEN"), 1.0)], make_pool("TEN"), mixture, 1).batch(0)
    assert batch.labeled is not None
    assert batch.again is not None
    assert len(batch.again) == len(batch.labeled.texts) + len(batch.strong)


def test_nothing_at_all_is_a_sentence() -> None:
    with pytest.raises(InputError, match="nothing to train on"):
        SemiSampler([], EMPTY, SemiMixture(8), 1)
