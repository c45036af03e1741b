"""The settings with which a trained recognizer goes on: batch and rate by device, a schedule for each sitting."""

import math
from dataclasses import dataclass, replace
from typing import Any

import torch

from textrec_app.pipeline.devices import has_fast_bf16
from textrec_app.training.batch_workers import PROCESS_AHEAD, choose_workers, count_cores
from textrec_app.training.recipes import FitRecipe, RecognizerRecipe

CONTINUED = ", continued"
REFERENCE_BATCH = 80
REFERENCE_RATE = 5e-4
HIGHEST_RATE = 2e-3
GPU_BATCHES = ((30, 1024), (14, 512), (0, 256))  # GiB of GPU memory, samples a step
GPU_REUSE, CPU_REUSE = 4.0, 2.0
GPU_SHARD_WORDS, CPU_SHARD_WORDS = 1000, 200
NEARLY = 0.98


@dataclass(frozen=True)
class Crew:
    """How the cores are used.

    Attributes:
        workers: processes that make batches; 0 is a thread.
        renderers: processes that draw words.
        reuse: how often a drawn word is seen on average.
        shard_words: words that are drawn at a time; the first step waits for a few of these.
    """

    workers: int
    renderers: int
    reuse: float
    shard_words: int

    @property
    def ahead_steps(self) -> int:
        """Steps whose batches are being made while one is trained, and those between two lines of progress."""
        return 20 + PROCESS_AHEAD * max(1, self.workers)


def choose_crew(device: torch.device, workers: int | None = None, renderers: int | None = None) -> Crew:
    """On a GPU a quarter of the cores make batches and the others draw words, which takes 17 times as long for each.

    On the CPU the network needs the cores.
    """
    if device.type != "cuda":
        return Crew(choose_workers(workers, False), renderers or 1, CPU_REUSE, CPU_SHARD_WORDS)
    cores = count_cores()
    making = max(1, cores // 4) if workers is None else workers
    return Crew(making, renderers or max(1, cores - 1 - making), GPU_REUSE, GPU_SHARD_WORDS)


def adapt_recipe(
    recipe: RecognizerRecipe, device: torch.device, batch: int | None = None, learning_rate: float | None = None
) -> RecognizerRecipe:
    """A recipe for going on from trained weights on a device.

    Args:
        batch: samples a step; None chooses by the memory of the GPU, or keeps the recipe's.
        learning_rate: peak; None takes 5e-4 for 80 samples, growing with the root of the batch.
    """
    fit = recipe.fit
    size = batch or (_gpu_batch(device) if device.type == "cuda" else fit.batch_size)
    rate = learning_rate or min(HIGHEST_RATE, REFERENCE_RATE * math.sqrt(size / REFERENCE_BATCH))
    changed = replace(fit, name=fit.name + CONTINUED, batch_size=size, learning_rate=rate, evaluate_first=True)
    if device.type == "cuda":
        precision = "bf16" if torch.cuda.is_bf16_supported() else "fp16"
        changed = replace(changed, precision=precision, warmup_steps=200, save_every=500, evaluate_every=1000)
    else:
        precision = fit.precision if has_fast_bf16(device) else "no"
        warmup, save = min(100, fit.warmup_steps), min(20, fit.save_every)
        changed = replace(changed, precision=precision, warmup_steps=warmup, save_every=save)
    return replace(recipe, fit=changed)


def schedule_sitting(fit: FitRecipe, state: dict[str, Any] | None, minutes: float, length: float | None) -> FitRecipe:
    """Let the learning rate fall to its end with this sitting.

    A sitting that was cut off goes on where its cosine was, stretched to the new end; after one that ended, or a
    run made otherwise, a new cosine begins.

    Args:
        state: the numbers of the state that is gone on from.
        minutes: length of this sitting.
        length: minutes of a new cosine, where it is not to end with the sitting.
    """
    if state is None:
        return replace(fit, minutes_schedule=length or minutes)
    before = state["recipe"]
    trained = state["trained_s"] / 60.0
    if before.get("name") == fit.name and before.get("minutes_schedule"):
        elapsed = trained - before["minutes_before"]
        if elapsed < NEARLY * before["minutes_schedule"]:
            whole = before["minutes_schedule"] if length else elapsed + minutes
            steps_before = before["steps_before"]
            return replace(
                fit, minutes_schedule=whole, minutes_before=before["minutes_before"], steps_before=steps_before
            )
    return replace(fit, minutes_schedule=length or minutes, minutes_before=trained, steps_before=state["step"])


def _gpu_batch(device: torch.device) -> int:
    memory = torch.cuda.get_device_properties(device).total_memory / 2**30
    return next(size for least, size in GPU_BATCHES if memory >= least)
