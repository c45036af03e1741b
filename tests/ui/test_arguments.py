"""What programs send with the wrong type is refused in a sentence, and a bad decision in a batch fails alone."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.review_items import add_waiting
from textrec_app.errors import InputError
from textrec_app.services.context import App
from textrec_app.services.reviewing import get_item
from textrec_app.ui.access import Visitor
from textrec_app.ui.harvest_tab import apply_precision, confidence_view
from textrec_app.ui.models_tab import promote
from textrec_app.ui.review_tab import decide, list_pending, undo
from textrec_app.ui.train_tab import get_job, retrain_by_api

ANA = Visitor("ana", True)
GARBLED: tuple[dict[str, Any], ...] = (
    {"action": ["accept"]},
    {"action": "correct", "text": 123},
    {"seconds": "long"},
    {"seconds": float("nan")},
    {"item_id": 1e99},
    {"item_id": 2**70},
    {"item_id": -1},
    {"item_id": True},
    {"version": "one"},
    {"client_uuid": 7},
    {"client_uuid": "\ud800"},
)


@pytest.mark.parametrize("change", GARBLED)
def test_a_garbled_decision_fails_alone(app: App, change: dict[str, Any]) -> None:
    first, second = add_waiting(app, ["one", "two"])
    good, bad = ({"item_id": i, "version": get_item(app, i).version, "action": "accept"} for i in (first, second))
    batch = [item | {"client_uuid": uuid.uuid4().hex} for item in (good, bad)]
    last = {**batch[0], "item_id": second, "version": batch[1]["version"], "client_uuid": uuid.uuid4().hex}
    answers = decide(app, ANA, [batch[0], {**batch[1], **change}, "accept", last])
    assert [answer["code"] for answer in answers] == ["done", "refused", "refused", "done"]
    assert answers[1]["message"].startswith("`")


def _sent(value: Any) -> Any:
    """What a program sends whatever the signature says."""
    return value


CALLS: tuple[Callable[[App], object], ...] = (
    lambda app: decide(app, ANA, _sent({"action": "accept"})),
    lambda app: list_pending(app, held=[[1]]),
    lambda app: list_pending(app, limit=_sent("ten")),
    lambda app: list_pending(app, view=_sent(["waiting"])),
    lambda app: apply_precision(app, ANA, _sent("abc")),
    lambda app: apply_precision(app, ANA, _sent(None)),
    lambda app: confidence_view(app, float("inf")),
    lambda app: retrain_by_api(app, ANA, "adapt", _sent("ten")),
    lambda app: get_job(app, _sent("first")),
    lambda app: promote(app, ANA, _sent(None)),
)


@pytest.mark.parametrize("call", CALLS)
def test_a_wrong_type_is_told_in_a_sentence(app: App, call: Callable[[App], object]) -> None:
    with pytest.raises(InputError, match="must be a"):
        call(app)


def test_an_undo_with_a_garbled_uuid_is_an_answer(app: App) -> None:
    assert undo(app, ANA, _sent(5))["code"] == "refused"
