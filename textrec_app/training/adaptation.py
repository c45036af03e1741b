"""Adapting trained weights to one kind of pictures: its readings are learnt, and what was known before is kept.

The user's crops are learnt by CTC from the texts that are believed of them. On rendered words the network is
held to what the weights in use say (distillation), not to the texts: learning those anew drifts further. Norms keep
their statistics, and the early layers stay as they are.

Source:
    METHODS sections 9 and 10 (pseudo-labels with strong views for the student); Li and Hoiem 2016, 1606.09282
    (learning without forgetting: the old network's answers as targets).
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from models.charset import Charset
from models.glyph.loss_weights import GlyphLossWeights
from models.recognition.glyph_network import GlyphNetwork
from models.recognition.text_network import TextNetwork
from textrec_app.data.word_batches import WeightedPool, WordBatch, WordSampler
from textrec_app.data.word_views import ViewSettings
from textrec_app.training.fit import ProgressSink, StopCheck
from textrec_app.training.recipes import Adaptation
from textrec_app.training.recognizer import (
    RecognizerRun,
    RunResult,
    crops_to_tensor,
    evaluate_words,
    fit_checkpoint,
    keep_covered,
)
from textrec_app.training.recognizer_start import start_recognizer

ONLY_FAST = GlyphLossWeights(alignment=0.0, segmentation=0.0, slots=0.0, recognition=0.0, fast=1.0, guide=0.0)
TOP_PARTS = frozenset({"to_high", "high", "row_score", "position", "blocks", "norm", "head"})
"""Parts of a convolutional trunk (`ConvTrunk`) above its middle stage, and the head."""

REPLAY_SEED = 7919
COLUMNS_OF_A_CHARACTER = 4.0
"""Brings the mean over CTC's columns to the scale of a loss for each character."""


@dataclass(frozen=True)
class AdaptBatch:
    """What one step sees: crops of the kind with their texts, and rendered words where there are any."""

    kind: WordBatch
    replay: WordBatch | None


class AdaptTask:
    """What `fit` needs to know about adapting a recognizer."""

    def __init__(self, network: TextNetwork, charset: Charset, run: RecognizerRun, replay: WeightedPool | None) -> None:
        self.network: nn.Module = network
        self.charset, self.validation = charset, run.validation
        self.settings = run.recipe.adaptation or Adaptation()
        self.before = copy.deepcopy(network).eval().requires_grad_(False)
        self.distils = network.emits == "ctc" and self.settings.distillation > 0
        self.replay_share = run.recipe.rendered_share if replay is not None else 0.0
        self._kind = _sampler(run.pools, run, 1.0 - self.replay_share, 0)
        self._replay = None if replay is None else _sampler([replay], run, self.replay_share, REPLAY_SEED)
        prepare_network(network, self.settings)

    def batch(self, step: int, process: int, processes: int) -> AdaptBatch:
        """See `FitTask.batch`."""
        replay = None if self._replay is None else self._replay.batch(step, process, processes)
        return AdaptBatch(self._kind.batch(step, process, processes), replay)

    def loss(self, network: nn.Module, batch: AdaptBatch, device: torch.device) -> tuple[Tensor, int]:
        """The kind's loss, and that of staying what it was, weighed by their shares."""
        hold_norms(self.network)
        loss = self._learn(network, batch.kind, device)
        count = len(batch.kind.texts)
        if batch.replay is None:
            return loss, count
        kept = self._keep(network, batch.replay, device)
        return (1.0 - self.replay_share) * loss + self.replay_share * kept, count + len(batch.replay.texts)

    def evaluate(self, network: nn.Module, device: torch.device, should_stop: StopCheck) -> dict[str, float]:
        """Word accuracy on the reviewed words of the selection split; empty where there are none."""
        return evaluate_words(network, self.charset, self.validation, device, should_stop)

    def _learn(self, network: nn.Module, batch: WordBatch, device: torch.device) -> Tensor:
        targets = [self.charset.encode(keep_covered(text, self.charset)) for text in batch.texts]
        loss: Tensor = network(
            crops_to_tensor(batch.images, device), targets, torch.from_numpy(batch.weights).to(device)
        )
        return loss

    def _keep(self, network: nn.Module, batch: WordBatch, device: torch.device) -> Tensor:
        if not self.distils:
            return self._learn(network, batch, device)
        images = crops_to_tensor(batch.images, device)
        self.before.to(device)
        with torch.no_grad():
            wanted = self.before(images)
        return self.settings.distillation * distillation_loss(network(images), wanted)


def adapt_recognizer(
    run: RecognizerRun,
    replay: WeightedPool | None,
    should_stop: StopCheck,
    on_progress: ProgressSink = lambda line: None,
) -> RunResult:
    """Adapt the run's base to its pools and write `out/recognizer.safetensors` with its card.

    Args:
        run: its pools are the crops of the kind; it needs a base.
        replay: rendered words on which nothing shall change; None where none can be drawn.

    Raises:
        InputError: there is nothing to train on.
        WeightsError: the base does not load.
    """
    start = start_recognizer(run.recipe, run.base)
    task = AdaptTask(start.network, start.charset, run, replay)
    share = (run.recipe.adaptation or Adaptation()).share
    before = {name: tensor.clone() for name, tensor in start.network.state_dict().items()}
    finish = partial(blend, before, share=share)
    return fit_checkpoint(run, start, task, should_stop, on_progress, finish)


def blend(before: Mapping[str, Tensor], after: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """Weights between two states of one network: share 0 gives `before`, 1 `after`; counts come from `after`.

    Half of the way keeps most of what was learnt and loses far less of what was known than the whole way.

    Source:
        Wortsman et al., CVPR 2022 (2109.01903), robust fine-tuning by interpolating weights.
    """
    return {
        name: torch.lerp(before[name].to(tensor), tensor, share) if tensor.is_floating_point() else tensor
        for name, tensor in after.items()
    }


def prepare_network(network: TextNetwork, settings: Adaptation) -> None:
    """Leave only the parameters to be tuned with gradients; the glyph branch stays as it is."""
    if isinstance(network, GlyphNetwork):
        network.loss_weights = ONLY_FAST
    names = [name for name, _ in network.named_parameters()]
    tuned = set(choose_tuned(names, settings))
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name in tuned)


def choose_tuned(names: list[str], settings: Adaptation) -> list[str]:
    """Names of the parameters to be tuned.

    "top" takes the upper parts of a convolutional trunk, within `trunk.` where there is one; of networks without such
    parts, or with "all", everything that reads on the fast path.
    """
    within = [name for name in names if name.startswith(("trunk.", "head."))] or names
    if settings.tuned == "all":
        return within
    top = [name for name in within if name.removeprefix("trunk.").split(".")[0] in TOP_PARTS]
    has_stages = any(name.removeprefix("trunk.").startswith("high.") for name in top)
    return top if has_stages else within


def hold_norms(network: nn.Module) -> None:
    """Batch norms keep the statistics that they came with; a few hundred pictures of one kind must not move them."""
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()


def distillation_loss(logits: Tensor, wanted: Tensor) -> Tensor:
    """Kullback-Leibler divergence of the new answers from the old ones, of one character's worth of columns.

    Args:
        logits: (B, T, K) of the network that learns.
        wanted: (B, T, K) logits of the one that it shall stay like, without gradients.

    Returns:
        Scalar, 0 where both say the same, and for an empty batch.
    """
    if not logits.numel():
        return logits.sum() * 0.0
    old = wanted.float().log_softmax(dim=-1)
    new = logits.float().log_softmax(dim=-1)
    return COLUMNS_OF_A_CHARACTER * (old.exp() * (old - new)).sum(dim=-1).mean()


def _sampler(pools: Sequence[WeightedPool], run: RecognizerRun, share: float, seed: int) -> WordSampler:
    recipe = run.recipe
    views = ViewSettings(recipe.augmentation, recipe.aspect_jitter, recipe.concatenation)
    size = max(2, round(recipe.fit.batch_size * share))
    return WordSampler(list(pools), size, recipe.fit.seed + seed, recipe.max_width_px, views)
