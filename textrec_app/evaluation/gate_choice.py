"""Which of several candidates is best, by what the gate found. Pure arithmetic on judgements: no label is needed."""

from collections.abc import Sequence

from textrec_app.evaluation.gate import ANCHOR, CHANGES, LABELS, Judgement

SURE_LABELS = 30


def score_judgement(judgement: Judgement) -> float:
    """What a candidate gains on the person's own words, in shares of a word; what the anchor loses is taken off.

    Reviewed words count fully from 30 on; before that, what is likelier in held-back crops fills in. A rejected
    candidate has 1 less, so that any promoted one is better.
    """
    found = {item.name: item for item in judgement.sets}
    labels, changes = found.get(LABELS), found.get(CHANGES)
    trust = min(1.0, labels.n / SURE_LABELS) if labels else 0.0
    gain = trust * labels.delta if labels else 0.0
    gain += (1.0 - trust) * changes.delta if changes else 0.0
    lost = min(0.0, found[ANCHOR].delta) if ANCHOR in found else 0.0
    return gain + lost - (0.0 if judgement.promoted else 1.0)


def choose(judgements: Sequence[Judgement]) -> int | None:
    """Place of the best candidate that would be promoted; None where there is none."""
    scored = [(score_judgement(item), -place) for place, item in enumerate(judgements) if item.promoted]
    return -max(scored)[1] if scored else None
