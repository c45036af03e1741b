"""Training the detector: scenes in, a checkpoint with its card out."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from models.registry import create_network
from models.weights import WeightCard, load_card, load_network, save_weights
from textrec_app.data.detection_damage import damage_picture
from textrec_app.data.detection_samples import draw_view
from textrec_app.data.detection_targets import TargetWord
from textrec_app.data.scenes import Scene
from textrec_app.errors import InputError
from textrec_app.evaluation.detection import FoundText, SceneSample, evaluate_detection
from textrec_app.pipeline.canvas import DetectionPreprocessing
from textrec_app.pipeline.detection import Detector
from textrec_app.pipeline.images import load_image
from textrec_app.pipeline.map_decoders import create_decoder
from textrec_app.training.detector_objectives import Objective, create_objective
from textrec_app.training.detector_recipes import DetectorRecipe
from textrec_app.training.fit import FitResult, ProgressSink, StopCheck, fit

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ScenePool:
    """Scenes to draw views from.

    Attributes:
        paths: one picture file for each scene.
        words: what is known of each scene's words.
        share: part of the views that come from here, relative to the other pools.
    """

    paths: Sequence[Path]
    words: Sequence[Sequence[TargetWord]]
    share: float


@dataclass(frozen=True)
class DetectorBatch:
    """Views and what they should give.

    Attributes:
        images: (B, S, S, 3) uint8 RGB.
        targets: what the architecture's objective collated.
    """

    images: np.ndarray
    targets: Any


@dataclass(frozen=True)
class DetectorRun:
    """One run of training.

    Attributes:
        out: the run's folder; a state in it is gone on from.
        pools: what is drawn from.
        validation: scenes that are never trained on; may be empty.
        minutes: length of this sitting; None runs the whole schedule.
        base: weights to begin from; None begins from nothing. Of a base of another architecture, the parts that both
            have are taken over.
        architecture: "craft" or "one_shot".
        config: shape of a network that begins from nothing; the shipped shape by default.
        objective: what is learnt; None takes the architecture's usual one.
        version, data, commit: for the card of the checkpoint to be made.
    """

    out: Path
    recipe: DetectorRecipe
    pools: Sequence[ScenePool]
    validation: Sequence[Scene] = ()
    minutes: float | None = None
    base: Path | None = None
    architecture: str = "one_shot"
    config: dict[str, Any] = field(default_factory=dict)
    objective: Objective | None = None
    name: str = "detector"
    version: str = "0"
    data: list[Any] = field(default_factory=list)
    commit: str = ""
    device: str = "auto"


@dataclass(frozen=True)
class DetectorResult:
    """How a sitting ended; `checkpoint` is the weights file, with its card beside it."""

    state: str
    checkpoint: Path
    step: int
    metrics: dict[str, float]
    samples_per_s: float


class DetectorTask:
    """What `fit` needs to know about detection."""

    def __init__(self, network: nn.Module, card: WeightCard, run: DetectorRun) -> None:
        self.network, self.card, self.recipe = network, card, run.recipe
        self.pools = [pool for pool in run.pools if len(pool.paths) and pool.share > 0]
        if not self.pools:
            raise InputError("There is no scene to train the detector on. Name folders with boxes.jsonl.")
        self.objective = run.objective or create_objective(card.architecture)
        self.preprocessing = DetectionPreprocessing()
        self.samples = [SceneSample(load_image(scene.path), scene.boxes) for scene in run.validation]

    @classmethod
    def create(cls, run: DetectorRun) -> "DetectorTask":
        """Make or load the network of a run."""
        network, card = _start(run)
        return cls(network, card, run)

    def batch(self, step: int, process: int, processes: int) -> DetectorBatch:
        """See `FitTask.batch`; each view has a generator of its own."""
        local = self.recipe.fit.batch_size // processes
        cv2.setNumThreads(1)  # the network has the processors
        views = [self._view(np.random.default_rng([self.recipe.fit.seed, step, process, k])) for k in range(local)]
        return DetectorBatch(np.stack([view for view, _ in views]), self.objective.collate([t for _, t in views]))

    def loss(self, network: nn.Module, batch: DetectorBatch, device: torch.device) -> tuple[Tensor, int]:
        """See `Objective.loss`."""
        return self.objective.loss(network, self._normalise(batch.images, device), batch.targets), len(batch.images)

    def evaluate(self, network: nn.Module, device: torch.device, should_stop: StopCheck) -> dict[str, float]:
        """Detection metrics on the validation scenes; empty where there are none."""
        if not self.samples:
            return {}
        detector = Detector(network, self.card, str(device))
        waiting = (sample for sample in self.samples if not should_stop())
        metrics = evaluate_detection(waiting, lambda image: find_text(detector, image))
        if should_stop():
            return {}
        return {"precision": metrics.precision, "recall": metrics.recall, "score": metrics.hmean}

    def _view(self, rng: np.random.Generator) -> tuple[np.ndarray, Any]:
        shares = np.array([pool.share for pool in self.pools])
        pool = self.pools[int(rng.choice(len(shares), p=shares / shares.sum()))]
        index = int(rng.integers(len(pool.paths)))
        view, words = draw_view(read_rgb(pool.paths[index]), pool.words[index], self.recipe.views, rng)
        targets = self.objective.build(self.recipe.views.size_px, words, rng)
        return damage_picture(view, rng), targets

    def _normalise(self, images: np.ndarray, device: torch.device) -> Tensor:
        tensor = torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float()  # channels last in memory
        mean, std = (torch.tensor(v, device=device) for v in (self.preprocessing.mean, self.preprocessing.std))
        return (tensor - mean[:, None, None]) / std[:, None, None]


def train_detector(
    run: DetectorRun,
    should_stop: StopCheck = lambda: None,
    on_progress: ProgressSink = lambda line: None,
) -> DetectorResult:
    """Train and write `out/detector.safetensors` with its card, however the sitting ended.

    The weights are the running average of the best validation where there is a validation part, else at the end.

    Raises:
        InputError: there is nothing to train on.
        WeightsError: the base does not load.
    """
    task = DetectorTask.create(run)
    result = fit(
        task,
        run.recipe.fit,
        run.out,
        minutes=run.minutes,
        device=run.device,
        should_stop=should_stop,
        on_progress=on_progress,
    )
    tensors = result.best if result.metrics else result.average
    path = save_weights(run.out, "detector", half(tensors), _finish(task.card, result))
    return DetectorResult(result.state, path, result.step, result.metrics, result.samples_per_s)


def find_text(detector: Detector, image: np.ndarray) -> list[FoundText]:
    """Detected regions in the form that is scored."""
    return [FoundText(region.polygon) for region in detector.detect(image)]


def half(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Floats as float16, for shipping; integers as they are."""
    return {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}


def read_rgb(path: Path) -> np.ndarray:
    """Decode a training picture, (H, W, 3) uint8 RGB; faster than `load_image`, for files known to be sound.

    Raises:
        InputError: the file cannot be decoded.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        raise InputError(f"{path} cannot be decoded. Render or copy the set again.")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _start(run: DetectorRun) -> tuple[nn.Module, WeightCard]:
    base = load_card(run.base) if run.base is not None else None
    torch.manual_seed(run.recipe.fit.seed)
    goes_on = base is not None and base.architecture == run.architecture
    config: dict[str, Any] = dict(base.config if base and goes_on else run.config)
    network = create_network(run.architecture, config)
    known_thresholds = base.preprocessing.get("thresholds") if base and goes_on else None
    thresholds = create_decoder(run.architecture, known_thresholds or {}).thresholds
    if run.base is not None:
        n_taken = take_over(network, load_network(run.base)[0])
        logger.info("%d tensors are taken over from %s", n_taken, run.base)
    card = WeightCard(
        name=run.name,
        version=run.version,
        task="detector",
        architecture=run.architecture,
        config=config,
        preprocessing=asdict(DetectionPreprocessing()) | {"thresholds": asdict(thresholds)},
        recipe=asdict(run.recipe),
        data=run.data,
        commit=run.commit,
        parent=f"{base.name}@{base.version}" if base else "",
    )
    return network, card


def take_over(network: nn.Module, base: nn.Module) -> int:
    """Copy the tensors of a base that have the same name and shape.

    Returns:
        How many there were.
    """
    own, given = network.state_dict(), base.state_dict()
    common = {name: given[name] for name in own if name in given and own[name].shape == given[name].shape}
    network.load_state_dict(common, strict=False)
    return len(common)


def _finish(card: WeightCard, result: FitResult) -> WeightCard:
    metrics = {"validation": result.metrics, "steps": result.step, "samples": result.samples}
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return replace(card, metrics=metrics | {"trained_s": round(result.trained_s, 1)}, created_utc=created)
