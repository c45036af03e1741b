"""Tables of retraining: jobs, their events, frozen snapshots, checkpoints and which of them is in use."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, UtcDateTime

ACTIVE_STATES = ("queued", "running", "cancelling")
ACTIVE_STATES_SQL = "state IN ('queued', 'running', 'cancelling')"
RUNNING_SQL = "state = 'running'"


class Checkpoint(Base):
    """Weights that this store knows: shipped, trained here, or pulled; never deleted."""

    __tablename__ = "checkpoints"
    __table_args__ = (UniqueConstraint("name"), UniqueConstraint("task", "sha256", name="uq_checkpoints_task_sha256"))

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    version: Mapped[str] = mapped_column(String(100))
    task: Mapped[str] = mapped_column(String(40))
    sha256: Mapped[str] = mapped_column(String(64))
    path: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20))
    origin: Mapped[str] = mapped_column(String(300))
    parent: Mapped[str] = mapped_column(String(200))
    metrics: Mapped[dict[str, Any]] = mapped_column(JSON)
    gate: Mapped[dict[str, Any]] = mapped_column(JSON)
    card: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_by: Mapped[str] = mapped_column(String(200))
    created_utc: Mapped[datetime] = mapped_column(UtcDateTime)


class ActivePointer(Base):
    """The checkpoint in use for a task; `version` rises with every switch."""

    __tablename__ = "active_pointers"

    task: Mapped[str] = mapped_column(String(40), primary_key=True)
    checkpoint_id: Mapped[int] = mapped_column(ForeignKey("checkpoints.id"))
    version: Mapped[int]
    changed_by: Mapped[str] = mapped_column(String(200))
    changed_utc: Mapped[datetime] = mapped_column(UtcDateTime)


class PointerSwitch(Base):
    """One switch of a pointer; rows are only ever added."""

    __tablename__ = "pointer_switches"
    __table_args__ = (UniqueConstraint("task", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    task: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]
    action: Mapped[str] = mapped_column(String(20))
    from_checkpoint_id: Mapped[int | None] = mapped_column(ForeignKey("checkpoints.id"))
    to_checkpoint_id: Mapped[int] = mapped_column(ForeignKey("checkpoints.id"))
    note: Mapped[str] = mapped_column(Text)
    changed_by: Mapped[str] = mapped_column(String(200))
    changed_utc: Mapped[datetime] = mapped_column(UtcDateTime)


class Snapshot(Base):
    """What one training run was given: a frozen manifest, kept as a file and named by its hash."""

    __tablename__ = "snapshots"

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id"), unique=True)
    sha256: Mapped[str] = mapped_column(String(64))
    path: Mapped[str] = mapped_column(Text)
    counts: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_utc: Mapped[datetime] = mapped_column(UtcDateTime)


class Job(Base):
    """One retraining; a partial unique index allows a single unfinished one of a kind."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index(
            "uq_jobs_one_active",
            "kind",
            unique=True,
            sqlite_where=sql(ACTIVE_STATES_SQL),
            postgresql_where=sql(ACTIVE_STATES_SQL),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(20))
    recipe: Mapped[str] = mapped_column(String(80))
    minutes: Mapped[float | None]
    seed: Mapped[int]
    base_checkpoint: Mapped[str] = mapped_column(String(200))
    requested_by: Mapped[str] = mapped_column(String(200))
    cancelled_by: Mapped[str | None] = mapped_column(String(200))
    created_utc: Mapped[datetime] = mapped_column(UtcDateTime)
    started_utc: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_utc: Mapped[datetime | None] = mapped_column(UtcDateTime)
    heartbeat_utc: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease_owner: Mapped[str | None] = mapped_column(String(200))
    lease_until_utc: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempt: Mapped[int]
    pid: Mapped[int | None]
    pid_started: Mapped[str | None] = mapped_column(String(60))
    step: Mapped[int]
    total_steps: Mapped[int]
    phase: Mapped[str] = mapped_column(String(40))
    message: Mapped[str] = mapped_column(Text)
    verdict: Mapped[str | None] = mapped_column(String(20))
    reasons: Mapped[list[str]] = mapped_column(JSON)
    before: Mapped[dict[str, Any]] = mapped_column(JSON)
    after: Mapped[dict[str, Any]] = mapped_column(JSON)
    checkpoint: Mapped[str | None] = mapped_column(String(200))
    series_id: Mapped[int | None] = mapped_column(ForeignKey("series.id"), index=True)
    round_number: Mapped[int | None]


class Series(Base):
    """Several retrainings one after the other, asked for at once; one series runs at a time."""

    __tablename__ = "series"
    __table_args__ = (
        CheckConstraint("state IN ('running', 'finished', 'cancelled')", name="state"),
        Index(
            "uq_series_one_running",
            "state",
            unique=True,
            sqlite_where=sql(RUNNING_SQL),
            postgresql_where=sql(RUNNING_SQL),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    created_utc: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_utc: Mapped[datetime | None] = mapped_column(UtcDateTime)
    requested_by: Mapped[str] = mapped_column(String(200))
    recipe: Mapped[str] = mapped_column(String(80))
    minutes: Mapped[float | None]
    max_rounds: Mapped[int]
    state: Mapped[str] = mapped_column(String(20))
    message: Mapped[str] = mapped_column(Text)


class JobEvent(Base):
    """Something that happened to a job; `line` numbers the lines of its progress file, so each is kept once."""

    __tablename__ = "job_events"
    __table_args__ = (UniqueConstraint("job_id", "line"), Index("ix_job_events_job_id_kind_id", "job_id", "kind", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id"))
    kind: Mapped[str] = mapped_column(String(20))
    line: Mapped[int | None]
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_utc: Mapped[datetime] = mapped_column(UtcDateTime)
