"""Masks beside the pictures of every source of batches."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.faces import find_some_fonts
from tests.support.pictures import draw_word
from textrec_app.data.crop_pool import pool_in_memory, write_pool_shard
from textrec_app.data.glyph_masks import glyph_mask_kmeans
from textrec_app.data.word_batches import WeightedPool, WordSampler
from textrec_app.errors import InputError
from textrec_app.training.batch_workers import BatchSource
from textrec_app.training.fresh_words import FreshWordSource
from textrec_app.training.glyph_batches import add_masks, masks_of
from textrec_app.training.recipes import get_recognizer_recipe
from textrec_app.training.recognizer import crops_to_tensor
from textrec_app.training.rolling_words import RollingPlan, RollingSampler, RollingWords, shard_folder
from textrec_app.training.word_pools import RenderMaterial

CPU = torch.device("cpu")
RECIPE = get_recognizer_recipe("tiny")


def _given() -> list[WeightedPool]:
    words = ["one", "eleven", "t", "seventeen"]
    return [WeightedPool(pool_in_memory((draw_word(word), word) for word in words), 1.0, loss_weight=0.5)]


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> RenderMaterial:
    folder: Path = tmp_path_factory.mktemp("fonts")
    for number, face in enumerate(find_some_fonts().faces[1:8]):
        (folder / f"{number}{Path(face.path).suffix}").symlink_to(face.path)
    return RenderMaterial(fonts=folder if any(folder.iterdir()) else None, with_system_fonts=False)


def test_a_sampler_gives_the_same_pictures_with_masks(tmp_path: Path) -> None:
    plain = WordSampler(_given(), 8, seed=2)
    masked = add_masks(plain, tmp_path / "masks")
    assert len(list((tmp_path / "masks").iterdir())) == 1
    for step in range(6):
        first, second = plain.batch(step), masked.batch(step, 0, 1)
        assert first.masks is None
        assert np.array_equal(first.images, second.images)
        images = crops_to_tensor(second.images, CPU)
        masks = masks_of(masked, second, images)
        assert masks.shape == (len(images), 1, *images.shape[2:])
        assert masks.dtype == torch.uint8
        assert set(masks.unique().tolist()) == {0, 1}


def test_new_words_are_masked_by_what_is_seen_of_them(material: RenderMaterial) -> None:
    plain = FreshWordSource(material, _given(), RECIPE, share=0.5)
    source = add_masks(plain, None)
    rendered = 0
    for step in range(8):
        batch = pickle.loads(pickle.dumps(source)).batch(step, 0, 1)
        images = plain.to_tensor(batch, CPU)
        assert batch.step == step
        assert batch.texts == plain.batch(step, 0, 1).texts
        assert torch.equal(images, plain.to_tensor(plain.batch(step, 0, 1), CPU))
        masks = masks_of(source, batch, images)
        assert masks.shape == (len(images), 1, *images.shape[2:])
        given = len(batch.images)
        assert set(masks[:given].unique().tolist()) <= {0, 1}
        for image, mask in zip(images[given:], masks[given:], strict=True):
            finished = ((image + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 0).numpy()
            expected = glyph_mask_kmeans(np.ascontiguousarray(finished))
            assert np.array_equal(mask[0].numpy(), np.full_like(mask[0], 255) if expected is None else expected)
            rendered += 1
    assert rendered > 20


def test_given_crops_without_masks_are_marked_all_over(material: RenderMaterial) -> None:
    source = FreshWordSource(material, _given(), RECIPE, share=0.3)
    batch = next(batch for batch in (source.batch(step, 0, 1) for step in range(20)) if len(batch.images))
    masks = source.to_masks(batch, source.to_tensor(batch, CPU))
    assert (masks[: len(batch.images)] == 255).all()


def test_rolling_shards_have_masks_that_go_with_them(tmp_path: Path) -> None:
    plan = RollingPlan(seed=1, first_step=20, steps_per_shard=4.0, words=6, first=2, window=3)
    for number in (5, 6):
        words = [f"w{number}{letter}" for letter in "abc"]
        crops = ((draw_word(word, seed=number), word) for word in words)
        write_pool_shard(shard_folder(tmp_path, number), "words", crops)
    plain = RollingSampler(_given(), RollingWords(tmp_path, plan, 0.5, 0.0), RECIPE)
    masked = add_masks(plain, tmp_path / "masks")
    first, second = plain.batch(20, 0, 1), pickle.loads(pickle.dumps(masked)).batch(20, 0, 1)
    assert first.texts == second.texts
    assert np.array_equal(first.images, second.images)
    assert set(np.unique(second.masks)) == {0, 1}
    assert all(list(shard_folder(tmp_path, number).glob("*.glyphs")) for number in (5, 6))


def test_a_source_without_masks_is_a_sentence() -> None:
    class Plain:
        def batch(self, step: int, process: int, processes: int) -> int:
            return step

    source: BatchSource = Plain()
    with pytest.raises(InputError, match="without glyph masks"):
        add_masks(source, None)
