"""Rounds as the Train tab plots them, and the words about what may follow."""

from dataclasses import replace

from tests.support.finished_rounds import KEPT, WAITING, Round, add_series
from textrec_app.services.context import App
from textrec_app.services.rounds import list_series
from textrec_app.ui.rounds_view import describe_rounds, describe_rounds_left, to_json


def test_rounds_are_told_oldest_first_with_their_sets_and_counts(app: App) -> None:
    add_series(app, [Round("promoted", 0.5, 0.7), Round("rejected", 0.7, 0.69)], "Round 2 was rejected: stopped.")
    value = describe_rounds(list_series(app))
    assert [(item["title"], item["verdict"]) for item in value["rounds"]] == [
        ("round 1", "promoted"),
        ("round 2", "rejected"),
    ]
    assert value["rounds"][0]["sets"][0] == {"name": "your reviewed words", "before": 0.5, "after": 0.7}
    assert (value["rounds"][0]["kept"], value["rounds"][0]["waiting"]) == (KEPT, WAITING)
    assert value["rounds_message"] == "Round 2 was rejected: stopped."
    add_series(app, [Round("promoted", 0.7, 0.8)], "done")
    assert [item["title"] for item in describe_rounds(list_series(app))["rounds"]] == ["1.1", "1.2", "2.1"]
    assert describe_rounds([]) == {"rounds": [], "rounds_message": ""}


def test_what_may_follow_is_said_only_while_the_series_goes_on(app: App) -> None:
    add_series(app, [Round("promoted", 0.5, 0.7)], "")
    (series,) = list_series(app)
    assert describe_rounds_left(series) == ""
    running = replace(series, state="running")
    assert describe_rounds_left(running) == "then up to 4 more rounds of 10 min, as long as it gets better"
    assert describe_rounds_left(replace(running, max_rounds=2)).startswith("then up to 1 more round of")
    assert describe_rounds_left(replace(running, max_rounds=1)) == ""
    assert describe_rounds_left(None) == ""


def test_the_api_gives_plain_json(app: App) -> None:
    (job_id,) = add_series(app, [Round("promoted", 0.5, 0.7)], "done")
    value = to_json(list_series(app)[0])
    assert (value["state"], value["message"], value["rounds"][0]["job_id"]) == ("finished", "done", job_id)
    assert isinstance(value["created_utc"], str)
