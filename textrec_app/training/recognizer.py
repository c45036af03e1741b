"""Training the recognizer: pools in, a checkpoint with its card out."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from models.charset import Charset
from models.glyph.loss_weights import GlyphLossWeights
from models.recognition.ctc import DecodedText
from models.recognition.glyph_network import GlyphNetwork
from models.recognition.text_network import TextNetwork, inference_config
from models.recognition.tokens import token_greedy_decode
from models.weights import WeightCard, load_card, save_weights
from textrec_app.data.buckets import batch_by_width, resize_to_bucket
from textrec_app.data.crop_pool import CropPool
from textrec_app.data.word_batches import WeightedPool, WordBatch, WordSampler
from textrec_app.data.word_views import ViewSettings
from textrec_app.evaluation.metrics import compute_word_accuracy
from textrec_app.evaluation.protocols import pair_texts
from textrec_app.training.batch_workers import BatchSource, BatchWorkers
from textrec_app.training.fit import FitResult, FitTask, ProgressSink, StopCheck, fit
from textrec_app.training.fresh_words import ComposesOnDevice
from textrec_app.training.glyph_batches import add_masks, masks_of
from textrec_app.training.recipes import GlyphSchedule, RecognizerRecipe
from textrec_app.training.recognizer_start import RecognizerStart, start_recognizer

logger = logging.getLogger(__name__)

PREPROCESSING: dict[str, Any] = {"height_px": 32, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "colour": "RGB"}
EVALUATION_BATCH = 64
MASKS = "masks"  # where a run keeps its pseudo-masks


@dataclass(frozen=True)
class RecognizerRun:
    """One run of training.

    Attributes:
        out: the run's folder; a state in it is gone on from.
        pools: what is drawn from, with shares (see `WordSampler`).
        validation: labeled crops that are never trained on; may be empty.
        minutes: length of this sitting; None runs the whole schedule.
        base: weights to begin from; None begins from nothing.
        transfer: the base only lends the tensors that fit, see `start_recognizer`.
        source: makes the batches in place of a `WordSampler` over the pools.
        workers: processes that make the batches; 0 leaves it to a thread.
        card: name, version, data and commit of the checkpoint to be made.
    """

    out: Path
    recipe: RecognizerRecipe
    pools: Sequence[WeightedPool]
    validation: CropPool | None = None
    minutes: float | None = None
    base: Path | None = None
    transfer: bool = False
    name: str = "recognizer"
    version: str = "0"
    data: list[Any] = field(default_factory=list)
    commit: str = ""
    device: str = "auto"
    source: BatchSource | None = None
    workers: int = 0


@dataclass(frozen=True)
class RunResult:
    """How a sitting ended; `checkpoint` is the weights file, with its card beside it."""

    state: str
    checkpoint: Path
    step: int
    metrics: dict[str, float]
    samples_per_s: float


class RecognizerTask:
    """What `fit` needs to know about recognition."""

    def __init__(self, network: TextNetwork, charset: Charset, run: RecognizerRun) -> None:
        self.network: nn.Module = network
        self.charset, self.validation = charset, run.validation
        recipe = run.recipe
        views = ViewSettings(recipe.augmentation, recipe.aspect_jitter, recipe.concatenation)
        source: BatchSource = run.source or WordSampler(
            run.pools, recipe.fit.batch_size, recipe.fit.seed, recipe.max_width_px, views
        )
        self.sampler = add_masks(source, run.out / MASKS) if isinstance(network, GlyphNetwork) else source
        network.label_smoothing = recipe.label_smoothing
        fixed_steps = recipe.glyphs.fixed_steps if run.base else 0  # a trunk from nothing must learn
        self.glyphs = replace(recipe.glyphs, fixed_steps=fixed_steps)
        self.workers = BatchWorkers(self.sampler, run.workers) if run.workers else None

    def batch(self, step: int, process: int, processes: int) -> WordBatch:
        """See `FitTask.batch`."""
        return self.sampler.batch(step, process, processes)

    def loss(self, network: nn.Module, batch: WordBatch, device: torch.device) -> tuple[Tensor, int]:
        """The network's own loss of a batch; texts outside the charset lose the characters it lacks."""
        targets = [self.charset.encode(keep_covered(text, self.charset)) for text in batch.texts]
        weights = torch.from_numpy(batch.weights).to(device)
        images = self._to_tensor(batch, device)
        if not isinstance(self.network, GlyphNetwork):
            return network(images, targets, weights), len(targets)
        set_glyph_losses(self.network, self.glyphs, batch.step)
        return network(images, targets, weights, masks_of(self.sampler, batch, images)), len(targets)

    def _to_tensor(self, batch: WordBatch, device: torch.device) -> Tensor:
        if isinstance(self.sampler, ComposesOnDevice):
            return self.sampler.to_tensor(batch, device)
        return crops_to_tensor(batch.images, device)

    def evaluate(self, network: nn.Module, device: torch.device, should_stop: StopCheck) -> dict[str, float]:
        """Word accuracy on the validation crops, alnum36 and exact; empty where there are none."""
        scores = evaluate_words(network, self.charset, self.validation, device, should_stop)
        if not scores or self.validation is None or not isinstance(self.network, GlyphNetwork):
            return scores
        crops = [self.validation.crop(index) for index in range(len(self.validation))]
        texts = read_glyph_texts(cast(GlyphNetwork, network), crops, self.charset, device)
        return _with_score(scores | _score("glyph_accuracy", self.validation, texts))


def evaluate_words(
    network: nn.Module, charset: Charset, validation: CropPool | None, device: torch.device, should_stop: StopCheck
) -> dict[str, float]:
    """Word accuracy of the fast path on labeled crops, alnum36 and exact, and their mean as `score`.

    Empty where there are no crops, and where it was asked to stop.
    """
    if validation is None or not len(validation):
        return {}
    crops = [validation.crop(index) for index in range(len(validation))]
    texts = read_texts(cast(TextNetwork, network), crops, charset, device, should_stop)
    return {} if len(texts) < len(crops) else _with_score(_score("word_accuracy", validation, texts))


def _score(name: str, validation: CropPool, texts: Sequence[str]) -> dict[str, float]:
    """Accuracy of texts of the validation crops under both protocols."""
    scores = {}
    for protocol in ("alnum36", "exact"):
        pairs = pair_texts(validation.texts, texts, protocol)
        scores[f"{name}_{protocol}"] = compute_word_accuracy(pairs.labels, pairs.predictions)
    return scores


def _with_score(scores: dict[str, float]) -> dict[str, float]:
    accuracies = [value for name, value in scores.items() if name != "score"]
    return scores | {"score": sum(accuracies) / len(accuracies)}


def train_recognizer(
    run: RecognizerRun,
    should_stop: StopCheck = lambda: None,
    on_progress: ProgressSink = lambda line: None,
) -> RunResult:
    """Train and write `out/recognizer.safetensors` with its card.

    The weights are the running average of the best validation where there is a validation part,
    else the average at the end. They are written however the sitting ended.

    Raises:
        InputError: there is nothing to train on.
        WeightsError: the base does not load.
    """
    start = start_recognizer(run.recipe, run.base, run.transfer)
    task = RecognizerTask(start.network, start.charset, run)
    return fit_checkpoint(run, start, task, should_stop, on_progress)


def fit_checkpoint(
    run: RecognizerRun,
    start: RecognizerStart,
    task: FitTask,
    should_stop: StopCheck,
    on_progress: ProgressSink,
    finish: Callable[[dict[str, Tensor]], dict[str, Tensor]] = lambda tensors: tensors,
) -> RunResult:
    """Fit a task of the run's recipe, and write what was learnt, at half precision, with its card.

    Args:
        finish: makes the tensors to be shipped from those learnt.
    """
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
    shipped = half(start.network.inference_tensors(finish(tensors)))
    is_compact = isinstance(
        start.network, GlyphNetwork
    )  # as half floats they would be half as large again as is shipped
    path = save_weights(run.out, "recognizer", shipped, _card(run, start, result), compact=is_compact)
    return RunResult(result.state, path, result.step, result.metrics, result.samples_per_s)


def read_texts(
    network: TextNetwork,
    crops: Sequence[np.ndarray],
    charset: Charset,
    device: torch.device,
    should_stop: Callable[[], str | None] = lambda: None,
) -> list[str]:
    """Greedy texts of crops in their order; none if asked to stop."""
    return [reading.text for reading in read_crops(network, crops, charset, device, should_stop)]


def read_crops(
    network: TextNetwork,
    crops: Sequence[np.ndarray],
    charset: Charset,
    device: torch.device,
    should_stop: Callable[[], str | None] = lambda: None,
) -> list[DecodedText]:
    """Greedy readings of crops in their order; none if asked to stop."""
    readings: dict[int, DecodedText] = {}
    for chunk, images in batch_by_width([resize_to_bucket(crop) for crop in crops], lambda width: EVALUATION_BATCH):
        if should_stop():
            return []
        with torch.inference_mode():
            logits = network(crops_to_tensor(images, device))
        readings.update(zip(chunk, network.decode(logits, charset), strict=True))
    return [readings[index] for index in range(len(crops))]


def read_glyph_texts(
    network: GlyphNetwork, crops: Sequence[np.ndarray], charset: Charset, device: torch.device
) -> list[str]:
    """Greedy texts of the fused reading, in the order of the crops."""
    texts: dict[int, str] = {}
    for chunk, images in batch_by_width([resize_to_bucket(crop) for crop in crops], lambda width: EVALUATION_BATCH):
        with torch.inference_mode():
            logits = network.read(crops_to_tensor(images, device)).logits
        texts.update((index, one.text) for index, one in zip(chunk, token_greedy_decode(logits, charset), strict=True))
    return [texts[index] for index in range(len(crops))]


def set_glyph_losses(network: GlyphNetwork, schedule: GlyphSchedule, step: int) -> None:
    """Tell a network what a schedule asks for at a step."""
    alignment = schedule.alignment if step < schedule.alignment_steps else schedule.alignment_later
    network.is_trunk_fixed = step < schedule.fixed_steps
    network.loss_weights = GlyphLossWeights(
        alignment,
        schedule.segmentation,
        schedule.slots,
        schedule.recognition,
        schedule.fast,
        schedule.guide if step < schedule.guide_steps else schedule.guide_later,
    )


def crops_to_tensor(images: np.ndarray, device: torch.device) -> Tensor:
    """(B, 32, W, 3) uint8 RGB to (B, 3, 32, W) float32 in [-1, 1], channels last."""
    pixels = torch.from_numpy(images)
    if device.type == "cuda":  # from pinned memory the copy runs beside the computing
        pixels = pixels.pin_memory().to(device, non_blocking=True)
    tensor = pixels.to(device).permute(0, 3, 1, 2)
    return tensor.float().div_(127.5).sub_(1.0)


def keep_covered(text: str, charset: Charset) -> str:
    """The text without the characters that the charset lacks."""
    return text if charset.covers(text) else "".join(c for c in text if charset.covers(c))


def half(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Floats as float16, for shipping; integers as they are."""
    return {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}


def _card(run: RecognizerRun, start: RecognizerStart, result: FitResult) -> WeightCard:
    base = load_card(run.base) if run.base is not None else None
    card = WeightCard(
        name=run.name,
        version=run.version,
        task="recognizer",
        architecture=start.architecture,
        config=inference_config(start.config),
        charset=start.charset.characters,
        preprocessing=PREPROCESSING,
        recipe=asdict(run.recipe),
        data=run.data,
        metrics={
            "validation": result.metrics,
            "steps": result.step,
            "samples": result.samples,
            "trained_s": round(result.trained_s, 1),
        },
        commit=run.commit,
        created_utc=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    if base is None:
        return card
    return replace(card, parent=f"{base.name}@{base.version}", calibration=base.calibration, vocabulary=base.vocabulary)
