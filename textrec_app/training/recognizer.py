"""Training the recognizer: pools in, a checkpoint with its card out."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.charset import PRINTABLE_ASCII, Charset
from models.recognition.ctc import compute_ctc_loss, ctc_greedy_decode
from models.registry import create_network
from models.weights import WeightCard, load_card, load_network, save_weights
from textrec_app.data.buckets import resize_to_bucket
from textrec_app.data.crop_pool import CropPool
from textrec_app.data.word_batches import WeightedPool, WordBatch, WordSampler
from textrec_app.evaluation.metrics import compute_word_accuracy
from textrec_app.evaluation.protocols import pair_texts
from textrec_app.training.fit import FitResult, ProgressSink, StopCheck, fit
from textrec_app.training.recipes import RecognizerRecipe

logger = logging.getLogger(__name__)

PREPROCESSING: dict[str, Any] = {"height_px": 32, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "colour": "RGB"}
EVALUATION_BATCH = 64


@dataclass(frozen=True)
class RecognizerRun:
    """One run of training.

    Attributes:
        out: the run's folder; a state in it is gone on from.
        pools: what is drawn from, with shares (see `WordSampler`).
        validation: labeled crops that are never trained on; may be empty.
        minutes: length of this sitting; None runs the whole schedule.
        base: weights to begin from; None begins from nothing.
        card: name, version, data and commit of the checkpoint to be made.
    """

    out: Path
    recipe: RecognizerRecipe
    pools: Sequence[WeightedPool]
    validation: CropPool | None = None
    minutes: float | None = None
    base: Path | None = None
    name: str = "recognizer"
    version: str = "0"
    data: list[Any] = field(default_factory=list)
    commit: str = ""
    device: str = "auto"


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

    def __init__(self, network: nn.Module, charset: Charset, run: RecognizerRun) -> None:
        self.network, self.charset, self.validation = network, charset, run.validation
        recipe = run.recipe
        self.sampler = WordSampler(run.pools, recipe.fit.batch_size, recipe.fit.seed, recipe.max_width_px)

    def batch(self, step: int, process: int, processes: int) -> WordBatch:
        """See `FitTask.batch`."""
        return self.sampler.batch(step, process, processes)

    def loss(self, network: nn.Module, batch: WordBatch, device: torch.device) -> tuple[Tensor, int]:
        """CTC loss of a batch; texts outside the charset lose the characters it lacks."""
        logits = network(crops_to_tensor(batch.images, device))
        targets = [self.charset.encode(keep_covered(text, self.charset)) for text in batch.texts]
        return compute_ctc_loss(logits, targets, torch.from_numpy(batch.weights).to(device)), len(targets)

    def evaluate(self, network: nn.Module, device: torch.device, should_stop: StopCheck) -> dict[str, float]:
        """Word accuracy on the validation crops, alnum36 and exact; empty where there are none."""
        if self.validation is None or not len(self.validation):
            return {}
        crops = [self.validation.crop(index) for index in range(len(self.validation))]
        texts = read_texts(network, crops, self.charset, device, should_stop)
        if len(texts) < len(crops):
            return {}
        scores = {}
        for protocol in ("alnum36", "exact"):
            pairs = pair_texts(self.validation.texts, texts, protocol)
            scores[f"word_accuracy_{protocol}"] = compute_word_accuracy(pairs.labels, pairs.predictions)
        return scores | {"score": sum(scores.values()) / 2}


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
    charset, network, config = _start(run)
    task = RecognizerTask(network, charset, run)
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
    path = save_weights(run.out, "recognizer", half(tensors), _card(run, charset, config, result))
    return RunResult(result.state, path, result.step, result.metrics, result.samples_per_s)


def read_texts(
    network: nn.Module,
    crops: Sequence[np.ndarray],
    charset: Charset,
    device: torch.device,
    should_stop: Callable[[], str | None] = lambda: None,
) -> list[str]:
    """Greedy texts of crops in their order; fewer than the crops if asked to stop."""
    resized = [resize_to_bucket(crop) for crop in crops]
    order = sorted(range(len(crops)), key=lambda index: resized[index].shape[1])
    texts: dict[int, str] = {}
    start = 0
    while start < len(order):
        if should_stop():
            return []
        width = resized[order[start]].shape[1]
        chunk = [index for index in order[start : start + EVALUATION_BATCH] if resized[index].shape[1] == width]
        with torch.inference_mode():
            logits = network(crops_to_tensor(np.stack([resized[index] for index in chunk]), device))
        for index, decoded in zip(chunk, ctc_greedy_decode(logits, charset), strict=True):
            texts[index] = decoded.text
        start += len(chunk)
    return [texts[index] for index in range(len(crops))]


def crops_to_tensor(images: np.ndarray, device: torch.device) -> Tensor:
    """(B, 32, W, 3) uint8 RGB to (B, 3, 32, W) float32 in [-1, 1], channels last."""
    tensor = torch.from_numpy(images).to(device).permute(0, 3, 1, 2)
    return tensor.float().div_(127.5).sub_(1.0)


def keep_covered(text: str, charset: Charset) -> str:
    """The text without the characters that the charset lacks."""
    return text if charset.covers(text) else "".join(c for c in text if charset.covers(c))


def half(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Floats as float16, for shipping; integers as they are."""
    return {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}


def _start(run: RecognizerRun) -> tuple[Charset, nn.Module, dict[str, Any]]:
    if run.base is not None:
        network, card = load_network(run.base)
        return Charset(card.charset), network, dict(card.config)
    torch.manual_seed(run.recipe.fit.seed)
    config: dict[str, Any] = {"classes": len(PRINTABLE_ASCII) + 1, **dict(run.recipe.network)}
    return Charset(PRINTABLE_ASCII), create_network("conv_attention_ctc", config), config


def _card(run: RecognizerRun, charset: Charset, config: dict[str, Any], result: FitResult) -> WeightCard:
    base = load_card(run.base) if run.base is not None else None
    card = WeightCard(
        name=run.name,
        version=run.version,
        task="recognizer",
        architecture="conv_attention_ctc",
        config=config,
        charset=charset.characters,
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
    return replace(card, parent=f"{base.name}@{base.version}", calibration=base.calibration)
