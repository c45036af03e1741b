"""Buckets, augmentation, pools and batches."""

from pathlib import Path

import numpy as np
import pytest

from textrec_app.data.augment import augment_crop
from textrec_app.data.buckets import BUCKET_WIDTHS_PX, bucket_width, resize_to_bucket
from textrec_app.data.crop_pool import open_pool, pool_in_memory, write_pool_shard
from textrec_app.data.word_batches import WeightedPool, WordSampler
from textrec_app.errors import InputError


def _noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("size_hw", "width"), [((32, 10), 64), ((32, 64), 64), ((32, 65), 96), ((96, 300), 128), ((10, 9000), 1024)]
)
def test_a_crop_goes_to_the_narrowest_bucket_that_does_not_squeeze_it(size_hw: tuple[int, int], width: int) -> None:
    assert bucket_width(size_hw) == width
    assert resize_to_bucket(_noise(*size_hw)).shape == (32, width, 3)


def test_augmentation_is_seeded_and_sampled_anew() -> None:
    crop = _noise(40, 120)
    first, again = (augment_crop(crop, 96, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first, again)
    generator = np.random.default_rng(5)
    views = [augment_crop(crop, 96, generator) for _ in range(20)]
    assert len({view.tobytes() for view in views}) == 20
    assert all(view.shape == (32, 96, 3) and view.dtype == np.uint8 for view in views)


def test_strength_zero_keeps_the_content() -> None:
    crop = np.tile(np.linspace(0, 255, 96, dtype=np.uint8)[None, :, None], (32, 1, 3))
    plain = augment_crop(crop, 96, np.random.default_rng(0), strength=0.0)
    assert np.abs(plain.astype(int) - crop.astype(int)).max() <= 4


@pytest.mark.parametrize("size_hw", [(1, 1), (3, 400), (200, 5)])
def test_degenerate_crops_survive(size_hw: tuple[int, int]) -> None:
    for seed in range(30):
        assert augment_crop(_noise(*size_hw), 64, np.random.default_rng(seed)).shape == (32, 64, 3)


def test_a_pool_on_disk_gives_back_its_crops(tmp_path: Path) -> None:
    crops = [(_noise(20, 50, 1), "a\tb"), (_noise(64, 30, 2), "é\n"), (_noise(90, 180, 3), "")]
    assert write_pool_shard(tmp_path, "s-0", crops) == 3
    write_pool_shard(tmp_path, "s-1", crops[:1])
    pool = open_pool(tmp_path)
    assert pool.texts == ["a\tb", "é\n", "", "a\tb"]
    assert np.array_equal(pool.crop(1), crops[1][0])
    assert np.array_equal(pool.crop(3), crops[0][0])
    assert pool.crop(2).shape == (64, 128, 3)


def test_batches_depend_on_seed_step_and_process_alone() -> None:
    pool = pool_in_memory((_noise(32, 40 + 8 * index, index), str(index)) for index in range(20))
    samplers = [WordSampler([WeightedPool(pool, 1.0)], 8, seed=3) for _ in range(2)]
    first, again = (sampler.batch(7, 1, 2) for sampler in samplers)
    assert first.texts == again.texts
    assert np.array_equal(first.images, again.images)
    assert samplers[0].batch(8).texts != first.texts
    assert first.images.shape[2] in BUCKET_WIDTHS_PX


def test_shares_and_loss_weights_are_kept() -> None:
    first = pool_in_memory([(_noise(32, 64), "first")])
    second = pool_in_memory([(_noise(32, 64), "second")])
    sampler = WordSampler([WeightedPool(first, 3.0), WeightedPool(second, 1.0, loss_weight=0.5)], 64, seed=0)
    batches = [sampler.batch(step) for step in range(20)]
    texts = [text for batch in batches for text in batch.texts]
    assert texts.count("first") / len(texts) == pytest.approx(0.75, abs=0.05)
    weights = {text: weight for batch in batches for text, weight in zip(batch.texts, batch.weights, strict=True)}
    assert weights == {"first": 1.0, "second": 0.5}


def test_empty_pools_are_a_sentence() -> None:
    with pytest.raises(InputError, match="nothing to train on"):
        WordSampler([WeightedPool(pool_in_memory([]), 1.0)], 8, seed=0)


def test_short_words_first_leaves_wide_ones_out() -> None:
    pool = pool_in_memory([(_noise(32, 60), "short"), (_noise(32, 300), "long")])
    sampler = WordSampler([WeightedPool(pool, 1.0)], 16, seed=0, max_width_px=96)
    assert {text for step in range(10) for text in sampler.batch(step).texts} == {"short"}
    with pytest.raises(InputError, match="32 px"):
        WordSampler([WeightedPool(pool, 1.0)], 16, seed=0, max_width_px=32)
