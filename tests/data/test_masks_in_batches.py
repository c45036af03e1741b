"""Masks move with their pictures, and change nothing about them."""

import pickle
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from textrec_app.data.augment import place_camera
from textrec_app.data.crop_pool import CropPool, pool_in_memory
from textrec_app.data.placement import Placement
from textrec_app.data.random_augment import draw_randaugment
from textrec_app.data.word_batches import WeightedPool, WordSampler, mask_pools
from textrec_app.data.word_views import AUGMENTATIONS, SourceWord, ViewSettings, augment_with_mask, join_words


def _ink(height: int = 60, width: int = 190) -> np.ndarray:
    """(H, W) uint8 of 0 and 255, thick letters that stay legible in 32 px."""
    ink = np.zeros((height, width), np.uint8)
    cv2.putText(ink, "HOLT", (10, int(0.8 * height)), cv2.FONT_HERSHEY_SIMPLEX, height / 30, 255, height // 8)
    return ink


def _painted(ink: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(ink, cv2.COLOR_GRAY2RGB)


def _iou(first: np.ndarray, second: np.ndarray) -> float:
    return float((first & second).sum() / max(1, (first | second).sum()))


def _pool(words: int = 12) -> CropPool:
    crops = [_painted(_ink(40, 60 + 12 * index)) // 2 + 40 for index in range(words)]
    return pool_in_memory([(crop, chr(65 + index)) for index, crop in enumerate(crops)])


def _placements(size_hw: tuple[int, int]) -> Iterator[Placement]:
    for seed in range(60):
        yield place_camera(size_hw, 128, np.random.default_rng(seed))
        yield draw_randaugment(size_hw, 128, np.random.default_rng(seed), 2.0)[0]


@pytest.mark.parametrize("size_hw", [(60, 190), (24, 70), (33, 300)])
def test_picture_and_mask_go_to_the_same_place(size_hw: tuple[int, int]) -> None:
    ink = _ink(*size_hw)
    for placement in _placements(size_hw):
        picture = placement(_painted(ink))
        mask = placement(ink)
        assert picture.shape == (32, 128, 3)
        assert mask.shape == (32, 128)
        assert _iou(picture[..., 0] >= 128, mask >= 128) > 0.97


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_the_mask_lies_where_the_ink_is_seen(name: str) -> None:
    ink = _ink()
    agreement = []
    for seed in range(40):
        word = SourceWord(_painted(ink), "HOLT", ink)
        image, mask = augment_with_mask(name, word, 128, np.random.default_rng(seed), 1.0)
        assert mask is not None
        assert set(np.unique(mask)) == {0, 1}
        level = image.mean(axis=2)
        seen = level > (level.min() + level.max()) / 2
        agreement.append(max(_iou(seen, mask > 0), _iou(~seen, mask > 0)))  # colours may be turned round
    assert np.median(agreement) > 0.8


def test_a_patch_over_the_word_hides_the_picture_and_not_the_mask() -> None:
    ink = np.full((32, 128), 255, np.uint8)
    spoiled = 0
    for seed in range(200):
        word = SourceWord(_painted(ink), "", ink)
        image, mask = augment_with_mask("camera", word, 128, np.random.default_rng(seed), 1.0)
        assert mask is not None
        assert mask.all()
        spoiled += int(np.ptp(image.mean(axis=2)) > 60)
    assert spoiled > 5


@pytest.mark.parametrize("size_hw", [(1, 1), (3, 400), (200, 5), (64, 2000)])
@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_degenerate_sizes_survive(size_hw: tuple[int, int], name: str) -> None:
    crop = np.random.default_rng(0).integers(0, 256, (*size_hw, 3), dtype=np.uint8)
    word = SourceWord(crop, "", crop[..., 0])
    for seed in range(12):
        image, mask = augment_with_mask(name, word, 64, np.random.default_rng(seed), 2.0)
        assert image.shape == (32, 64, 3)
        assert mask is not None
        assert mask.shape == (32, 64)


def test_joined_words_have_joined_masks_or_none() -> None:
    ink = _ink(40, 100)
    word = SourceWord(_painted(ink), "a", ink)
    for seed in range(20):
        joined = join_words(word, word, np.random.default_rng(seed))
        assert joined.mask is not None
        assert joined.mask.shape == joined.crop.shape[:2]
        assert np.abs(joined.mask.astype(int) - joined.crop[..., 0]).max() <= 1
        assert join_words(word, word._replace(mask=None), np.random.default_rng(seed)).mask is None


VIEWS = [ViewSettings("both", 0.5, 0.5), ViewSettings("randaugment"), ViewSettings("none", 0.0, 1.0)]


@pytest.mark.parametrize("views", VIEWS)
def test_batches_are_the_same_with_masks_and_without(views: ViewSettings) -> None:
    plain = WordSampler([WeightedPool(_pool(), 1.0)], 8, seed=1, max_width_px=256, views=views)
    masked = WordSampler(mask_pools([WeightedPool(_pool(), 1.0)]), 8, seed=1, max_width_px=256, views=views)
    for step in range(12):
        first, second = plain.batch(step), masked.batch(step)
        assert first.texts == second.texts
        assert np.array_equal(first.images, second.images)
        assert first.step == second.step == step
        assert first.masks is None
        assert second.masks is not None
        assert second.masks.shape == (len(second.texts), 1, *second.images.shape[1:3])
        assert second.masks.dtype == np.uint8
        assert set(np.unique(second.masks)) == {0, 1}
        assert np.array_equal(second.masks, pickle.loads(pickle.dumps(masked)).batch(step).masks)


def test_crops_without_a_mask_are_marked_all_over() -> None:
    blank = pool_in_memory([(np.full((32, 100, 3), level, np.uint8), "blank") for level in (0, 99)])
    given = mask_pools([WeightedPool(_pool(), 1.0), WeightedPool(blank, 1.0)])
    unmasked = WeightedPool(pool_in_memory([(_painted(_ink(40, 100)), "unmasked")]), 1.0)
    batches = [WordSampler([*given, unmasked], 64, seed=0).batch(step) for step in range(6)]
    texts = set()
    for batch in batches:
        assert batch.masks is not None
        for text, mask in zip(batch.texts, batch.masks, strict=True):
            texts.add(text)
            assert set(np.unique(mask)) == ({255} if text in ("blank", "unmasked") else {0, 1})
    assert {"blank", "unmasked"} < texts


def test_masks_that_are_there_are_kept() -> None:
    given = mask_pools([WeightedPool(_pool(), 1.0)])
    assert mask_pools(given)[0].masks is given[0].masks
    assert given[0].masks is not None
    assert given[0].masks.counts["kept"] == len(given[0].pool)
