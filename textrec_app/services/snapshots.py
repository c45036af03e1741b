"""Freezing what a retraining learns from and is compared on."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from storage import items, jobs, snapshots
from storage.jobs import JobRecord
from storage.records import ItemRecord
from storage.snapshots import SnapshotRecord
from textrec_app.data.near_duplicates import group_by_hash
from textrec_app.errors import InputError
from textrec_app.services.active_weights import find_active_weights
from textrec_app.services.context import App
from textrec_app.training.manifest import (
    AGREEMENT,
    HUMAN,
    MANIFEST_FILE,
    NOBODY,
    PSEUDO,
    SELECTION,
    TRAIN,
    UNSURE,
    VALIDATION,
    Manifest,
    ManifestItem,
    RunConfig,
    save_run,
)

LABELED = ("accepted", "corrected")
USED_STATUSES = (*LABELED, "kept", "waiting")
HELD_BACK_SHARE = 0.2
SELECTION_SHARE = 0.1
MIN_LABELS_FOR_SELECTION = 200
MAX_AGREEMENT = 200
MAX_VALIDATION = 1000
NOTHING_TO_TRAIN_ON = (
    "There is nothing to train on yet: no word was read in what was harvested, and none was reviewed. Harvest some "
    "pictures with text, then retrain."
)


def check_trainable(app: App) -> None:
    """See that a retraining would have something to learn from.

    Raises:
        InputError: it would not; the sentence says what to do.
    """
    if not any(item.split == TRAIN for item in plan_current_items(app)):
        raise InputError(NOTHING_TO_TRAIN_ON)


def plan_current_items(app: App) -> list[ManifestItem]:
    """What a snapshot frozen now would hold."""
    return plan_items(items.list_items(app.store))


def freeze(app: App, job: JobRecord) -> Path:
    """Write the run's folder with manifest and settings, once; later calls give the same folder.

    Raises:
        InputError: there is nothing to train on, or no recognizer to begin from.
    """
    run_dir = get_run_dir(app, job.id)
    if snapshots.find_snapshot(app.store, job.id) is not None:
        return run_dir
    active = find_active_weights(app.store, app.settings, "recognizer")
    if active is None:
        raise InputError("There is no recognizer to begin from; pull one with `models pull`, then retrain.")
    frozen = Manifest(job.id, datetime.now(UTC).isoformat(timespec="seconds"), tuple(plan_current_items(app)))
    if not frozen.select(TRAIN):
        raise InputError(NOTHING_TO_TRAIN_ON)
    settings = app.settings
    config = RunConfig(
        job_id=job.id,
        recipe=job.recipe,
        seed=job.seed,
        minutes=job.minutes,
        base_name=active.name,
        base_weights=str(active.path),
        candidate=f"recognizer-job-{job.id}",
        pictures_dir=str(app.store.files.directory.resolve()),
        manifest_sha256=frozen.sha256(),
        device=settings.device,
        cpu_threads=settings.cpu_threads,
        fonts_dir=None if settings.fonts_dir is None else str(settings.fonts_dir.resolve()),
    )
    save_run(run_dir, frozen, config)
    place = (run_dir / MANIFEST_FILE).relative_to(settings.data_dir).as_posix()
    record = SnapshotRecord(job.id, frozen.sha256(), place, frozen.counts(), datetime.now(UTC))
    snapshots.add_snapshot(app.store, record)
    jobs.add_event(app.store, job.id, "frozen", {"sha256": record.sha256, **record.counts})
    return run_dir


def get_run_dir(app: App, job_id: int) -> Path:
    """The folder of a job's run, whether or not it exists yet."""
    return app.settings.runs_dir / str(job_id)


def plan_items(records: Iterable[ItemRecord]) -> list[ManifestItem]:
    """Choose for every item whether it is trained on or held back, the same way each time.

    A fifth of all groups of near-duplicates is held back for good, whatever becomes of their items: reviewed words
    among them are the validation split, the others serve to measure agreement. So nothing that a model is judged on was
    ever trained on, not even as a pseudo-label before it was reviewed.

    Args:
        records: all items by rising id, also those that are not used: a group's oldest item decides for the group.

    Returns:
        The items that are used.
    """
    known = list(records)
    hashed = [record for record in known if record.perceptual_hash]
    found = group_by_hash([record.perceptual_hash for record in hashed])
    groups = {record.item_id: group for record, group in zip(hashed, found, strict=True)}
    with_selection = sum(record.status in LABELED for record in known) >= MIN_LABELS_FOR_SELECTION
    used = [record for record in known if record.status in USED_STATUSES]
    planned = [_plan_item(record, groups.get(record.item_id, record.crop_sha256), with_selection) for record in used]
    kept = [item for item in planned if item is not None]
    agreement = _limit([item for item in kept if item.split == AGREEMENT], MAX_AGREEMENT)
    validation = _limit([item for item in kept if item.split == VALIDATION], MAX_VALIDATION)
    chosen = {item.item_id for item in (*agreement, *validation)}
    return [item for item in kept if item.split in (TRAIN, SELECTION) or item.item_id in chosen]


def is_held_back(group: str) -> bool:
    """Whether a group of near-duplicates is kept from all training; its items are judged on instead."""
    return _fraction("held back", group) < HELD_BACK_SHARE


def _plan_item(record: ItemRecord, group: str, with_selection: bool) -> ManifestItem | None:
    held_back = is_held_back(group)
    source = HUMAN if record.status in LABELED else PSEUDO if record.status == "kept" else UNSURE
    if source == HUMAN:
        selected = with_selection and _fraction("selection", group) < SELECTION_SHARE
        split = VALIDATION if held_back else SELECTION if selected else TRAIN
    else:
        split = AGREEMENT if held_back else TRAIN
    if not record.text and (split == TRAIN or source == HUMAN):
        return None
    return ManifestItem(
        item_id=record.item_id,
        version=record.version,
        crop_sha256=record.crop_sha256,
        path=f"{record.crop_sha256[:2]}/{record.crop_sha256}.bin",
        text="" if split == AGREEMENT else record.text,
        source=NOBODY if split == AGREEMENT else source,
        split=split,
        group=group,
        weight=1.0 if source == HUMAN else round(record.confidence or 0.5, 4),
        confidence=record.confidence,
    )


def _limit(members: list[ManifestItem], limit: int) -> list[ManifestItem]:
    """At most `limit` items, chosen by hash, so that more items later do not exchange the earlier ones at random."""
    return sorted(members, key=lambda item: _fraction("limit", f"{item.group}{item.item_id}"))[:limit]


def _fraction(purpose: str, key: str) -> float:
    digest = hashlib.sha256(f"textrec {purpose}:{key}".encode()).hexdigest()
    return int(digest[:12], 16) / 16.0**12
