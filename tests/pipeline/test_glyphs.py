"""k-means glyph masks: polarity, degenerate crops, agreement with drawn ink."""

import cv2
import numpy as np
import pytest

from textrec_app.pipeline.glyphs import glyph_mask_kmeans


def _word(ink: int, paper: int) -> tuple[np.ndarray, np.ndarray]:
    mask = np.zeros((48, 160), np.uint8)
    cv2.putText(mask, "Text", (12, 36), cv2.FONT_HERSHEY_SIMPLEX, 1.3, 1, 4)
    image = np.where(mask[..., None] > 0, ink, paper).astype(np.uint8).repeat(3, axis=2)
    return image, mask


@pytest.mark.parametrize(("ink", "paper"), [(20, 230), (240, 30), (120, 160)])
def test_the_mask_is_the_ink_whatever_the_polarity(ink: int, paper: int) -> None:
    image, mask = _word(ink, paper)
    found = glyph_mask_kmeans(image)
    assert found is not None
    assert np.array_equal(found, mask)


def test_a_shared_border_is_settled_by_area() -> None:
    image = np.full((40, 100, 3), 200, np.uint8)
    image[:20] = 30  # half of the ring each
    image[5:15, 10:90] = 200
    found = glyph_mask_kmeans(image)
    assert found is not None
    assert found.mean() < 0.5


@pytest.mark.parametrize("share", [0.01, 0.95])
def test_degenerate_masks_are_dropped(share: float) -> None:
    image = np.full((100, 100, 3), 10, np.uint8)
    side = int(100 * share**0.5)
    offset = (100 - side) // 2
    image[offset : offset + side, offset : offset + side] = 250
    assert glyph_mask_kmeans(image) is None


def test_constant_and_tiny_crops_do_not_crash() -> None:
    assert glyph_mask_kmeans(np.full((20, 20, 3), 7, np.uint8)) is None
    glyph_mask_kmeans(np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8))


def test_masks_repeat() -> None:
    crop = np.random.default_rng(1).integers(0, 256, (32, 90, 3), dtype=np.uint8)
    first, second = glyph_mask_kmeans(crop), glyph_mask_kmeans(crop)
    assert first is not None
    assert second is not None
    assert np.array_equal(first, second)
