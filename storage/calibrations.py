"""Calibrations fitted from decisions: rows that are only ever added, the newest of which counts."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import or_, select

from storage.base import Store
from storage.schema import DecisionEvent, Item, ModelReading
from storage.schema_learning import Audit, AuditItem, Calibration


@dataclass(frozen=True, slots=True)
class NewCalibration:
    """A calibration to keep.

    Attributes:
        checkpoint_sha256: whose readings it judges.
        n_decisions: how many decisions it was fitted on.
        data: what `WordCalibration.to_dict` gave.
        note: how it came about, in words.
    """

    who: str
    checkpoint_sha256: str
    n_decisions: int
    data: dict[str, Any]
    note: str


@dataclass(frozen=True, slots=True)
class CalibrationRecord:
    """A calibration that is kept."""

    calibration_id: int
    made_utc: datetime
    who: str
    checkpoint_sha256: str
    n_decisions: int
    data: dict[str, Any]
    note: str


def add_calibration(store: Store, new: NewCalibration) -> CalibrationRecord:
    """Keep a calibration; it counts from now on."""
    with store.write() as session:
        row = Calibration(
            made_utc=datetime.now(UTC),
            who=new.who,
            checkpoint_sha256=new.checkpoint_sha256,
            n_decisions=new.n_decisions,
            data=new.data,
            note=new.note,
        )
        session.add(row)
        session.flush()
        return _to_record(row)


def find_calibration(store: Store, checkpoint_sha256: str) -> CalibrationRecord | None:
    """The newest calibration of a checkpoint; None where its card counts."""
    with store.session() as session:
        row = session.scalar(
            select(Calibration)
            .where(Calibration.checkpoint_sha256 == checkpoint_sha256)
            .order_by(Calibration.id.desc())
            .limit(1)
        )
        return None if row is None else _to_record(row)


@dataclass(frozen=True, slots=True)
class DecidedReading:
    """A reading with evidence that a person decided on.

    Attributes:
        decided: the person's text; None where there is nothing to read.
        weight: how many kept items it stands for: of an audit's sample the population by the sample's size, else 1.
    """

    item_id: int
    text: str
    decided: str | None
    evidence: dict[str, float]
    weight: float


def list_decided_readings(store: Store, checkpoint_sha256: str) -> list[DecidedReading]:
    """Readings of a checkpoint that a person accepted, corrected or rejected, by item.

    Of near-duplicates that were decided together only the first counts, and those that an audit drew: the others are
    no further trials, and would make a promise out of a few clicks.
    """
    drawn = (
        select(AuditItem.item_id)
        .join(Audit, Audit.id == AuditItem.audit_id)
        .where(Audit.checkpoint_sha256 == checkpoint_sha256)
    )
    statement = (
        select(Item, ModelReading, DecisionEvent)
        .join(ModelReading, ModelReading.id == Item.reading_id)
        .join(DecisionEvent, DecisionEvent.id == Item.decision_id)
        .where(Item.status.in_(("accepted", "corrected", "rejected")))
        .where(ModelReading.checkpoint_sha256 == checkpoint_sha256, ModelReading.evidence.is_not(None))
        .where(or_(DecisionEvent.twin_of_id.is_(None), Item.id.in_(drawn)))
        .order_by(Item.id)
    )
    audited = (
        select(AuditItem.item_id, Audit.population, Audit.size)
        .join(Audit, Audit.id == AuditItem.audit_id)
        .where(Audit.checkpoint_sha256 == checkpoint_sha256)
    )
    with store.session() as session:
        weights = {
            item_id: max(1.0, population / max(1, size)) for item_id, population, size in session.execute(audited)
        }
        return [
            DecidedReading(
                item.id,
                reading.text,
                None if item.status == "rejected" else decision.to_text,
                dict(reading.evidence or {}),
                weights.get(item.id, 1.0),
            )
            for item, reading, decision in session.execute(statement)
        ]


def _to_record(row: Calibration) -> CalibrationRecord:
    return CalibrationRecord(
        row.id, row.made_utc, row.who, row.checkpoint_sha256, row.n_decisions, dict(row.data), row.note
    )
