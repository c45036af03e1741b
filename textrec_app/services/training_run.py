"""What a training process does: prepare, train, compare with the model in use. Opens no store.

Everything is read from the run's folder and written into it, so a killed run goes on where it was.
"""

import json
import logging
import os
import time
from dataclasses import replace
from pathlib import Path

import torch

from models.weights import load_card, save_card
from textrec_app.services.gating import (
    ENOUGH_LABELS,
    FrozenSet,
    build_agreement_set,
    build_anchor_set,
    build_label_set,
    read_sets,
    readings_to_json,
)
from textrec_app.training.manifest import (
    AGREEMENT,
    BEAT_FILE,
    CANCEL_FILE,
    GATE_FILE,
    PROGRESS_FILE,
    VALIDATION,
    Manifest,
    RunConfig,
    load_config,
    load_manifest,
    write_whole,
)
from textrec_app.training.recipes import get_recognizer_recipe
from textrec_app.training.recognizer import RecognizerRun, train_recognizer
from textrec_app.training.run_pools import StoppedError, build_pools, build_selection_pool

logger = logging.getLogger(__name__)

BEAT_S = 1.0
MIN_WORDS_TO_CALIBRATE = 100
TRAINED_FILE = "trained.json"


class Watch:
    """Knows whether the run should stop, and shows that it is alive.

    A file named `cancel` in the run's folder means cancelled.
    """

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self._paused = False
        self._last_beat = 0.0

    def pause(self) -> None:
        """Stop at the next opportunity, to go on later."""
        self._paused = True

    def should_stop(self) -> str | None:
        """Why the run should stop now, None to go on; at most once a second it touches the beat file."""
        now = time.monotonic()
        if now - self._last_beat > BEAT_S:
            (self.run_dir / BEAT_FILE).touch()
            self._last_beat = now
        if (self.run_dir / CANCEL_FILE).exists():
            return "cancelled"
        return "paused" if self._paused else None


def carry_out(run_dir: Path, watch: Watch) -> str:
    """Prepare, train, compare; what an earlier attempt finished is not done again.

    Returns:
        How it ended: finished, cancelled or paused.
    """
    end_broken_line(run_dir / PROGRESS_FILE)
    config = load_config(run_dir)
    _limit_threads(config)
    manifest = load_manifest(run_dir, config.manifest_sha256)
    try:
        state = "finished" if (run_dir / TRAINED_FILE).is_file() else _train(run_dir, manifest, config, watch)
        if state == "finished":
            _compare(run_dir, manifest, config, watch)
        return state
    except StoppedError as stop:
        return str(stop)


def report_phase(run_dir: Path, phase: str, message: str) -> None:
    """Add a line to the run's progress."""
    line = {"event": "phase", "time_s": round(time.time(), 3), "phase": phase, "message": message}
    with (run_dir / PROGRESS_FILE).open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(line, ensure_ascii=False) + "\n")


def end_broken_line(path: Path) -> None:
    """End a line that a killed process left unfinished, so that the next line is not spoiled by it."""
    if not path.is_file() or not path.stat().st_size:
        return
    with path.open("rb+") as stream:
        stream.seek(-1, os.SEEK_END)
        if stream.read(1) != b"\n":
            stream.write(b"\n")


def _train(run_dir: Path, manifest: Manifest, config: RunConfig, watch: Watch) -> str:

    report_phase(run_dir, "preparing", f"reading {len(manifest.items)} crops and rendering words")
    recipe = get_recognizer_recipe(config.recipe, config.minutes)
    recipe = replace(recipe, fit=replace(recipe.fit, seed=config.seed))
    pools = build_pools(run_dir, manifest, config, recipe, watch.should_stop)
    selection = build_selection_pool(run_dir, manifest, config, watch.should_stop)
    report_phase(run_dir, "training", f"training on {sum(len(pool.pool) for pool in pools)} words")
    result = train_recognizer(
        RecognizerRun(
            out=run_dir,
            recipe=recipe,
            pools=pools,
            validation=selection,
            base=Path(config.base_weights),
            name=config.candidate,
            version=f"job{config.job_id}",
            data=[{"job": config.job_id, "manifest": config.manifest_sha256, **manifest.counts()}],
            device=config.device,
        ),
        watch.should_stop,
    )
    if result.state == "finished":
        write_whole(run_dir / TRAINED_FILE, json.dumps({"step": result.step, "metrics": result.metrics}) + "\n")
    return result.state


def _compare(run_dir: Path, manifest: Manifest, config: RunConfig, watch: Watch) -> None:

    report_phase(run_dir, "judging", "comparing with the model in use on the frozen sets")
    pictures, stop = Path(config.pictures_dir), watch.should_stop
    labels = manifest.select(VALIDATION)
    sets = [
        build_label_set(labels, pictures, stop),
        build_anchor_set(),
    ]
    if len(labels) < ENOUGH_LABELS:
        sets.append(build_agreement_set(manifest.select(AGREEMENT), pictures, stop))
    candidate = run_dir / "recognizer.safetensors"
    readings = read_sets(sets, Path(config.base_weights), candidate, config.device, stop)
    _calibrate(candidate, sets[0], config)
    write_whole(run_dir / GATE_FILE, readings_to_json(readings))


def _calibrate(candidate: Path, labels: FrozenSet, config: RunConfig) -> None:
    """Fit the confidences anew where enough reviewed words were held back; else the parent's calibration stays."""
    if len(labels.crops) >= MIN_WORDS_TO_CALIBRATE:
        # scikit-learn takes as long to load as torch: only a run that needs it waits for it.
        from textrec_app.services.recalibration import recalibrate

        if recalibrate(candidate, labels.crops, labels.texts):
            return
    card, source = load_card(candidate), f"carried over from {config.base_name}"
    save_card(candidate, replace(card, metrics={**card.metrics, "calibration": source}))


def _limit_threads(config: RunConfig) -> None:

    if config.cpu_threads is not None:
        torch.set_num_threads(config.cpu_threads)
