"""The gate: is a candidate good enough to replace the incumbent?

Both read the same frozen sets and are compared crop by crop. Pure arithmetic and words: no files, no networks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

RESAMPLES = 1000
MIN_SLICE = 20
SHARP_DROP = 0.10
SHARP_CHANCE = 0.05
RISK_LIMIT = 0.20
FEW_LABELS = 10
EQUAL = 1e-9

LABELS, ANCHOR, AGREEMENT = "labels", "anchor", "agreement"
TOLERANCES: Mapping[str, float] = {LABELS: 0.01, ANCHOR: 0.02, AGREEMENT: 0.02}
TITLES: Mapping[str, str] = {
    LABELS: "your reviewed words",
    ANCHOR: "the anchor words that must not be forgotten",
    AGREEMENT: "agreement with itself on altered crops",
}


@dataclass(frozen=True)
class PairedScores:
    """What two models made of the same crops.

    Attributes:
        name: "labels", "anchor" or "agreement"; it chooses the tolerance.
        before: per crop, 1.0 where the incumbent is right (agreement: share of altered crops read alike), in [0, 1].
        after: the same for the candidate, in the same order.
        slices: named groups of crops, as indices into `before`.
    """

    name: str
    before: tuple[float, ...]
    after: tuple[float, ...]
    slices: dict[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """A paired difference with its bootstrap interval; `risk` is the chance of being worse than tolerated.

    Attributes:
        chance_not_worse: share of resamples in which the candidate was at least as good.
    """

    name: str
    n: int
    before: float
    after: float
    delta: float
    ci_low: float
    ci_high: float
    risk: float
    chance_not_worse: float


@dataclass(frozen=True)
class Judgement:
    """What the gate found; `reasons` say why it rejected, `gains` what became better."""

    promoted: bool
    reasons: tuple[str, ...]
    gains: tuple[str, ...]
    sets: tuple[Difference, ...]
    slices: tuple[Difference, ...]

    @property
    def before(self) -> dict[str, float]:
        """Score of the incumbent on each set."""
        return {item.name: item.before for item in self.sets}

    @property
    def after(self) -> dict[str, float]:
        """Score of the candidate on each set."""
        return {item.name: item.after for item in self.sets}


def compute_difference(
    name: str, before: Sequence[float], after: Sequence[float], tolerance: float, seed: int = 0
) -> Difference:
    """Compare two models on the same crops by a paired bootstrap.

    Args:
        before: (N,) scores of the incumbent in [0, 1].
        after: (N,) scores of the candidate, same crops, same order.
        tolerance: how much worse is still called equal.
        seed: of the resampling.

    Returns:
        Means, their difference and its 95 % interval; all zero for no crops at all.

    Raises:
        ValueError: the two do not have the same length.
    """
    if len(before) != len(after):
        raise ValueError(f"{name}: {len(before)} scores before, {len(after)} after; expected the same crops")
    if not before:
        return Difference(name, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    gains = np.asarray(after, dtype=np.float64) - np.asarray(before, dtype=np.float64)
    generator = np.random.default_rng(seed)
    picks = generator.integers(0, len(gains), size=(RESAMPLES, len(gains)))
    means = gains[picks].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Difference(
        name=name,
        n=len(gains),
        before=float(np.mean(before)),
        after=float(np.mean(after)),
        delta=float(gains.mean()),
        ci_low=float(low),
        ci_high=float(high),
        risk=float((means < -tolerance - EQUAL).mean()),
        chance_not_worse=float((means >= -EQUAL).mean()),
    )


def judge(scores: Sequence[PairedScores], seed: int = 0) -> Judgement:
    """Decide whether a candidate may replace the incumbent.

    Rejected when a set fell and the chance that it fell by more than its tolerance is above 20 %; when a slice of
    20 crops or more fell by 10 points or more, and not by chance; when nothing became better; or when there was
    nothing to compare on.
    """
    used = [item for item in scores if item.before]
    sets = [compute_difference(item.name, item.before, item.after, TOLERANCES[item.name], seed) for item in used]
    slices = [difference for item in used for difference in _compare_slices(item, seed)]
    reasons = [describe_fall(item) for item in sets if _is_worse(item)]
    reasons += [_describe_slice(item) for item in slices if _is_sharp(item)]
    gains = [describe_gain(item) for item in sets if item.delta > EQUAL]
    if not sets:
        reasons.append(
            "There was nothing to compare the two models on: no reviewed words, no anchor words, no held-back crops. "
            "Review some words, then retrain."
        )
    elif not gains and not reasons:
        reasons.append(_describe_no_gain(sets))
    return Judgement(not reasons, tuple(reasons), tuple(gains), tuple(sets), tuple(slices))


def build_slices(texts: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Group labelled crops by what their text is like; a crop may be in several groups.

    Groups smaller than 20 are left out: they say nothing.
    """
    groups = {
        name: tuple(index for index, text in enumerate(texts) if matches(text)) for name, matches in SLICE_RULES.items()
    }
    return {name: members for name, members in groups.items() if len(members) >= MIN_SLICE}


def describe_fall(item: Difference) -> str:
    """One sentence on a set that became worse."""
    return (
        f"Worse on {TITLES[item.name]}: {_percent(item.before)} before, {_percent(item.after)} after "
        f"({_points(item.delta)} points, {_interval(item)}, {item.n} crops). "
        f"A fall of {_points(TOLERANCES[item.name])} is tolerated; the chance of a greater one is "
        f"{_percent(item.risk)}, at most {_percent(RISK_LIMIT)} are allowed."
    )


def describe_gain(item: Difference) -> str:
    """One sentence on a set that became better."""
    certainty = "" if item.ci_low > 0 else "; this could be chance"
    return (
        f"Better on {TITLES[item.name]}: {_percent(item.before)} before, {_percent(item.after)} after "
        f"(+{_points(item.delta)} points, {_interval(item)}, {item.n} crops){certainty}."
    )


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
    return item.delta < -EQUAL and item.risk > RISK_LIMIT


def _is_sharp(item: Difference) -> bool:
    return item.delta <= -SHARP_DROP + EQUAL and item.chance_not_worse < SHARP_CHANCE


def _describe_slice(item: Difference) -> str:
    where, _, group = item.name.partition("/")
    return (
        f"Sharply worse on one kind of {TITLES[where].removeprefix('the ')}, {group}: {_percent(item.before)} before, "
        f"{_percent(item.after)} after ({item.n} crops)."
    )


def _describe_no_gain(sets: Sequence[Difference]) -> str:
    where = ", ".join(f"{TITLES[item.name]} {_percent(item.before)}" for item in sets)
    return (
        f"No measurable gain: the candidate is no better than the model in use ({where}). "
        "Harvest or review more, then retrain."
    )


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _points(value: float) -> str:
    return f"{100 * value:.1f}"


def _interval(item: Difference) -> str:
    return f"95 % interval {_points(item.ci_low)} to {_points(item.ci_high)}"


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)


SLICE_RULES: Mapping[str, Callable[[str], bool]] = {
    "lower case": lambda text: text.isalpha() and text.islower(),
    "upper case": lambda text: text.isalpha() and text.isupper(),
    "mixed case": lambda text: text.isalpha() and not text.islower() and not text.isupper(),
    "digits only": lambda text: text.isdigit(),
    "letters with digits": lambda text: _has_digit(text) and any(character.isalpha() for character in text),
    "with punctuation": lambda text: any(not character.isalnum() and not character.isspace() for character in text),
    "1 to 3 characters": lambda text: 1 <= len(text) <= 3,
    "4 to 8 characters": lambda text: 4 <= len(text) <= 8,
    "9 characters and more": lambda text: len(text) >= 9,
}
