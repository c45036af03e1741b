"""The gate: is a candidate good enough to replace the incumbent?

Both read the same frozen sets and are compared crop by crop. Where there are few labels or none, what changes in
crops that were held back decides: whether the new readings are likelier, and whether they show signs of a spoiled
run. Pure arithmetic and words: no files, no networks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from textrec_app.evaluation.gate_changes import Reread, compute_beliefs
from textrec_app.evaluation.gate_checks import Check, run_checks
from textrec_app.evaluation.gate_scores import (
    AGREEMENT,
    ANCHOR,
    CHANGES,
    EQUAL,
    LABELS,
    RISK_LIMITS,
    TOLERANCES,
    Difference,
    PairedScores,
    compute_difference,
)
from textrec_app.evaluation.gate_slices import MIN_SLICE, build_slices
from textrec_app.evaluation.gate_words import (
    NOTHING_OF_YOURS,
    NOTHING_TO_COMPARE,
    describe_changes,
    describe_fall,
    describe_gain,
    describe_no_gain,
    describe_slice,
)

__all__ = [
    "AGREEMENT",
    "ANCHOR",
    "CHANGES",
    "LABELS",
    "MIN_SLICE",
    "Check",
    "Difference",
    "Judgement",
    "PairedScores",
    "Reread",
    "build_slices",
    "compute_difference",
    "judge",
]

SHARP_DROP = 0.10
SHARP_CHANCE = 0.05
FEW_LABELS = 10
SURE_ENOUGH = 0.8


@dataclass(frozen=True)
class Judgement:
    """What the gate found; `reasons` say why it rejected, `gains` what became better.

    Attributes:
        checks: what was looked at in crops that nobody labeled, also where nothing was wrong.
    """

    promoted: bool
    reasons: tuple[str, ...]
    gains: tuple[str, ...]
    sets: tuple[Difference, ...]
    slices: tuple[Difference, ...]
    checks: tuple[Check, ...] = ()

    @property
    def before(self) -> dict[str, float]:
        """Score of the incumbent on each set."""
        return {item.name: item.before for item in self.sets}

    @property
    def after(self) -> dict[str, float]:
        """Score of the candidate on each set."""
        return {item.name: item.after for item in self.sets}


def judge(scores: Sequence[PairedScores], seed: int = 0, crops: Sequence[Reread] = ()) -> Judgement:
    """Decide whether a candidate may replace the incumbent.

    Rejected when a set fell beyond its tolerance, with more than the allowed chance; when a slice of 20 crops or more
    fell by 10 points or more, and not by chance; when the readings of held-back crops show a sign of a spoiled run
    (ten reviewed words or more that surely became better outweigh that); when neither the reviewed words nor the
    held-back crops became better (agreement with itself never counts as a gain: a model that reads the same everywhere
    agrees best); or when there was nothing to compare on.

    Args:
        scores: of the sets; a set without crops is left out.
        crops: readings of held-back crops without labels, by both models.
    """
    beliefs = compute_beliefs(crops)
    used = [item for item in (*scores, *_score_changes(beliefs)) if item.before]
    sets = [compute_difference(item.name, item.before, item.after, TOLERANCES[item.name], seed) for item in used]
    slices = [difference for item in used for difference in _compare_slices(item, seed)]
    checks = run_checks(crops)
    changes = describe_changes(crops, beliefs) if crops else ""
    is_proven = _is_proven(sets)
    reasons = [
        _describe_worse(item, changes) for item in sets if _is_worse(item) and not (is_proven and item.name == CHANGES)
    ]
    reasons += [describe_slice(item) for item in slices if _is_sharp(item)]
    if not is_proven:
        reasons += [check.sentence for check in checks if not check.passed]
    gains = [_describe_better(item, changes) for item in sets if item.delta > EQUAL]
    if not reasons:
        reasons += _explain_no_gain(sets, changes)
    return Judgement(not reasons, tuple(reasons), tuple(gains), tuple(sets), tuple(slices), checks)


def _score_changes(beliefs: Sequence[float]) -> list[PairedScores]:
    """A reading scores the probability that the other model's is not better; equal readings score 1."""
    before = tuple(1.0 if belief == 0.5 else 1.0 - belief for belief in beliefs)
    after = tuple(1.0 if belief == 0.5 else belief for belief in beliefs)
    return [PairedScores(CHANGES, before, after)]


def _compare_slices(item: PairedScores, seed: int) -> list[Difference]:
    return [
        compute_difference(
            f"{item.name}/{name}",
            [item.before[index] for index in members],
            [item.after[index] for index in members],
            TOLERANCES[item.name],
            seed,
        )
        for name, members in item.slices.items()
        if len(members) >= MIN_SLICE
    ]


def _is_worse(item: Difference) -> bool:
    return item.delta < -EQUAL and item.risk > RISK_LIMITS[item.name]


def _is_sharp(item: Difference) -> bool:
    return item.delta <= -SHARP_DROP + EQUAL and item.chance_not_worse < SHARP_CHANCE


def _is_proven(sets: Sequence[Difference]) -> bool:
    """Whether a person's words show the gain: then no guess about unlabeled crops counts against it."""
    return any(item.name == LABELS and item.n >= FEW_LABELS and item.ci_low > 0 for item in sets)


def _is_gain(item: Difference) -> bool:
    if item.name == LABELS:
        return item.delta > EQUAL
    return item.name == CHANGES and item.delta > EQUAL and item.chance_better >= SURE_ENOUGH


def _explain_no_gain(sets: Sequence[Difference], changes: str) -> list[str]:
    if not sets:
        return [NOTHING_TO_COMPARE]
    if not any(item.name in (LABELS, CHANGES) for item in sets):
        return [NOTHING_OF_YOURS]
    return [] if any(_is_gain(item) for item in sets) else [describe_no_gain(sets, changes)]


def _describe_worse(item: Difference, changes: str) -> str:
    return f"Worse on your unlabelled words: {changes}." if item.name == CHANGES else describe_fall(item)


def _describe_better(item: Difference, changes: str) -> str:
    return f"Better on your unlabelled words: {changes}." if item.name == CHANGES else describe_gain(item)
