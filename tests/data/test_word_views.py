"""Named augmentations, joined words, jittered widths: seeded, anew at each call, always of the bucket's size."""

import cv2
import numpy as np
import pytest

from textrec_app.data.buckets import BUCKET_WIDTHS_PX
from textrec_app.data.crop_pool import CropPool, pool_in_memory
from textrec_app.data.random_augment import randaugment_crop
from textrec_app.data.word_batches import WeightedPool, WordSampler
from textrec_app.data.word_views import (
    AUGMENTATIONS,
    SourceWord,
    ViewSettings,
    augment_word,
    jittered_width,
    join_words,
)
from textrec_app.errors import InputError


def _crop(seed: int = 0, height: int = 40, width: int = 110) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def _pool() -> CropPool:
    return pool_in_memory((_crop(index, 32, 30 + 6 * index), chr(65 + index)) for index in range(16))


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_the_same_seed_gives_the_same_view_and_each_call_another(name: str) -> None:
    first, again = (augment_word(name, _crop(), 96, np.random.default_rng(3), 1.0) for _ in range(2))
    assert np.array_equal(first, again)
    generator = np.random.default_rng(3)
    views = [augment_word(name, _crop(), 96, generator, 1.0) for _ in range(30)]
    assert all(view.shape == (32, 96, 3) and view.dtype == np.uint8 for view in views)
    different = len({view.tobytes() for view in views})
    assert different == 1 if name == "none" else different > 15


@pytest.mark.parametrize("size_hw", [(1, 1), (3, 400), (200, 5), (64, 2000)])
@pytest.mark.parametrize("strength", [1.0, 2.0])
def test_degenerate_crops_survive_every_operation(size_hw: tuple[int, int], strength: float) -> None:
    for seed in range(48):
        view = randaugment_crop(_crop(0, *size_hw), 64, np.random.default_rng(seed), strength)
        assert view.shape == (32, 64, 3)


def test_moves_keep_the_word_in_sight() -> None:
    page = np.full((40, 160, 3), 255, np.uint8)
    cv2.rectangle(page, (60, 12), (100, 28), (0, 0, 0), -1)
    for seed in range(60):
        view = randaugment_crop(page, 128, np.random.default_rng(seed))
        assert view.std() > 2, seed


def test_an_unknown_augmentation_is_a_sentence() -> None:
    with pytest.raises(InputError, match="camera"):
        ViewSettings("blurry")


def test_joined_words_say_what_both_said() -> None:
    generator = np.random.default_rng(0)
    texts = set()
    for _ in range(20):
        joined = join_words(SourceWord(_crop(1, 40, 50), "no"), SourceWord(_crop(2, 20, 30), "on"), generator)
        assert joined.crop.shape[0] == 32
        assert joined.crop.shape[1] >= 40 + 48
        assert joined.mask is None
        texts.add(joined.text)
    assert texts == {"noon", "no on"}


@pytest.mark.parametrize("bucket", BUCKET_WIDTHS_PX)
def test_jitter_stays_within_a_third(bucket: int) -> None:
    generator = np.random.default_rng(bucket)
    widths = {jittered_width(bucket, generator) for _ in range(40)}
    assert widths <= set(BUCKET_WIDTHS_PX)
    assert all(0.7 < width / bucket < 1.4 for width in widths)


@pytest.mark.parametrize("views", [ViewSettings("both", 0.5, 0.5), ViewSettings("randaugment"), ViewSettings("none")])
def test_batches_are_reproducible_and_of_one_known_width(views: ViewSettings) -> None:
    samplers = [WordSampler([WeightedPool(_pool(), 1.0)], 8, seed=1, max_width_px=128, views=views) for _ in range(2)]
    for step in range(12):
        first, again = (sampler.batch(step) for sampler in samplers)
        assert np.array_equal(first.images, again.images)
        assert first.texts == again.texts
        assert first.images.shape[2] in BUCKET_WIDTHS_PX


def test_concatenation_makes_longer_texts_that_fit() -> None:
    sampler = WordSampler(
        [WeightedPool(_pool(), 1.0)], 32, seed=1, max_width_px=128, views=ViewSettings("none", 0.0, 1.0)
    )
    texts = [text for step in range(10) for text in sampler.batch(step).texts]
    assert any(len(text) == 3 and " " in text for text in texts)
    assert max(map(len, texts)) == 3
