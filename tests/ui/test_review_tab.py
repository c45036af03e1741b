"""The review endpoints' handlers on a real store: order, repetition, stale versions, permissions."""

import uuid
from typing import Any

import pytest

from tests.support.review_items import add_look_alikes, add_waiting, list_decisions
from textrec_app.errors import InputError
from textrec_app.services.context import App
from textrec_app.services.reviewing import get_item
from textrec_app.services.reviewing import undo as undo_decision
from textrec_app.ui.access import Visitor
from textrec_app.ui.review_tab import MAX_DECISIONS, decide, list_pending, undo

ANA = Visitor("ana", True)
BOB = Visitor("bob", True)
GUEST = Visitor("guest", False)


def seen(app: App, item_id: int, action: str, text: str | None = None) -> dict[str, Any]:
    """A decision on an item as it stands now, as the page would send it."""
    item = get_item(app, item_id)
    return {
        "item_id": item_id,
        "version": item.version,
        "seen_status": item.status,
        "action": action,
        "text": item.text if action == "accept" and text is None else text,
        "client_uuid": uuid.uuid4().hex,
        "seconds": 1.5,
    }


def test_the_page_gets_what_it_does_not_hold_yet_with_crops_and_counts(app: App) -> None:
    item_ids = add_waiting(app, ["one", "two", "three"])
    page = list_pending(app, "waiting", "newest", 2, [item_ids[0]])
    assert [item["item_id"] for item in page["items"]] == item_ids[1:]
    assert all(item["crop"].startswith("data:image/png;base64,") for item in page["items"])
    assert page["counts"]["waiting"] == 3


@pytest.mark.parametrize("damage", [None, b"no picture"])
def test_a_word_without_its_crop_is_told_and_the_others_come(app: App, damage: bytes | None) -> None:
    item_ids = sorted(add_waiting(app, ["one", "two"]))
    path = app.store.files.get_path(get_item(app, item_ids[0]).crop_sha256)
    path.unlink() if damage is None else path.write_bytes(damage)
    broken, whole = sorted(list_pending(app)["items"], key=lambda item: item["item_id"])
    assert broken["crop"] == ""
    assert "restore it from a backup" in broken["message"]
    assert whole["crop"].startswith("data:image/png;base64,")
    assert decide(app, ANA, [seen(app, item_ids[0], "reject")])[0]["ok"]


def test_decisions_are_recorded_in_order_and_a_repeated_call_changes_nothing(app: App) -> None:
    first, second = add_waiting(app, ["one", "two"])
    batch = [seen(app, first, "accept"), seen(app, second, "correct", "zwei")]
    assert [answer["code"] for answer in decide(app, ANA, batch)] == ["done", "done"]
    assert [answer["code"] for answer in decide(app, ANA, batch)] == ["repeated", "repeated"]
    assert [event.action for event in list_decisions(app, [first, second])] == ["accept", "correct"]
    assert get_item(app, second).text == "zwei"


def test_undo_travels_among_the_decisions_and_alone(app: App) -> None:
    (item_id,) = add_waiting(app, ["one"])
    answers = decide(app, ANA, [seen(app, item_id, "reject"), {"action": "undo", "client_uuid": uuid.uuid4().hex}])
    assert [answer["ok"] for answer in answers] == [True, True]
    assert answers[1]["item"]["status"] == "waiting"
    assert not undo(app, ANA, uuid.uuid4().hex)["ok"]


def test_what_somebody_else_decided_meanwhile_is_not_overwritten(app: App) -> None:
    (item_id,) = add_waiting(app, ["one"])
    late = seen(app, item_id, "reject")
    decide(app, BOB, [seen(app, item_id, "accept")])
    (answer,) = decide(app, ANA, [late])
    assert (answer["ok"], answer["code"]) == (False, "stale")
    assert answer["item"]["status"] == "accepted"
    assert len(list_decisions(app, [item_id])) == 1


def test_a_decision_holds_when_only_a_model_has_read_again(app: App) -> None:
    (item_id,) = add_waiting(app, ["one"])
    late = {**seen(app, item_id, "accept"), "text": "uno"}
    decide(app, BOB, [seen(app, item_id, "skip")])
    undo_decision(app, "bob", uuid.uuid4().hex)  # the version is higher, and nobody's decision stands
    (answer,) = decide(app, ANA, [late])
    assert answer["ok"]
    assert (answer["item"]["status"], answer["item"]["text"]) == ("corrected", "uno")


def test_one_refused_decision_does_not_stop_the_others(app: App) -> None:
    (item_id,) = add_waiting(app, ["one"])
    answers = decide(app, ANA, [{"action": "accept"}, seen(app, item_id, "accept")])
    assert [answer["code"] for answer in answers] == ["refused", "done"]
    assert "client_uuid" in answers[0]["message"]


@pytest.mark.parametrize(
    "garbled",
    [
        {"action": ["accept"]},
        {"text": 123, "action": "nothing"},
        {"seconds": "long"},
        {"item_id": 1e99},
        {"item_id": float("inf")},
        {"version": 2**70},
        {"item_id": None},
    ],
)
def test_a_garbled_decision_is_refused_in_a_sentence(app: App, garbled: dict[str, Any]) -> None:
    (item_id,) = add_waiting(app, ["one"])
    answers = decide(app, ANA, [{**seen(app, item_id, "accept"), **garbled}, seen(app, item_id, "accept")])
    assert [answer["code"] for answer in answers] == ["refused", "done"]
    assert answers[0]["message"]


def test_who_may_only_look_decides_nothing(app: App) -> None:
    (item_id,) = add_waiting(app, ["one"])
    (answer,) = decide(app, GUEST, [seen(app, item_id, "accept")])
    assert (answer["ok"], answer["code"]) == (False, "refused")
    assert "make serve" in answer["message"]
    assert not list_decisions(app, [item_id])


def test_a_call_has_a_limit(app: App) -> None:
    with pytest.raises(InputError, match="At most"):
        decide(app, ANA, [{}] * (MAX_DECISIONS + 1))


def test_look_alikes_come_with_the_item_and_are_decided_with_it(app: App) -> None:
    item_ids = add_look_alikes(app, "TOTAL", [0.5, 0.4, 0.6])
    first = list_pending(app)["items"][0]
    assert (first["item_id"], first["n_alike"]) == (item_ids[1], 3)
    assert first["why"] == "2 more crops look like this one, and the model wavers here."
    assert [twin["item_id"] for twin in first["twins"]] == [item_ids[0], item_ids[2]]
    assert all(twin["crop"].startswith("data:image/png;base64,") for twin in first["twins"])
    shown = [[twin["item_id"], twin["version"]] for twin in first["twins"]]
    decision = {**seen(app, item_ids[1], "correct", "T"), "with_twins": True, "twins": shown}
    (answer,) = decide(app, ANA, [decision])
    assert sorted(twin["item_id"] for twin in answer["twins"]) == [item_ids[0], item_ids[2]]
    assert [get_item(app, item_id).text for item_id in item_ids] == ["T"] * 3
    back = undo(app, ANA, uuid.uuid4().hex)
    assert len(back["twins"]) == 2
    assert [get_item(app, item_id).status for item_id in item_ids] == ["waiting"] * 3


def test_look_alikes_are_decided_only_if_asked_for(app: App) -> None:
    item_ids = add_look_alikes(app, "TOTAL", [0.4, 0.5])
    (answer,) = decide(app, ANA, [seen(app, item_ids[0], "accept")])
    assert answer["twins"] == []
    assert get_item(app, item_ids[1]).status == "waiting"


@pytest.mark.parametrize("twins", ["all", [1, 2], [[1]], [["a", 1]], [[1, 1]] * 100])
def test_garbled_look_alikes_are_refused(app: App, twins: Any) -> None:
    (item_id,) = add_waiting(app, ["one"])
    (answer,) = decide(app, ANA, [{**seen(app, item_id, "accept"), "with_twins": True, "twins": twins}])
    assert (answer["code"], get_item(app, item_id).status) == ("refused", "waiting")
    assert "twins" in answer["message"]
