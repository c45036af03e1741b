"""Audits: random samples of what is kept unseen, and what people decided on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.base import Store
from storage.schema import DecisionEvent, Item, ModelReading
from storage.schema_learning import Audit, AuditItem


@dataclass(frozen=True, slots=True)
class NewAudit:
    """A sample that was drawn: `item_ids` in the order in which they are to be judged, out of `population` items."""

    who: str
    checkpoint_sha256: str
    population: int
    item_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """A sample as it was drawn."""

    audit_id: int
    made_utc: datetime
    who: str
    checkpoint_sha256: str
    population: int
    size: int


@dataclass(frozen=True, slots=True)
class AuditItemRecord:
    """One item of a sample: the reading that is judged, and how the item stands now.

    Attributes:
        text: what was read when the sample was drawn.
        status: the item's, now.
        person_text: the text of the decision in force; None when nobody gave one.
        is_reread: whether the item has another reading now than the one that was drawn.
    """

    item_id: int
    position: int
    text: str
    status: str
    person_text: str | None
    is_reread: bool


def list_kept_ids(store: Store) -> list[int]:
    """The items that are kept unseen, by rising id."""
    with store.session() as session:
        return list(session.scalars(select(Item.id).where(Item.status == "kept").order_by(Item.id)))


def add_audit(store: Store, new: NewAudit) -> AuditRecord:
    """Keep a sample; an item that was decided on or read again since it was drawn is judged by what it is now."""
    with store.write() as session:
        row = Audit(
            made_utc=datetime.now(UTC),
            who=new.who,
            checkpoint_sha256=new.checkpoint_sha256,
            population=new.population,
            size=len(new.item_ids),
        )
        session.add(row)
        session.flush()
        session.add_all(_to_rows(session, row.id, new.item_ids))
        return _to_record(row)


def find_latest_audit(store: Store) -> AuditRecord | None:
    """The newest sample, None in a store without any."""
    with store.session() as session:
        row = session.scalar(select(Audit).order_by(Audit.id.desc()).limit(1))
        return None if row is None else _to_record(row)


def list_audit_items(store: Store, audit_id: int) -> list[AuditItemRecord]:
    """The items of a sample in the order in which they are to be judged."""
    statement = (
        select(
            AuditItem.item_id,
            AuditItem.position,
            AuditItem.text,
            Item.status,
            DecisionEvent.to_text,
            AuditItem.reading_id != Item.reading_id,
        )
        .join(Item, Item.id == AuditItem.item_id)
        .outerjoin(DecisionEvent, DecisionEvent.id == Item.decision_id)
        .where(AuditItem.audit_id == audit_id)
        .order_by(AuditItem.position)
    )
    with store.session() as session:
        return [AuditItemRecord(*row) for row in session.execute(statement)]


def count_kept(store: Store) -> int:
    """How many items are kept unseen."""
    with store.session() as session:
        return session.scalar(select(func.count()).where(Item.status == "kept")) or 0


def _to_rows(session: Session, audit_id: int, item_ids: Sequence[int]) -> list[AuditItem]:
    statement = (
        select(Item.id, ModelReading.id, ModelReading.text)
        .join(ModelReading, ModelReading.id == Item.reading_id)
        .where(Item.id.in_(item_ids))
    )
    read = {item_id: (reading_id, text) for item_id, reading_id, text in session.execute(statement)}
    return [
        AuditItem(audit_id=audit_id, item_id=item_id, reading_id=reading_id, text=text, position=position)
        for position, item_id in enumerate(item_ids)
        for reading_id, text in [read[item_id]]
    ]


def _to_record(row: Audit) -> AuditRecord:
    return AuditRecord(row.id, row.made_utc, row.who, row.checkpoint_sha256, row.population, row.size)
