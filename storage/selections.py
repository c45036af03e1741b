"""Choices of pseudo-labels: recorded, then applied to the items that nobody decided on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import and_, case, select, update
from sqlalchemy.orm import Session

from storage.base import Store
from storage.records import MODEL_STATUSES, CheckpointRef, NewSelection, SelectionRecord
from storage.schema import Item, ModelReading, Selection


def add_selection(store: Store, new: NewSelection) -> SelectionRecord:
    """Record a choice without applying it to items that are already there."""
    with store.write() as session:
        return _insert(session, new)


def apply_selection(store: Store, new: NewSelection) -> SelectionRecord:
    """Record a choice and apply it: undecided items at or above the threshold are kept, the others wait.

    An empty reading is never kept. Items that a person decided on are left alone.
    """
    with store.write() as session:
        record = _insert(session, new)
        has_text = select(ModelReading.id).where(ModelReading.id == Item.reading_id, ModelReading.text != "").exists()
        status = case((and_(Item.confidence >= new.threshold, has_text), "kept"), else_="waiting")
        session.execute(
            update(Item)
            .where(Item.status.in_(MODEL_STATUSES), Item.confidence.is_not(None))
            .values(status=status, selection_id=record.selection_id)
            .execution_options(synchronize_session=False)
        )
        return record


def find_latest_selection(store: Store) -> SelectionRecord | None:
    """The newest choice, None in a store without any."""
    with store.session() as session:
        row = session.scalar(select(Selection).order_by(Selection.id.desc()).limit(1))
        return None if row is None else _to_record(row)


def list_undecided_confidences(store: Store) -> list[float]:
    """The confidence of every reading that nobody decided on, in no particular order; empty readings count as 0."""
    confidence = case((ModelReading.text == "", 0.0), else_=Item.confidence)
    statement = select(confidence).select_from(ModelReading).join(Item, Item.reading_id == ModelReading.id)
    with store.session() as session:
        return list(session.scalars(statement.where(Item.status.in_(MODEL_STATUSES))))


@dataclass(frozen=True, slots=True)
class UndecidedReading:
    """The newest reading of an item that nobody decided on.

    Attributes:
        confidence: as it stands now; 0 where nothing was read.
        evidence: None for readings without any.
    """

    item_id: int
    confidence: float
    evidence: dict[str, float] | None


def list_undecided(store: Store, checkpoint_sha256: str | None = None) -> list[UndecidedReading]:
    """Readings that nobody decided on, by item, of one checkpoint or of all."""
    confidence = case((ModelReading.text == "", 0.0), else_=Item.confidence)
    statement = (
        select(Item.id, confidence, ModelReading.evidence)
        .join(ModelReading, Item.reading_id == ModelReading.id)
        .where(Item.status.in_(MODEL_STATUSES))
        .order_by(Item.id)
    )
    if checkpoint_sha256 is not None:
        statement = statement.where(ModelReading.checkpoint_sha256 == checkpoint_sha256)
    with store.session() as session:
        return [UndecidedReading(*row) for row in session.execute(statement)]


def set_confidences(store: Store, confidences: Mapping[int, float]) -> None:
    """Write how sure items are now, after a new calibration; what a person decided on is left alone.

    Their place in the order of review is worked out anew when it is asked for.
    """
    with store.write() as session:
        for item in session.scalars(select(Item).where(Item.status.in_(MODEL_STATUSES))):
            if item.id in confidences:
                item.confidence = confidences[item.id]
                item.doubt = item.gain = None


def _insert(session: Session, new: NewSelection) -> SelectionRecord:
    row = Selection(
        reason=new.reason,
        who=new.who,
        made_utc=datetime.now(UTC),
        min_precision=new.min_precision,
        threshold=new.threshold,
        checkpoint_name=new.checkpoint.name,
        checkpoint_version=new.checkpoint.version,
        checkpoint_sha256=new.checkpoint.sha256,
    )
    session.add(row)
    session.flush()
    return _to_record(row)


def _to_record(row: Selection) -> SelectionRecord:
    return SelectionRecord(
        selection_id=row.id,
        reason=row.reason,
        who=row.who,
        made_utc=row.made_utc,
        min_precision=row.min_precision,
        threshold=row.threshold,
        checkpoint=CheckpointRef(row.checkpoint_name, row.checkpoint_version, row.checkpoint_sha256),
    )
