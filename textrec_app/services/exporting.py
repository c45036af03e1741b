"""Labels out of the store, as folders that other tools read, with where each label came from."""

import json
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from storage import decisions, items
from storage.errors import MissingRowError
from storage.records import LABEL_STATUSES, ItemRecord
from storage.schema import STATUSES
from textrec_app.data.label_formats import FORMATS, get_format
from textrec_app.data.label_rows import LabelRow
from textrec_app.errors import InputError
from textrec_app.services.context import App
from textrec_app.services.importing import ImportSummary, import_labels
from textrec_app.services.pending_edits import count_pending_edits

__all__ = ["FORMATS", "ExportSummary", "ImportSummary", "export_labels", "import_labels", "list_rows"]

logger = logging.getLogger(__name__)

CROPS_DIR = "crops"
SUMMARY_FILE = "export.json"
_CROP_NAME = re.compile(r"\d{6,}-[0-9a-f]{8}\.png")
_PAGE = 500


@dataclass(frozen=True)
class ExportSummary:
    """What was written where: `counts` says how many of each status, `messages` which words were left out and why."""

    format: str
    path: str
    n: int
    counts: dict[str, int]
    statuses: tuple[str, ...]
    created_utc: str
    messages: tuple[str, ...] = field(default=())


def export_labels(app: App, fmt: str, out: Path, statuses: Sequence[str] = LABEL_STATUSES) -> ExportSummary:
    """Write labels with their crops; a word whose crop is missing or damaged is told, and the rest go on.

    Args:
        fmt: paddleocr, imagefolder, jsonl or csv.
        out: a new or empty folder, or one that was exported to before, which is then replaced.
        statuses: which items; "all" among them means every status. Texts of `kept` and `waiting` are the model's.

    Raises:
        InputError: unknown format or status, or the folder holds something else, or work that nobody imported.
    """
    label_format = get_format(fmt)
    wanted = check_statuses(statuses)
    _prepare_folder(app, out)
    counts = dict.fromkeys(wanted, 0)
    messages: list[str] = []

    def write_crops() -> Iterator[LabelRow]:
        for item, row in list_rows(app, wanted):
            try:
                crop = app.store.files.read(item.crop_sha256)
            except (MissingRowError, OSError) as error:
                logger.warning("item %d is not exported: %s", item.item_id, error)
                messages.append(f"The word {item.item_id} of {item.picture_name} is left out: {error}.")
                continue
            (out / row.file_name).write_bytes(crop)
            counts[item.status] += 1
            yield row

    label_format.write(out / label_format.index_file, write_crops())
    created = datetime.now(UTC).isoformat(timespec="seconds")
    summary = ExportSummary(fmt, str(out), sum(counts.values()), counts, wanted, created, tuple(messages))
    (out / SUMMARY_FILE).write_text(json.dumps(asdict(summary), indent=2) + "\n", encoding="utf-8")
    return summary


def list_rows(app: App, statuses: Sequence[str]) -> Iterator[tuple[ItemRecord, LabelRow]]:
    """Items of these statuses by rising id, each with the row that is written for it."""
    after = 0
    while page := items.list_items(app.store, statuses, after, _PAGE):
        for item in page:
            yield item, _to_row(app, item)
        after = page[-1].item_id


def check_statuses(statuses: Sequence[str]) -> tuple[str, ...]:
    """The statuses without repetition, in the store's order.

    Raises:
        InputError: one of them does not exist, or there is none.
    """
    unknown = [status for status in statuses if status not in (*STATUSES, "all")]
    if unknown or not statuses:
        named = f"There is no status '{unknown[0]}'" if unknown else "No status is named"
        raise InputError(f"{named}; choose among {', '.join(STATUSES)}, all.")
    return tuple(status for status in STATUSES if status in statuses or "all" in statuses)


def _prepare_folder(app: App, out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file. Name a folder to export to.")
    if out.is_dir() and any(out.iterdir()) and not (out / SUMMARY_FILE).is_file():
        raise InputError(f"{out} is not empty. Name a new folder, or one that was exported to before.")
    pending = count_pending_edits(app, out)
    if pending:
        raise InputError(
            f"{out} holds decisions or changed texts that nobody has imported, on {pending} words. Import them, or "
            "name another folder."
        )
    crops = out / CROPS_DIR
    crops.mkdir(parents=True, exist_ok=True)
    for old in [path for path in crops.iterdir() if _CROP_NAME.fullmatch(path.name)]:
        old.unlink()
    for label_format in FORMATS.values():
        (out / label_format.index_file).unlink(missing_ok=True)
    (out / SUMMARY_FILE).write_text("{}\n", encoding="utf-8")  # an export that is cut off can be made again


def _to_row(app: App, item: ItemRecord) -> LabelRow:
    reviewer, decided_utc = _find_decision(app, item)
    checkpoint = item.checkpoint
    return LabelRow(
        file_name=f"{CROPS_DIR}/{item.item_id:06d}-{item.crop_sha256[:8]}.png",
        text=item.text,
        status=item.status,
        model_text=item.model_text or "",
        confidence=None if item.confidence is None else round(item.confidence, 6),
        checkpoint="" if checkpoint is None else checkpoint.name,
        checkpoint_version="" if checkpoint is None else checkpoint.version,
        checkpoint_sha256="" if checkpoint is None else checkpoint.sha256,
        reviewer=reviewer,
        decided_utc=decided_utc,
        item_id=item.item_id,
        version=item.version,
        picture=item.picture_name,
        picture_sha256=item.picture_sha256,
        polygon=item.polygon,
    )


def _find_decision(app: App, item: ItemRecord) -> tuple[str, str]:
    """Who made the decision in force, and when; empty where nobody decided."""
    if item.decision_id is None:
        return "", ""
    events = decisions.list_events(app.store, item.item_id)
    event = next((event for event in events if event.event_id == item.decision_id), None)
    return ("", "") if event is None else (event.who, event.made_utc.isoformat(timespec="seconds"))
