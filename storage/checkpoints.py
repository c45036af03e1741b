"""Which weights this store knows, and which of them is in use for each task."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.base import Store
from storage.errors import MissingRowError, StoreError
from storage.schema_jobs import ActivePointer, Checkpoint, PointerSwitch


@dataclass(frozen=True)
class NewCheckpoint:
    """Weights to be made known.

    Attributes:
        path: of the safetensors file; relative paths count from the data directory.
        state: "shipped" or "candidate" at first; later "rejected" or "retired"; in use is a pointer, no state.
        origin: "shipped", "job 3", or "hub:owner/name@revision".
    """

    name: str
    version: str
    task: str
    sha256: str
    path: str
    state: str
    origin: str
    created_by: str
    parent: str = ""
    metrics: dict[str, Any] = field(default_factory=dict)
    gate: dict[str, Any] = field(default_factory=dict)
    card: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckpointRecord(NewCheckpoint):
    """Weights as the store knows them."""

    id: int = 0
    created_utc: datetime = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class PointerRecord:
    """The checkpoint in use for a task; `version` rises with every switch, also backwards."""

    task: str
    checkpoint: CheckpointRecord
    version: int
    changed_by: str
    changed_utc: datetime


@dataclass(frozen=True)
class SwitchRecord:
    """One switch of a pointer: action is "first", "promote", "overrule", "rollback" or "upgrade"."""

    task: str
    version: int
    action: str
    from_name: str | None
    to_name: str
    note: str
    changed_by: str
    changed_utc: datetime


@dataclass(frozen=True)
class Switch:
    """A wish to switch: to which checkpoint, how it is called, by whom and why."""

    name: str
    action: str
    who: str
    note: str = ""


def add_checkpoint(store: Store, new: NewCheckpoint) -> CheckpointRecord:
    """Make weights known; the same task and hash a second time gives the row that is there.

    Raises:
        StoreError: another checkpoint has this name already.
    """
    with store.write() as session:
        row = session.scalar(select(Checkpoint).where(Checkpoint.task == new.task, Checkpoint.sha256 == new.sha256))
        if row is not None:
            return _record(row)
        if _find(session, new.name) is not None:
            raise StoreError(f"a checkpoint named {new.name} exists already with other weights")
        row = Checkpoint(
            name=new.name,
            version=new.version,
            task=new.task,
            sha256=new.sha256,
            path=new.path,
            state=new.state,
            origin=new.origin,
            parent=new.parent,
            metrics=new.metrics,
            gate=new.gate,
            card=new.card,
            created_by=new.created_by,
            created_utc=datetime.now(UTC),
        )
        session.add(row)
        session.flush()
        return _record(row)


def find_checkpoint(store: Store, name: str) -> CheckpointRecord | None:
    """The checkpoint of this name, None where there is none."""
    with store.session() as session:
        row = _find(session, name)
        return None if row is None else _record(row)


def find_checkpoint_by_hash(store: Store, task: str, sha256: str) -> CheckpointRecord | None:
    """The checkpoint with these bytes, None where there is none."""
    with store.session() as session:
        row = session.scalar(select(Checkpoint).where(Checkpoint.task == task, Checkpoint.sha256 == sha256))
        return None if row is None else _record(row)


def list_checkpoints(store: Store, task: str) -> list[CheckpointRecord]:
    """All checkpoints of a task, newest first."""
    with store.session() as session:
        rows = session.scalars(select(Checkpoint).where(Checkpoint.task == task).order_by(Checkpoint.id.desc()))
        return [_record(row) for row in rows]


def set_checkpoint_state(store: Store, name: str, state: str, gate: dict[str, Any] | None = None) -> CheckpointRecord:
    """Change what became of a checkpoint, and with it what the gate found.

    Raises:
        MissingRowError: no such checkpoint.
    """
    with store.write() as session:
        row = _get(session, name)
        row.state = state
        if gate is not None:
            row.gate = gate
        return _record(row)


def set_checkpoint_path(store: Store, name: str, path: str) -> None:
    """Say where the weights lie now, after the program or its data moved.

    Raises:
        MissingRowError: no such checkpoint.
    """
    with store.write() as session:
        _get(session, name).path = path


def find_pointer(store: Store, task: str) -> PointerRecord | None:
    """What is in use for a task, None before anything was."""
    with store.session() as session:
        pointer = session.get(ActivePointer, task)
        return None if pointer is None else _pointer_record(session, pointer)


def switch_pointer(store: Store, switch: Switch) -> PointerRecord:
    """Put a checkpoint in use for its task and write down the switch, in one transaction.

    Switching to what is in use already changes nothing. What goes out of use is "retired" unless shipped.

    Raises:
        MissingRowError: no such checkpoint.
    """
    with store.write() as session:
        return _switch(session, _get(session, switch.name), switch)


def get_earlier(store: Store, task: str) -> CheckpointRecord:
    """What a rollback would put in use.

    Raises:
        StoreError: nothing was in use before.
    """
    with store.session() as session:
        trail = _trail(session, task)
        if len(trail) < 2:
            raise StoreError(f"there is no earlier {task} to go back to")
        return _record(session.get_one(Checkpoint, trail[-2]))


def roll_back_pointer(store: Store, task: str, who: str, note: str = "") -> PointerRecord:
    """Put back in use what was in use before the switch that led here; repeated calls go further back.

    Raises:
        StoreError: nothing was in use before.
    """
    with store.write() as session:
        trail = _trail(session, task)
        if len(trail) < 2:
            raise StoreError(f"there is no earlier {task} to go back to")
        row = session.get_one(Checkpoint, trail[-2])
        return _switch(session, row, Switch(row.name, "rollback", who, note))


def list_switches(store: Store, task: str) -> list[SwitchRecord]:
    """Every switch of a task, oldest first."""
    with store.session() as session:
        rows = session.scalars(
            select(PointerSwitch).where(PointerSwitch.task == task).order_by(PointerSwitch.version)
        ).all()
        names = dict(session.execute(select(Checkpoint.id, Checkpoint.name).where(Checkpoint.task == task)).all())
        return [
            SwitchRecord(
                task=row.task,
                version=row.version,
                action=row.action,
                from_name=None if row.from_checkpoint_id is None else names[row.from_checkpoint_id],
                to_name=names[row.to_checkpoint_id],
                note=row.note,
                changed_by=row.changed_by,
                changed_utc=row.changed_utc,
            )
            for row in rows
        ]


def _trail(session: Session, task: str) -> list[int]:
    """Checkpoints in use one after the other, without what was rolled back."""
    trail: list[int] = []
    rows = session.scalars(select(PointerSwitch).where(PointerSwitch.task == task).order_by(PointerSwitch.version))
    for row in rows:
        if row.action == "rollback":
            trail.pop()
        else:
            trail.append(row.to_checkpoint_id)
    return trail


def _switch(session: Session, row: Checkpoint, switch: Switch) -> PointerRecord:
    now = datetime.now(UTC)
    pointer = session.get(ActivePointer, row.task)
    if pointer is not None and pointer.checkpoint_id == row.id:
        return _pointer_record(session, pointer)
    previous = None if pointer is None else pointer.checkpoint_id
    if pointer is None:
        pointer = ActivePointer(task=row.task, checkpoint_id=row.id, version=0, changed_by=switch.who, changed_utc=now)
        session.add(pointer)
    pointer.checkpoint_id, pointer.changed_by, pointer.changed_utc = row.id, switch.who, now
    pointer.version += 1
    if previous is not None:
        _retire(session.get_one(Checkpoint, previous))
    session.add(
        PointerSwitch(
            task=row.task,
            version=pointer.version,
            action=switch.action,
            from_checkpoint_id=previous,
            to_checkpoint_id=row.id,
            note=switch.note,
            changed_by=switch.who,
            changed_utc=now,
        )
    )
    session.flush()
    return _pointer_record(session, pointer)


def _retire(row: Checkpoint) -> None:
    if row.state != "shipped":
        row.state = "retired"


def _find(session: Session, name: str) -> Checkpoint | None:
    return session.scalar(select(Checkpoint).where(Checkpoint.name == name))


def _get(session: Session, name: str) -> Checkpoint:
    row = _find(session, name)
    if row is None:
        raise MissingRowError(f"no checkpoint is named {name}")
    return row


def _pointer_record(session: Session, pointer: ActivePointer) -> PointerRecord:
    return PointerRecord(
        task=pointer.task,
        checkpoint=_record(session.get_one(Checkpoint, pointer.checkpoint_id)),
        version=pointer.version,
        changed_by=pointer.changed_by,
        changed_utc=pointer.changed_utc,
    )


def _record(row: Checkpoint) -> CheckpointRecord:
    return CheckpointRecord(
        id=row.id,
        name=row.name,
        version=row.version,
        task=row.task,
        sha256=row.sha256,
        path=row.path,
        state=row.state,
        origin=row.origin,
        parent=row.parent,
        metrics=dict(row.metrics),
        gate=dict(row.gate),
        card=dict(row.card),
        created_by=row.created_by,
        created_utc=row.created_utc,
    )
