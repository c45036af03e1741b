"""Review elsewhere: the queue as a table with crops, and the decisions back from it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textrec_app.data.label_formats import BadRow, find_index, get_format
from textrec_app.data.label_rows import LabelRow
from textrec_app.errors import ConflictError, InputError, NotFoundError
from textrec_app.services.context import App
from textrec_app.services.exporting import ExportSummary, export_labels
from textrec_app.services.reviewing import RESULTS, Decision, decide, get_item

REVIEW_FORMAT = "csv"
MODEL_STATUSES = ("waiting", "kept")
"""Statuses of items that nobody has decided on."""


@dataclass(frozen=True)
class ReviewImportSummary:
    """What came of each row.

    Attributes:
        decided: decisions made.
        undecided: rows that nobody has decided on.
        failed: rows that could not be used; `messages` says why.
        unchanged: decisions that were in force already.
    """

    decided: int
    undecided: int
    failed: int
    messages: tuple[str, ...] = ()
    unchanged: int = 0


def export_review(app: App, out: Path, statuses: Sequence[str] = ("waiting",)) -> ExportSummary:
    """Write the queue as `labels.csv` with crops.

    A reviewer puts accept, correct, reject or skip into the column `decision`, or simply changes `text`.

    Raises:
        InputError: unknown status, or the folder holds something else.
    """
    return export_labels(app, REVIEW_FORMAT, out, statuses)


def import_review(app: App, path: Path, who: str) -> ReviewImportSummary:
    """Put the decisions of such a table in force; rows without one are left as they are.

    A row whose item changed since the export is told as failed, unless its decision is in force already; the rest go
    on. Importing twice changes nothing more.

    Args:
        path: the folder, or its `labels.csv`.
        who: the person who decided.

    Raises:
        InputError: there is no such table.
    """
    label_format = get_format(REVIEW_FORMAT)
    decided = undecided = unchanged = 0
    messages: list[str] = []
    for row in label_format.read(find_index(label_format, path)):
        if isinstance(row, BadRow):
            messages.append(f"{row.where}: {row.reason}.")
            continue
        try:
            decision = _find_decision(app, row, who)
            if _is_in_force(app, row):
                unchanged += 1
            elif decision is None:
                undecided += 1
            else:
                decide(app, decision)
                decided += 1
        except (InputError, NotFoundError, ConflictError) as error:
            messages.append(f"{row.file_name}: {error}")
    return ReviewImportSummary(decided, undecided, len(messages), tuple(messages), unchanged)


def _find_decision(app: App, row: LabelRow, who: str) -> Decision | None:
    if row.item_id is None or row.version is None:
        raise InputError("The row has no item_id or version. Export the queue again and keep these columns.")
    action = row.decision.strip().lower()
    if action and action not in RESULTS:
        raise InputError(f"There is no decision '{row.decision}'; use {', '.join(RESULTS)}.")
    item = get_item(app, row.item_id)
    was_shown = row.model_text if row.version != item.version and row.status in MODEL_STATUSES else item.text
    is_changed = row.text != was_shown
    if not action and (not is_changed or not row.text):
        return None
    if action in ("", "accept", "correct") and is_changed:
        action = "correct"
    elif action == "correct":
        action = "accept"
    text = row.text if action == "correct" else None
    return Decision(row.item_id, row.version, action, text, str(uuid.uuid4()), who)


def _is_in_force(app: App, row: LabelRow) -> bool:
    """Whether somebody has decided since the export just what the row says."""
    if row.item_id is None:
        return False
    item = get_item(app, row.item_id)
    action = row.decision.strip().lower()
    if item.version == row.version or (not action and row.text == row.model_text):
        return False
    if action in ("", "accept", "correct"):
        return item.status in ("accepted", "corrected") and item.text == row.text
    return item.status == RESULTS[action]
