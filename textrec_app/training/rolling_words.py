"""Rendered words that are always new: shards drawn by other processes while the network trains.

Which shards a step draws from follows from its number alone, so a run that was killed goes on exactly. A step waits
for a shard that is not drawn yet.
"""

import json
import logging
import math
import shutil
import time
from collections.abc import Sequence
from concurrent.futures import Future
from copy import copy
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from textrec_app.data.crop_pool import open_pool, write_pool_shard
from textrec_app.data.word_batches import WeightedPool, WordSampler, mask_pools
from textrec_app.data.word_effects.natural import WordPainter
from textrec_app.data.word_views import ViewSettings
from textrec_app.errors import InputError
from textrec_app.training.batch_workers import start_processes
from textrec_app.training.recipes import RecognizerRecipe
from textrec_app.training.word_pools import RenderMaterial, create_word_renderer, render_words

logger = logging.getLogger(__name__)

PATIENCE_S = 600.0
LOOK_S = 0.05
PLAN_FILE, FAILED_FILE = "plan.json", "failed"


@dataclass(frozen=True)
class RollingPlan:
    """Which shards a step draws from.

    Attributes:
        first_step: step at which the folder's first shards were drawn.
        steps_per_shard: a shard joins, and beyond `window` the oldest leaves, each so many steps.
        words: words of a shard.
        first: shards that are there at the first step.
        window: shards that are drawn from later on.
    """

    seed: int
    first_step: int
    steps_per_shard: float
    words: int = 1000
    first: int = 4
    window: int = 64

    def newest(self, step: int) -> int:
        """The newest shard that a step may draw from; numbers go on over sittings, so no shard comes twice."""
        return math.floor(step / self.steps_per_shard) + self.first - 1

    def shards(self, step: int) -> range:
        """Shards that a step draws from."""
        newest = self.newest(step)
        return range(max(self.newest(self.first_step) - self.first + 1, newest - self.window + 1), newest + 1)


def settle_plan(folder: Path, plan: RollingPlan) -> RollingPlan:
    """The plan that the folder began with if there is one and only its first step differs, else this one."""
    path = folder / PLAN_FILE
    (folder / FAILED_FILE).unlink(missing_ok=True)
    if path.is_file():
        before = RollingPlan(**json.loads(path.read_text(encoding="utf-8")))
        same = asdict(before) | {"first_step": 0} == asdict(plan) | {"first_step": 0}
        if same and before.first_step <= plan.first_step:
            return before
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("words-*"):
        shutil.rmtree(old)
    path.write_text(json.dumps(asdict(plan)), encoding="utf-8")
    return plan


@dataclass(frozen=True)
class RollingWords:
    """The rendered words of a run.

    Attributes:
        share: part of the samples that is rendered; the others come from the fixed pools.
    """

    folder: Path
    plan: RollingPlan
    share: float
    augment_strength: float


class RollingSampler:
    """Batches from pools that stay and from the shards of the step; can be pickled for other processes."""

    def __init__(self, fixed: Sequence[WeightedPool], words: RollingWords, recipe: RecognizerRecipe) -> None:
        self.fixed, self.words, self.recipe = list(fixed), words, recipe
        self.has_masks = False
        self._open: dict[int, WeightedPool] = {}
        self._sampler: tuple[range, WordSampler] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Without what is open."""
        return vars(self) | {"_open": {}, "_sampler": None}

    def with_masks(self, folder: Path | None) -> Self:
        """The same sampler with glyph masks, see `mask_pools`; those of a shard lie beside it and go with it."""
        masked = copy(self)
        masked.fixed, masked.has_masks = mask_pools(self.fixed, folder), True
        masked._open, masked._sampler = {}, None
        return masked

    def batch(self, step: int, process: int, processes: int) -> Any:
        """The batch of a step; waits until its shards are drawn.

        Raises:
            InputError: a shard does not come.
        """
        shards = self.words.plan.shards(step)
        if self._sampler is None or self._sampler[0] != shards:
            self._sampler = (shards, self._over(shards))
        return self._sampler[1].batch(step, process, processes)

    def _over(self, shards: range) -> WordSampler:
        self._open = {number: self._open.get(number) or self._wait_for(number) for number in shards}
        share = self.words.share / len(shards)
        rolling = [replace(pool, share=share) for pool in self._open.values()]
        fit = self.recipe.fit
        views = ViewSettings(self.recipe.augmentation, self.recipe.aspect_jitter, self.recipe.concatenation)
        return WordSampler([*self.fixed, *rolling], fit.batch_size, fit.seed, self.recipe.max_width_px, views)

    def _wait_for(self, number: int) -> WeightedPool:
        index = shard_folder(self.words.folder, number) / "words.jsonl"
        end = time.monotonic() + PATIENCE_S
        while not index.is_file():
            if time.monotonic() > end or (self.words.folder / FAILED_FILE).is_file():
                raise InputError(f"Shard {number} of rendered words did not come. See the log, then start again.")
            time.sleep(LOOK_S)
        pool = WeightedPool(open_pool(index.parent), 1.0, augment_strength=self.words.augment_strength)
        return mask_pools([pool], index.parent)[0] if self.has_masks else pool


class ShardRenderer:
    """Draws the shards of a plan ahead of the steps, in processes of their own."""

    def __init__(self, words: RollingWords, material: RenderMaterial, processes: int, ahead_steps: int) -> None:
        self.words, self.ahead_steps, self.processes = words, ahead_steps, processes
        plan = words.plan
        self._pool = start_processes(processes, _keep_renderer, (material, words.folder, plan.seed, plan.words))
        self._next: int | None = None
        self._running: list[Future[int]] = []

    def advance(self, step: int) -> None:
        """Have all shards drawn that soon are needed, and drop those no step will ask for again; see `check`."""
        plan = self.words.plan
        if self._next is None:
            self._next = plan.shards(step)[0]
        last = plan.newest(step + self.ahead_steps) + self.processes
        while self._next <= last:
            if not (shard_folder(self.words.folder, self._next) / "words.jsonl").is_file():
                self._running.append(self._pool.submit(_render_shard, self._next))
            self._next += 1
        self.check()
        self._drop_before(plan.shards(max(plan.first_step, step - self.ahead_steps))[0])

    def check(self) -> None:
        """Look at the shards that were begun; what went wrong in one is raised here, and ends all waiting for it."""
        for done in [future for future in self._running if future.done()]:
            self._running.remove(done)
            if done.exception() is not None:
                (self.words.folder / FAILED_FILE).touch()
            logger.debug("shard %d is drawn", done.result())

    def close(self) -> None:
        """End the processes; shards begun are finished."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _drop_before(self, first: int) -> None:
        for folder in self.words.folder.glob("words-*"):
            if int(folder.name.removeprefix("words-")) >= first:
                continue
            shutil.rmtree(folder)  # what has it mapped can go on reading


def shard_folder(folder: Path, number: int) -> Path:
    """Where a shard lies; a folder of its own, which `open_pool` reads."""
    return folder / f"words-{number:06d}"


class _Kept:
    renderer: WordPainter
    folder: Path
    seed: int
    words: int


def _keep_renderer(given: tuple[RenderMaterial, Path, int, int]) -> None:
    material, _Kept.folder, _Kept.seed, _Kept.words = given
    _Kept.renderer = create_word_renderer(material)


def _render_shard(number: int) -> int:
    words = render_words(_Kept.renderer, _Kept.words, (_Kept.seed, number))
    write_pool_shard(shard_folder(_Kept.folder, number), "words", words)
    return number
