"""Tables of learning without labels: calibrations fitted from decisions, and audits of what is kept unseen."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, UtcDateTime


class Calibration(Base):
    """How sure a checkpoint's readings are, as fitted from decisions; the newest row stands above its card."""

    __tablename__ = "calibrations"
    __table_args__ = (Index("ix_calibrations_checkpoint_sha256_id", "checkpoint_sha256", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    made_utc: Mapped[datetime] = mapped_column(UtcDateTime)
    who: Mapped[str] = mapped_column(Text)
    checkpoint_sha256: Mapped[str] = mapped_column(String(64))
    n_decisions: Mapped[int]
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    note: Mapped[str] = mapped_column(Text)


class Audit(Base):
    """A uniform random sample of the `population` items that were kept unseen, for a person to judge."""

    __tablename__ = "audits"

    id: Mapped[int] = mapped_column(primary_key=True)
    made_utc: Mapped[datetime] = mapped_column(UtcDateTime)
    who: Mapped[str] = mapped_column(Text)
    checkpoint_sha256: Mapped[str] = mapped_column(String(64))
    population: Mapped[int]
    size: Mapped[int]


class AuditItem(Base):
    """One item of an audit, with the reading and text that are judged."""

    __tablename__ = "audit_items"
    __table_args__ = (UniqueConstraint("audit_id", "item_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    audit_id: Mapped[int] = mapped_column(ForeignKey("audits.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"), index=True)
    reading_id: Mapped[int] = mapped_column(ForeignKey("readings.id"))
    text: Mapped[str] = mapped_column(Text)
    position: Mapped[int]
