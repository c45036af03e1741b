"""What reviewing did so far: decisions in force with what the model had read, and what is left undecided."""

from dataclasses import dataclass

from sqlalchemy import func, select

from storage.base import Store
from storage.records import MODEL_STATUSES
from storage.schema import DecisionEvent, Item, ModelReading


@dataclass(frozen=True, slots=True)
class ReviewedReading:
    """A decision in force on a reading; `is_twin` where it came with the decision on a near-duplicate."""

    event_id: int
    status: str
    text: str
    person_text: str | None
    confidence: float
    is_twin: bool


@dataclass(frozen=True, slots=True)
class Undecided:
    """What nobody decided on: how many items, and how many of them are wrong if the confidences are right."""

    n: int
    expected_wrong: float


def list_reviewed_readings(store: Store) -> list[ReviewedReading]:
    """Decisions in force on what a model had read, oldest first; imported labels and skipped items are left out."""
    statement = (
        select(
            DecisionEvent.id,
            Item.status,
            ModelReading.text,
            DecisionEvent.to_text,
            ModelReading.confidence,
            DecisionEvent.twin_of_id.is_not(None),
        )
        .join(Item, Item.decision_id == DecisionEvent.id)
        .join(ModelReading, ModelReading.id == DecisionEvent.reading_id)
        .where(DecisionEvent.action != "import", Item.status.in_(("accepted", "corrected", "rejected")))
        .order_by(DecisionEvent.id)
    )
    with store.session() as session:
        return [ReviewedReading(*row) for row in session.execute(statement)]


def count_undecided(store: Store) -> Undecided:
    """How many items nobody decided on, and how many errors their confidences make one expect."""
    wrong = func.coalesce(func.sum(1.0 - func.coalesce(Item.confidence, 0.5)), 0.0)
    with store.session() as session:
        row = session.execute(select(func.count(), wrong).where(Item.status.in_(MODEL_STATUSES))).one()
        return Undecided(int(row[0]), float(row[1]))
