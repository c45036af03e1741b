"""A retraining from the request to the verdict, with a real process and a real store."""

import json

import pytest

from storage import items
from tests.support.retraining import add_labels, add_readings, is_finished, read_log, turn_until
from textrec_app.errors import ConflictError
from textrec_app.services.checkpoints import get_active, get_checkpoint, list_history, promote, rollback
from textrec_app.services.context import App
from textrec_app.services.retraining import RetrainRequest, get_job, job_points, request_retrain
from textrec_app.worker.supervisor import Supervisor

TINY = RetrainRequest(recipe="tiny", minutes=None, who="ana")


def test_good_labels_are_learned_promoted_and_rolled_back(app: App, supervisor: Supervisor) -> None:
    add_labels(app, 60, "A")
    add_readings(app, 8, kept=False)
    before = get_active(app)
    job = request_retrain(app, TINY)

    done = turn_until(app, supervisor, job.job_id, is_finished)

    assert (done.state, done.verdict) == ("succeeded", "promoted"), read_log(app, job.job_id)
    assert (done.before["labels"], done.after["labels"]) == (0.0, 1.0)
    assert "Better on your reviewed words: 0.0 % before, 100.0 % after" in done.reasons[0]
    assert done.snapshot["train_human"] + done.snapshot["validation"] == 60
    candidate = get_active(app)
    assert candidate.name == done.checkpoint
    assert candidate.parent == f"{before.card['name']}@{before.version}"
    assert candidate.metrics["calibration"].startswith("carried over")
    assert app.models.get_active().checkpoint.name == candidate.name
    waiting = items.list_items(app.store, ("waiting", "kept"))
    assert {item.checkpoint.name for item in waiting if item.checkpoint} == {candidate.name}  # they were read again

    points = job_points(app, job.job_id)
    assert [point.step for point in points if point.event == "step"] == [1, 10]
    assert all(point.loss is not None for point in points if point.event == "step")
    assert {point.phase for point in points} >= {"preparing", "training", "judging"}
    assert [point.index for point in job_points(app, job.job_id, after=points[-2].index)] == [points[-1].index]

    assert rollback(app, "ben").name == before.name
    assert app.models.get_active().checkpoint.name == before.name
    assert get_checkpoint(app, candidate.name).state == "retired"
    assert [(switch.action, switch.changed_by) for switch in list_history(app)] == [
        ("first", "TextRec"),
        ("promote", "ana"),
        ("rollback", "ben"),
    ]
    with pytest.raises(ConflictError, match="Cannot roll back"):
        rollback(app, "ben")


def test_a_bad_training_set_is_rejected_and_only_a_person_can_overrule(app: App, supervisor: Supervisor) -> None:
    add_labels(app, 60, "A", held_back_text="B")
    before = get_active(app)
    job = request_retrain(app, TINY)

    done = turn_until(app, supervisor, job.job_id, is_finished)

    assert (done.state, done.verdict) == ("succeeded", "rejected"), read_log(app, job.job_id)
    assert "Worse on your reviewed words: 100.0 % before, 0.0 % after" in done.reasons[0]
    assert get_active(app).name == before.name
    candidate = get_checkpoint(app, done.checkpoint or "")
    assert candidate.state == "rejected"
    with pytest.raises(ConflictError, match="Overrule to use it all the same"):
        promote(app, candidate.name, "ben")
    assert get_active(app).name == before.name

    assert promote(app, candidate.name, "ben", overrule=True).state == "active"
    last = list_history(app)[-1]
    assert (last.action, last.changed_by) == ("overrule", "ben")
    assert "Worse on your reviewed words" in last.note
    assert get_job(app, job.job_id).verdict == "overruled"


def test_what_is_judged_on_was_never_trained_on(app: App, supervisor: Supervisor) -> None:
    add_labels(app, 30, "A")
    add_readings(app, 30, kept=True, first=0)  # the same words again, with other noise
    job = request_retrain(app, TINY)
    supervisor.run_once(job.created_utc)

    manifest = json.loads((app.settings.runs_dir / str(job.job_id) / "manifest.json").read_text(encoding="utf-8"))

    groups: dict[str, set[str]] = {"train": set(), "validation": set(), "agreement": set()}
    for item in manifest["items"]:
        groups[item["split"]].add(item["group"])
    assert groups["train"]
    assert groups["validation"]
    assert groups["agreement"]
    assert not groups["train"] & (groups["validation"] | groups["agreement"])
    assert {item["source"] for item in manifest["items"] if item["split"] == "validation"} == {"human"}
    again = request_retrain(app, RetrainRequest(recipe="adapt", who="ben"))
    assert (again.job_id, again.recipe, again.requested_by) == (job.job_id, "tiny", "ana")
