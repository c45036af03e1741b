"""Items as they stand: one, pages of a queue, counts."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Nullable, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from storage.base import Store
from storage.errors import MissingRowError
from storage.readings import to_characters
from storage.records import CheckpointRef, ItemRecord
from storage.schema import STATUSES, DecisionEvent, Item, ModelReading, Picture

ItemRow = tuple[Item, Picture, ModelReading | None, DecisionEvent | None]


def get_item(store: Store, item_id: int) -> ItemRecord:
    """One item.

    Raises:
        MissingRowError: there is no such item.
    """
    with store.session() as session:
        return load_item(session, item_id)


def load_item(session: Session, item_id: int) -> ItemRecord:
    """One item, inside the caller's transaction.

    Raises:
        MissingRowError: there is no such item.
    """
    row = session.execute(_select_items().where(Item.id == item_id)).first()
    if row is None:
        raise MissingRowError(f"there is no item {item_id}")
    return _to_record(row)


def list_items(
    store: Store, statuses: Sequence[str] = STATUSES, after: int = 0, limit: int | None = None
) -> list[ItemRecord]:
    """Items by ascending id.

    Args:
        store: the opened store.
        statuses: which to list.
        after: list only items whose id is greater, to page through many.
        limit: at most so many; None lists all.
    """
    with store.session() as session:
        statement = _select_items().where(Item.status.in_(statuses), Item.id > after).order_by(Item.id).limit(limit)
        return [_to_record(row) for row in session.execute(statement)]


def list_items_by_id(store: Store, item_ids: Sequence[int]) -> list[ItemRecord]:
    """The items with these ids, by ascending id; unknown ids are left out."""
    with store.session() as session:
        statement = _select_items().where(Item.id.in_(item_ids)).order_by(Item.id)
        return [_to_record(row) for row in session.execute(statement)]


def list_items_in_order(store: Store, item_ids: Sequence[int]) -> list[ItemRecord]:
    """The items with these ids, in the order given; unknown ids are left out."""
    records = {record.item_id: record for record in list_items_by_id(store, item_ids)}
    return [records[item_id] for item_id in item_ids if item_id in records]


def list_items_by_crop(store: Store, crop_sha256: str) -> list[ItemRecord]:
    """The items whose crop has exactly these bytes."""
    with store.session() as session:
        statement = _select_items().where(Item.crop_sha256 == crop_sha256).order_by(Item.id)
        return [_to_record(row) for row in session.execute(statement)]


def list_items_of_picture(store: Store, picture_id: int) -> list[ItemRecord]:
    """The items of one picture in reading order."""
    with store.session() as session:
        statement = _select_items().where(Item.picture_id == picture_id).order_by(Item.position, Item.id)
        return [_to_record(row) for row in session.execute(statement)]


def list_uncertain(store: Store, statuses: Sequence[str], limit: int, after: int | None = None) -> list[ItemRecord]:
    """Items whose confidence is nearest to one half first: there a decision teaches most.

    Args:
        store: the opened store.
        statuses: which to list.
        limit: at most so many.
        after: continue behind this item, wherever it stands in the order now.
    """
    uncertainty = func.abs(func.coalesce(Item.confidence, 0.5) - 0.5)
    statement = select(Item.id).where(Item.status.in_(statuses)).order_by(uncertainty, Item.id).limit(limit)
    if after is not None:
        statement = statement.where(_is_behind(uncertainty, after))
    return _list_in_order(store, statement)


def list_by_gain(store: Store, statuses: Sequence[str], limit: int, after: int | None = None) -> list[ItemRecord]:
    """Items on which a decision is expected to teach most first; those whose gain is not computed yet come last.

    Args:
        store: the opened store.
        statuses: which to list.
        limit: at most so many.
        after: continue behind this item, wherever it stands in the order now.
    """
    order = (Item.gain.desc().nulls_last(), Item.id.desc())
    statement = select(Item.id).where(Item.status.in_(statuses)).order_by(*order).limit(limit)
    if after is not None:
        gain = func.coalesce(Item.gain, -1.0)
        pivot = select(gain).where(Item.id == after).correlate(None).scalar_subquery()
        statement = statement.where(or_(gain < pivot, and_(gain == pivot, Item.id < after)))
    return _list_in_order(store, statement)


def list_newest(store: Store, statuses: Sequence[str], limit: int, after: int | None = None) -> list[ItemRecord]:
    """Items that were added last first; `after` continues behind that item."""
    statement = select(Item.id).where(Item.status.in_(statuses)).order_by(Item.id.desc()).limit(limit)
    if after is not None:
        statement = statement.where(Item.id < after)
    return _list_in_order(store, statement)


def count_by_status(store: Store) -> dict[str, int]:
    """How many items have each status; every status is named, also with none."""
    with store.session() as session:
        rows = session.execute(select(Item.status, func.count()).group_by(Item.status))
        return dict.fromkeys(STATUSES, 0) | dict(rows.all())


def _list_in_order(store: Store, page: Select[int]) -> list[ItemRecord]:
    """Sort ids alone, then load only the page: the database need not sort whole rows."""
    with store.session() as session:
        ids = list(session.scalars(page))
        rows = session.execute(_select_items().where(Item.id.in_(ids)))
        records = {row[0].id: _to_record(row) for row in rows}
        return [records[item_id] for item_id in ids]


def _is_behind(uncertainty: ColumnElement[float], after: int) -> ColumnElement[bool]:
    pivot = select(uncertainty).where(Item.id == after).correlate(None).scalar_subquery()
    return or_(uncertainty > pivot, and_(uncertainty == pivot, Item.id > after))


def _select_items() -> Select[Item, Picture, ModelReading | None, DecisionEvent | None]:
    return (
        select(Item, Picture, Nullable(ModelReading), Nullable(DecisionEvent))
        .join(Picture, Picture.id == Item.picture_id)
        .outerjoin(ModelReading, ModelReading.id == Item.reading_id)
        .outerjoin(DecisionEvent, DecisionEvent.id == Item.decision_id)
    )


def _to_record(row: ItemRow) -> ItemRecord:
    item, picture, reading, decision = row
    person_text = None if decision is None else decision.to_text
    model_text = None if reading is None else reading.text
    checkpoint = None
    if reading is not None:
        checkpoint = CheckpointRef(reading.checkpoint_name, reading.checkpoint_version, reading.checkpoint_sha256)
    return ItemRecord(
        item_id=item.id,
        picture_id=picture.id,
        picture_name=picture.name,
        picture_sha256=picture.sha256,
        position=item.position,
        polygon=tuple((point[0], point[1]) for point in item.polygon),
        score=item.score,
        angle_deg=item.angle_deg,
        script=item.script,
        crop_sha256=item.crop_sha256,
        crop_size_hw=(item.crop_height, item.crop_width),
        perceptual_hash=item.perceptual_hash,
        status=item.status,
        version=item.version,
        text=person_text if person_text is not None else model_text or "",
        person_text=person_text,
        model_text=model_text,
        confidence=item.confidence,
        log_prob=None if reading is None else reading.log_prob,
        characters=to_characters(reading),
        checkpoint=checkpoint,
        reading_id=item.reading_id,
        decision_id=item.decision_id,
        selection_id=item.selection_id,
        added_utc=item.added_utc,
        evidence=None if reading is None else reading.evidence,
        look_group=item.look_group,
    )
