"""k-means glyph masks: the best clustering there is, polarity, degenerate crops, and one rule on every device."""

import cv2
import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans

from textrec_app.data.glyph_masks import (
    CONSTANT,
    KEPT,
    TOO_LITTLE,
    TOO_MUCH,
    find_thresholds,
    glyph_mask_kmeans,
    split_glyph_batch,
    split_glyphs,
)


def _word(ink: int, paper: int) -> tuple[np.ndarray, np.ndarray]:
    mask = np.zeros((48, 160), np.uint8)
    cv2.putText(mask, "Text", (12, 36), cv2.FONT_HERSHEY_SIMPLEX, 1.3, 1, 4)
    image = np.where(mask[..., None] > 0, ink, paper).astype(np.uint8).repeat(3, axis=2)
    return image, mask


def _square(share: float) -> np.ndarray:
    image = np.full((100, 100, 3), 10, np.uint8)
    side = int(100 * share**0.5)
    offset = (100 - side) // 2
    image[offset : offset + side, offset : offset + side] = 250
    return image


def _photograph(seed: int) -> np.ndarray:
    """A word under uneven light, blurred and noisy."""
    generator = np.random.default_rng(seed)
    image, _ = _word(int(generator.integers(0, 110)), int(generator.integers(130, 256)))
    left, right = generator.uniform(0.6, 1.1, 2)
    light = np.linspace(left, right, image.shape[1])[None, :, None]
    blurred = cv2.GaussianBlur(image, (0, 0), 1.5) * light + generator.normal(0, 9, image.shape)
    return np.clip(blurred, 0, 255).astype(np.uint8)


def _squares_within(grey: np.ndarray, mask: np.ndarray) -> float:
    clusters = [grey[mask == side].astype(np.float64) for side in (0, 1)]
    return sum(float(((cluster - cluster.mean()) ** 2).sum()) for cluster in clusters if len(cluster))


@pytest.mark.parametrize(("ink", "paper"), [(20, 230), (240, 30), (120, 160)])
def test_the_mask_is_the_ink_whatever_the_polarity(ink: int, paper: int) -> None:
    image, mask = _word(ink, paper)
    found = glyph_mask_kmeans(image)
    assert found is not None
    assert found.dtype == np.uint8
    assert np.array_equal(found, mask)


@pytest.mark.parametrize("seed", range(5))
def test_no_k_means_finds_better_clusters(seed: int) -> None:
    crop = cv2.resize(_photograph(seed), (80, 24), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    found = glyph_mask_kmeans(crop)
    assert found is not None
    best = KMeans(2, n_init=5, random_state=seed).fit(grey.reshape(-1, 1).astype(np.float64))
    assert _squares_within(grey, found) <= best.inertia_ * (1 + 1e-9)
    assert best.inertia_ <= _squares_within(grey, found) * 1.01, "and it ends close to what is found at once"


@pytest.mark.parametrize("seed", range(4))
def test_the_threshold_is_the_best_of_all(seed: int) -> None:
    generator = np.random.default_rng(seed)
    levels = generator.choice([3, 40, 41, 90, 200, 201], size=(5, 37)).astype(np.int64)
    chosen = find_thresholds(torch.from_numpy(levels)).numpy()
    for row, threshold in zip(levels, chosen, strict=True):
        every = [_squares_within(row, row > level) for level in range(256)]
        assert _squares_within(row, row > threshold) == pytest.approx(min(every), rel=1e-9)


def test_grey_ties_are_settled_alike_each_time() -> None:
    levels = torch.tensor([[0, 100, 200] * 4])
    assert find_thresholds(levels).item() == find_thresholds(levels.flip(1)).item() == 0
    image = np.zeros((12, 12, 3), np.uint8)
    image[:, 4:8], image[:, 8:] = 100, 200
    first, again = glyph_mask_kmeans(image), glyph_mask_kmeans(image.copy())
    assert first is not None
    assert again is not None
    assert np.array_equal(first, again)


def test_a_shared_border_is_settled_by_area() -> None:
    image = np.full((40, 100, 3), 200, np.uint8)
    image[:20] = 30  # half of the ring each
    image[5:15, 10:90] = 200
    found = glyph_mask_kmeans(image)
    assert found is not None
    assert found.mean() < 0.5


@pytest.mark.parametrize(("share", "reason"), [(0.01, TOO_LITTLE), (0.95, TOO_MUCH), (0.5, KEPT)])
def test_degenerate_masks_are_dropped_for_a_reason(share: float, reason: int) -> None:
    mask, outcome = split_glyphs(_square(share))
    assert outcome == reason
    assert (mask is not None) == (reason == KEPT)


def test_constant_and_tiny_crops_do_not_crash() -> None:
    assert split_glyphs(np.full((20, 20, 3), 7, np.uint8)) == (None, CONSTANT)
    assert split_glyphs(np.full((1, 1, 3), 7, np.uint8)) == (None, CONSTANT)
    for size_hw in [(1, 2), (2, 1), (2, 2), (1, 9), (3, 3)]:
        crop = np.random.default_rng(0).integers(0, 256, (*size_hw, 3), dtype=np.uint8)
        mask = glyph_mask_kmeans(crop)
        assert mask is None or mask.shape == size_hw


def test_a_batch_is_split_as_its_crops_are() -> None:
    crops = [_photograph(seed) for seed in range(12)]
    crops += [255 - crop for crop in crops]
    crops += [np.full_like(crops[0], 90), cv2.resize(_square(0.01), (160, 48), interpolation=cv2.INTER_NEAREST)]
    batch = split_glyph_batch(torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2))
    assert batch.shape == (len(crops), 1, 48, 160)
    assert batch.dtype == torch.uint8
    for crop, found in zip(crops, batch[:, 0].numpy(), strict=True):
        expected = glyph_mask_kmeans(crop)
        assert np.array_equal(found, np.full((48, 160), 255, np.uint8) if expected is None else expected)


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 7), (2, 2), (3, 3), (5, 2)])
def test_small_and_empty_batches_are_split(size_hw: tuple[int, int]) -> None:
    crops = np.random.default_rng(1).integers(0, 256, (6, *size_hw, 3), dtype=np.uint8)
    batch = split_glyph_batch(torch.from_numpy(crops).permute(0, 3, 1, 2))
    for crop, found in zip(crops, batch[:, 0].numpy(), strict=True):
        expected = glyph_mask_kmeans(crop)
        assert np.array_equal(found, np.full(size_hw, 255, np.uint8) if expected is None else expected)
    assert split_glyph_batch(torch.zeros(0, 3, 32, 64, dtype=torch.uint8)).shape == (0, 1, 32, 64)
