"""Training the recognizer further out of a pack, on whatever device there is; opens no store."""

import json
import logging
import resource
import shutil
import time
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from models.weights import load_card, save_card
from textrec_app.data.crop_archive import read_crop_archives
from textrec_app.data.crop_pool import CropPool, open_pool, write_pool_shard
from textrec_app.data.file_parts import has_parts, join_parts, split_file
from textrec_app.data.word_batches import WeightedPool
from textrec_app.errors import InputError
from textrec_app.evaluation.calibration import fit_word_calibration
from textrec_app.evaluation.evaluate import list_calibration_words
from textrec_app.pipeline.devices import pick_device
from textrec_app.pipeline.images import load_image
from textrec_app.training.continued_recipe import Crew, adapt_recipe, choose_crew, schedule_sitting
from textrec_app.training.reading_speed import measure_reading
from textrec_app.training.recipes import RecognizerRecipe, get_recognizer_recipe
from textrec_app.training.recognizer import RecognizerRun, RunResult, train_recognizer
from textrec_app.training.rolling_words import RollingPlan, RollingSampler, RollingWords, ShardRenderer, settle_plan
from textrec_app.training.run_bundle import (
    find_state_folder,
    find_state_step,
    read_bundle_state,
    unpack_bundle,
    write_bundle,
)
from textrec_app.training.word_pools import RenderMaterial

logger = logging.getLogger(__name__)

MIB = 2**20
PACK_FILE, STATE_NAME, SUMMARY_FILE = "pack.json", "run", "summary.json"
CHECKPOINT = "recognizer.safetensors"

Progress = Callable[[dict[str, Any]], None]
StopCheck = Callable[[], str | None]


@dataclass(frozen=True)
class ContinueOrder:
    """What `continue.py` is asked for.

    Attributes:
        pack: the folder that `pack` made.
        minutes: length of the sitting from the start of the program; measuring at the end comes on top.
        out: gets the checkpoint, the state in parts and the summary; a state in it is gone on from.
        work: run, rendered words and unpacked material; quick to lose, it is made again.
        schedule_minutes: see `schedule_sitting`.
        state_mb: the most that the state in `out` may take.
    """

    pack: Path
    minutes: float
    out: Path
    work: Path
    device: str = "auto"
    workers: int | None = None
    renderers: int | None = None
    batch: int | None = None
    learning_rate: float | None = None
    schedule_minutes: float | None = None
    state_mb: float = 52.0


@dataclass(frozen=True)
class _Material:
    """A pack, unpacked."""

    notes: dict[str, Any]
    real: CropPool
    held_back: CropPool
    render: RenderMaterial


def continue_training(
    order: ContinueOrder, on_progress: Progress = lambda line: None, should_stop: StopCheck = lambda: None
) -> dict[str, Any]:
    """Train on, write everything to `order.out`, and measure.

    Returns:
        What `summary.json` holds.

    Raises:
        InputError: the pack, or the state in it, is incomplete or damaged.
    """
    began = time.monotonic()
    device = pick_device(order.device)
    material = _unpack(order)
    run_dir = order.work / "run"
    first_step = _fetch_state(order, run_dir)
    crew = choose_crew(device, order.workers, order.renderers)
    recipe = adapt_recipe(get_recognizer_recipe(material.notes["recipe"]), device, order.batch, order.learning_rate)
    minutes = max(0.0, order.minutes - (time.monotonic() - began) / 60.0)
    state = _read_state(run_dir)
    fit = schedule_sitting(recipe.fit, state, minutes, order.schedule_minutes)
    sitting = _Sitting(order, material, replace(recipe, fit=fit), crew, minutes)
    end: dict[str, Any] = {}
    result = sitting.train(max(0, first_step), on_progress, should_stop, end)
    is_calibrated = _calibrate(result.checkpoint, material.held_back)
    summary = _summary(order, device, result, end) | {"resumed_from_step": max(0, first_step), "crew": asdict(crew)}
    summary["calibrated"] = is_calibrated
    summary |= {"batch_size": fit.batch_size, "learning_rate": fit.learning_rate, "precision": fit.precision}
    return _write_out(order, run_dir, result, summary | _measure(result, material, order.device))


class _Sitting:
    """The training itself, with the processes that draw words for it."""

    def __init__(
        self, order: ContinueOrder, material: _Material, recipe: RecognizerRecipe, crew: Crew, minutes: float
    ) -> None:
        self.order, self.material, self.recipe, self.crew, self.minutes = order, material, recipe, crew, minutes

    def train(self, first_step: int, on_progress: Progress, should_stop: StopCheck, end: dict[str, Any]) -> RunResult:
        """Run `train_recognizer`; `end` gets the loop's last line."""
        words = self._plan(first_step)
        real = WeightedPool(self.material.real, 1.0 - words.share, 1.0, self.recipe.augment_strength)
        source = RollingSampler([real], words, self.recipe)
        renderer = ShardRenderer(words, self.material.render, self.crew.renderers, self.crew.ahead_steps)

        def follow(line: dict[str, Any]) -> None:
            if line["event"] in ("start", "step"):
                renderer.advance(line["step"])
            if line["event"] == "end":
                end.update(line)
            on_progress(line)

        def watch() -> str | None:
            renderer.check()
            return should_stop()

        try:
            return train_recognizer(self._run(source), watch, follow)
        finally:
            renderer.close()

    def _plan(self, first_step: int) -> RollingWords:
        fit, share = self.recipe.fit, self.recipe.rendered_share
        per_step = max(1.0, fit.batch_size * share)
        plan = RollingPlan(fit.seed, first_step, steps_per_shard=0.0, words=self.crew.shard_words)
        plan = replace(plan, steps_per_shard=max(0.25, plan.words * self.crew.reuse / per_step))
        folder = self.order.work / "words"
        strength = self.material.notes["rendered_augment_strength"] * self.recipe.augment_strength
        return RollingWords(folder, settle_plan(folder, plan), share, strength)

    def _run(self, source: RollingSampler) -> RecognizerRun:
        notes = self.material.notes
        names = [{"name": name} for name in notes["data"]] + [{"name": "rendered words"}]
        base = self.order.pack / "base" / CHECKPOINT
        return RecognizerRun(
            out=self.order.work / "run",
            recipe=self.recipe,
            pools=[],
            validation=self.material.held_back,
            minutes=self.minutes,
            base=base,
            version=load_card(base).version,
            data=names,
            commit=notes["commit"],
            device=self.order.device,
            source=source,
            workers=self.crew.workers,
        )


def _unpack(order: ContinueOrder) -> _Material:
    """Make the pack's zips folders and pools; what an earlier start unpacked is used again."""
    try:
        notes = json.loads((order.pack / PACK_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{order.pack} is no pack ({error}). Make one with `python -m textrec_app pack`.") from error
    folder = order.work / "material"
    marker = folder / "whole"
    if not marker.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        for name in ("fonts", "wordlists"):
            with zipfile.ZipFile(order.pack / f"{name}.zip") as archive:
                archive.extractall(folder / name)
        for stem in ("train", "held_back"):
            crops = read_crop_archives(order.pack / "crops", stem)
            write_pool_shard(folder / stem, stem, ((load_image(data, stem), text) for data, text in crops))
        marker.touch()
    render = RenderMaterial(
        fonts=folder / "fonts" if any((folder / "fonts").glob("*")) else None,
        wordlists=folder / "wordlists" if notes["n_wordlists"] else None,
        backgrounds=order.pack / "backgrounds" if notes["n_backgrounds"] else None,
        with_system_fonts=False,
    )
    return _Material(notes, _pool(folder / "train"), _pool(folder / "held_back"), render)


def _pool(folder: Path) -> CropPool:
    """A pool on disk; an empty shard cannot be mapped."""
    return open_pool(folder) if any(path.stat().st_size for path in folder.glob("*.bin")) else CropPool([], [])


def _fetch_state(order: ContinueOrder, run_dir: Path) -> int:
    """Have the newest state among the work folder, `out` and the pack in the run; its step, or -1."""
    newest = find_state_step(run_dir)
    for folder in (order.out, order.pack / "state"):
        if not has_parts(folder, STATE_NAME):
            continue
        bundle = order.work / "bundle.zip"
        join_parts(folder, STATE_NAME, bundle)
        step = int(read_bundle_state(bundle)["step"])
        if step > newest:
            found = folder / CHECKPOINT
            unpack_bundle(bundle, run_dir, found if found.is_file() else order.pack / "base" / CHECKPOINT)
            newest = step
        bundle.unlink()
    return newest


def _read_state(run_dir: Path) -> dict[str, Any] | None:
    folder = find_state_folder(run_dir)
    return None if folder is None else dict(json.loads((folder / "state.json").read_text(encoding="utf-8")))


def _calibrate(checkpoint: Path, held_back: CropPool) -> bool:
    """Fit the confidence, unless the machine lacks what reading outside training needs: the base's stays then."""
    if not len(held_back) or find_spec("rapidfuzz") is None:
        return False
    from textrec_app.pipeline.recognition import Recognizer

    readings = Recognizer.load(checkpoint, "cpu").read([held_back.crop(index) for index in range(len(held_back))])
    fitted = fit_word_calibration(list_calibration_words(held_back.texts, readings, "exact"))
    if fitted.curve:
        save_card(checkpoint, replace(load_card(checkpoint), calibration=fitted.to_dict()))
    return bool(fitted.curve)


def _measure(result: RunResult, material: _Material, device: str) -> dict[str, Any]:
    held_back = material.held_back
    if not len(held_back):
        return {}
    crops = [held_back.crop(index) for index in range(len(held_back))]
    read = measure_reading(result.checkpoint, crops, held_back.texts, device)
    return {
        "words_per_s_read": round(read.words_per_s, 1),
        "held_back_words": len(held_back),
        "held_back_accuracy": {protocol: round(share, 4) for protocol, share in read.accuracy.items()},
    }


def _summary(order: ContinueOrder, device: torch.device, result: RunResult, end: dict[str, Any]) -> dict[str, Any]:
    kilobytes = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    own, child = (round(value / 1024) for value in kilobytes)
    is_gpu = device.type == "cuda"
    return {
        "device": torch.cuda.get_device_name(device) if is_gpu else "cpu",
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "minutes_asked": order.minutes,
        "state": result.state,
        "step": result.step,
        "samples_seen_in_all": end.get("samples", 0),
        "words_per_s_trained": round(result.samples_per_s, 1),
        "share_of_time_waiting_for_batches": end.get("waited_share"),
        "peak_memory_mb": own,
        "peak_memory_of_a_worker_mb": child,
        "peak_gpu_memory_mb": round(torch.cuda.max_memory_allocated(device) / MIB) if is_gpu else 0,
    }


def _write_out(order: ContinueOrder, run_dir: Path, result: RunResult, summary: dict[str, Any]) -> dict[str, Any]:
    order.out.mkdir(parents=True, exist_ok=True)
    for path in (result.checkpoint, result.checkpoint.with_suffix(".json")):
        shutil.copyfile(path, order.out / path.name)
    bundle = order.work / "bundle.zip"
    summary["state_kept"] = write_bundle(run_dir, bundle, int(order.state_mb * MIB))
    split_file(bundle, order.out, STATE_NAME)
    bundle.unlink()
    (order.out / SUMMARY_FILE).write_text(json.dumps(summary, indent=1), encoding="utf-8")
    return summary
