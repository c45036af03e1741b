"""What people decided: events that are only ever added.

Undo is an event too: it puts the decision before in force again.
"""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from storage.base import Store
from storage.errors import MissingRowError, StaleVersionError, StoreError
from storage.items import load_item
from storage.pictures import insert_items, insert_picture
from storage.records import MODEL_STATUSES, EventRecord, NewDecision, NewItem, NewPicture
from storage.schema import DecisionEvent, Item, ModelReading


class SupersededError(StoreError):
    """The decision cannot be undone, because someone decided on the item again since."""


class RepeatedUuidError(StoreError):
    """The client's uuid was used before for something else."""


def add_decision(store: Store, new: NewDecision, twins: Sequence[tuple[int, int]] = ()) -> EventRecord:
    """Add a decision and put it in force, for near-duplicates of its item too, in one transaction.

    Every twin gets an event of its own, which names the first. A twin that is none (any more) is left alone: decided
    on meanwhile, another look or another reading, or a newer version than the person saw.

    Args:
        store: the opened store.
        new: the decision.
        twins: (item id, version on the person's screen) of the near-duplicates to decide alike.

    Returns:
        The event; for a `client_uuid` that was seen before, the event of then, with `repeated` set and nothing changed.

    Raises:
        MissingRowError: there is no such item.
        StaleVersionError: the item changed since the person saw it.
        RepeatedUuidError: the uuid was used for another item.
    """
    try:
        with store.write() as session:
            earlier = _find_by_uuid(session, new.client_uuid)
            if earlier is not None:
                return _check_same(session, earlier, new)
            item = _get_item_row(session, new.item_id)
            if new.seen_version is not None and item.version != new.seen_version:
                raise StaleVersionError(item.id, new.seen_version, item.version)
            alike = _find_twins(session, item, twins)
            event = _put_in_force(session, item, new)
            for twin in alike:
                own = replace(new, item_id=twin.id, client_uuid=_name_twin(new.client_uuid, twin.id))
                _put_in_force(session, twin, own, event.id)
            return _to_record(event, twin_ids=tuple(twin.id for twin in alike))
    except IntegrityError:
        with store.session() as session:
            earlier = _find_by_uuid(session, new.client_uuid)
            if earlier is None:
                raise
            return _check_same(session, earlier, new)


def undo_last(store: Store, who: str, client_uuid: str) -> EventRecord:
    """Take back the newest decision of one person that was not taken back yet, by an event of its own.

    Status and text return to what they were before that decision, also of the twins that were decided with it; a twin
    that someone decided on again since keeps that. A repeated `client_uuid` changes nothing.

    Raises:
        MissingRowError: this person has nothing to undo.
        SupersededError: someone decided on the item again since.
        RepeatedUuidError: the uuid was used for a decision.
    """
    with store.write() as session:
        earlier = _find_by_uuid(session, client_uuid)
        if earlier is not None:
            if earlier.action != "undo":
                raise RepeatedUuidError(f"{client_uuid} was already used for the action {earlier.action}")
            return _to_record(earlier, True, _list_twin_ids(session, earlier.id))
        decision = _find_undoable(session, who)
        if decision is None:
            raise MissingRowError(f"there is no decision of {who} to undo")
        item = _get_item_row(session, decision.item_id)
        if item.decision_id != decision.id:
            raise SupersededError(f"item {item.id} was decided on again since")
        event = _take_back(session, item, decision, who, client_uuid)
        return _to_record(event, twin_ids=_take_back_twins(session, decision, event))


def list_events(store: Store, item_id: int) -> list[EventRecord]:
    """Everything that people did to an item, oldest first."""
    with store.session() as session:
        statement = select(DecisionEvent).where(DecisionEvent.item_id == item_id).order_by(DecisionEvent.id)
        return [_to_record(row) for row in session.scalars(statement)]


def add_labelled_crop(store: Store, picture: NewPicture, item: NewItem, new: NewDecision) -> EventRecord:
    """Add a crop that comes with a person's text: picture, item and decision in one transaction.

    Args:
        store: the opened store.
        picture: the crop's file as a picture of kind `crop`.
        item: the whole picture as one item.
        new: the decision; its `item_id` and `seen_version` are ignored.

    Raises:
        DuplicatePictureError: a picture with these bytes is already there.
    """
    with store.write() as session:
        (row,) = insert_items(session, insert_picture(session, picture).id, [item])
        return _to_record(_put_in_force(session, row, new))


def _find_twins(session: Session, item: Item, wanted: Sequence[tuple[int, int]]) -> list[Item]:
    """Those of the wanted items that still are near-duplicates of this one, by rising id, each once."""
    seen = {item_id: version for item_id, version in wanted if item_id != item.id}
    if not seen or item.look_group is None or item.status not in MODEL_STATUSES:
        return []
    text = select(ModelReading.text).where(ModelReading.id == item.reading_id).scalar_subquery()
    statement = (
        select(Item)
        .join(ModelReading, ModelReading.id == Item.reading_id)
        .where(Item.id.in_(seen), Item.status.in_(MODEL_STATUSES))
        .where(Item.look_group == item.look_group, ModelReading.text == text)
        .order_by(Item.id)
        .with_for_update(of=Item)
    )
    return [twin for twin in session.scalars(statement) if twin.version == seen[twin.id]]


def _take_back_twins(session: Session, decision: DecisionEvent, undoing: DecisionEvent) -> tuple[int, ...]:
    """Undo what was decided together with a decision, where it is still in force; gives the items."""
    statement = select(DecisionEvent).where(DecisionEvent.twin_of_id == decision.id).order_by(DecisionEvent.id)
    restored = []
    for event in session.scalars(statement).all():
        twin = _get_item_row(session, event.item_id)
        if twin.decision_id == event.id:
            name = _name_twin(undoing.client_uuid, twin.id)
            _take_back(session, twin, event, undoing.who, name, undoing.id)
            restored.append(twin.id)
    return tuple(restored)


def _list_twin_ids(session: Session, event_id: int) -> tuple[int, ...]:
    statement = select(DecisionEvent.item_id).where(DecisionEvent.twin_of_id == event_id).order_by(DecisionEvent.id)
    return tuple(session.scalars(statement))


def _name_twin(client_uuid: str, item_id: int) -> str:
    """The uuid of a twin's event: always the same for the same decision and item."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{client_uuid}:{item_id}").hex


def _put_in_force(session: Session, item: Item, new: NewDecision, twin_of_id: int | None = None) -> DecisionEvent:
    before = load_item(session, item.id)
    to_text = before.text if new.action == "accept" and new.to_text is None else new.to_text
    item.version += 1
    event = DecisionEvent(
        item_id=item.id,
        who=new.who,
        made_utc=datetime.now(UTC),
        action=new.action,
        from_status=before.status,
        from_text=before.text,
        to_status=new.to_status,
        to_text=to_text,
        reading_id=item.reading_id,
        item_version=item.version,
        client_uuid=new.client_uuid,
        replaces_id=item.decision_id,
        seconds=new.seconds if twin_of_id is None else None,
        twin_of_id=twin_of_id,
    )
    session.add(event)
    session.flush()
    item.decision_id = event.id
    item.status = new.to_status
    return event


def _take_back(
    session: Session,
    item: Item,
    decision: DecisionEvent,
    who: str,
    client_uuid: str,
    twin_of_id: int | None = None,
) -> DecisionEvent:
    item.version += 1
    event = DecisionEvent(
        item_id=item.id,
        who=who,
        made_utc=datetime.now(UTC),
        action="undo",
        from_status=item.status,
        from_text=decision.to_text,
        to_status=decision.from_status,
        to_text=decision.from_text,
        reading_id=item.reading_id,
        item_version=item.version,
        client_uuid=client_uuid,
        undoes_id=decision.id,
        replaces_id=decision.id,
        twin_of_id=twin_of_id,
    )
    session.add(event)
    session.flush()
    item.decision_id = decision.replaces_id
    item.status = decision.from_status
    return event


def _find_undoable(session: Session, who: str) -> DecisionEvent | None:
    """The newest decision that still counts; one taken together with another goes with that, while that counts."""
    undoing, undoing_first = aliased(DecisionEvent), aliased(DecisionEvent)
    is_undone = select(undoing.id).where(undoing.undoes_id == DecisionEvent.id).exists()
    is_first_undone = select(undoing_first.id).where(undoing_first.undoes_id == DecisionEvent.twin_of_id).exists()
    statement = (
        select(DecisionEvent)
        .where(DecisionEvent.who == who, DecisionEvent.action.not_in(("undo", "import")), ~is_undone)
        .where(or_(DecisionEvent.twin_of_id.is_(None), is_first_undone))
        .order_by(DecisionEvent.id.desc())
        .limit(1)
    )
    return session.scalar(statement)


def _find_by_uuid(session: Session, client_uuid: str) -> DecisionEvent | None:
    return session.scalar(select(DecisionEvent).where(DecisionEvent.client_uuid == client_uuid))


def _get_item_row(session: Session, item_id: int) -> Item:
    item = session.get(Item, item_id, with_for_update=True)
    if item is None:
        raise MissingRowError(f"there is no item {item_id}")
    return item


def _check_same(session: Session, earlier: DecisionEvent, new: NewDecision) -> EventRecord:
    if earlier.item_id != new.item_id or earlier.action != new.action:
        raise RepeatedUuidError(f"{new.client_uuid} was already used for item {earlier.item_id} ({earlier.action})")
    return _to_record(earlier, True, _list_twin_ids(session, earlier.id))


def _to_record(row: DecisionEvent, repeated: bool = False, twin_ids: tuple[int, ...] = ()) -> EventRecord:
    return EventRecord(
        event_id=row.id,
        item_id=row.item_id,
        who=row.who,
        made_utc=row.made_utc,
        action=row.action,
        from_status=row.from_status,
        from_text=row.from_text,
        to_status=row.to_status,
        to_text=row.to_text,
        item_version=row.item_version,
        client_uuid=row.client_uuid,
        undoes_id=row.undoes_id,
        seconds=row.seconds,
        repeated=repeated,
        twin_ids=twin_ids,
        twin_of_id=row.twin_of_id,
    )
