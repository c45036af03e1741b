"""SemiMTR: a recognizer learns from labeled words and from crops without labels in one and the same step.

Source:
    Aberdam et al., WACV 2022 (SemiMTR); METHODS sections 6 and 9 with their corrections.
"""

import copy
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from models.errors import WeightsError
from models.language.cloze_model import ClozeModel
from models.recognition.abinet import AbinetNetwork, AbinetSteps
from models.recognition.glyph_network import GlyphNetwork
from models.recognition.semi.consistency import consistency_loss
from models.recognition.semi.fixmatch import fixmatch_loss, read_weakly
from models.recognition.semi.options import SemiOptions
from models.recognition.semi.seqclr import nt_xent_loss, pool_instances
from models.recognition.text_network import TextNetwork
from models.weights import load_card, load_network
from textrec_app.data.crop_pool import CropPool
from textrec_app.data.semi_batches import SemiBatch, SemiMixture, SemiSampler
from textrec_app.data.word_batches import WordBatch
from textrec_app.data.word_views import ViewSettings
from textrec_app.errors import InputError
from textrec_app.evaluation.metrics import compute_word_accuracy
from textrec_app.evaluation.protocols import pair_texts
from textrec_app.training.averaging import WeightAverage
from textrec_app.training.fit import ProgressSink, StopCheck
from textrec_app.training.recognizer import (
    RecognizerRun,
    RunResult,
    crops_to_tensor,
    fit_checkpoint,
    keep_covered,
    read_glyph_texts,
    read_texts,
)
from textrec_app.training.recognizer_start import RecognizerStart, start_recognizer
from textrec_app.training.semimtr_recipes import SemiRecipe

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Targets:
    """Labels of a batch: class ids, and the weight of each in the loss."""

    ids: list[list[int]]
    weights: Tensor

    @property
    def longest(self) -> int:
        """Characters of the longest text."""
        return max((len(text) for text in self.ids), default=0)


class SemiTask:
    """What `fit` needs to know about learning with and without labels."""

    def __init__(self, start: RecognizerStart, run: RecognizerRun, unlabeled: CropPool, options: SemiOptions) -> None:
        self.model, self.charset, self.options = start.network, start.charset, options
        self.network: nn.Module = start.network
        self.validation = run.validation
        recipe = run.recipe
        mixture = SemiMixture(
            recipe.fit.batch_size,
            options.unlabeled_share,
            recipe.max_width_px,
            ViewSettings(recipe.augmentation, recipe.aspect_jitter, recipe.concatenation),
            with_second_views=options.contrast is not None and isinstance(start.network, AbinetNetwork),
        )
        self.sampler = SemiSampler(run.pools, unlabeled, mixture, recipe.fit.seed)
        self.model.label_smoothing = recipe.label_smoothing
        if isinstance(self.model, GlyphNetwork):
            self.model.is_trunk_fixed = not options.train_trunk
        decay = options.consistency.ema_decay if options.consistency else 0.0
        self.teacher = MovingTeacher(self.model, decay) if decay else None

    def batch(self, step: int, process: int, processes: int) -> SemiBatch:
        """See `FitTask.batch`."""
        return self.sampler.batch(step, process, processes)

    def loss(self, network: nn.Module, batch: SemiBatch, device: torch.device) -> tuple[Tensor, int]:
        """The supervised loss, and those of crops without labels; either part of the batch may be empty."""
        teacher = self.teacher.follow(device) if self.teacher is not None else self.model
        count = len(batch.strong) + (len(batch.labeled.texts) if batch.labeled is not None else 0)
        if isinstance(self.model, AbinetNetwork):
            loss = self._abinet_loss(self.model, cast(AbinetNetwork, teacher), batch, device)
        else:
            loss = self._fixmatch_loss(teacher, batch, device)
        return loss, count

    def evaluate(self, network: nn.Module, device: torch.device, should_stop: StopCheck) -> dict[str, float]:
        """Word accuracy of both heads on the validation crops; empty where there are none."""
        if self.validation is None or not len(self.validation):
            return {}
        crops = [self.validation.crop(index) for index in range(len(self.validation))]
        read = read_texts(cast(TextNetwork, network), crops, self.charset, device, should_stop)
        if len(read) < len(crops):
            return {}
        said = {"word_accuracy": read}
        if isinstance(network, GlyphNetwork):
            said["fused_accuracy"] = read_glyph_texts(network, crops, self.charset, device)
        scores = {}
        for name, texts in said.items():
            for protocol in ("alnum36", "exact"):
                pairs = pair_texts(self.validation.texts, texts, protocol)
                scores[f"{name}_{protocol}"] = compute_word_accuracy(pairs.labels, pairs.predictions)
        return scores | {"score": sum(scores.values()) / len(scores)}

    def _abinet_loss(
        self, model: AbinetNetwork, teacher: AbinetNetwork, batch: SemiBatch, device: torch.device
    ) -> Tensor:
        targets = self._targets(batch.labeled, device)
        n, places = len(targets.ids), min(targets.longest, model.max_length) + 1
        taught: AbinetSteps | None = None
        if self.options.consistency is not None and len(batch.weak):
            taught = read_steps(teacher, crops_to_tensor(batch.weak, device), places)
            places = taught.vision.shape[1]
        strong = crops_to_tensor(batch.strong, device)
        first = torch.cat([crops_to_tensor(batch.labeled.images, device), strong]) if batch.labeled else strong
        again = torch.zeros_like(first[:0]) if batch.again is None else crops_to_tensor(batch.again, device)
        steps = model.analyse(torch.cat([first, again]), places)  # one pass: norms see the mixture
        loss = steps.vision.sum() * 0.0
        views = [0] if batch.again is None else [0, len(first)]
        for begin in views if n else ():
            loss = loss + model.supervised_loss(steps.part(begin, begin + n), targets.ids, targets.weights)
        if taught is not None and self.options.consistency is not None:
            loss = loss + consistency_loss(taught, steps.part(n, len(first)), self.options.consistency).loss
        contrast = self.options.contrast
        if contrast is not None and len(again):
            instances = pool_instances(steps.grid, contrast)
            one, other = instances[: len(first)], instances[len(first) :]
            loss = loss + contrast.weight * nt_xent_loss(one, other, contrast.temperature)
        return loss

    def _fixmatch_loss(self, teacher: TextNetwork, batch: SemiBatch, device: torch.device) -> Tensor:
        targets = self._targets(batch.labeled, device)
        loss = torch.zeros((), device=device)
        if batch.labeled is not None:
            loss = loss + self.model(crops_to_tensor(batch.labeled.images, device), targets.ids, targets.weights)
        options = self.options.consistency
        if options is None or not len(batch.weak):
            return loss
        readings = read_weakly(teacher, self.charset, crops_to_tensor(batch.weak, device))
        strong = crops_to_tensor(batch.strong, device)
        return loss + options.weight * fixmatch_loss(self.model, self.charset, strong, readings, options.belief).loss

    def _targets(self, labeled: WordBatch | None, device: torch.device) -> Targets:
        if labeled is None:
            return Targets([], torch.zeros(0, device=device))
        ids = [self.charset.encode(keep_covered(text, self.charset)) for text in labeled.texts]
        return Targets(ids, torch.from_numpy(labeled.weights).to(device))


class MovingTeacher:
    """A moving average of a student, in evaluation mode; it begins anew where an interrupted run goes on."""

    def __init__(self, student: TextNetwork, decay: float) -> None:
        self.student, self.decay = student, decay
        self._teacher: TextNetwork | None = None
        self._average: WeightAverage | None = None

    def follow(self, device: torch.device) -> TextNetwork:
        """The teacher, after a step towards the student."""
        if self._teacher is None or self._average is None:
            self._teacher = copy.deepcopy(self.student).to(device).requires_grad_(False)
            self._average = WeightAverage(self.student, self.decay)
        else:
            self._average.update(self.student)
        self._teacher.load_state_dict(self._average.tensors)
        return self._teacher.eval()


@torch.no_grad()
def read_steps(teacher: AbinetNetwork, weak: Tensor, least: int) -> AbinetSteps:
    """What a teacher says of weak views in evaluation mode; its mode is restored.

    Args:
        least: places that are asked for at least; more where the fast path reads longer texts.
    """
    was_training = teacher.training
    teacher.eval()
    view = teacher.look(weak)
    steps = teacher.conclude(view, max(least, int(teacher.count_own(view).max())))
    teacher.train(was_training)
    return steps


def lend_language(network: AbinetNetwork, path: Path) -> None:
    """Begin with a language model that `train language --recipe cloze` made.

    Raises:
        WeightsError: the file is no such model, or one of another shape.
    """
    language, card = load_network(path)
    if not isinstance(language, ClozeModel):
        raise WeightsError(f"{path.name} is a {card.task} ({card.architecture}), not a cloze language model")
    if language.config.classes != network.config.classes or language.state_dict().keys() != (
        network.language.state_dict().keys()
    ):
        raise WeightsError(f"{path.name} has another charset or depth than the recognizer")
    try:
        network.language.load_state_dict(language.state_dict())
    except RuntimeError as error:
        raise WeightsError(f"{path.name} has another shape than the recognizer's language model: {error}") from error


def train_semimtr(
    run: RecognizerRun,
    unlabeled: CropPool,
    language: Path | None = None,
    should_stop: StopCheck = lambda: None,
    on_progress: ProgressSink = lambda line: None,
) -> RunResult:
    """Train and write `out/recognizer.safetensors`; goes on where an earlier sitting stopped.

    An `abinet_s` that begins from a recognizer of another architecture takes its trunk and fast path, and reads by them
    at once; its language model is that of `language`, or begins from nothing.

    Raises:
        InputError: the recipe says nothing of crops without labels, or there is nothing to train on.
        WeightsError: base or language model do not load.
    """
    if not isinstance(run.recipe, SemiRecipe):
        raise InputError(f"the recipe {run.recipe.fit.name} does not say how to learn without labels")
    start = start_recognizer(run.recipe, run.base, run.transfer)
    network = start.network
    if isinstance(network, AbinetNetwork):
        begins = run.base is None or load_card(run.base).architecture != start.architecture
        if begins and run.base is not None:
            network.begin_from_fast_path()
        if begins and language is not None:
            lend_language(network, language)
    task = SemiTask(start, run, unlabeled, run.recipe.semi)
    return fit_checkpoint(run, start, task, should_stop, on_progress)
