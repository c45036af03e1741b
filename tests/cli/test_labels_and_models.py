"""Labels, jobs and checkpoints from the command line."""

import csv
import json
from pathlib import Path

from tests.cli.conftest import Run, use_weights
from tests.support.checkpoints import save_tiny_recognizer


def test_review_elsewhere_then_export_and_import(run: Run, drawn_words: list[Path], tmp_path: Path) -> None:
    run("harvest", *drawn_words, "--crops")
    queue = tmp_path / "queue"
    assert run("review", "export", "--out", queue, "--status", "waiting", "kept", "--json").lines[0]["n"] == 8
    with (queue / "labels.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows[:3]:
        row["decision"] = "accept"
    rows[3]["decision"] = "bogus"
    with (queue / "labels.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    imported = run("review", "import", queue, "--json", "--who", "bea")
    assert imported.code == 3
    assert (imported.lines[0]["decided"], imported.lines[0]["failed"]) == (3, 1)
    assert "bogus" in imported.stderr
    out = tmp_path / "labels"
    exported = run("export", "--format", "imagefolder", "--out", out, "--json").lines[0]
    assert (exported["n"], exported["counts"]) == (3, {"accepted": 3, "corrected": 0})
    again = run("import", "--format", "imagefolder", out, "--json")
    assert (again.code, again.lines[0]["unchanged"]) == (0, 3)


def test_an_audit_is_drawn_and_told_and_the_curve_says_what_it_cannot_tell(run: Run, drawn_words: list[Path]) -> None:
    assert run("review", "audit", "--start", "5").code == 2
    run("harvest", *drawn_words, "--crops", "--min-precision", "0.0")
    drawn = run("review", "audit", "--start", "5", "--json").lines[0]
    assert drawn["size"] == min(5, drawn["population"]) > 0
    again = run("review", "audit", "--json").lines[0]
    assert (again["audit_id"], again["decided"], again["precision"]) == (drawn["audit_id"], 0, None)
    assert "waits for you" in run("review", "audit").stdout
    assert run("review", "curve", "--json").lines[0]["gain_per_50"] is None
    assert "Cannot tell yet" in run("review", "curve").stdout


def test_statuses_may_be_joined_by_commas(run: Run, drawn_words: list[Path], tmp_path: Path) -> None:
    run("harvest", *drawn_words, "--crops")
    exported = run("export", "--format", "csv", "--out", tmp_path / "o", "--status", "waiting,kept", "--json").lines[0]
    assert exported["n"] == 8


def test_models_are_listed_shown_promoted_and_rolled_back(run: Run, world: Path, tmp_path: Path) -> None:
    use_weights(world, save_tiny_recognizer(tmp_path / "second", seed=7), "second")
    listed = {line["name"]: line for line in run("models", "list", "--json").lines}
    assert listed["second"]["state"] == "active"
    assert "tiny-detector" in listed
    shown = run("models", "show", "recognizer", "--json").lines[0]
    assert (shown["name"], shown["card"]["sha256"]) == ("second", shown["sha256"])
    assert run("models", "rollback").code == 0
    assert run("models", "show", "recognizer", "--json").lines[0]["name"] == "tiny-recognizer"
    refused = run("models", "promote", "second")
    promoted = run("models", "promote", "second", "--overrule", "--json")
    assert refused.code in (0, 3)
    assert promoted.lines[0]["state"] == "active"
    assert "sha256" in run("models", "show", "second").stdout


def test_weights_of_this_machine_are_added_and_judged(run: Run, tmp_path: Path) -> None:
    weights = save_tiny_recognizer(tmp_path / "second", seed=7)
    added = run("models", "add", weights, "--name", "mine", "--json").lines[0]
    assert (added["name"], added["state"]) == ("mine", "candidate")
    assert run("models", "promote", "mine").code == 3  # nobody has compared it
    judged = run("models", "judge", "mine", "--json")
    assert judged.lines[0]["gate"]["verdict"] in ("promoted", "rejected")
    assert judged.code == (4 if judged.lines[0]["state"] == "rejected" else 0)
    assert "mine: " in run("models", "judge", "mine").stdout


def test_retrain_is_one_job_that_can_be_listed_and_cancelled(run: Run, drawn_words: list[Path]) -> None:
    run("harvest", *drawn_words, "--crops", "--min-precision", "0.5")
    first = run("retrain", "--recipe", "tiny", "--minutes", "1", "--json")
    assert first.code == 0
    second = run("retrain", "--recipe", "tiny", "--json")
    assert second.lines[0]["job_id"] == first.lines[0]["job_id"]
    job = first.lines[0]["job_id"]
    assert [line["job_id"] for line in run("jobs", "list", "--json").lines] == [job]
    assert run("jobs", "show", job, "--json").lines[0]["state"] == "queued"
    assert run("jobs", "cancel", job, "--json").lines[0]["state"] in ("cancelling", "cancelled")
    assert "cancel" in run("jobs", "list").stdout


def test_retrain_wait_sees_the_job_through(run: Run, drawn_words: list[Path]) -> None:
    run("harvest", *drawn_words, "--crops", "--min-precision", "0.5")
    outcome = run("retrain", "--recipe", "tiny", "--minutes", "1", "--wait", "--json")
    last = json.loads(outcome.stdout.splitlines()[-1])
    assert {"state", "verdict", "reasons", "before", "after", "checkpoint"} <= set(last)
    assert last["state"] == "succeeded", last
    assert outcome.code == (4 if last["verdict"] == "rejected" else 0)
