"""Tables of the labelling store: pictures, items, model readings, selections, decisions, harvested files."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, UtcDateTime

STATUSES = ("waiting", "kept", "accepted", "corrected", "rejected", "skipped")
"""What an item can be: the first two are the model's, the others a person's."""

REASONS = ("harvest", "slider", "rescore", "calibration")
"""Why pseudo-labels were chosen anew."""

ACTIONS = ("accept", "correct", "reject", "skip", "undo", "import")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Picture(Base):
    """One picture file, kept once however often and under whatever name it is harvested."""

    __tablename__ = "pictures"

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(16))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    height: Mapped[int]
    width: Mapped[int]
    added_by: Mapped[str] = mapped_column(Text)
    added_utc: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (CheckConstraint(_one_of("kind", ("scene", "crop")), name="kind"),)


class Selection(Base):
    """One act of choosing pseudo-labels: who asked, which precision, which threshold that meant, under which model."""

    __tablename__ = "selections"

    id: Mapped[int] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(String(16))
    who: Mapped[str] = mapped_column(Text)
    made_utc: Mapped[datetime] = mapped_column(UtcDateTime)
    min_precision: Mapped[float]
    threshold: Mapped[float]
    checkpoint_name: Mapped[str] = mapped_column(Text)
    checkpoint_version: Mapped[str] = mapped_column(Text)
    checkpoint_sha256: Mapped[str] = mapped_column(String(64))

    __table_args__ = (CheckConstraint(_one_of("reason", REASONS), name="reason"),)


class Item(Base):
    """One text instance to read: its crop, where it was, and its present state.

    `version` grows whenever what a person would decide on changes: the best text, or a person's status.
    `reading_id` names the newest reading, `decision_id` the decision in force. They carry no constraint, because a
    circle of constraints cannot be rebuilt table by table; the rows they name are never deleted.
    `look_group` is the perceptual hash that founded its group of look-alikes. `doubt` (0 to 1) and `gain`, what a
    decision is expected to teach, order the review; both are empty until computed, and again after each new reading.
    """

    __tablename__ = "items"

    id: Mapped[int] = mapped_column(primary_key=True)
    picture_id: Mapped[int] = mapped_column(ForeignKey("pictures.id"), index=True)
    position: Mapped[int]
    polygon: Mapped[list[list[float]]] = mapped_column(JSON)
    score: Mapped[float]
    angle_deg: Mapped[float]
    script: Mapped[str] = mapped_column(String(32))
    crop_sha256: Mapped[str] = mapped_column(String(64), index=True)
    crop_height: Mapped[int]
    crop_width: Mapped[int]
    perceptual_hash: Mapped[str] = mapped_column(String(16), index=True)
    status: Mapped[str] = mapped_column(String(16))
    confidence: Mapped[float | None]
    version: Mapped[int] = mapped_column(default=1)
    reading_id: Mapped[int | None]
    decision_id: Mapped[int | None]
    selection_id: Mapped[int | None] = mapped_column(ForeignKey("selections.id"))
    added_utc: Mapped[datetime] = mapped_column(UtcDateTime)
    look_group: Mapped[str | None] = mapped_column(String(16))
    doubt: Mapped[float | None]
    gain: Mapped[float | None]

    __table_args__ = (
        CheckConstraint(_one_of("status", STATUSES), name="status"),
        Index("ix_items_status_confidence", "status", "confidence", "id"),
        Index("ix_items_status_gain", "status", "gain", "id"),
        Index("ix_items_look_group_status", "look_group", "status"),
    )


class ModelReading(Base):
    """What one checkpoint read in one item; rows are only ever added."""

    __tablename__ = "readings"

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    confidence: Mapped[float]
    log_prob: Mapped[float]
    characters: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    evidence: Mapped[dict[str, float] | None] = mapped_column(JSON(none_as_null=True))
    checkpoint_name: Mapped[str] = mapped_column(Text)
    checkpoint_version: Mapped[str] = mapped_column(Text)
    checkpoint_sha256: Mapped[str] = mapped_column(String(64), index=True)
    selection_id: Mapped[int] = mapped_column(ForeignKey("selections.id"))
    selected: Mapped[str] = mapped_column(String(16))
    made_utc: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (CheckConstraint(_one_of("selected", ("kept", "waiting")), name="selected"),)


class DecisionEvent(Base):
    """What one person did to one item; rows are only ever added, undo is a row of its own.

    `replaces_id` names the decision that was in force before, so that undo can put it in force again; `twin_of_id` the
    event that this one came with, as near-duplicates are decided together.
    """

    __tablename__ = "decisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"), index=True)
    who: Mapped[str] = mapped_column(Text)
    made_utc: Mapped[datetime] = mapped_column(UtcDateTime)
    action: Mapped[str] = mapped_column(String(16))
    from_status: Mapped[str] = mapped_column(String(16))
    from_text: Mapped[str | None] = mapped_column(Text)
    to_status: Mapped[str] = mapped_column(String(16))
    to_text: Mapped[str | None] = mapped_column(Text)
    reading_id: Mapped[int | None] = mapped_column(ForeignKey("readings.id"))
    item_version: Mapped[int]
    client_uuid: Mapped[str] = mapped_column(String(64), unique=True)
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("decisions.id"), unique=True)
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("decisions.id"))
    seconds: Mapped[float | None]
    twin_of_id: Mapped[int | None] = mapped_column(ForeignKey("decisions.id"), index=True)

    __table_args__ = (
        CheckConstraint(_one_of("action", ACTIONS), name="action"),
        Index("ix_decisions_who_id", "who", "id"),
    )


class HarvestFile(Base):
    """What came of one file of one harvest, failures and duplicates included."""

    __tablename__ = "harvest_files"

    id: Mapped[int] = mapped_column(primary_key=True)
    selection_id: Mapped[int] = mapped_column(ForeignKey("selections.id"), index=True)
    picture_id: Mapped[int | None] = mapped_column(ForeignKey("pictures.id"))
    name: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    n_words: Mapped[int]
    n_kept: Mapped[int]
    n_waiting: Mapped[int]
    message: Mapped[str] = mapped_column(Text)
    made_utc: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (CheckConstraint(_one_of("state", ("read", "skipped", "failed")), name="state"),)
