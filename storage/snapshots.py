"""What each job trained on: the hash of a frozen manifest and how many items of each kind it has."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from storage.base import Store
from storage.schema_jobs import Snapshot


@dataclass(frozen=True)
class SnapshotRecord:
    """The frozen manifest of a job; `path` is relative to the data directory."""

    job_id: int
    sha256: str
    path: str
    counts: dict[str, Any]
    created_utc: datetime


def add_snapshot(store: Store, snapshot: SnapshotRecord) -> SnapshotRecord:
    """Keep what a job trains on; a second snapshot of the same job changes nothing and gives the first."""
    with store.write() as session:
        row = session.scalar(select(Snapshot).where(Snapshot.job_id == snapshot.job_id))
        if row is None:
            row = Snapshot(
                job_id=snapshot.job_id,
                sha256=snapshot.sha256,
                path=snapshot.path,
                counts=snapshot.counts,
                created_utc=snapshot.created_utc,
            )
            session.add(row)
        return _record(row)


def find_snapshot(store: Store, job_id: int) -> SnapshotRecord | None:
    """The snapshot of a job, None before it was frozen."""
    with store.session() as session:
        row = session.scalar(select(Snapshot).where(Snapshot.job_id == job_id))
        return None if row is None else _record(row)


def _record(row: Snapshot) -> SnapshotRecord:
    return SnapshotRecord(row.job_id, row.sha256, row.path, dict(row.counts), row.created_utc)
