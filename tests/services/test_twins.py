"""Near-duplicates decided together: events of their own, one undo, and nothing decided that nobody saw."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from storage import readings, selections
from storage.calibrations import list_decided_readings
from storage.records import NewReading, NewSelection
from storage.schema import ModelReading
from tests.support.review_items import add_look_alikes, add_waiting, list_decisions
from textrec_app.services.context import App
from textrec_app.services.review_order import MAX_TWINS, explain_items
from textrec_app.services.reviewing import Decision, decide, get_item, list_queue, undo


@pytest.fixture
def alike(app: App) -> list[int]:
    item_ids = add_look_alikes(app, "TOTAL", [0.4, 0.5, 0.6, 0.95])
    list_queue(app)
    return item_ids


def _decision(app: App, item_id: int, action: str = "accept", text: str | None = None, uuid: str = "u1") -> Decision:
    return Decision(item_id, get_item(app, item_id).version, action, text, uuid, "ana", 2.0)


def _statuses(app: App, item_ids: list[int]) -> list[str]:
    return [get_item(app, item_id).status for item_id in item_ids]


def test_a_correction_goes_to_all_look_alikes_and_one_undo_takes_all_back(app: App, alike: list[int]) -> None:
    result = decide(app, _decision(app, alike[1], "correct", "TOTAL:"), with_twins=True)
    assert sorted(item_id for item_id, _ in result.twins) == [alike[0], alike[2], alike[3]]
    assert [get_item(app, item_id).text for item_id in alike] == ["TOTAL:"] * 4
    events = list_decisions(app, alike)
    assert len(events) == len({event.client_uuid for event in events}) == 4
    assert [event.twin_of_id for event in events] == [None] + [events[0].event_id] * 3
    assert [event.seconds for event in events] == [2.0, None, None, None]
    back = undo(app, "ana", "u2")
    assert {item_id: get_item(app, item_id).version for item_id, _ in back.twins} == dict(back.twins)
    assert _statuses(app, alike) == ["waiting", "waiting", "waiting", "kept"]
    assert [event.action for event in list_decisions(app, alike)] == ["correct"] * 4 + ["undo"] * 4


def test_turned_off_only_the_one_on_the_card_is_decided(app: App, alike: list[int]) -> None:
    assert decide(app, _decision(app, alike[0])).twins == ()
    assert _statuses(app, alike) == ["accepted", "waiting", "waiting", "kept"]


def test_only_twins_that_were_on_the_screen_as_they_are_now_are_decided(app: App, alike: list[int]) -> None:
    decide(app, _decision(app, alike[1], "reject", uuid="other"))
    seen = tuple((item_id, 1) for item_id in (alike[1], alike[2]))
    result = decide(app, replace(_decision(app, alike[0]), twins=seen), with_twins=True)
    assert [item_id for item_id, _ in result.twins] == [alike[2]]
    assert _statuses(app, alike) == ["accepted", "rejected", "accepted", "kept"]


def test_another_look_or_another_text_is_no_twin(app: App, alike: list[int]) -> None:
    (other_look,) = add_waiting(app, ["TOTAL"])
    models = app.models.get_active()
    newer = replace(models.checkpoint, sha256="f" * 64, version="2")
    selection = selections.add_selection(app.store, NewSelection("rescore", "ana", 0.99, 0.9, newer))
    reread = NewReading("T0TAL", 0.5, -1.0, (), newer, False)
    readings.add_readings(app.store, [(alike[2], reread)], selection.selection_id)
    list_queue(app)
    everything = tuple((item_id, get_item(app, item_id).version) for item_id in (*alike, other_look))
    result = decide(app, replace(_decision(app, alike[0]), twins=everything), with_twins=True)
    assert sorted(item_id for item_id, _ in result.twins) == [alike[1], alike[3]]


def test_a_decision_sent_twice_counts_once_and_names_the_same_twins(app: App, alike: list[int]) -> None:
    decision = _decision(app, alike[0])
    first = decide(app, decision, with_twins=True)
    again = decide(app, decision, with_twins=True)
    assert again == replace(first, repeated=True)
    assert len(list_decisions(app, alike)) == 4
    undone = undo(app, "ana", "u2")
    assert undo(app, "ana", "u2") == replace(undone, repeated=True)
    assert len(list_decisions(app, alike)) == 8


def test_undo_leaves_a_twin_that_somebody_decided_on_since(app: App, alike: list[int]) -> None:
    decide(app, _decision(app, alike[0]), with_twins=True)
    later = replace(_decision(app, alike[1], "correct", "TOTAL 1", "u-ben"), who="ben")
    decide(app, later)
    undo(app, "ana", "u2")
    assert _statuses(app, alike) == ["waiting", "corrected", "waiting", "kept"]
    undo(app, "ben", "u3")
    assert _statuses(app, alike)[1] == "accepted"
    undo(app, "ana", "u4")
    assert _statuses(app, alike)[1] == "waiting"


def test_no_more_are_decided_than_are_shown(app: App) -> None:
    item_ids = add_look_alikes(app, "A", [0.5] * (MAX_TWINS + 4))
    list_queue(app)
    note = explain_items(app, [item_ids[0]])[item_ids[0]]
    assert (note.n_alike, len(note.twins)) == (MAX_TWINS + 4, MAX_TWINS)
    result = decide(app, _decision(app, item_ids[0]), with_twins=True)
    assert {item_id for item_id, _ in result.twins} == {twin.item_id for twin in note.twins}
    assert _statuses(app, item_ids).count("waiting") == 3


def test_look_alikes_decided_together_are_one_trial_for_the_promise(app: App, alike: list[int]) -> None:
    with app.store.write() as session:
        session.execute(update(ModelReading).values(evidence={"log_prob": -0.1}))
    assert len(decide(app, _decision(app, alike[0]), with_twins=True).twins) == 3
    with app.store.session() as session:
        read_by = session.scalars(select(ModelReading.checkpoint_sha256).where(ModelReading.item_id == alike[0])).one()
    decided = list_decided_readings(app.store, read_by)
    assert [one.item_id for one in decided] == [alike[0]]
