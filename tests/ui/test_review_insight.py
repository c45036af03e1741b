"""The audit's and the learning curve's endpoints: plain JSON, and only editors draw."""

import json

import pytest

from tests.support.review_items import add_look_alikes
from textrec_app.errors import ForbiddenError, InputError
from textrec_app.services.context import App
from textrec_app.ui.access import Visitor
from textrec_app.ui.review_insight import audit_view, learning_curve, start_audit
from textrec_app.ui.review_tab import decide, list_pending

ANA = Visitor("ana", True)


def test_a_sample_is_drawn_checked_in_its_view_and_told_as_json(app: App) -> None:
    add_look_alikes(app, "TOTAL", [0.95, 0.96, 0.97, 0.5])
    assert json.loads(json.dumps(audit_view(app)))["audit_id"] is None
    drawn = start_audit(app, ANA, 2)
    assert (drawn["size"], drawn["population"], drawn["decided"]) == (2, 3, 0)
    page = list_pending(app, "audit")["items"]
    assert len(page) == 2
    for item in page:
        seen = {"item_id": item["item_id"], "version": item["version"]}
        assert decide(app, ANA, [{**seen, "action": "accept", "client_uuid": f"u{item['item_id']}"}])[0]["ok"]
    view = json.loads(json.dumps(audit_view(app)))
    assert (view["decided"], view["right"], view["precision"]) == (2, 2, 1.0)
    assert list_pending(app, "audit")["items"] == []


def test_who_may_only_look_draws_no_sample(app: App) -> None:
    with pytest.raises(ForbiddenError):
        start_audit(app, Visitor("guest", False), 2)
    with pytest.raises(InputError, match="size"):
        start_audit(app, ANA, -1)


def test_the_learning_curve_says_what_it_cannot_tell(app: App) -> None:
    add_look_alikes(app, "TOTAL", [0.5])
    curve = json.loads(json.dumps(learning_curve(app)))
    assert (curve["gain_per_50"], curve["model_gain"]) == (None, None)
    assert "Cannot tell yet" in curve["sentence"]
