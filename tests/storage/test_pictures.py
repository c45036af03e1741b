"""Pictures, their items and readings, and what came of each harvested file."""

from dataclasses import replace
from pathlib import Path

import pytest

from storage import items, pictures, readings
from storage.errors import DuplicatePictureError, MissingRowError
from storage.pictures import NewHarvestFile
from storage.schema import STATUSES
from tests.support.rows import (
    FIRST,
    SECOND,
    make_item,
    make_items,
    make_picture,
    make_reading,
    make_selection,
    open_store,
)


def test_a_picture_comes_back_with_everything_that_was_read_in_it(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    first, second = make_items(store, [("Hotel", 0.95), ("48,50 €", 0.4)], "Straße 日本.png")
    assert (first.text, first.model_text, first.person_text) == ("Hotel", "Hotel", None)
    assert (first.status, second.status) == ("kept", "waiting")
    assert second.text == "48,50 €"
    assert first.picture_name == "Straße 日本.png"
    assert first.checkpoint == FIRST
    assert first.polygon == ((0.0, 0.0), (40.0, 0.0), (40.0, 20.0), (0.0, 20.5))
    assert [character.text for character in first.characters] == list("Hotel")
    assert first.characters[1].start_rel == pytest.approx(0.2)
    assert items.get_item(store, first.item_id) == first


def test_a_picture_is_kept_once_and_a_second_attempt_adds_nothing(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    selection = make_selection(store)
    rows = [(make_item(store), make_reading("Hotel", 0.95))]
    file = NewHarvestFile(selection.selection_id, "street.png", "read", 1, 1, 0)
    pictures.add_picture(store, make_picture("a" * 64), rows, file)
    with pytest.raises(DuplicatePictureError):
        pictures.add_picture(store, make_picture("a" * 64, "other name.png"), rows, file)
    assert pictures.count_pictures(store) == 1
    assert len(items.list_items(store)) == 1
    assert len(pictures.list_harvest_files(store, 10)) == 1


def test_a_picture_without_words_is_kept_too(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    make_items(store, [])
    assert pictures.count_pictures(store) == 1


def test_files_are_listed_newest_first_with_their_reasons(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    selection = make_selection(store)
    make_items(store, [("Hotel", 0.95)], "good.png", selection)
    failed = NewHarvestFile(selection.selection_id, "bad.png", "failed", message="bad.png is empty.")
    pictures.add_harvest_file(store, failed)
    newest, oldest = pictures.list_harvest_files(store, 10)
    assert (newest.name, newest.state, newest.message, newest.sha256) == (
        "bad.png",
        "failed",
        "bad.png is empty.",
        None,
    )
    assert (oldest.name, oldest.n_words, oldest.n_kept, oldest.who) == ("good.png", 1, 1, "ana")
    assert pictures.list_harvest_files(store, 10, offset=1) == [oldest]


def test_a_new_reading_stands_beside_the_old_one(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    (item,) = make_items(store, [("Hote1", 0.4)])
    selection = make_selection(store, reason="rescore", checkpoint=SECOND)
    assert (
        readings.add_readings(store, [(item.item_id, make_reading("Hotel", 0.97, SECOND))], selection.selection_id) == 1
    )
    after = items.get_item(store, item.item_id)
    assert (after.text, after.status, after.version, after.checkpoint) == ("Hotel", "kept", item.version + 1, SECOND)
    old, new = readings.list_readings(store, item.item_id)
    assert (old.text, old.checkpoint, old.selected) == ("Hote1", FIRST, "waiting")
    assert (new.text, new.checkpoint, new.selected, new.threshold) == ("Hotel", SECOND, "kept", 0.9)


def test_a_reading_keeps_the_evidence_it_was_judged_by(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    (item,) = make_items(store, [("Hote1", 0.4)])
    assert item.evidence is None
    selection = make_selection(store, reason="rescore", checkpoint=SECOND)
    reading = replace(make_reading("Hotel", 0.97, SECOND), evidence={"views_agree": 0.75, "log_prob": -0.5})
    readings.add_readings(store, [(item.item_id, reading)], selection.selection_id)
    assert items.get_item(store, item.item_id).evidence == {"views_agree": 0.75, "log_prob": -0.5}
    assert [old.evidence for old in readings.list_readings(store, item.item_id)] == [None, reading.evidence]


def test_the_same_text_read_again_does_not_disturb_whoever_looks_at_it(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    (item,) = make_items(store, [("Hotel", 0.4)])
    selection = make_selection(store, reason="rescore", checkpoint=SECOND)
    readings.add_readings(store, [(item.item_id, make_reading("Hotel", 0.97, SECOND))], selection.selection_id)
    assert items.get_item(store, item.item_id).version == item.version


def test_a_batch_of_readings_that_is_repeated_changes_nothing(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    (item,) = make_items(store, [("Hote1", 0.4)])
    selection = make_selection(store, reason="rescore", checkpoint=SECOND)
    batch = [(item.item_id, make_reading("Hotel", 0.97, SECOND))]
    readings.add_readings(store, batch, selection.selection_id)
    after = items.get_item(store, item.item_id)
    assert readings.add_readings(store, batch, selection.selection_id) == 0
    assert items.get_item(store, item.item_id) == after


def test_stale_items_are_those_that_another_checkpoint_read(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    made = make_items(store, [("a", 0.4), ("b", 0.95), ("c", 0.5)])
    ids = [item.item_id for item in made]
    assert readings.list_stale_item_ids(store, SECOND.sha256, 0, 10) == ids
    assert readings.list_stale_item_ids(store, SECOND.sha256, ids[0], 1) == ids[1:2]
    assert readings.list_stale_item_ids(store, FIRST.sha256, 0, 10) == []


def test_the_queue_starts_where_the_model_is_least_sure(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    make_items(store, [("a", 0.05), ("b", 0.52), ("c", 0.8), ("d", 0.45), ("e", 0.55)])
    texts = [item.text for item in items.list_uncertain(store, ["waiting"], 10)]
    assert texts == ["b", "d", "e", "c", "a"]


@pytest.mark.parametrize("list_page", [items.list_uncertain, items.list_newest])
def test_pages_of_a_queue_hold_every_item_once(tmp_path: Path, list_page: object) -> None:
    assert callable(list_page)
    store = open_store(tmp_path)
    make_items(store, [(f"word {index}", 0.5 + (index % 3) / 10) for index in range(11)])
    seen: list[int] = []
    after = None
    while page := list_page(store, ["waiting"], 3, after):
        seen += [item.item_id for item in page]
        after = page[-1].item_id
    assert seen == [item.item_id for item in list_page(store, ["waiting"], 100)]
    assert sorted(seen) == [item.item_id for item in items.list_items(store)]


def test_counts_name_every_status(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    make_items(store, [("a", 0.95), ("b", 0.5), ("c", 0.4)])
    assert items.count_by_status(store) == dict.fromkeys(STATUSES, 0) | {"kept": 1, "waiting": 2}


def test_an_unknown_item_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingRowError, match="77"):
        items.get_item(open_store(tmp_path), 77)


def test_items_are_found_by_their_crop(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    first, second = make_items(store, [("a", 0.95), ("b", 0.5)])
    assert items.list_items_by_crop(store, second.crop_sha256) == [second]
    assert pictures.find_picture_name_of_crop(store, first.crop_sha256) == "street.png"
    assert pictures.find_picture_name_of_crop(store, "0" * 64) is None
