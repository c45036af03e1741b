"""What a training process does: prepare, train, compare with the model in use. Opens no store.

Everything is read from the run's folder and written into it, so a killed run goes on where it was.
"""

import json
import logging
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from models.weights import load_card, save_card
from textrec_app.pipeline.kind_language import list_vocabulary
from textrec_app.services.blending import adopt, write_blends
from textrec_app.services.gating import (
    ENOUGH_LABELS,
    VIEWS,
    FrozenSet,
    SetReadings,
    StopCheck,
    build_agreement_set,
    build_anchor_set,
    build_label_set,
    choose_candidate,
    read_sets,
    readings_to_json,
)
from textrec_app.services.time_budget import plan_training
from textrec_app.training.adaptation import adapt_recognizer
from textrec_app.training.kind_labels import Believed, list_witnesses
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
from textrec_app.training.recipes import Adaptation, get_recognizer_recipe
from textrec_app.training.recognizer import RecognizerRun, RunResult, train_recognizer
from textrec_app.training.run_pools import RunPools, StoppedError, believe, build_pools, build_selection_pool

logger = logging.getLogger(__name__)

BEAT_S = 1.0
MIN_WORDS_TO_CALIBRATE = 100
TRAINED_FILE = "trained.json"
N_ANCHOR = 1200
"""About as many anchor words ship; only the time that judging takes is guessed from it."""


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
    began = time.monotonic()
    report_phase(run_dir, "preparing", f"reading {len(manifest.items)} crops and rendering words")
    recipe = get_recognizer_recipe(config.recipe)
    recipe = replace(recipe, fit=replace(recipe.fit, seed=config.seed))
    believed = believe(manifest, config, recipe, run_dir, watch.should_stop)
    pools = build_pools(run_dir, manifest, believed, config, recipe, watch.should_stop)
    selection = build_selection_pool(run_dir, manifest, config, watch.should_stop)
    if config.minutes is not None:
        left = plan_training(
            run_dir, config.minutes, time.monotonic() - began, _count_judged(manifest, recipe.adaptation)
        )
        recipe = replace(recipe, fit=replace(recipe.fit, minutes_schedule=left))
    report_phase(run_dir, "training", f"training on {sum(len(pool.pool) for pool in pools.kind)} words")
    run = RecognizerRun(
        out=run_dir,
        recipe=recipe,
        pools=pools.kind,
        validation=selection,
        base=Path(config.base_weights),
        name=config.candidate,
        version=f"job{config.job_id}",
        data=[{"job": config.job_id, "manifest": config.manifest_sha256, **manifest.counts()}],
        device=config.device,
    )
    result = _fit(run, pools, watch)
    if result.state == "finished":
        if recipe.adaptation is not None and recipe.adaptation.uses_vocabulary:
            _add_vocabulary(result.checkpoint, believed)
        write_whole(run_dir / TRAINED_FILE, json.dumps({"step": result.step, "metrics": result.metrics}) + "\n")
    return result.state


def _fit(run: RecognizerRun, pools: RunPools, watch: Watch) -> RunResult:
    """Adapt the weights in use, or train them on as a whole where the recipe has no adaptation."""
    if run.recipe.adaptation is not None:
        return adapt_recognizer(run, pools.replay, watch.should_stop)
    share = run.recipe.rendered_share if pools.replay is not None else 0.0
    mixed = [replace(pool, share=(1.0 - share) * pool.share) for pool in pools.kind]
    if pools.replay is not None:
        mixed.append(replace(pools.replay, share=share))
    return train_recognizer(replace(run, pools=mixed), watch.should_stop)


def _add_vocabulary(checkpoint: Path, believed: Sequence[Believed]) -> None:
    """Let the candidate carry what the pictures of the store say again and again; too few leave the base's."""
    trusted = list_witnesses(believed)
    card = load_card(checkpoint)
    vocabulary = list_vocabulary([it.text for it in trusted], [it.confidence for it in trusted])
    if vocabulary:
        save_card(checkpoint, replace(card, vocabulary=[list(entry) for entry in vocabulary]))


def _count_judged(manifest: Manifest, adaptation: Adaptation | None) -> int:
    """Crops that the models will read for the gate, altered copies included."""
    crops = len(manifest.select(VALIDATION)) + N_ANCHOR + (1 + VIEWS) * len(manifest.select(AGREEMENT))
    return (2 + (len(adaptation.softer) if adaptation else 0)) * crops


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
    readings = _choose_blend(sets, candidate, config, manifest, stop)
    _calibrate(candidate, sets[0], config)
    write_whole(run_dir / GATE_FILE, readings_to_json(readings))


def _choose_blend(
    sets: Sequence[FrozenSet], candidate: Path, config: RunConfig, manifest: Manifest, stop: StopCheck
) -> list[SetReadings]:
    """Let the gate choose how far the candidate goes; what both models read then, of the chosen one."""
    base, adaptation = Path(config.base_weights), get_recognizer_recipe(config.recipe).adaptation
    if adaptation is None:
        return read_sets(sets, base, candidate, config.device, stop, manifest.items)
    blends = write_blends(candidate, base, adaptation)
    choice = choose_candidate(sets, base, blends, config.device, stop, manifest.items)
    chosen = choice.index or 0
    adopt(blends[chosen], candidate)
    return choice.readings[chosen]


def _calibrate(candidate: Path, labels: FrozenSet, config: RunConfig) -> None:
    """Fit the confidences anew where enough reviewed words were held back; else the parent's calibration stays.

    What the parent could promise was measured with other weights, on words that these did not learn from: a calibration
    that is carried over promises nothing until words are reviewed.
    """
    if len(labels.crops) >= MIN_WORDS_TO_CALIBRATE:
        # scikit-learn takes as long to load as torch: only a run that needs it waits for it.
        from textrec_app.services.recalibration import recalibrate

        if recalibrate(candidate, labels.crops, labels.texts):
            return
    card, source = load_card(candidate), f"carried over from {config.base_name}"
    calibration = {name: value for name, value in card.calibration.items() if name != "measured"}
    save_card(candidate, replace(card, calibration=calibration, metrics={**card.metrics, "calibration": source}))


def _limit_threads(config: RunConfig) -> None:
    if config.cpu_threads is not None:
        torch.set_num_threads(config.cpu_threads)
