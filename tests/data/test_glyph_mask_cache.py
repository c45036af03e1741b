"""Masks of a whole pool: made once, found again by content, whole or made anew, countable, and fit to travel."""

import logging
import pickle
from pathlib import Path

import numpy as np
import pytest

from tests.support.pictures import draw_word
from textrec_app.data.crop_pool import CropPool, open_pool, pool_in_memory, write_pool_shard
from textrec_app.data.glyph_mask_cache import GlyphMasks, hash_pool, make_glyph_masks
from textrec_app.data.glyph_masks import glyph_mask_kmeans

WORDS = ("one", "eleven", "t", "seventeen")


def _crops() -> list[tuple[np.ndarray, str]]:
    degenerate = [np.full((20, 31, 3), 90, np.uint8), np.full((1, 1, 3), 9, np.uint8)]
    dot = np.full((40, 90, 3), 250, np.uint8)
    dot[18:22, 40:44] = 5
    return [(draw_word(word), word) for word in WORDS] + [(crop, "") for crop in (*degenerate, dot)]


@pytest.fixture
def pool(tmp_path: Path) -> CropPool:
    write_pool_shard(tmp_path / "pool", "a", _crops()[:3])
    write_pool_shard(tmp_path / "pool", "b", _crops()[3:])
    return open_pool(tmp_path / "pool")


def _check(masks: GlyphMasks, pool: CropPool) -> None:
    assert len(masks) == len(pool)
    for index in range(len(pool)):
        expected, found = glyph_mask_kmeans(pool.crop(index)), masks.mask(index)
        if expected is None:
            assert found is None
        else:
            assert found is not None
            assert np.array_equal(found, expected)


def test_a_pool_has_the_masks_of_its_crops_in_memory_and_on_disk(pool: CropPool, tmp_path: Path) -> None:
    for folder in (None, tmp_path / "masks"):
        masks = make_glyph_masks(pool, folder)
        _check(masks, pool)
        assert masks.counts == {"kept": 4, "constant": 2, "too little ink": 1, "too much ink": 0}
        _check(pickle.loads(pickle.dumps(masks)), pool)


def test_masks_on_disk_travel_as_their_path(tmp_path: Path) -> None:
    crops = [(draw_word("travelling", seed=seed), "travelling") for seed in range(40)]
    pool = pool_in_memory(crops)
    on_disk, in_memory = make_glyph_masks(pool, tmp_path), make_glyph_masks(pool)
    assert len(pickle.dumps(on_disk)) < 0.2 * len(pickle.dumps(in_memory))


def test_masks_are_made_once(pool: CropPool, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        make_glyph_masks(pool, tmp_path / "masks")
    assert "crops/s" in caplog.text
    caplog.clear()
    (path,) = (tmp_path / "masks").iterdir()
    before = path.stat().st_mtime_ns, path.read_bytes()
    with caplog.at_level(logging.INFO):
        again = make_glyph_masks(pool, tmp_path / "masks")
    assert "crops/s" not in caplog.text
    assert "'kept': 4" in caplog.text
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before
    _check(again, pool)


def test_the_same_pictures_are_the_same_wherever_they_lie_and_whatever_they_say(pool: CropPool) -> None:
    corrected = pool_in_memory((crop, text + "!") for crop, text in _crops())
    assert hash_pool(corrected) == hash_pool(pool)
    assert hash_pool(pool_in_memory(_crops()[1:])) != hash_pool(pool)
    turned = pool_in_memory((np.ascontiguousarray(crop.reshape(crop.shape[1], -1, 3)), "") for crop, _ in _crops()[:1])
    assert hash_pool(turned) != hash_pool(pool_in_memory(_crops()[:1])), "the shape counts, not only the bytes"


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "header"])
def test_a_damaged_file_is_made_again(
    damage: str, pool: CropPool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_glyph_masks(pool, tmp_path / "masks")
    (path,) = (tmp_path / "masks").iterdir()
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[-3] ^= 255
    path.write_bytes({"cut": whole[:-5], "flipped": bytes(flipped), "empty": b"", "header": whole[:20]}[damage])
    masks = make_glyph_masks(pool, tmp_path / "masks")
    _check(masks, pool)
    assert path.read_bytes() == whole
    assert "damaged" in caplog.text
    assert list((tmp_path / "masks").iterdir()) == [path], "nothing half written stays"


def test_empty_pools_have_no_masks(tmp_path: Path) -> None:
    for folder in (None, tmp_path):
        masks = make_glyph_masks(CropPool([], []), folder)
        assert len(masks) == 0
        assert len(pickle.loads(pickle.dumps(masks))) == 0
        assert sum(masks.counts.values()) == 0


def test_a_pool_of_degenerate_crops_is_told_loudly(pool: CropPool, caplog: pytest.LogCaptureFixture) -> None:
    make_glyph_masks(pool_in_memory((draw_word(word), word) for word in WORDS))
    assert not caplog.text
    make_glyph_masks(pool)  # three of seven have none
    assert "'constant': 2" in caplog.text
