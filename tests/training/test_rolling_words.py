"""Rolling shards: what a step draws from follows from its number, and waits until it is there."""

import pickle
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.font_files import link_fonts
from tests.support.pictures import draw_word
from textrec_app.data.crop_pool import pool_in_memory, write_pool_shard
from textrec_app.data.word_batches import WeightedPool
from textrec_app.errors import InputError
from textrec_app.training.recipes import get_recognizer_recipe
from textrec_app.training.rolling_words import (
    RollingPlan,
    RollingSampler,
    RollingWords,
    ShardRenderer,
    settle_plan,
    shard_folder,
)
from textrec_app.training.word_pools import RenderMaterial

PLAN = RollingPlan(seed=1, first_step=20, steps_per_shard=4.0, words=6, first=2, window=3)


def _write(folder: Path, number: int) -> None:
    words = [f"w{number}{letter}" for letter in "abc"]
    write_pool_shard(shard_folder(folder, number), "words", ((draw_word(word, seed=number), word) for word in words))


@pytest.fixture
def sampler(tmp_path: Path) -> RollingSampler:
    fixed = WeightedPool(pool_in_memory([(draw_word("fixed"), "fixed")]), 0.5)
    return RollingSampler([fixed], RollingWords(tmp_path, PLAN, 0.5, 0.0), get_recognizer_recipe("tiny"))


def test_shards_join_and_the_oldest_leave() -> None:
    assert list(PLAN.shards(20)) == [5, 6]
    assert list(PLAN.shards(23)) == [5, 6]
    assert list(PLAN.shards(24)) == [5, 6, 7]
    assert list(PLAN.shards(28)) == [6, 7, 8]
    later = replace(PLAN, first_step=40)
    assert list(later.shards(40)) == [10, 11], "a later sitting draws new words"


def test_batches_depend_on_the_step_alone(sampler: RollingSampler, tmp_path: Path) -> None:
    for number in (5, 6, 7, 8):
        _write(tmp_path, number)
    other = pickle.loads(pickle.dumps(sampler))
    forward = {step: sampler.batch(step, 0, 1) for step in (20, 24, 28)}
    for step in (28, 20, 24):
        again = other.batch(step, 0, 1)
        assert again.texts == forward[step].texts
        np.testing.assert_array_equal(again.images, forward[step].images)
    drawn = {text[:2] for step in range(28, 32) for text in sampler.batch(step, 0, 1).texts}
    assert drawn <= {"w6", "w7", "w8", "fi"}
    assert "fi" in drawn


def test_a_batch_waits_for_its_shards(sampler: RollingSampler, tmp_path: Path) -> None:
    _write(tmp_path, 5)
    late = threading.Timer(0.3, _write, (tmp_path, 6))
    late.start()
    assert sampler.batch(20, 0, 1).texts
    late.join()


def test_a_renderer_that_fails_ends_the_waiting(sampler: RollingSampler, tmp_path: Path) -> None:
    settle_plan(tmp_path, PLAN)
    (tmp_path / "failed").touch()
    with pytest.raises(InputError, match="did not come"):
        sampler.batch(20, 0, 1)


def test_a_killed_sitting_keeps_its_plan_and_another_recipe_does_not(tmp_path: Path) -> None:
    assert settle_plan(tmp_path, PLAN) == PLAN
    _write(tmp_path, 5)
    assert settle_plan(tmp_path, replace(PLAN, first_step=27)) == PLAN
    assert shard_folder(tmp_path, 5).is_dir()
    changed = replace(PLAN, first_step=27, steps_per_shard=2.0)
    assert settle_plan(tmp_path, changed) == changed
    assert not shard_folder(tmp_path, 5).exists()


@pytest.mark.slow
def test_shards_are_drawn_ahead_and_dropped_behind(tmp_path: Path) -> None:
    words = RollingWords(tmp_path / "words", PLAN, 0.5, 0.0)
    material = RenderMaterial(fonts=link_fonts(tmp_path / "fonts"), with_system_fonts=False)
    renderer = ShardRenderer(words, material, 1, ahead_steps=4)
    renderer.advance(20)
    renderer.close()
    drawn = sorted(path.name for path in words.folder.glob("words-*"))
    assert drawn[:2] == ["words-000005", "words-000006"]
    renderer = ShardRenderer(words, material, 1, ahead_steps=4)
    renderer.advance(40)
    renderer.close()
    assert not shard_folder(words.folder, 5).exists()
