"""A retraining from the request to the verdict, with a real process and a real store."""

import json

from tests.support.retraining import add_labels, add_readings, is_finished, read_log, turn_until
from textrec_app.services.checkpoints import get_active, get_checkpoint
from textrec_app.services.context import App
from textrec_app.services.retraining import RetrainRequest, job_points, request_retrain
from textrec_app.worker.supervisor import Supervisor

TINY = RetrainRequest(recipe="tiny", minutes=None, who="ana")


def test_a_retraining_runs_to_its_verdict(app: App, supervisor: Supervisor) -> None:
    add_labels(app, 24)
    add_readings(app, 12, kept=True)
    before = get_active(app)
    job = request_retrain(app, TINY)

    done = turn_until(app, supervisor, job.job_id, is_finished)

    assert done.state == "succeeded", read_log(app, job.job_id)
    assert done.verdict in ("promoted", "rejected")
    assert done.reasons
    assert done.attempt == 1
    assert {"labels", "agreement"} <= set(done.before) == set(done.after)
    assert done.snapshot["train_human"] + done.snapshot["validation"] == 24
    candidate = get_checkpoint(app, done.checkpoint or "")
    assert candidate.gate["reasons"] == list(done.reasons) or done.verdict == "promoted"
    assert candidate.parent == f"{before.card['name']}@{before.version}"
    assert candidate.card["calibration"]["source"].startswith("carried over")
    assert get_active(app).name == (candidate.name if done.verdict == "promoted" else before.name)
    points = job_points(app, job.job_id)
    assert [point.step for point in points if point.event == "step"][-1] >= 10
    assert all(point.loss is not None for point in points if point.event == "step")
    assert {point.phase for point in points} >= {"preparing", "training", "judging"}
    newer = job_points(app, job.job_id, after=points[-2].index)
    assert [point.index for point in newer] == [points[-1].index]


def test_what_is_judged_on_was_never_trained_on(app: App, supervisor: Supervisor) -> None:
    add_labels(app, 30)
    add_readings(app, 30, kept=True, first=0)  # the same words as near-duplicates of the labels
    job = request_retrain(app, TINY)
    supervisor.run_once(job.created_utc)

    manifest = json.loads((app.settings.runs_dir / str(job.job_id) / "manifest.json").read_text(encoding="utf-8"))

    groups = {
        split: {item["group"] for item in manifest["items"] if item["split"] == split}
        for split in ("train", "validation", "agreement")
    }
    assert groups["train"]
    assert groups["validation"]
    assert not groups["train"] & (groups["validation"] | groups["agreement"])
    assert {item["source"] for item in manifest["items"] if item["split"] == "validation"} == {"human"}
