"""Decisions and undo: nothing a person decided is lost or overwritten."""

import json
import random
import subprocess
import sys
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from storage import decisions, items, readings
from storage.base import Store
from storage.decisions import RepeatedUuidError, SupersededError
from storage.errors import DuplicatePictureError, MissingRowError, StaleVersionError
from storage.records import ItemRecord
from tests.support.rows import (
    SECOND,
    make_decision,
    make_item,
    make_items,
    make_picture,
    make_reading,
    make_selection,
    open_store,
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def _state(item: ItemRecord) -> tuple[str, str, str | None]:
    return (item.status, item.text, item.person_text)


def test_a_correction_stands_beside_what_the_model_read(store: Store) -> None:
    (item,) = make_items(store, [("CAFE", 0.5)])
    event = decisions.add_decision(store, make_decision(item, "correct", "CAFÉ\u0301 ﬁn "))
    after = items.get_item(store, item.item_id)
    assert (after.text, after.person_text, after.model_text) == ("CAFÉ\u0301 ﬁn ", "CAFÉ\u0301 ﬁn ", "CAFE")
    assert (after.status, after.version) == ("corrected", item.version + 1)
    assert (event.from_status, event.from_text, event.who, event.seconds) == ("waiting", "CAFE", "ana", 1.5)


def test_accepting_writes_down_the_text_that_was_accepted(store: Store) -> None:
    (item,) = make_items(store, [("Hotel", 0.5)])
    event = decisions.add_decision(store, make_decision(item, "accept"))
    assert event.to_text == "Hotel"
    assert items.get_item(store, item.item_id).person_text == "Hotel"


def test_deciding_on_what_changed_since_is_refused_with_both_versions(store: Store) -> None:
    (item,) = make_items(store, [("Hotel", 0.5)])
    decisions.add_decision(store, make_decision(item, "accept"))
    with pytest.raises(StaleVersionError) as caught:
        decisions.add_decision(store, make_decision(item, "reject", who="ben"))
    assert (caught.value.seen_version, caught.value.current_version) == (1, 2)
    assert len(decisions.list_events(store, item.item_id)) == 1


def test_a_text_read_anew_cannot_be_accepted_unseen(store: Store) -> None:
    (item,) = make_items(store, [("Hote1", 0.5)])
    selection = make_selection(store, reason="rescore", checkpoint=SECOND)
    readings.add_readings(store, [(item.item_id, make_reading("Hotel", 0.97, SECOND))], selection.selection_id)
    with pytest.raises(StaleVersionError):
        decisions.add_decision(store, make_decision(item, "accept"))


def test_a_reading_that_comes_after_the_decision_is_left_out(store: Store) -> None:
    (item,) = make_items(store, [("Hote1", 0.5)])
    decisions.add_decision(store, make_decision(item, "correct", "Hotel"))
    selection = make_selection(store, reason="rescore", checkpoint=SECOND)
    batch = [(item.item_id, make_reading("Motel", 0.97, SECOND))]
    assert readings.add_readings(store, batch, selection.selection_id) == 0
    assert items.get_item(store, item.item_id).text == "Hotel"


def test_a_repeated_uuid_gives_the_same_event_and_changes_nothing(store: Store) -> None:
    (item,) = make_items(store, [("Hotel", 0.5)])
    decision = make_decision(item, "reject")
    first = decisions.add_decision(store, decision)
    after = items.get_item(store, item.item_id)
    again = decisions.add_decision(store, decision)
    assert again == replace(first, repeated=True)
    assert items.get_item(store, item.item_id) == after


def test_a_uuid_that_was_used_for_something_else_is_refused(store: Store) -> None:
    first, second = make_items(store, [("a", 0.5), ("b", 0.5)])
    decision = make_decision(first, "accept")
    decisions.add_decision(store, decision)
    with pytest.raises(RepeatedUuidError):
        decisions.add_decision(store, replace(decision, item_id=second.item_id))
    with pytest.raises(RepeatedUuidError):
        decisions.undo_last(store, "ana", decision.client_uuid)


def test_undo_restores_text_and_status_by_an_event(store: Store) -> None:
    (item,) = make_items(store, [("Hote1", 0.5)])
    decisions.add_decision(store, make_decision(item, "correct", "Hotel"))
    corrected = items.get_item(store, item.item_id)
    decisions.add_decision(store, make_decision(corrected, "reject"))
    decisions.undo_last(store, "ana", "undo-1")
    assert _state(items.get_item(store, item.item_id)) == ("corrected", "Hotel", "Hotel")
    event = decisions.undo_last(store, "ana", "undo-2")
    assert _state(items.get_item(store, item.item_id)) == ("waiting", "Hote1", None)
    assert (event.from_status, event.from_text, event.to_status, event.to_text) == (
        "corrected",
        "Hotel",
        "waiting",
        "Hote1",
    )
    actions = [event.action for event in decisions.list_events(store, item.item_id)]
    assert actions == ["correct", "reject", "undo", "undo"]
    assert items.get_item(store, item.item_id).version == 5


def test_a_repeated_undo_undoes_once(store: Store) -> None:
    first, second = make_items(store, [("a", 0.5), ("b", 0.5)])
    decisions.add_decision(store, make_decision(first, "accept"))
    decisions.add_decision(store, make_decision(second, "accept"))
    event = decisions.undo_last(store, "ana", "undo-1")
    assert decisions.undo_last(store, "ana", "undo-1") == replace(event, repeated=True)
    assert items.get_item(store, first.item_id).status == "accepted"


def test_undo_takes_back_only_ones_own_decisions(store: Store) -> None:
    first, second = make_items(store, [("a", 0.5), ("b", 0.5)])
    decisions.add_decision(store, make_decision(first, "accept", who="ana"))
    decisions.add_decision(store, make_decision(second, "accept", who="ben"))
    assert decisions.undo_last(store, "ana", "undo-1").item_id == first.item_id
    with pytest.raises(MissingRowError, match="ana"):
        decisions.undo_last(store, "ana", "undo-2")


def test_undo_does_not_overwrite_what_another_person_decided_since(store: Store) -> None:
    (item,) = make_items(store, [("a", 0.5)])
    decisions.add_decision(store, make_decision(item, "accept", who="ana"))
    accepted = items.get_item(store, item.item_id)
    decisions.add_decision(store, make_decision(accepted, "correct", "b", who="ben"))
    with pytest.raises(SupersededError):
        decisions.undo_last(store, "ana", "undo-1")
    assert _state(items.get_item(store, item.item_id)) == ("corrected", "b", "b")
    decisions.undo_last(store, "ben", "undo-2")
    decisions.undo_last(store, "ana", "undo-3")
    assert _state(items.get_item(store, item.item_id)) == ("waiting", "a", None)


@pytest.mark.parametrize("seed", range(8))
def test_undoing_everything_walks_back_through_every_state(store: Store, seed: int) -> None:
    chance = random.Random(seed)
    ids = [item.item_id for item in make_items(store, [("a", 0.95), ("b", 0.5), ("c", 0.2)])]
    trail = [[_state(items.get_item(store, item_id)) for item_id in ids]]
    for step in range(12):
        item = items.get_item(store, chance.choice(ids))
        action = chance.choice(["accept", "correct", "reject", "skip"])
        text = f"text {step}" if action == "correct" else None
        decisions.add_decision(store, make_decision(item, action, text))
        trail.append([_state(items.get_item(store, item_id)) for item_id in ids])
        if chance.random() < 0.3:
            decisions.undo_last(store, "ana", uuid.uuid4().hex)
            trail.pop()
    while len(trail) > 1:
        assert [_state(items.get_item(store, item_id)) for item_id in ids] == trail.pop()
        decisions.undo_last(store, "ana", uuid.uuid4().hex)
    assert [_state(items.get_item(store, item_id)) for item_id in ids] == trail[0]
    with pytest.raises(MissingRowError):
        decisions.undo_last(store, "ana", uuid.uuid4().hex)


def test_a_crop_with_a_label_is_added_whole(store: Store) -> None:
    item = make_item(store)
    decision = replace(
        make_decision(make_items(store, [("x", 0.5)])[0], "correct", "Läbel"), action="import", client_uuid="import-1"
    )
    event = decisions.add_labelled_crop(store, make_picture("c" * 64, "crop.png", "crop"), item, decision)
    after = items.get_item(store, event.item_id)
    assert (after.text, after.model_text, after.confidence, after.status) == ("Läbel", None, None, "corrected")
    with pytest.raises(DuplicatePictureError):
        decisions.add_labelled_crop(store, make_picture("c" * 64, "crop.png", "crop"), item, decision)


REVIEWER = """
import json, sys
from storage import decisions, items
from storage.base import create_store
from storage.records import NewDecision
url, who = sys.argv[1:]
store = create_store(url)
lost = 0
for item in items.list_items(store)[(0 if who == "ana" else 1)::2]:
    decisions.add_decision(store, NewDecision(item.item_id, item.version, "correct", "corrected", who, who,
                                              f"{who}-{item.item_id}"))
print(json.dumps(len(decisions.list_events(store, item.item_id))))
"""


def test_two_processes_that_write_at_once_lose_nothing(tmp_path: Path, store: Store) -> None:
    made = make_items(store, [(f"word {index}", 0.5) for index in range(200)])
    url = f"sqlite:///{tmp_path / 'textrec.db'}"
    people = [
        subprocess.Popen(
            [sys.executable, "-c", REVIEWER, url, who], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for who in ("ana", "ben")
    ]
    for person in people:
        output, errors = person.communicate(timeout=120)
        assert person.returncode == 0, errors
        assert json.loads(output) == 1
    after = items.list_items(store, ["corrected"])
    assert [item.person_text for item in after] == ["ana", "ben"] * 100
    assert sum(len(decisions.list_events(store, item.item_id)) for item in made) == 200


ENDLESS_REVIEWER = """
import sys
from storage import decisions, items
from storage.base import create_store
from storage.records import NewDecision
store = create_store(sys.argv[1])
for number, item in enumerate(items.list_items(store)):
    event = decisions.add_decision(store, NewDecision(item.item_id, item.version, "accept", "accepted", None, "ana",
                                                      f"uuid-{number}"))
    print(event.event_id, flush=True)
"""


def test_a_killed_process_loses_no_decision_that_it_confirmed(tmp_path: Path, store: Store) -> None:
    make_items(store, [(f"word {index}", 0.5) for index in range(300)])
    url = f"sqlite:///{tmp_path / 'textrec.db'}"
    with subprocess.Popen([sys.executable, "-c", ENDLESS_REVIEWER, url], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        confirmed = [int(child.stdout.readline()) for _ in range(10)]
        child.kill()
        confirmed += [int(line) for line in child.stdout.read().split()]
    accepted = items.list_items(store, ["accepted"])
    assert {item.decision_id for item in accepted} >= set(confirmed)
    assert len(accepted) - len(confirmed) in (0, 1)
    assert len(accepted) < 300
