"""Rows for tests of the store: a small picture with items that a made-up checkpoint read."""

import tempfile
import uuid
from functools import cache
from pathlib import Path

from storage import migrate, pictures, selections
from storage.base import Store, create_store
from storage.items import list_items_of_picture
from storage.pictures import NewHarvestFile
from storage.records import (
    CharacterRecord,
    CheckpointRef,
    ItemRecord,
    NewDecision,
    NewItem,
    NewPicture,
    NewReading,
    NewSelection,
    SelectionRecord,
)

FIRST = CheckpointRef("first", "1", "1" * 64)
SECOND = CheckpointRef("second", "2", "2" * 64)
RESULTS = {"accept": "accepted", "correct": "corrected", "reject": "rejected", "skip": "skipped"}


def sqlite_url(directory: Path) -> str:
    return f"sqlite:///{directory / 'textrec.db'}"


def open_store(directory: Path) -> Store:
    """A store with the newest schema in a folder of its own."""
    place_empty_store(directory)
    return create_store(sqlite_url(directory))


def place_empty_store(directory: Path) -> None:
    """Put an empty database of the newest schema into a folder; quicker than migrating anew for each test."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "textrec.db").write_bytes(_migrate_once())


@cache
def _migrate_once() -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        migrate.upgrade(sqlite_url(Path(directory)))
        return migrate.backup_sqlite(Path(directory) / "textrec.db", Path(directory) / "copy.db").read_bytes()


def make_selection(
    store: Store, threshold: float = 0.9, reason: str = "harvest", checkpoint: CheckpointRef = FIRST
) -> SelectionRecord:
    return selections.add_selection(store, NewSelection(reason, "ana", 0.99, threshold, checkpoint))


def make_reading(text: str, confidence: float, checkpoint: CheckpointRef = FIRST, threshold: float = 0.9) -> NewReading:
    width = max(len(text), 1)
    characters = tuple(
        CharacterRecord(character, confidence, index / width, (index + 1) / width)
        for index, character in enumerate(text)
    )
    return NewReading(text, confidence, -0.1, characters, checkpoint, confidence >= threshold)


def make_items(
    store: Store, readings: list[tuple[str, float]], name: str = "street.png", selection: SelectionRecord | None = None
) -> list[ItemRecord]:
    """Add one picture whose words were read as given: (text, confidence) pairs."""
    selection = selection or make_selection(store)
    picture_sha256 = store.files.add(f"{name} {uuid.uuid4()}".encode())
    rows = [
        (make_item(store, index), make_reading(text, confidence, threshold=selection.threshold))
        for index, (text, confidence) in enumerate(readings)
    ]
    kept = sum(reading.is_kept for _, reading in rows)
    file = NewHarvestFile(selection.selection_id, name, "read", len(rows), kept, len(rows) - kept)
    record = pictures.add_picture(store, make_picture(picture_sha256, name), rows, file)
    return list_items_of_picture(store, record.picture_id)


def make_picture(sha256: str, name: str = "street.png", kind: str = "scene") -> NewPicture:
    return NewPicture(sha256, name, kind, 1234, 60, 200, "ana")


def make_item(store: Store, position: int = 0) -> NewItem:
    corners = ((0.0, 0.0), (40.0, 0.0), (40.0, 20.0), (0.0, 20.5))
    crop_sha256 = store.files.add(f"crop {position} {uuid.uuid4()}".encode())
    return NewItem(position, corners, 0.8, 1.5, "Latin", crop_sha256, (20, 40), f"{position:016x}")


def make_decision(item: ItemRecord, action: str, text: str | None = None, who: str = "ana") -> NewDecision:
    return NewDecision(item.item_id, item.version, action, RESULTS[action], text, who, uuid.uuid4().hex, 1.5)
