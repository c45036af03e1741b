"""What models read: rows that are only ever added, the newest of which is the item's reading."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.base import Store
from storage.records import MODEL_STATUSES, CharacterRecord, CheckpointRef, NewReading, ReadingRecord
from storage.schema import Item, ModelReading, Selection


def list_stale_item_ids(store: Store, checkpoint_sha256: str, after: int, limit: int) -> list[int]:
    """Undecided items with an id above `after` whose newest reading was made by another checkpoint, by ascending id."""
    with store.session() as session:
        statement = (
            select(Item.id)
            .join(ModelReading, ModelReading.id == Item.reading_id)
            .where(Item.status.in_(MODEL_STATUSES), Item.id > after)
            .where(ModelReading.checkpoint_sha256 != checkpoint_sha256)
            .order_by(Item.id)
            .limit(limit)
        )
        return list(session.scalars(statement))


def add_readings(store: Store, readings: Sequence[tuple[int, NewReading]], selection_id: int) -> int:
    """Add new readings of existing items, all in one transaction.

    An item that a person decided on meanwhile, or that this checkpoint has read already, is left alone, so a
    batch that is repeated after a crash changes nothing. An item's version grows only when its text changes.

    Args:
        store: the opened store.
        readings: (item id, reading) pairs.
        selection_id: the choice that says which readings are kept.

    Returns:
        The number of readings that were added.
    """
    with store.write() as session:
        pairs = [(item, reading) for item_id, reading in readings if (item := _find_stale(session, item_id, reading))]
        attach_readings(session, pairs, selection_id)
        return len(pairs)


def list_readings(store: Store, item_id: int) -> list[ReadingRecord]:
    """Every reading of an item, oldest first."""
    with store.session() as session:
        statement = (
            select(ModelReading, Selection)
            .join(Selection, Selection.id == ModelReading.selection_id)
            .where(ModelReading.item_id == item_id)
            .order_by(ModelReading.id)
        )
        return [_to_record(reading, selection) for reading, selection in session.execute(statement)]


def attach_readings(session: Session, pairs: Sequence[tuple[Item, NewReading]], selection_id: int) -> None:
    """Add readings inside the caller's transaction and make each its item's newest.

    Args:
        session: a writing session.
        pairs: items that already have their ids, with what was read in them.
        selection_id: the choice under which they are kept or wait.
    """
    rows = [_to_row(item.id, reading, selection_id) for item, reading in pairs]
    session.add_all(rows)
    session.flush()
    for (item, reading), row in zip(pairs, rows, strict=True):
        item.reading_id = row.id
        item.confidence = reading.confidence
        item.selection_id = selection_id
        item.status = row.selected
        item.doubt = item.gain = None


def to_characters(row: ModelReading | None) -> tuple[CharacterRecord, ...]:
    """The characters of a reading row, none for no row."""
    return () if row is None else tuple(CharacterRecord(**character) for character in row.characters)


def _find_stale(session: Session, item_id: int, reading: NewReading) -> Item | None:
    """The item if this reading is news to it, with its version raised where the text is; None otherwise."""
    item = session.get(Item, item_id, with_for_update=True)
    if item is None or item.status not in MODEL_STATUSES:
        return None
    previous = None if item.reading_id is None else session.get(ModelReading, item.reading_id)
    if previous is not None and previous.checkpoint_sha256 == reading.checkpoint.sha256:
        return None
    if previous is None or previous.text != reading.text:
        item.version += 1
    return item


def _to_row(item_id: int, reading: NewReading, selection_id: int) -> ModelReading:
    return ModelReading(
        item_id=item_id,
        text=reading.text,
        confidence=reading.confidence,
        log_prob=reading.log_prob,
        characters=[character.to_json() for character in reading.characters],
        evidence=reading.evidence,
        checkpoint_name=reading.checkpoint.name,
        checkpoint_version=reading.checkpoint.version,
        checkpoint_sha256=reading.checkpoint.sha256,
        selection_id=selection_id,
        selected="kept" if reading.is_kept else "waiting",
        made_utc=datetime.now(UTC),
    )


def _to_record(row: ModelReading, selection: Selection) -> ReadingRecord:
    return ReadingRecord(
        reading_id=row.id,
        item_id=row.item_id,
        text=row.text,
        confidence=row.confidence,
        log_prob=row.log_prob,
        characters=to_characters(row),
        checkpoint=CheckpointRef(row.checkpoint_name, row.checkpoint_version, row.checkpoint_sha256),
        selected=row.selected,
        min_precision=selection.min_precision,
        threshold=selection.threshold,
        made_utc=row.made_utc,
        evidence=row.evidence,
    )
