"""Choosing pseudo-labels by a threshold."""

from dataclasses import replace
from pathlib import Path

from storage import decisions, items, selections
from storage.records import NewSelection
from storage.schema import STATUSES
from tests.support.rows import FIRST, make_decision, make_items, make_selection, open_store

LAX = NewSelection("slider", "ben", 0.8, 0.5, FIRST)


def test_a_choice_moves_what_nobody_decided_on_and_nothing_else(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    decided, *_ = make_items(store, [("a", 0.95), ("b", 0.7), ("c", 0.3), ("d", 0.5)])
    decisions.add_decision(store, make_decision(decided, "reject"))
    record = selections.apply_selection(store, LAX)
    statuses = {item.text: item.status for item in items.list_items(store)}
    assert statuses == {"a": "rejected", "b": "kept", "c": "waiting", "d": "kept"}
    assert {item.selection_id for item in items.list_items(store, ["kept", "waiting"])} == {record.selection_id}
    assert items.get_item(store, decided.item_id).selection_id == decided.selection_id


def test_a_choice_can_be_taken_back_by_another(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    before = make_items(store, [("a", 0.95), ("b", 0.7), ("c", 0.3)])
    selections.apply_selection(store, LAX)
    selections.apply_selection(store, replace(LAX, threshold=0.9))
    assert [item.status for item in items.list_items(store)] == [item.status for item in before]
    assert [item.version for item in items.list_items(store)] == [item.version for item in before]


def test_an_empty_reading_is_never_kept(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    make_items(store, [("", 0.6)])
    selections.apply_selection(store, LAX)
    assert [item.status for item in items.list_items(store, STATUSES)] == ["waiting"]
    assert selections.list_undecided_confidences(store) == [0.0]


def test_confidences_are_those_that_nobody_decided_on(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    decided, *_ = make_items(store, [("a", 0.95), ("b", 0.7), ("c", 0.25)])
    decisions.add_decision(store, make_decision(decided, "skip"))
    assert sorted(selections.list_undecided_confidences(store)) == [0.25, 0.7]


def test_the_latest_choice_is_found(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    assert selections.find_latest_selection(store) is None
    make_selection(store)
    latest = selections.add_selection(store, LAX)
    assert selections.find_latest_selection(store) == latest
    assert (latest.who, latest.min_precision, latest.checkpoint) == ("ben", 0.8, FIRST)
