"""What a candidate reads differently from the incumbent in crops nobody labeled, and which reading is likelier.

No label is looked at: both models' views, the probability that each gives to the other's text, the language and the
readings of other pictures are the witnesses. Pure arithmetic.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

SURE_PROBABILITY = 0.8
LEAST_LOG_PROB = -60.0
CLEAR = 0.65
MOST_ODDS = 8.0


@dataclass(frozen=True)
class PairScores:
    """Natural logarithms of probabilities of the incumbent's and of the candidate's text of one crop.

    Attributes:
        incumbent: what the incumbent gives the two texts.
        candidate: what the candidate gives them.
        language: what a language model gives them; equal where there is none.
        repeats: how many other pictures were read as each of the two, surely.
    """

    incumbent: tuple[float, float]
    candidate: tuple[float, float]
    language: tuple[float, float] = (0.0, 0.0)
    repeats: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Reread:
    """One crop, read by both models.

    Attributes:
        before, after: texts of the incumbent and of the candidate: of the crop itself, then of its altered views.
        scores: None where they were not measured (readings of an earlier version).
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    scores: PairScores | None = None

    @property
    def texts(self) -> tuple[str, str]:
        """Of the crop itself, spaces at the ends aside."""
        return self.before[0].strip(), self.after[0].strip()

    @property
    def is_changed(self) -> bool:
        """Whether the two read different texts."""
        return self.texts[0] != self.texts[1]

    @property
    def was_sure(self) -> bool:
        """Whether the incumbent read all views alike, and gave that text most of the probability."""
        settled = bool(self.texts[0]) and len(self.before) > 1 and len({text.strip() for text in self.before}) == 1
        return settled and (self.scores is None or self.scores.incumbent[0] >= math.log(SURE_PROBABILITY))


@dataclass(frozen=True)
class Witnesses:
    """What speaks for the new reading of a crop (above 0) or for the old one (below 0).

    Attributes:
        old_views: views that the incumbent itself read as the new text, less those it read as the old one; of all.
        new_views: the same for the candidate.
        old_odds: how much likelier the incumbent holds the new text, natural logarithm.
        new_odds: the same for the candidate.
        language: the same for the language.
        repeats: 1 where only the new text was read surely in other pictures, -1 where only the old one was.
    """

    old_views: float
    new_views: float
    old_odds: float
    new_odds: float
    language: float
    repeats: float


@dataclass(frozen=True)
class Weights:
    """How much each witness counts, in natural logarithms of odds; `bias` makes up for the incumbent's own preference.

    Fitted by logistic regression to 160 changed readings of five trials (docs/benchmarks/gate_trials.py), good and
    spoiled runs weighing alike. The strongest witness by far is the incumbent itself (area under the curve .90): what
    is learned well changes readings that it doubted, what is learned badly those that it was sure of. `language` and
    `repeats` told nothing there and are kept small.
    """

    old_views: float = 0.7
    new_views: float = 0.3
    old_odds: float = 0.65
    new_odds: float = 0.2
    language: float = 0.05
    repeats: float = 0.3
    bias: float = 1.2


WEIGHTS = Weights()


def call_witnesses(crop: Reread) -> Witnesses:
    """Gather what speaks for either of two different readings of a crop."""
    old, new = crop.texts
    scores = crop.scores or PairScores((0.0, 0.0), (0.0, 0.0))
    return Witnesses(
        old_views=_lead(crop.before[1:], old, new),
        new_views=_lead(crop.after[1:], old, new),
        old_odds=_odds(scores.incumbent),
        new_odds=_odds(scores.candidate),
        language=_odds(scores.language),
        repeats=float((scores.repeats[1] > 0) - (scores.repeats[0] > 0)),
    )


def compute_belief(crop: Reread, weights: Weights = WEIGHTS) -> float:
    """Probability that the candidate's reading is the better one, in [0, 1]; 0.5 where both read alike.

    A reading of nothing is never better than one of something.
    """
    old, new = crop.texts
    if old == new:
        return 0.5
    if not new:
        return 0.0
    said = call_witnesses(crop)
    total = (weights.bias if crop.scores else 0.0) + sum(
        getattr(weights, name) * getattr(said, name)
        for name in ("old_views", "new_views", "old_odds", "new_odds", "language", "repeats")
    )
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))


def compute_beliefs(crops: Sequence[Reread], weights: Weights = WEIGHTS) -> list[float]:
    """`compute_belief` of each."""
    return [compute_belief(crop, weights) for crop in crops]


def tell_likelier(belief: float) -> str:
    """Which reading is likelier: "after", "before", or "" where that cannot be told."""
    return "after" if belief >= CLEAR else "before" if belief <= 1.0 - CLEAR else ""


def _lead(views: Sequence[str], old: str, new: str) -> float:
    texts = [view.strip() for view in views]
    return (texts.count(new) - texts.count(old)) / len(texts) if texts else 0.0


def _odds(log_probs: tuple[float, float]) -> float:
    old, new = (max(LEAST_LOG_PROB, value) for value in log_probs)
    return max(-MOST_ODDS, min(MOST_ODDS, new - old))
