"""Batches from processes are those of the thread; a stop ends the waiting."""

import pickle
import time
from pathlib import Path

import numpy as np
import pytest

from tests.support.pictures import draw_word
from textrec_app.data.crop_pool import open_pool, write_pool_shard
from textrec_app.data.word_batches import WeightedPool, WordBatch, WordSampler
from textrec_app.training.batch_workers import BatchWorkers, choose_workers, prefetched

WORDS = ("Exit", "SALE", "42", "street", "Coffee & Tea")


@pytest.fixture
def sampler(tmp_path: Path) -> WordSampler:
    write_pool_shard(tmp_path, "words", ((draw_word(word, seed=n), word) for n, word in enumerate(WORDS)))
    return WordSampler([WeightedPool(open_pool(tmp_path), 1.0)], batch_size=6, seed=5)


class SlowSource:
    """Takes longer than anybody waits."""

    def batch(self, step: int, process: int, processes: int) -> None:
        """Sleep."""
        time.sleep(1.5)


@pytest.mark.slow
def test_two_processes_make_the_same_batches_as_a_thread(sampler: WordSampler) -> None:
    def first(workers: BatchWorkers | None) -> list[WordBatch]:
        batches = prefetched(sampler, workers, 7, (0, 1))
        found = [next(batches) for _ in range(5)]
        batches.close()
        return found

    for one, other in zip(first(None), first(BatchWorkers(sampler, 2)), strict=True):
        np.testing.assert_array_equal(one.images, other.images)
        np.testing.assert_array_equal(one.weights, other.weights)
        assert one.texts == other.texts


def test_a_stop_ends_the_waiting_for_a_batch() -> None:
    began = time.monotonic()
    assert list(prefetched(SlowSource(), None, 0, should_stop=lambda: "cancelled")) == []
    assert time.monotonic() - began < 2.0 + 1.5  # what is being made is finished


def test_a_pool_on_disk_travels_by_its_path(tmp_path: Path) -> None:
    write_pool_shard(tmp_path, "words", [(np.full((64, 2000, 3), 7, np.uint8), "long")])
    data = pickle.dumps(open_pool(tmp_path))
    assert len(data) < 2000
    again = pickle.loads(data)
    assert again.texts == ["long"]
    assert (again.crop(0) == 7).all()


def test_the_number_of_processes_can_be_said_and_is_chosen_by_the_device() -> None:
    assert choose_workers(3, has_gpu=False) == 3
    assert choose_workers(0, has_gpu=True) == 0
    assert choose_workers(None, has_gpu=True) >= 1
    assert choose_workers(None, has_gpu=False) <= 2
