"""Choices of pseudo-labels: recorded, then applied to the items that nobody decided on."""

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
    confidence = case((ModelReading.text == "", 0.0), else_=ModelReading.confidence)
    statement = select(confidence).join(Item, Item.reading_id == ModelReading.id)
    with store.session() as session:
        return list(session.scalars(statement.where(Item.status.in_(MODEL_STATUSES))))


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
