"""What the gate found, in sentences."""

from collections.abc import Mapping, Sequence

from textrec_app.evaluation.gate_changes import Reread, call_witnesses, tell_likelier
from textrec_app.evaluation.gate_scores import AGREEMENT, ANCHOR, CHANGES, LABELS, RISK_LIMITS, TOLERANCES, Difference

TITLES: Mapping[str, str] = {
    LABELS: "your reviewed words",
    ANCHOR: "the anchor words that must not be forgotten",
    AGREEMENT: "agreement with itself on altered crops",
    CHANGES: "held-back words whose reading the other model does not better",
}
WITNESSES: Mapping[str, str] = {
    "old_views": "the model in use reads altered views so",
    "new_views": "the new model reads altered views so",
    "language": "it is commoner as a text",
    "repeats": "other pictures of yours say the same",
    "old_odds": "the model in use holds it likelier",
    "new_odds": "the new model is surer of it",
}
SPEAKS: Mapping[str, float] = {
    "old_views": 0.3,
    "new_views": 0.3,
    "language": 1.0,
    "repeats": 1.0,
    "old_odds": 0.5,
    "new_odds": 2.0,
}
NOTHING_TO_COMPARE = (
    "There was nothing to compare the two models on: no reviewed words, no anchor words, no held-back crops. "
    "Review some words, then retrain."
)
NOTHING_OF_YOURS = (
    "Nothing of your own pictures was held back to compare the two models on, and the anchor words alone say nothing "
    "about them. Harvest more pictures or review some words, then retrain."
)


def describe_fall(item: Difference) -> str:
    """One sentence on a set that became worse."""
    return (
        f"Worse on {TITLES[item.name]}: {percent(item.before)} before, {percent(item.after)} after "
        f"({_points(item.delta)} points, {_interval(item)}, {item.n} crops). "
        f"A fall of {_points(TOLERANCES[item.name])} is tolerated; the chance of a greater one is "
        f"{percent(item.risk)}, at most {percent(RISK_LIMITS[item.name])} are allowed."
    )


def describe_gain(item: Difference) -> str:
    """One sentence on a set that became better."""
    certainty = "" if item.ci_low > 0 else "; this could be chance"
    return (
        f"Better on {TITLES[item.name]}: {percent(item.before)} before, {percent(item.after)} after "
        f"(+{_points(item.delta)} points, {_interval(item)}, {item.n} crops){certainty}."
    )


def describe_slice(item: Difference) -> str:
    """One sentence on a kind of words that became much worse."""
    where, _, group = item.name.partition("/")
    return (
        f"Sharply worse on one kind of {TITLES[where].removeprefix('the ')}, {group}: {percent(item.before)} before, "
        f"{percent(item.after)} after ({item.n} crops)."
    )


def describe_changes(crops: Sequence[Reread], beliefs: Sequence[float]) -> str:
    """One sentence on how many held-back crops are read differently, and which readings are likelier."""
    changed = [belief for crop, belief in zip(crops, beliefs, strict=True) if crop.is_changed]
    if not changed:
        return f"All {len(crops)} held-back words are read as before."
    told = [tell_likelier(belief) for belief in changed]
    return (
        f"{len(changed)} of {len(crops)} held-back words are read differently: the new reading is likelier in "
        f"{told.count('after')}, the old one in {told.count('before')}, open in {told.count('')}"
    )


def explain_belief(crop: Reread, belief: float) -> str:
    """One sentence on which of two readings of a crop is likelier, and on whose word."""
    likelier = tell_likelier(belief)
    if not likelier:
        return "Which reading is right cannot be told without a label."
    if not crop.texts[1]:
        return "The old reading is likelier: the new one is empty."
    said, sign = call_witnesses(crop), 1.0 if likelier == "after" else -1.0
    witnesses = [sentence for name, sentence in WITNESSES.items() if sign * getattr(said, name) >= SPEAKS[name]]
    which = "new" if likelier == "after" else "old"
    return f"The {which} reading is likelier: {'; '.join(witnesses) or 'altogether, though no single sign is strong'}."


def describe_no_gain(sets: Sequence[Difference], changes: str) -> str:
    """Why a candidate that is not worse is not put in use either."""
    where = ", ".join(f"{TITLES[item.name]} {percent(item.before)}" for item in sets)
    said = f" {changes.rstrip('.')}." if changes else ""
    return (
        f"No measurable gain: the candidate is no better than the model in use ({where}).{said} "
        "Harvest or review more, then retrain."
    )


def percent(value: float) -> str:
    """A share, with one decimal place."""
    return f"{100 * value:.1f} %"


def _points(value: float) -> str:
    return f"{100 * value:.1f}"


def _interval(item: Difference) -> str:
    return f"95 % interval {_points(item.ci_low)} to {_points(item.ci_high)}"
