"""Training the detector by developers: folders of scenes in, a resumable run and a checkpoint out."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textrec_app.data.scenes import save_scenes
from textrec_app.errors import InputError
from textrec_app.pipeline.detection import Detector
from textrec_app.services.architectures import check_architecture
from textrec_app.services.training import find_commit
from textrec_app.training.detector import DetectorResult, DetectorRun, train_detector
from textrec_app.training.detector_recipes import get_detector_recipe
from textrec_app.training.detector_sources import load_detector_data

logger = logging.getLogger(__name__)

VALIDATION_FOLDER = "validation"
DEFAULT_ARCHITECTURE = "one_shot"


@dataclass(frozen=True)
class DetectorOrder:
    """What `train detector` is asked for.

    Attributes:
        recipe: "base" stands for the usual one of the architecture.
        data: folders with `boxes.jsonl`; see `load_detector_data` for how often each is seen and what is held back.
        unlabeled: folders with pictures of which nothing is known; the words that the base is sure of are learnt.
        minutes: length of this sitting; None runs the whole schedule.
        schedule_minutes: minutes after which the learning rate has fallen to its end; None counts steps.
        base: weights to begin from; they also separate the characters of real words and the words of lines. Of those
            of another architecture, the parts that both have are taken over.
        architecture: "craft" or "one_shot"; None takes the latter.
    """

    out: Path
    recipe: str = "base"
    data: tuple[Path, ...] = ()
    minutes: float | None = None
    schedule_minutes: float | None = None
    base: Path | None = None
    version: str = "0"
    device: str = "auto"
    architecture: str | None = None
    unlabeled: tuple[Path, ...] = ()


def train_detector_on(
    order: DetectorOrder,
    on_progress: Callable[[dict[str, Any]], None] = lambda line: None,
    should_stop: Callable[[], str | None] = lambda: None,
) -> DetectorResult:
    """Train a detector on folders of scenes; goes on from `order.out` where a run is there.

    The scenes held back are listed in `order.out`/validation, a set that `evaluate detection` takes.

    Raises:
        InputError: no folder is named, one is no detection set, there is no such architecture, or unlabeled
            pictures are named without a base.
        NotFoundError: there is no such recipe.
    """
    check_architecture(order.architecture, "detector")
    architecture = order.architecture or DEFAULT_ARCHITECTURE
    recipe = get_detector_recipe(order.recipe, order.schedule_minutes, architecture)
    if not order.data:
        raise InputError("There is nothing to train on. Name folders that hold boxes.jsonl with --data.")
    teacher = None if order.base is None else Detector.load(order.base)
    found = load_detector_data(order.data, teacher, order.unlabeled)
    if found.validation:
        save_scenes(order.out / VALIDATION_FOLDER, found.validation)
    run = DetectorRun(
        out=order.out,
        recipe=recipe,
        pools=found.pools,
        validation=found.validation,
        minutes=order.minutes,
        base=order.base,
        architecture=architecture,
        version=order.version,
        data=found.names,
        commit=find_commit(),
        device=order.device,
    )
    return train_detector(run, should_stop, on_progress)
