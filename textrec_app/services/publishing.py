"""Checkpoints to the Hub and from it."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from models.weights import copy_weights, load_card
from storage.checkpoints import CheckpointRecord
from storage.hub import Hub, HubError, Publication, StaleParentError
from textrec_app.errors import ConflictError, InputError, TextRecError
from textrec_app.services.active_weights import TASKS, resolve_path
from textrec_app.services.checkpoints import (
    CheckpointView,
    add_candidate,
    check_loads,
    check_weights,
    get_checkpoint,
    get_record,
)
from textrec_app.services.context import App

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Published:
    """Where a checkpoint was published: the full commit hash is what to pull it by."""

    name: str
    repo: str
    commit: str


def pull(
    app: App, repo: str, revision: str, who: str, task: str = "recognizer", hub: Hub | None = None
) -> CheckpointView:
    """Fetch a checkpoint by a revision, resolved to a full commit hash, and add it as a candidate.

    It is not used before it is judged and promoted.

    Args:
        repo: owner/name; "" takes the repository of the settings.
        revision: branch, tag or commit.

    Raises:
        InputError: no repository is named, or no such task.
        WeightsError: what was fetched is damaged, or does not fit this version.
        TextRecError: the Hub refused or cannot be reached.
    """
    repo = _get_repo(app, repo)
    if task not in TASKS:
        raise InputError(f"{task!r} is no task; choose one of {', '.join(TASKS)}")
    hub = hub or Hub()
    try:
        commit = hub.resolve(repo, revision)
        weights, _ = hub.fetch(repo, commit, [f"{task}.safetensors", f"{task}.json"])
    except HubError as error:
        raise TextRecError(f"Cannot pull: {error}.") from error
    check_loads(weights, task)
    name = f"{task}-{repo.replace('/', '-')}-{commit[:8]}"
    target = copy_weights(weights, app.settings.checkpoints_dir, name)
    record = add_candidate(app, target, name, f"hub:{repo}@{commit}", who)
    logger.info("pulled %s from %s at %s", record.name, repo, commit)
    return get_checkpoint(app, record.name)


def push(app: App, name: str, repo: str, who: str, parent: str | None = None, hub: Hub | None = None) -> Published:
    """Publish a checkpoint with its card and a page for people, in one commit.

    Args:
        repo: owner/name; "" takes the repository of the settings.
        parent: commit that the repository must still be at; None takes whatever is newest.

    Raises:
        NotFoundError: there is no such checkpoint.
        ConflictError: the repository moved on since `parent`.
        TextRecError: the Hub refused or cannot be reached.
    """
    repo = _get_repo(app, repo)
    record = get_record(app, name)
    check_weights(app, record)
    path = resolve_path(app.settings, record)
    publication = Publication(
        repo=repo,
        files={
            f"{record.task}.safetensors": path,
            f"{record.task}.json": _public_card(path),
            "README.md": write_model_card(record).encode("utf-8"),
        },
        message=f"{record.name} {record.version}, published by {who}",
        parent=parent,
    )
    try:
        commit = (hub or Hub()).publish(publication)
    except StaleParentError as error:
        raise ConflictError(f"Cannot push: {error}.") from error
    except HubError as error:
        raise TextRecError(f"Cannot push: {error}.") from error
    logger.info("pushed %s to %s at %s", name, repo, commit)
    return Published(name, repo, commit)


def write_model_card(record: CheckpointRecord) -> str:
    """The repository's page: metadata that the Hub reads, then what people want to know."""
    card = record.card
    rows = "".join(f"| {name} | {value} |\n" for name, value in _list_numbers(record))
    return f"""---
license: {card.get("license", "apache-2.0")}
language: en
library_name: textrec
pipeline_tag: image-to-text
tags: [scene-text-{"recognition" if record.task == "recognizer" else "detection"}, textrec]
---

# {record.name}

A {record.task} of TextRec, which reads text in photographs.

| | |
|---|---|
| architecture | `{card.get("architecture")}` |
| version | {record.version} |
| SHA-256 of the weights | `{record.sha256}` |
| trained from | {record.parent or "nothing"} |
| origin | {record.origin} |
| made | {card.get("created_utc", "")} |
{rows}
The weights are `{record.task}.safetensors`; `{record.task}.json` holds the configuration, the characters, the
preprocessing, the calibration, the recipe and the data. Texts of the pictures that it learned from are not in it.
Fetch them by the full commit hash: `python -m textrec_app models pull REPOSITORY --revision COMMIT`.
"""


def _public_card(weights: Path) -> bytes:
    """The card without the texts of a person's pictures: its vocabulary stays at home."""
    return replace(load_card(weights), vocabulary=[]).to_json().encode("utf-8")


def _list_numbers(record: CheckpointRecord) -> list[tuple[str, str]]:
    after: dict[str, Any] = record.gate.get("after", {})
    measured: dict[str, Any] = record.metrics.get("validation", {}) if isinstance(record.metrics, dict) else {}
    numbers = {f"word accuracy on {name}": value for name, value in after.items()} | measured
    return [(name, f"{value:.4f}") for name, value in numbers.items() if isinstance(value, int | float)]


def _get_repo(app: App, repo: str) -> str:
    chosen = repo or app.settings.hub_repo
    if not chosen:
        raise InputError("no repository is named; give owner/name, or set TEXTREC_HUB_REPO")
    return chosen
