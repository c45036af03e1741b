"""Labels into the store: from our own exports, or from folders that other tools made."""

import logging
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path

from storage import decisions, items
from storage.errors import DuplicatePictureError, StaleVersionError
from storage.files import compute_sha256
from storage.records import MODEL_STATUSES, EventRecord, ItemRecord, NewDecision, NewItem, NewPicture
from textrec_app.data.label_formats import UNREADABLE, BadRow, find_index, get_format
from textrec_app.data.label_rows import LabelRow
from textrec_app.errors import InputError
from textrec_app.pipeline.images import load_image
from textrec_app.services.context import App
from textrec_app.services.crops import compute_perceptual_hash, encode_png
from textrec_app.services.reviewing import check_label

logger = logging.getLogger(__name__)

_STATUSES = ("accepted", "corrected", "rejected", "skipped")
_VIA = " via "


@dataclass(frozen=True)
class ImportSummary:
    """What came of each row.

    Attributes:
        added: crops that were new to the store.
        changed: items that were there and got this label.
        unchanged: items that had it already.
        skipped: rows with a model's text only; those are no labels.
        failed: rows that could not be used; `messages` says why, one sentence for each.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    messages: tuple[str, ...] = field(default=())


def import_labels(app: App, fmt: str, path: Path, who: str) -> ImportSummary:
    """Import the labels of a folder; a row that cannot be used is told, and the rest go on.

    A model's text is no label, but where somebody changed it, that is a correction by the importer. A label for a
    crop that is in the store already becomes an event in its history. Where a person decided on it since the export,
    that decision stands and the row is told as failed. Importing twice changes nothing more.

    Args:
        fmt: paddleocr, imagefolder, jsonl or csv.
        path: the folder, or its index file.
        who: the person who imports.

    Raises:
        InputError: unknown format, or no index to read.
    """
    label_format = get_format(fmt)
    index = find_index(label_format, path)
    counts = {"added": 0, "changed": 0, "unchanged": 0, "skipped": 0}
    messages: list[str] = []
    for row in label_format.read(index):
        if isinstance(row, BadRow):
            messages.append(f"{row.where}: {row.reason}.")
            continue
        try:
            counts[_import_row(app, row, index.parent, who)] += 1
        except InputError as error:
            messages.append(str(error))
    return ImportSummary(**counts, failed=len(messages), messages=tuple(messages))


def _import_row(app: App, row: LabelRow, folder: Path, who: str) -> str:
    if row.status in MODEL_STATUSES:
        if row.decision.strip():
            raise InputError(f"{row.file_name} holds a decision. Import this table with `review import`.")
        if row.text == row.model_text or (row.item_id is None and not row.model_text):
            return "skipped"
        row = _to_correction(row)
    decision = _to_decision(row, who)
    data = _read_crop(row, folder)
    image = load_image(data, row.file_name, app.settings.max_pixels)
    known = items.list_items_by_crop(app.store, compute_sha256(data))
    png = data if known else encode_png(image)
    known = known or items.list_items_by_crop(app.store, compute_sha256(png))
    if known:
        return _import_known(app, row, known, decision)
    picture = NewPicture(
        sha256=app.store.files.add(data),
        name=row.picture or row.file_name,
        kind="crop",
        size_bytes=len(data),
        height=image.shape[0],
        width=image.shape[1],
        added_by=who,
    )
    height, width = image.shape[:2]
    item = NewItem(
        position=0,
        polygon=((0.0, 0.0), (float(width), 0.0), (float(width), float(height)), (0.0, float(height))),
        score=1.0,
        angle_deg=0.0,
        script="Latin",
        crop_sha256=app.store.files.add(png),
        crop_size_hw=(height, width),
        perceptual_hash=compute_perceptual_hash(image),
    )
    try:
        decisions.add_labelled_crop(app.store, picture, item, decision)
    except DuplicatePictureError:
        raise InputError(f"{row.file_name} is a whole picture in the store, not a crop. Review it there.") from None
    return "added"


def _to_correction(row: LabelRow) -> LabelRow:
    """A model's row whose text somebody changed: the importer's decision."""
    status = "rejected" if row.text in ("", UNREADABLE) else "corrected"
    return replace(row, status=status, reviewer="")


def _import_known(app: App, row: LabelRow, known: list[ItemRecord], decision: NewDecision) -> str:
    """Label every item with these very pixels, or the one item that the row names."""
    named = [item for item in known if item.item_id == row.item_id]
    changed = 0
    for item in named or known:
        if _has_label(item, decision):
            continue
        if item.decision_id is not None and item.version != row.version:
            raise InputError(f"{row.file_name}: someone decided on item {item.item_id} since. Look at it in Review.")
        changed += not _decide(app, item, decision).repeated
    return "changed" if changed else "unchanged"


def _decide(app: App, item: ItemRecord, decision: NewDecision) -> EventRecord:
    new = replace(decision, item_id=item.item_id, seen_version=item.version, client_uuid=str(uuid.uuid4()))
    try:
        return decisions.add_decision(app.store, new)
    except StaleVersionError:
        raise InputError(f"Item {item.item_id} was changed during the import. Import again.") from None


def _has_label(item: ItemRecord, decision: NewDecision) -> bool:
    if item.status != decision.to_status:
        return False
    return item.status not in ("accepted", "corrected") or item.text == decision.to_text


def _to_decision(row: LabelRow, who: str) -> NewDecision:
    """What importing the row says about its crop.

    Without a status, an empty or unreadable text means that there is nothing to read, any other that it is right.
    """
    status = row.status or ("rejected" if row.text in ("", UNREADABLE) else "accepted")
    if status not in _STATUSES:
        raise InputError(f"{row.file_name}: there is no status '{status}'. Use {', '.join(_STATUSES)} or none.")
    if status in ("accepted", "corrected"):
        try:
            check_label(row.text)
        except InputError as error:
            raise InputError(f"{row.file_name}: {error}") from None
    if row.reviewer and _VIA not in row.reviewer and row.reviewer != who:
        who = f"{row.reviewer}{_VIA}{who}"
    elif row.reviewer:
        who = row.reviewer
    return NewDecision(
        item_id=0,
        seen_version=None,
        action="import",
        to_status=status,
        to_text=row.text if status in ("accepted", "corrected") else None,
        who=who,
        client_uuid=str(uuid.uuid4()),
    )


def _read_crop(row: LabelRow, folder: Path) -> bytes:
    name = Path(row.file_name)
    if name.is_absolute() or ".." in name.parts:
        raise InputError(f"{row.file_name} leads out of the folder. Use paths relative to it.")
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise InputError(f"{row.file_name} cannot be opened ({error.strerror}). Copy the export again.") from None
