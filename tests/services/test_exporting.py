"""Labels survive the way out and in again, exactly; nothing that was decided here is overwritten on the way."""

import csv
import json
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from storage import decisions, items
from storage.records import ItemRecord
from tests.support.pictures import draw_word, to_png
from tests.support.rows import place_empty_store
from textrec_app.data.label_rows import LabelRow, make_inert, restore
from textrec_app.errors import InputError
from textrec_app.services.context import App, open_app
from textrec_app.services.exporting import FORMATS, export_labels, import_labels
from textrec_app.services.harvesting import HarvestOptions, harvest
from textrec_app.services.review_files import export_review, import_review
from textrec_app.services.reviewing import Decision, decide, item_history
from textrec_app.settings import Settings

HARD_TEXTS = (
    "plain",
    "a, b; c",
    'say "hi"',
    "it's 'quoted'",
    "tab\there",
    "two\nlines\r\nthree",
    "مرحبا بالعالم",
    "길거리 🛑 👩‍👩‍👧",
    "###",
    "=SUM(A1)",
    "+1",
    "-5 %",
    "@home",
    "\tleading tab",
    "'=x",
    "'tis",
    "＝full width",
    "  spaces  ",
    "line\u2028separator",
    "<img onerror=1>",
    "back\\slash",
    "a\x85b",
)
FORMAT_NAMES = sorted(FORMATS)


def _harvest_words(app: App, folder: Path, count: int) -> list[ItemRecord]:
    folder.mkdir()
    for index in range(count):
        (folder / f"{index:03d}.png").write_bytes(to_png(draw_word(f"w{index}", seed=index)))
    assert all(outcome.state == "read" for outcome in harvest(app, [folder], HarvestOptions(crops=True, who="ana")))
    return items.list_items(app.store)


def _decide(app: App, item: ItemRecord, action: str, text: str | None = None, who: str = "ana") -> None:
    decide(app, Decision(item.item_id, item.version, action, text, str(uuid.uuid4()), who))


def _labels(app: App) -> dict[str, tuple[str, str]]:
    """Status and text of every decided item, by its crop."""
    decided = items.list_items(app.store, ("accepted", "corrected", "rejected", "skipped"))
    texts = {"accepted", "corrected"}
    return {item.crop_sha256: (item.status, item.text if item.status in texts else "") for item in decided}


@pytest.fixture(scope="module")
def reviewed_dir(tmp_path_factory: pytest.TempPathFactory, tiny_weights: Path) -> Path:
    """A data directory with one item for each hard text, and one each accepted, rejected, skipped and left alone."""
    folder = tmp_path_factory.mktemp("reviewed")
    place_empty_store(folder / "data")
    app = open_app(Settings(data_dir=folder / "data", device="cpu"), tiny_weights)
    found = _harvest_words(app, folder / "words", len(HARD_TEXTS) + 4)
    for item, text in zip(found, HARD_TEXTS, strict=False):
        _decide(app, item, "correct", text)
    for item, action in zip(found[len(HARD_TEXTS) :], ("accept", "reject", "skip"), strict=False):
        _decide(app, item, action)
    app.close()
    return folder / "data"


@pytest.fixture
def reviewed(reviewed_dir: Path, data_dir: Path, tiny_weights: Path) -> Iterator[App]:
    shutil.copytree(reviewed_dir, data_dir)
    app = open_app(Settings(data_dir=data_dir, device="cpu"), tiny_weights)
    yield app
    app.close()


@pytest.fixture
def other(tmp_path: Path, tiny_weights: Path) -> Iterator[App]:
    place_empty_store(tmp_path / "other")
    app = open_app(Settings(data_dir=tmp_path / "other", device="cpu"), tiny_weights)
    yield app
    app.close()


@pytest.mark.parametrize("fmt", FORMAT_NAMES)
def test_round_trip_into_another_store_is_exact(reviewed: App, other: App, tmp_path: Path, fmt: str) -> None:
    exported = export_labels(reviewed, fmt, tmp_path / "out", ("all",))
    imported = import_labels(other, fmt, tmp_path / "out", "bea")
    assert imported.messages == ()
    assert imported.added == len(HARD_TEXTS) + 3
    assert imported.skipped == 1
    assert exported.n == imported.added + imported.skipped
    assert _labels(other) == _labels(reviewed)
    again = import_labels(other, fmt, tmp_path / "out", "bea")
    assert (again.added, again.changed, again.unchanged) == (0, 0, imported.added)


@pytest.mark.parametrize("fmt", FORMAT_NAMES)
def test_importing_the_own_export_changes_nothing(reviewed: App, tmp_path: Path, fmt: str) -> None:
    before = [(item.version, item.status, item.text) for item in items.list_items(reviewed.store)]
    export_labels(reviewed, fmt, tmp_path / "out", ("all",))
    summary = import_labels(reviewed, fmt, tmp_path / "out", "ana")
    assert (summary.added, summary.changed, summary.failed) == (0, 0, 0)
    assert [(item.version, item.status, item.text) for item in items.list_items(reviewed.store)] == before


@pytest.mark.parametrize("fmt", FORMAT_NAMES)
def test_export_respects_statuses(reviewed: App, tmp_path: Path, fmt: str) -> None:
    summary = export_labels(reviewed, fmt, tmp_path / "out", ("accepted", "rejected"))
    assert (summary.n, summary.counts) == (2, {"accepted": 1, "rejected": 1})
    assert len(list((tmp_path / "out" / "crops").iterdir())) == 2


def test_rows_say_where_the_label_came_from(reviewed: App, tmp_path: Path) -> None:
    export_labels(reviewed, "jsonl", tmp_path / "out", ("corrected",))
    row = json.loads((tmp_path / "out" / "labels.jsonl").read_text(encoding="utf-8").split("\n")[0])
    item = items.get_item(reviewed.store, row["item_id"])
    assert item.checkpoint is not None
    assert row["checkpoint_sha256"] == item.checkpoint.sha256
    assert row["confidence"] == pytest.approx(item.confidence, abs=1e-6)
    assert (row["reviewer"], row["status"], row["model_text"]) == ("ana", "corrected", item.model_text)
    assert row["decided_utc"].startswith("20")
    assert row["picture"].endswith("000.png")


def test_paddleocr_file_is_what_paddleocr_reads(reviewed: App, tmp_path: Path) -> None:
    export_labels(reviewed, "paddleocr", tmp_path / "out", ("corrected", "rejected"))
    lines = (tmp_path / "out" / "rec_gt.txt").read_text(encoding="utf-8").split("\n")[:-1]
    assert len(lines) == len(HARD_TEXTS) + 1
    for line in lines:
        name, text = line.split("\t")
        assert (tmp_path / "out" / name).is_file()
        assert text
    assert lines[-1].endswith("\t###")


def test_labels_of_other_tools_are_imported(other: App, tmp_path: Path) -> None:
    folder = tmp_path / "ppocr"
    folder.mkdir()
    for name, word in (("a.png", "Hotel"), ("b.png", "Bar"), ("c.png", "Taxi")):
        (folder / name).write_bytes(to_png(draw_word(word)))
    (folder / "rec_gt.txt").write_text("a.png\tHotel\nb.png\t###\nc.png\tTAXI\ngone.png\tx\n", encoding="utf-8")
    summary = import_labels(other, "paddleocr", folder, "bea")
    assert (summary.added, summary.failed) == (3, 1)
    assert "gone.png" in summary.messages[0]
    assert sorted(_labels(other).values()) == [("accepted", "Hotel"), ("accepted", "TAXI"), ("rejected", "")]


def test_edited_text_comes_back_as_a_correction(reviewed: App, tmp_path: Path) -> None:
    export_labels(reviewed, "paddleocr", tmp_path / "out", ("accepted",))
    index = tmp_path / "out" / "rec_gt.txt"
    name = index.read_text(encoding="utf-8").split("\t")[0]
    index.write_text(f"{name}\tEdited\n", encoding="utf-8")
    assert import_labels(reviewed, "paddleocr", tmp_path / "out", "bea").changed == 1
    (item,) = [item for item in items.list_items(reviewed.store) if item.text == "Edited"]
    assert item.status == "corrected"
    assert [event.action for event in item_history(reviewed, item.item_id)] == ["accept", "import"]


@pytest.mark.parametrize("text", ["###", ""])
def test_a_word_marked_unreadable_elsewhere_is_no_label(reviewed: App, tmp_path: Path, text: str) -> None:
    export_labels(reviewed, "paddleocr", tmp_path / "out", ("accepted",))
    index = tmp_path / "out" / "rec_gt.txt"
    name = index.read_text(encoding="utf-8").split("\t")[0]
    index.write_text(f"{name}\t{text}\n", encoding="utf-8")
    (item,) = items.list_items(reviewed.store, ("accepted",))
    assert import_labels(reviewed, "paddleocr", tmp_path / "out", "bea").changed == 1
    assert items.get_item(reviewed.store, item.item_id).status == "rejected"
    assert item_history(reviewed, item.item_id)[-1].who == "bea"


@pytest.mark.parametrize("fmt", ["jsonl", "imagefolder", "csv"])
def test_a_models_text_that_somebody_changed_is_a_correction(reviewed: App, tmp_path: Path, fmt: str) -> None:
    (item,) = items.list_items(reviewed.store, ("waiting", "kept"))
    export_labels(reviewed, fmt, tmp_path / "out", (item.status,))
    index = tmp_path / "out" / FORMATS[fmt].index_file
    (row,) = FORMATS[fmt].read(index)
    assert isinstance(row, LabelRow)
    FORMATS[fmt].write(index, [replace(row, text="Edited")])
    assert import_labels(reviewed, fmt, tmp_path / "out", "bea").changed == 1
    now = items.get_item(reviewed.store, item.item_id)
    assert (now.status, now.text) == ("corrected", "Edited")
    assert item_history(reviewed, item.item_id)[-1].who == "bea"


def test_a_word_without_its_crop_does_not_stop_the_export(reviewed: App, tmp_path: Path) -> None:
    (item,) = items.list_items(reviewed.store, ("accepted",))
    reviewed.store.files.get_path(item.crop_sha256).unlink()
    summary = export_labels(reviewed, "jsonl", tmp_path / "out", ("all",))
    assert summary.n == len(HARD_TEXTS) + 3
    assert f"word {item.item_id} of" in summary.messages[0]
    assert len((tmp_path / "out" / "labels.jsonl").read_text(encoding="utf-8").split("\n")) == summary.n + 1


def test_decisions_that_nobody_imported_are_not_wiped_by_an_export(reviewed: App, tmp_path: Path) -> None:
    (item,) = items.list_items(reviewed.store, ("waiting", "kept"))
    index = tmp_path / "out" / "labels.csv"
    export_review(reviewed, index.parent, (item.status,))
    export_review(reviewed, index.parent, (item.status,))
    (row,) = FORMATS["csv"].read(index)
    assert isinstance(row, LabelRow)
    FORMATS["csv"].write(index, [replace(row, decision="reject")])
    for fmt in ("csv", "jsonl"):
        with pytest.raises(InputError, match="nobody has imported, on 1 words"):
            export_labels(reviewed, fmt, index.parent, ("all",))
    assert import_labels(reviewed, "csv", index.parent, "bea").messages[0].endswith("with `review import`.")
    assert import_review(reviewed, index.parent, "bea").decided == 1
    assert export_review(reviewed, index.parent, ("rejected",)).n == 2


def test_a_decision_made_since_the_export_stands(reviewed: App, tmp_path: Path) -> None:
    export_labels(reviewed, "csv", tmp_path / "out", ("accepted",))
    (item,) = items.list_items(reviewed.store, ("accepted",))
    _decide(reviewed, item, "correct", "newer")
    summary = import_labels(reviewed, "csv", tmp_path / "out", "bea")
    assert (summary.changed, summary.failed) == (0, 1)
    assert "decided on item" in summary.messages[0]
    assert items.get_item(reviewed.store, item.item_id).text == "newer"


def test_csv_cells_are_inert_and_come_back() -> None:
    for text in (*HARD_TEXTS, "", "''=x", "'", "\r\nx", "＠x"):
        cell = make_inert(text)
        assert cell[:1] not in {"=", "+", "-", "@", "\t", "\r", "\n"}
        assert restore(cell) == text
    assert make_inert("'tis") == "'tis"


def test_every_cell_of_the_file_is_inert(reviewed: App, tmp_path: Path) -> None:
    export_labels(reviewed, "csv", tmp_path / "out", ("all",))
    with (tmp_path / "out" / "labels.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(HARD_TEXTS) + 4
    assert [cell for row in rows for cell in row.values() if cell[:1] in tuple("=+-@\t\r\n＝＋－＠")] == []


def test_imagefolder_names_existing_files(reviewed: App, tmp_path: Path) -> None:
    export_labels(reviewed, "imagefolder", tmp_path / "out")
    lines = (tmp_path / "out" / "metadata.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    for row in map(json.loads, lines):
        assert (tmp_path / "out" / row["file_name"]).is_file()
        assert row["text"]


def test_a_folder_with_other_things_is_not_touched(reviewed: App, tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        export_labels(reviewed, "csv", tmp_path)
    export_labels(reviewed, "csv", tmp_path / "out", ("all",))
    export_labels(reviewed, "csv", tmp_path / "out", ("accepted",))
    assert len(list((tmp_path / "out" / "crops").iterdir())) == 1


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"file_name": "../secret.png", "text": "x"}, "leads out"),
        ({"file_name": "/etc/passwd", "text": "x"}, "leads out"),
        ({"file_name": "gone.png", "text": "x"}, "cannot be opened"),
        ({"file_name": "bad.png", "text": "x"}, "not a picture"),
        ({"file_name": "word.png", "text": "x", "status": "great"}, "no status 'great'"),
        ({"file_name": "word.png", "text": " ", "status": "accepted"}, "needs a text"),
        ({"file_name": "word.png"}, "needs a file_name and a text"),
        ({"file_name": "word.png", "text": "x", "version": "many"}, "invalid literal"),
        ({"file_name": "word.png", "text": "x", "status": ["accepted"]}, "wrong kind"),
        (["no", "object"], "attribute"),
    ],
)
def test_bad_rows_are_told_and_the_rest_go_on(other: App, tmp_path: Path, row: object, reason: str) -> None:
    (tmp_path / "word.png").write_bytes(to_png(draw_word("Hotel")))
    (tmp_path / "bad.png").write_bytes(b"no picture")
    good = {"file_name": "word.png", "text": "Hotel", "unknown_key": {"kept": "out"}}
    (tmp_path / "labels.jsonl").write_text(f"{json.dumps(row)}\n{{broken\n{json.dumps(good)}\n", encoding="utf-8")
    summary = import_labels(other, "jsonl", tmp_path, "bea")
    assert (summary.added, summary.failed) == (1, 2)
    assert reason in summary.messages[0]


def test_index_that_is_not_utf8_is_told(other: App, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes(b"file_name,text\nx.png,caf\xe9\n")
    with pytest.raises(InputError, match="not UTF-8"):
        import_labels(other, "csv", tmp_path, "bea")


def test_the_queue_goes_out_and_decisions_come_back(app: App, tmp_path: Path) -> None:
    found = _harvest_words(app, tmp_path / "words", 5)
    statuses = sorted({item.status for item in found})
    export_review(app, tmp_path / "queue", statuses)
    index = tmp_path / "queue" / "labels.csv"
    with index.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row, (decision, text) in zip(
        rows, (("accept", None), ("", "=fixed"), ("reject", None), ("", None), ("maybe", None)), strict=True
    ):
        row["decision"] = decision
        row["text"] = row["text"] if text is None else make_inert(text)
    with index.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    summary = import_review(app, tmp_path / "queue", "bea")
    assert (summary.decided, summary.undecided, summary.failed) == (3, 1, 1)
    assert "no decision 'maybe'" in summary.messages[0]
    now = items.list_items(app.store)
    assert [item.status for item in now[:3]] == ["accepted", "corrected", "rejected"]
    assert now[1].text == "=fixed"
    assert decisions.list_events(app.store, now[1].item_id)[0].who == "bea"
    assert import_review(app, tmp_path / "queue", "bea").decided == 0
