"""Is more reviewing worth it: what decisions brought so far, and what another fifty are expected to bring."""

from collections.abc import Sequence
from dataclasses import dataclass

from storage import items, jobs, review_history, review_order, snapshots
from storage.review_history import ReviewedReading, Undecided
from textrec_app.evaluation.gate import LABELS
from textrec_app.evaluation.power_law import CurveMeasurement, ForetoldGain, foretell_gain
from textrec_app.services.context import App
from textrec_app.services.review_order import MAX_TWINS

STEP = 50
MIN_DECISIONS = 20
_MAX_POINTS = 60
_MAX_JOBS = 200
_PRIOR = 5.0
"""Errors that the confidences are trusted for before decisions say otherwise."""


@dataclass(frozen=True)
class CurvePoint:
    """How much of everything here is right after so many decisions: what people settled, and the rest as expected."""

    decisions: int
    accuracy: float


@dataclass(frozen=True)
class TrainingPoint:
    """How often a trained model was right on reviewed words that it did not learn from."""

    labels: int
    accuracy: float
    words: int
    checkpoint: str


@dataclass(frozen=True)
class LearningCurve:
    """What decisions brought and will bring.

    Attributes:
        points: share of the words here that are right, against decisions; of each the estimate as of now.
        gain_per_50: what the next 50 decisions add to that share by what they settle themselves; None: cannot tell.
        trainings: what models reached, against the reviewed words that they learned from.
        model_gain: what 50 more reviewed words add to a model's accuracy, by a power law; None: cannot tell.
        sentence: all of it in words.
    """

    points: tuple[CurvePoint, ...]
    gain_per_50: float | None
    trainings: tuple[TrainingPoint, ...]
    model_gain: ForetoldGain | None
    sentence: str


def learning_curve(app: App) -> LearningCurve:
    """What the decisions so far brought, and what the next 50 are expected to bring."""
    reviewed = review_history.list_reviewed_readings(app.store)
    undecided = review_history.count_undecided(app.store)
    trainings = list_trainings(app)
    n_labels = sum(reading.status != "rejected" for reading in reviewed)
    measured = [CurveMeasurement(point.labels, point.accuracy, point.words) for point in trainings]
    model_gain = foretell_gain(measured, n_labels, STEP)
    trust = find_trust(reviewed)
    points = build_points(reviewed, undecided, trust)
    n_decisions = points[-1].decisions if points else 0
    total = len(reviewed) + undecided.n
    next_errors = _expect_next_errors(app) * trust
    can_tell = n_decisions >= MIN_DECISIONS and undecided.n > 0
    gain = next_errors / total if can_tell else None
    told = [_describe_store(gain, next_errors, total, n_decisions, undecided), _describe_model(model_gain, trainings)]
    return LearningCurve(points, gain, trainings, model_gain, " ".join(told))


def list_trainings(app: App) -> tuple[TrainingPoint, ...]:
    """What each training that was judged on reviewed words reached, by rising number of labels.

    The first of all also tells where its model began, with no label learned.
    """
    found: list[TrainingPoint] = []
    for job in reversed(jobs.list_jobs(app.store, _MAX_JOBS)):
        snapshot = snapshots.find_snapshot(app.store, job.id)
        if snapshot is None or LABELS not in job.after or LABELS not in job.before:
            continue
        words = int(snapshot.counts.get("validation", 0))
        if not found:
            found.append(TrainingPoint(0, float(job.before[LABELS]), words, job.base_checkpoint))
        labels = int(snapshot.counts.get("train_human", 0))
        found.append(TrainingPoint(labels, float(job.after[LABELS]), words, job.checkpoint or ""))
    return tuple(sorted(found, key=lambda point: point.labels))


def find_trust(reviewed: Sequence[ReviewedReading]) -> float:
    """How many errors decisions found for each one that the confidences made expect; 1 where there are no decisions."""
    expected = sum(1.0 - reading.confidence for reading in reviewed)
    return (sum(map(is_wrong, reviewed)) + _PRIOR) / (expected + _PRIOR)


def is_wrong(reading: ReviewedReading) -> bool:
    """Whether a person found a reading wrong: corrected it, or rejected it."""
    return reading.status == "rejected" or reading.person_text != reading.text


def build_points(reviewed: Sequence[ReviewedReading], undecided: Undecided, trust: float) -> tuple[CurvePoint, ...]:
    """The share of all words that were right after each decision, twins with the decision that they came with."""
    total = len(reviewed) + undecided.n
    if not total:
        return ()
    wrong = min(undecided.expected_wrong * trust, float(undecided.n)) + sum(map(is_wrong, reviewed))
    points = [CurvePoint(0, 1.0 - wrong / total)]
    for reading in reviewed:
        wrong -= is_wrong(reading)
        number = points[-1].decisions
        if reading.is_twin and number:
            points.pop()
        else:
            number += 1
        points.append(CurvePoint(number, 1.0 - wrong / total))
    return _thin(points)


def _thin(points: Sequence[CurvePoint]) -> tuple[CurvePoint, ...]:
    if len(points) <= _MAX_POINTS:
        return tuple(points)
    last = len(points) - 1
    return tuple(points[round(place * last / (_MAX_POINTS - 1))] for place in range(_MAX_POINTS))


def _expect_next_errors(app: App) -> float:
    """Errors that the next 50 decisions settle if the confidences are right, near-duplicates included."""
    upcoming = items.list_by_gain(app.store, ("waiting",), STEP)
    keys = [(item.look_group, item.model_text or "") for item in upcoming if item.look_group]
    alike = review_order.list_alike(app.store, keys, 1)
    numbers = {(found.look_group, found.text): found.n_alike for found in alike}
    expected = 0.0
    for item in upcoming:
        chance = 0.5 if item.confidence is None else item.confidence
        settled = numbers.pop((item.look_group or "", item.model_text or ""), 1)
        expected += (1.0 - chance) * min(settled, MAX_TWINS + 1)
    return expected


def _describe_store(gain: float | None, next_errors: float, total: int, n_decisions: int, undecided: Undecided) -> str:
    if not undecided.n:
        return "Everything here is decided." if total else "Nothing is here yet. Harvest pictures first."
    if gain is None:
        return (
            f"Cannot tell yet what more decisions are worth: {n_decisions} so far, it takes {MIN_DECISIONS}. "
            "Review on; the words that teach most come first."
        )
    return (
        f"Another {STEP} decisions are worth about {100 * gain:+.1f} points: "
        f"they settle about {max(round(next_errors), 0):,} wrong readings among the {total:,} words here."
    )


def _describe_model(gain: ForetoldGain | None, trainings: Sequence[TrainingPoint]) -> str:
    if gain is not None:
        return (
            f"What the model learns from {STEP} more reviewed words adds about {100 * gain.gain:+.1f} points on "
            f"words that it has not seen ({100 * gain.low:.1f} to {100 * gain.high:.1f}), "
            f"going by {len(trainings)} measurements."
        )
    return (
        "What the model itself learns from them cannot be told yet: that takes trainings on three different numbers of "
        "reviewed words that differ by more than chance."
    )
