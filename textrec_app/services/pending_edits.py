"""What people wrote into an exported folder and nobody has imported yet."""

from itertools import islice
from pathlib import Path

from storage import items
from storage.records import MODEL_STATUSES, ItemRecord
from textrec_app.data.label_formats import FORMATS, BadRow
from textrec_app.data.label_rows import LabelRow
from textrec_app.services.context import App

_PAGE = 500


def count_pending_edits(app: App, folder: Path) -> int:
    """How many rows of a folder's label files hold a decision or a changed text that is not in the store.

    A row that cannot be read counts, since nobody knows what it holds.

    Raises:
        InputError: a label file cannot be read at all.
    """
    count = 0
    for label_format in FORMATS.values():
        index = folder / label_format.index_file
        if index.is_file():
            rows = label_format.read(index)
            while page := list(islice(rows, _PAGE)):
                count += _count_page(app, page)
    return count


def _count_page(app: App, page: list[LabelRow | BadRow]) -> int:
    ids = [row.item_id for row in page if isinstance(row, LabelRow) and row.item_id is not None]
    known = {item.item_id: item for item in items.list_items_by_id(app.store, ids)}
    return sum(isinstance(row, BadRow) or _is_pending(row, known.get(row.item_id or 0)) for row in page)


def _is_pending(row: LabelRow, item: ItemRecord | None) -> bool:
    has_decision = bool(row.decision.strip())
    if item is None:
        return has_decision
    if item.version == row.version:
        return has_decision or row.text != item.text
    # A person's decision since then is this one, or stands against it; a model's new reading is neither.
    was_edited = not row.reviewer and row.text != row.model_text
    return item.status in MODEL_STATUSES and (has_decision or was_edited)
