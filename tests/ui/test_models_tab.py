"""The Models tab's handlers and what it says about checkpoints."""

from dataclasses import replace
from typing import Any

import pytest

from textrec_app.errors import ConflictError, ForbiddenError, InputError
from textrec_app.services.checkpoints import CheckpointView, get_active
from textrec_app.services.context import App
from textrec_app.ui.access import Visitor
from textrec_app.ui.hub_panel import press_pull, press_push
from textrec_app.ui.model_view import describe_model, list_metrics
from textrec_app.ui.models_tab import (
    list_models,
    needs_overrule,
    open_models,
    press_compare,
    press_promote,
    press_rollback,
)

ANA = Visitor("ana", True)
GUEST = Visitor("guest", False)
DIFFERENCE = {"n": 40, "before": 0.8, "after": 0.7, "delta": -0.1, "ci_low": -0.2, "ci_high": 0.0}
GATE: dict[str, Any] = {
    "verdict": "rejected",
    "reasons": ["Worse on your reviewed words."],
    "gains": [],
    "after": {"labels": 0.7},
    "sets": [{"name": "labels", **DIFFERENCE}],
    "slices": [{"name": "labels/digits only", **DIFFERENCE}, {"name": "labels/same", **DIFFERENCE, "delta": 0.0}],
}


@pytest.fixture
def active(app: App) -> CheckpointView:
    return get_active(app, "recognizer")


def test_an_opened_page_shows_the_checkpoint_in_use(app: App, active: CheckpointView) -> None:
    listing, card, chosen, *_ = open_models(app, None)
    assert chosen == listing["chosen"] == card["name"] == active.name
    assert card["headline"] == "This checkpoint reads your pictures now."
    assert [model["state"] for model in list_models(app)] == ["active"]


def test_the_gates_findings_are_told_in_words_and_rows(active: CheckpointView) -> None:
    value = describe_model(replace(active, state="rejected", gate=GATE))
    assert value["headline"] == "The gate rejected it"
    assert value["sentences"] == ["Worse on your reviewed words."]
    assert [(row["title"], row["is_slice"]) for row in value["sets"]] == [
        ("Your reviewed words", False),
        ("digits only", True),
    ]


def test_what_the_gate_looked_at_and_the_job_behind_a_checkpoint_are_told(active: CheckpointView) -> None:
    check = {"name": "anchor", "passed": True, "sentence": "Nothing forgotten."}
    value = describe_model(replace(active, gate={**GATE, "checks": [check], "job": 7}))
    assert (value["checks"], value["job"], value["changes"]) == ([check], 7, None)
    assert describe_model(replace(active, gate=GATE))["checks"] == []


def test_a_comparison_brings_the_words_that_are_read_differently(app: App, active: CheckpointView) -> None:
    value = press_compare(app, ANA, active.name)
    assert value["name"] == active.name
    assert (value["changes"]["n_fixed"], value["changes"]["n_broken"]) == (0, 0)
    assert value["changes"]["changed"] == []


def test_a_rejected_or_unjudged_candidate_needs_overruling(active: CheckpointView) -> None:
    assert needs_overrule(replace(active, state="rejected", gate=GATE))
    assert needs_overrule(replace(active, state="candidate", gate={}))
    assert not needs_overrule(replace(active, state="candidate", gate={**GATE, "verdict": "promoted"}))
    assert not needs_overrule(replace(active, state="retired", gate={}))


def test_metrics_are_flattened_and_shares_become_percent() -> None:
    metrics = {"validation": {"word_accuracy": 0.8123, "set": "ic03"}, "steps": 600, "is_final": True}
    assert list_metrics(metrics) == [("validation word accuracy", "81.2 %"), ("steps", "600")]


def test_there_is_nothing_to_roll_back_to_at_first(app: App) -> None:
    with pytest.raises(ConflictError, match="roll back"):
        press_rollback(app, ANA)


def test_who_may_only_look_switches_and_publishes_nothing(app: App, active: CheckpointView) -> None:
    for press in (
        lambda: press_promote(app, GUEST, active.name),
        lambda: press_rollback(app, GUEST),
        lambda: press_compare(app, GUEST, active.name),
        lambda: press_pull(app, GUEST, "ana/model", "main"),
        lambda: press_push(app, GUEST, active.name, "ana/model"),
    ):
        with pytest.raises(ForbiddenError):
            press()


def test_pushing_needs_a_chosen_checkpoint(app: App) -> None:
    with pytest.raises(InputError, match="Choose"):
        press_push(app, ANA, None, "ana/model")
