"""A reviewed table comes in twice: what is in force already is no failure."""

import csv
from pathlib import Path

from tests.support.review_items import add_waiting, list_decisions
from textrec_app.services.context import App
from textrec_app.services.review_files import export_review, import_review
from textrec_app.services.reviewing import Decision, decide, get_item

TEXTS = ["one", "two", "three", "four", "five"]


def review(folder: Path, decisions: dict[str, tuple[str, str]]) -> None:
    """Fill in the table: model's text → decision, text."""
    index = folder / "labels.csv"
    with index.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        row["decision"], row["text"] = decisions.get(row["text"], ("", row["text"]))
    with index.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def test_importing_twice_changes_nothing_and_fails_nothing(app: App, tmp_path: Path) -> None:
    item_ids = add_waiting(app, TEXTS)
    export_review(app, tmp_path / "queue")
    told = {"one": ("accept", "one"), "two": ("", "zwei"), "three": ("reject", "three"), "four": ("skip", "four")}
    review(tmp_path / "queue", told)
    first = import_review(app, tmp_path / "queue", "bea")
    assert (first.decided, first.undecided, first.unchanged, first.failed) == (4, 1, 0, 0)
    again = import_review(app, tmp_path / "queue", "bea")
    assert (again.decided, again.undecided, again.unchanged, again.failed) == (0, 1, 4, 0)
    assert len(list_decisions(app, item_ids)) == 4


def test_a_decision_against_one_made_since_fails_and_an_empty_row_does_not(app: App, tmp_path: Path) -> None:
    item_ids = add_waiting(app, ["one", "two"])
    export_review(app, tmp_path / "queue")
    review(tmp_path / "queue", {"one": ("reject", "one")})
    for number, item_id in enumerate(item_ids):
        version = get_item(app, item_id).version
        decide(app, Decision(item_id, version, "correct", f"text {number}", f"uuid {number}", "ana"))
    summary = import_review(app, tmp_path / "queue", "bea")
    assert (summary.decided, summary.undecided, summary.failed) == (0, 1, 1)
    assert [get_item(app, item_id).status for item_id in item_ids] == ["corrected", "corrected"]
