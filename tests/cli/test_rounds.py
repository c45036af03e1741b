"""`retrain --rounds` and `jobs rounds`, as a person types them."""

from pathlib import Path

from tests.cli.conftest import Run


def test_each_round_is_a_line_and_the_last_line_is_the_series(run: Run, drawn_words: list[Path]) -> None:
    run("harvest", *drawn_words, "--crops", "--min-precision", "0.5")
    outcome = run("retrain", "--recipe", "tiny", "--minutes", "0.05", "--rounds", "2", "--wait", "--json")

    *rounds, series = outcome.lines
    assert [line["number"] for line in rounds] == list(range(1, len(rounds) + 1))
    assert rounds == series["rounds"]
    assert {"kept", "waiting", "kept_after", "waiting_after", "before", "after", "verdict"} <= set(rounds[0])
    assert {"state", "verdict", "reasons", "before", "after", "checkpoint", "message"} <= set(series)
    assert series["state"] == "finished", series
    verdicts = [line["verdict"] for line in rounds]
    assert outcome.code == (4 if set(verdicts) == {"rejected"} else 0)
    assert series["verdict"] == ("promoted" if "promoted" in verdicts else verdicts[-1])

    assert run("jobs", "rounds", "--json").lines == [series]
    shown = run("jobs", "rounds").stdout
    assert "at most 2 rounds" in shown
    assert "Round" in shown


def test_a_series_that_was_asked_for_is_listed_and_cancelled_with_its_round(run: Run, drawn_words: list[Path]) -> None:
    run("harvest", *drawn_words, "--crops", "--min-precision", "0.5")
    asked = run("retrain", "--recipe", "tiny", "--rounds", "3", "--json").lines[0]
    assert (asked["state"], asked["max_rounds"], asked["minutes"]) == ("running", 3, 10.0)
    again = run("retrain", "--recipe", "tiny", "--json").lines[0]
    assert (again["job_id"], again["series_id"]) == (asked["rounds"][0]["job_id"], asked["series_id"])
    run("jobs", "cancel", again["job_id"], "--who", "ben")
    assert run("jobs", "rounds", "--json").lines[0]["message"] == "Cancelled by ben in round 1."
