"""Self-training: a recognizer learns from crops nobody labeled, by what its own best state says about them.

In each round a teacher that stands still labels the weak views, the sure labels become a pool, and a
student, beginning from the teacher, learns from their strong views beside the labeled pools. The
student's weight average is the next round's teacher.

Source:
    METHODS sections 9 and 10: a fixed teacher for each round, hard labels, strong views for the student.
"""

import json
import logging
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.calibration import WordCalibration
from models.weights import card_path, load_card
from textrec_app.data.crop_pool import CropPool
from textrec_app.data.word_batches import WeightedPool
from textrec_app.errors import InputError
from textrec_app.training.fit import ProgressSink, StopCheck
from textrec_app.training.pseudo_labels import PseudoLabel, calibrate_teacher, describe_labels, keep_sure, label_crops
from textrec_app.training.recipes import SelfTraining
from textrec_app.training.recognizer import RecognizerRun, RunResult, train_recognizer
from textrec_app.training.recognizer_start import start_recognizer

logger = logging.getLogger(__name__)

LABELS_FILE = "pseudo_labels.jsonl"
MIN_KEPT = 2


@dataclass(frozen=True)
class Unlabeled:
    """Crops to learn from.

    Attributes:
        pool: their texts are never trained on.
        truth_known: the texts are labels that are hidden; progress then tells how right the teacher was.
    """

    pool: CropPool
    truth_known: bool = False


def self_train(
    run: RecognizerRun,
    unlabeled: Unlabeled,
    should_stop: StopCheck = lambda: None,
    on_progress: ProgressSink = lambda line: None,
) -> RunResult:
    """Train in rounds and write `out/recognizer.safetensors`; goes on where an earlier sitting stopped.

    The recipe's steps are those of all rounds together. Of the run's pools (rendered and labeled words, if any) the
    shares are kept among themselves; the crops the teacher labeled get what the recipe leaves.

    Raises:
        InputError: there is no base to be the first teacher, no crop, or nothing the teacher is sure of.
        WeightsError: the base does not load.
    """
    settings = run.recipe.self_training or SelfTraining()
    if run.base is None:
        raise InputError("self-training needs a teacher: name weights with --base")
    if not len(unlabeled.pool):
        raise InputError("self-training needs crops without labels: name folders with --unlabeled")
    teacher = run.base
    result: RunResult | None = None
    for number in range(1, settings.rounds + 1):
        folder = run.out / f"round-{number}"
        labels = _label(run, folder, teacher, unlabeled, should_stop)
        told = describe_labels(labels, settings.confidence, unlabeled.pool.texts if unlabeled.truth_known else None)
        on_progress({"event": "pseudo_labels", "round": number} | told)
        logger.info("round %d: %s", number, {name: round(value, 3) for name, value in told.items()})
        result = train_recognizer(
            _round_run(run, folder, teacher, keep_sure(unlabeled.pool, labels, settings.confidence)),
            should_stop,
            _tell_round(on_progress, number, settings.rounds),
        )
        teacher = result.checkpoint
        if result.state != "finished":
            break
    if result is None:
        raise InputError("self-training needs at least one round")
    return replace(result, checkpoint=_publish(result.checkpoint, run.out))


def _label(
    run: RecognizerRun, folder: Path, teacher: Path, unlabeled: Unlabeled, should_stop: StopCheck
) -> list[PseudoLabel]:
    """The teacher's labels; those of an interrupted round are read again, so that it goes on with the same ones."""
    path = folder / LABELS_FILE
    if path.is_file():
        lines = path.read_text(encoding="utf-8").splitlines()
        labels = [PseudoLabel(**json.loads(line)) for line in lines]
        if len(labels) == len(unlabeled.pool):
            return labels
        raise InputError(f"{path} labels {len(labels)} crops, not {len(unlabeled.pool)}; name another --out")
    start = start_recognizer(run.recipe, teacher)
    network = start.network.to(memory_format=torch.channels_last).eval()
    network.to("cuda" if run.device != "cpu" and torch.cuda.is_available() else "cpu")
    calibration = WordCalibration.from_dict(load_card(teacher).calibration)
    if calibration == WordCalibration() and run.validation is not None:
        calibration = calibrate_teacher(network, start.charset, run.validation)
    crops: list[np.ndarray] = [unlabeled.pool.crop(index) for index in range(len(unlabeled.pool))]
    labels = label_crops(network, start.charset, calibration, crops)
    folder.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    temporary.write_text("".join(json.dumps(asdict(label)) + "\n" for label in labels), encoding="utf-8")
    temporary.replace(path)
    return labels


def _round_run(run: RecognizerRun, folder: Path, teacher: Path, sure: CropPool) -> RecognizerRun:
    recipe, settings = run.recipe, run.recipe.self_training or SelfTraining()
    if len(sure) < MIN_KEPT:
        raise InputError(
            f"the teacher is sure of {len(sure)} crops only; lower the recipe's confidence or train it more"
        )
    total = sum(pool.share for pool in run.pools) or 1.0
    others = [replace(pool, share=recipe.rendered_share * pool.share / total) for pool in run.pools]
    given = 1.0 - recipe.rendered_share if others else 1.0
    pseudo = WeightedPool(sure, given, recipe.pseudo_label_weight, recipe.augment_strength)
    fit = replace(recipe.fit, steps=max(1, recipe.fit.steps // settings.rounds))
    if fit.minutes_schedule:
        fit = replace(fit, minutes_schedule=fit.minutes_schedule / settings.rounds)
    return replace(run, out=folder, recipe=replace(recipe, fit=fit), pools=[*others, pseudo], base=teacher)


def _tell_round(on_progress: ProgressSink, number: int, rounds: int) -> Callable[[dict[str, Any]], None]:
    def tell(line: dict[str, Any]) -> None:
        on_progress(line | {"round": number, "progress": (number - 1 + line["progress"]) / rounds})

    return tell


def _publish(checkpoint: Path, out: Path) -> Path:
    """Copy weights, then the card, to where every run leaves them."""
    target = out / checkpoint.name
    for source, copy in ((checkpoint, target), (card_path(checkpoint), card_path(target))):
        temporary = copy.with_name(f".{copy.name}.part")
        shutil.copyfile(source, temporary)
        temporary.replace(copy)
    return target
