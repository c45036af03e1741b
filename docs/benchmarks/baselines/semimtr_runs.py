"""Training and measuring one row of `docs.benchmarks.semimtr_matrix` on cached views."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor

from docs.benchmarks.baselines.semimtr_rows import Row
from docs.benchmarks.baselines.semimtr_views import CHARSET
from docs.benchmarks.baselines.trunk_views import TrunkViews
from models.recognition.abinet import AbinetNetwork, TrunkView
from models.recognition.semi.consistency import consistency_loss
from models.recognition.semi.options import MODALITIES
from models.recognition.semi.seqclr import nt_xent_loss, pool_instances
from models.recognition.tokens import token_greedy_decode
from textrec_app.evaluation.metrics import compute_word_accuracy
from textrec_app.evaluation.protocols import pair_texts
from textrec_app.training.optimizers import create_optimizer
from textrec_app.training.recipes import FitRecipe, learning_rate_factor
from textrec_app.training.semimtr import MovingTeacher

WEAK, FIRST_STRONG, SECOND_STRONG = 0, 1, 2
CHUNK = 64


@dataclass(frozen=True)
class Drawn:
    """One step's crops, all of one width: rows of the labeled and of the unlabeled views."""

    width: int
    known: list[int]
    unknown: list[int]
    chosen_views: list[int]


class Draw:
    """Batches of one width, a pure function of seed and step."""

    def __init__(self, views: dict[str, TrunkViews], batch: int, seed: int) -> None:
        self.labeled, self.unlabeled, self.batch, self.seed = views["labeled"], views["unlabeled"], batch, seed
        self.widths = sorted(set(self.labeled.texts) & set(self.unlabeled.texts))
        counts = [len(self.labeled.texts[width]) + len(self.unlabeled.texts[width]) for width in self.widths]
        self.probs = np.array(counts) / sum(counts)

    def at(self, step: int) -> Drawn:
        """Half labeled crops, half unlabeled ones; fewer of those that are wide."""
        generator = np.random.default_rng([self.seed, step])
        width = self.widths[int(generator.choice(len(self.widths), p=self.probs))]
        half = max(2, round(self.batch / 2 * min(1.0, 128 / width)))
        known = generator.integers(len(self.labeled.texts[width]), size=half).tolist()
        unknown = generator.integers(len(self.unlabeled.texts[width]), size=half).tolist()
        return Drawn(width, known, unknown, generator.integers(2, size=half).tolist())


class RowRun:
    """One network on its way through the steps of a row."""

    def __init__(self, network: AbinetNetwork, row: Row, draw: Draw, recipe: FitRecipe) -> None:
        self.network, self.row, self.draw, self.recipe = network, row, draw, recipe
        for name, parameter in network.named_parameters():
            upper = name.startswith(
                ("trunk.to_high", "trunk.high", "trunk.row_score", "trunk.position", "trunk.blocks")
            )
            parameter.requires_grad_(not name.startswith(("trunk.", "head.")) or (row.upper and upper))
        if row.upper:
            network.head.requires_grad_(True)
        network.is_trunk_fixed = not row.upper
        self.optimizer = create_optimizer(network, recipe)
        consistency = row.options.consistency
        decay = consistency.ema_decay if consistency else 0.0
        self.teacher = MovingTeacher(network, decay) if decay else None
        self.kept: list[tuple[float, float, float]] = []

    def run(self, steps: int) -> list[float]:
        """Train; the loss of each step."""
        losses = []
        for step in range(steps):
            for group in self.optimizer.param_groups:
                group["lr"] = self.recipe.learning_rate * learning_rate_factor(step / steps, step, self.recipe)
            self.network.train()
            with torch.autocast("cpu", torch.bfloat16):
                loss = self._loss(self.draw.at(step))
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip_norm)
            self.optimizer.step()
            self.optimizer.zero_grad(set_to_none=True)
            losses.append(float(loss.detach()))
        return losses

    def _loss(self, drawn: Drawn) -> Tensor:
        options, network = self.row.options, self.network
        texts = [self.draw.labeled.texts[drawn.width][row] for row in drawn.known]
        targets = [CHARSET.encode(text) for text in texts]
        known = [self.draw.labeled.take(drawn.width, drawn.known, [view] * len(texts)) for view in (0, 1)]
        unknown = [self.draw.unlabeled.take(drawn.width, drawn.unknown, [view] * len(texts)) for view in (0, 1, 2)]
        places = max(len(text) for text in targets) + 1
        n = len(texts)
        if options.contrast is not None:
            view = self._seen(_join([known[0], unknown[FIRST_STRONG], known[1], unknown[SECOND_STRONG]]))
            steps = network.conclude(view, places)
            instances = pool_instances(steps.grid, options.contrast)
            loss = options.contrast.weight * nt_xent_loss(instances[: 2 * n], instances[2 * n :])
            for begin in (0, 2 * n):
                loss = loss + network.supervised_loss(steps.part(begin, begin + n), targets)
            return loss
        labeled = _mix(known[0], known[1], drawn.chosen_views)
        if options.consistency is None:
            return network.supervised_loss(network.conclude(self._seen(labeled), places), targets)
        teacher = (
            self.network if self.teacher is None else cast(AbinetNetwork, self.teacher.follow(torch.device("cpu")))
        )
        with torch.no_grad():
            teacher.eval()
            weak = teacher.look_on(unknown[WEAK].middle) if self.row.upper else unknown[WEAK]
            places = max(places, int(teacher.count_own(weak).max()))
            taught = teacher.conclude(weak, places)
        network.train()
        strong = _mix(unknown[FIRST_STRONG], unknown[SECOND_STRONG], drawn.chosen_views)
        steps = network.conclude(self._seen(_join([labeled, strong])), places)
        found = consistency_loss(taught, steps.part(n, 2 * n), options.consistency)
        self.kept.append((found.kept_share, found.kept_length, found.read_length))
        return network.supervised_loss(steps.part(0, n), targets) + found.loss

    def _seen(self, view: TrunkView) -> TrunkView:
        return self.network.look_on(view.middle) if self.row.upper else view


@torch.no_grad()
def measure_heads(network: AbinetNetwork, views: TrunkViews, upper: bool) -> dict[str, float]:
    """Alnum36 word accuracy of each head on the first view of all crops."""
    network.eval()
    labels: list[str] = []
    said: dict[str, list[str]] = {"fast": [], "vision": [], "language": [], "fusion": []}
    for width, texts in views.texts.items():
        for start in range(0, len(texts), CHUNK):
            rows = list(range(start, min(start + CHUNK, len(texts))))
            with torch.autocast("cpu", torch.bfloat16):
                view = views.take(width, rows, [0] * len(rows))
                view = network.look_on(view.middle) if upper else view
                own = network.count_own(view)
                steps = network.conclude(view, int(own.max()), own)
            said["fast"] += [one.text for one in network.decode(steps.fast.float(), CHARSET)]
            for name in MODALITIES:
                logits = steps.of(name)[-1].float()
                said[name] += [one.text for one in token_greedy_decode(logits, CHARSET)]
            labels += [texts[row] for row in rows]
    scores: dict[str, float] = {}
    for head, read in said.items():
        pairs = pair_texts(labels, read, "alnum36")
        scores[head] = compute_word_accuracy(pairs.labels, pairs.predictions)
    return scores


def _join(views: list[TrunkView]) -> TrunkView:
    return TrunkView(torch.cat([view.middle for view in views]), torch.cat([view.columns for view in views]))


def _mix(first: TrunkView, second: TrunkView, chosen: list[int]) -> TrunkView:
    """Row by row one of two views."""
    which = torch.tensor(chosen, dtype=torch.bool)
    middle = torch.where(which[:, None, None, None], second.middle, first.middle)
    return TrunkView(middle, torch.where(which[:, None, None], second.columns, first.columns))
