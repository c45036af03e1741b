"""The page's endpoints as a stranger on the network meets them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.app_server import AppServer
from tests.support.review_items import add_waiting, list_decisions
from textrec_app.services.context import App, open_app
from textrec_app.settings import Settings

PUBLIC = {
    "read",
    "read_with_options",
    "harvest",
    "confidence_view",
    "apply_precision",
    "harvest_samples",
    "list_pending",
    "count_reviews",
    "decide",
    "undo",
    "audit_view",
    "start_audit",
    "learning_curve",
    "retrain",
    "get_job",
    "cancel_job",
    "retrain_rounds",
    "list_rounds",
    "cancel_rounds",
    "get_changes",
    "list_models",
    "promote",
    "rollback",
}


@pytest.fixture
def guarded_app(tmp_path: Path) -> Iterator[App]:
    opened = open_app(Settings(data_dir=tmp_path / "guarded", device="cpu"))
    yield opened
    opened.close()


@pytest.fixture
def guarded_server(guarded_app: App) -> Iterator[AppServer]:
    """An app that only `ana` may change."""
    running = AppServer(guarded_app.settings.data_dir, TEXTREC_ADMIN_USERS='["ana"]')
    running.start()
    yield running
    running.stop()


def test_every_action_has_its_public_name_and_nothing_else_is_public(server: AppServer) -> None:
    assert {name.removeprefix("/") for name in server.get_json("/gradio_api/info")["named_endpoints"]} == PUBLIC


def test_who_did_not_log_in_may_look_but_not_change(guarded_server: AppServer, guarded_app: App) -> None:
    (item_id,) = add_waiting(guarded_app, ["one"])
    status, answer = guarded_server.call("list_pending", "waiting", "newest", 5, [])
    assert (status, answer["data"][0]["items"][0]["text"]) == (200, "one")
    decision = {"item_id": item_id, "version": 1, "action": "accept", "client_uuid": "u1"}
    assert guarded_server.call("decide", [decision])[1]["data"][0][0]["code"] == "refused"
    for name, inputs in {
        "retrain": ("adapt", 1.0),
        "apply_precision": (0.9,),
        "cancel_job": (1,),
        "cancel_rounds": (1,),
    }.items():
        status, answer = guarded_server.call(name, *inputs)
        assert (status, "may look but not change" in answer["error"]) == (500, True)
    assert list_decisions(guarded_app, [item_id]) == []
