"""Checkpoints: what there is, which is in use, promoting and rolling back."""

import logging
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from models.weights import compute_sha256, copy_weights, load_card
from storage import checkpoints as storage
from storage import jobs
from storage.base import Store
from storage.checkpoints import CheckpointRecord, Switch, SwitchRecord
from storage.errors import StoreError
from textrec_app.errors import ConflictError, InputError, NotFoundError, WeightsError
from textrec_app.pipeline.detection import Detector
from textrec_app.pipeline.recognition import Recognizer
from textrec_app.services.active_weights import TASKS, Registration, register, resolve_path
from textrec_app.services.context import App
from textrec_app.services.rescoring import rescore
from textrec_app.settings import Settings

logger = logging.getLogger(__name__)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")


@dataclass(frozen=True)
class CheckpointView:
    """A checkpoint as people see it.

    Attributes:
        state: "active", or what it is besides: "shipped", "candidate", "rejected", "retired".
        gate: what the gate found (`verdict`, `reasons`, `gains`, `sets`, `slices`, `before`, `after`); empty before.
    """

    name: str
    version: str
    task: str
    sha256: str
    state: str
    origin: str
    created_utc: datetime
    created_by: str
    parent: str
    metrics: dict[str, Any]
    gate: dict[str, Any]
    card: dict[str, Any]
    path: Path


def list_checkpoints(app: App, task: str = "recognizer") -> list[CheckpointView]:
    """All checkpoints of a task, newest first."""
    active = _active_name(app.store, task)
    return [_view(app.settings, record, active) for record in storage.list_checkpoints(app.store, task)]


def get_checkpoint(app: App, name: str) -> CheckpointView:
    """The checkpoint of this name.

    Raises:
        NotFoundError: there is none.
    """
    record = get_record(app, name)
    return _view(app.settings, record, _active_name(app.store, record.task))


def get_active(app: App, task: str = "recognizer") -> CheckpointView:
    """The checkpoint in use.

    Raises:
        NotFoundError: none is, because the program came without weights.
    """
    name = _active_name(app.store, task)
    if name is None:
        raise NotFoundError(f"no {task} is in use: install TextRec with its weights, or pull some with `models pull`")
    return get_checkpoint(app, name)


def list_history(app: App, task: str = "recognizer") -> list[SwitchRecord]:
    """Every promotion and rollback of a task, oldest first."""
    return storage.list_switches(app.store, task)


def promote(app: App, name: str, who: str, overrule: bool = False, reread: bool = True) -> CheckpointView:
    """Put a checkpoint in use, then read again what waits for review.

    Args:
        overrule: put it in use although the gate rejected it; that is written down with the name of who did it.
        reread: do that before returning; else the supervisor does it in its own time.

    Raises:
        NotFoundError: there is no such checkpoint.
        ConflictError: the gate rejected it, or has not judged it, and nobody overrules.
        WeightsError: its file is missing or altered.
    """
    record = get_record(app, name)
    needs_overrule = _find_objection(record)
    if needs_overrule is not None and not overrule:
        raise ConflictError(needs_overrule)
    action = "promote" if needs_overrule is None else "overrule"
    note = "" if needs_overrule is None else needs_overrule
    check_weights(app, record)
    storage.switch_pointer(app.store, Switch(name, action, who, note))
    if action == "overrule":
        storage.set_checkpoint_state(app.store, name, "candidate")
        jobs.overrule_verdict(app.store, name, who)
    put_in_use(app, who, reread)
    return get_checkpoint(app, name)


def rollback(app: App, who: str, task: str = "recognizer", reread: bool = True) -> CheckpointView:
    """Put back in use what was in use before; each further call goes one further back. `reread` is as in `promote`.

    Raises:
        ConflictError: nothing was in use before.
        WeightsError: the file of the earlier checkpoint is missing or altered.
    """
    try:
        earlier = storage.get_earlier(app.store, task)
        check_weights(app, earlier)
        pointer = storage.roll_back_pointer(app.store, task, who)
    except StoreError as error:
        raise ConflictError(f"Cannot roll back: {error}. Promote another checkpoint instead.") from error
    put_in_use(app, who, reread)
    return get_checkpoint(app, pointer.checkpoint.name)


def add_candidate(app: App, weights: Path, name: str, origin: str, who: str) -> CheckpointRecord:
    """Make weights that lie in the checkpoints folder known as a candidate.

    Raises:
        InputError: they lie elsewhere, or the name is taken by other weights.
        WeightsError: the file does not have the hash that its card states.
    """
    card = load_card(weights)
    if compute_sha256(weights) != card.sha256:
        raise WeightsError(f"{weights.name} was altered: its SHA-256 is not the one on its card; fetch it again")
    if card.task not in TASKS:
        raise InputError(f"{weights.name} is for the task {card.task!r}; expected one of {', '.join(TASKS)}")
    try:
        path = weights.resolve().relative_to(app.settings.data_dir.resolve())
        return register(app.store, card, Registration(name, path.as_posix(), "candidate", origin, who))
    except (StoreError, ValueError) as error:
        raise InputError(f"{weights.name} cannot be added: {error}") from error


def import_weights(app: App, weights: Path, who: str, name: str = "") -> CheckpointView:
    """Copy weights and their card from elsewhere on this machine into the store, as a candidate.

    They are not used before they are judged and promoted. Weights that are known already give what is there.

    Args:
        weights: a safetensors file with its card (same name, .json) beside it.
        name: what to call them; "" takes the name of the file and the beginning of the hash.

    Raises:
        InputError: there is no such file, the name cannot be used, or no task of ours.
        WeightsError: the file is not what its card says, or does not fit this version.
    """
    if not weights.is_file():
        raise InputError(f"There is no file {weights}. Name a .safetensors file; its card lies beside it as .json.")
    card = load_card(weights)
    if card.task not in TASKS:
        raise InputError(f"{weights.name} is for the task {card.task!r}; expected one of {', '.join(TASKS)}")
    known = next((old for old in storage.list_checkpoints(app.store, card.task) if old.sha256 == card.sha256), None)
    if known is not None:
        return get_checkpoint(app, known.name)
    name = name or f"{weights.stem}-{card.sha256[:8]}"
    if not _NAME.fullmatch(name):
        raise InputError(f"'{name}' cannot be a name; use letters, digits, '.', '_' and '-', a letter or digit first.")
    if storage.find_checkpoint(app.store, name) is not None:
        raise InputError(f"There is a checkpoint named {name} with other weights; give another name.")
    check_loads(weights, card.task)
    target = copy_weights(weights, app.settings.checkpoints_dir, name)
    record = add_candidate(app, target, name, f"file:{weights.name}", who)
    logger.info("%s added %s from %s", who, record.name, weights)
    return get_checkpoint(app, record.name)


def check_weights(app: App, record: CheckpointRecord) -> None:
    """See that the file of a checkpoint is there, unaltered, and can be read with.

    Raises:
        WeightsError: it is not.
    """
    path = resolve_path(app.settings, record)
    if record.origin == "shipped" and (not path.is_file() or compute_sha256(path) != record.sha256):
        raise WeightsError(
            f"{record.name} came with an earlier TextRec, and an upgrade replaced its weights; promote another "
            "checkpoint, or pull it again"
        )
    if not path.is_file():
        raise WeightsError(f"the weights of {record.name} are missing from {path.parent}; restore or pull them again")
    if compute_sha256(path) != record.sha256:
        raise WeightsError(f"the weights of {record.name} were altered on disk; restore them or pull them again")
    check_loads(path, record.task)


def check_loads(weights: Path, task: str) -> None:
    """See that weights can be read with before anybody depends on them.

    Raises:
        WeightsError: they do not fit this version, or their card is incomplete.
    """
    try:
        if task == "recognizer":
            Recognizer.load(weights)
        else:
            Detector.load(weights)
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"the card of {weights.name} is incomplete ({error!r}); pull or train it again") from error


def put_in_use(app: App, who: str, reread: bool = True) -> None:
    """Let the running program read with what the pointers say now, and read again what waits."""
    app.models.refresh()
    if reread:
        rescore(app, who)


def get_record(app: App, name: str) -> CheckpointRecord:
    """The stored row of a checkpoint.

    Raises:
        NotFoundError: there is none of this name.
    """
    record = storage.find_checkpoint(app.store, name)
    if record is None:
        raise NotFoundError(f"There is no checkpoint named {name}; `models list` shows those there are.")
    return record


def _find_objection(record: CheckpointRecord) -> str | None:
    if record.state == "rejected":
        reasons = " ".join(record.gate.get("reasons", ()))
        return f"The gate rejected {record.name}: {reasons} Overrule to use it all the same."
    if record.state == "candidate" and not record.gate:
        return f"{record.name} has not been compared with the model in use. Judge it first, or overrule."
    return None


def _active_name(store: Store, task: str) -> str | None:
    pointer = storage.find_pointer(store, task)
    return None if pointer is None else pointer.checkpoint.name


def _view(settings: Settings, record: CheckpointRecord, active: str | None) -> CheckpointView:
    return CheckpointView(
        name=record.name,
        version=record.version,
        task=record.task,
        sha256=record.sha256,
        state="active" if record.name == active else record.state,
        origin=record.origin,
        created_utc=record.created_utc,
        created_by=record.created_by,
        parent=record.parent,
        metrics=record.metrics,
        gate=record.gate,
        card=record.card,
        path=resolve_path(settings, record),
    )
