"""The end of a retraining: judge the candidate, keep it, and put it in use or not."""

import logging
from datetime import UTC, datetime
from typing import Any

from models.weights import copy_weights
from storage import checkpoints, jobs
from storage.checkpoints import CheckpointRecord, Switch
from storage.jobs import JobRecord, Outcome
from textrec_app.errors import USER_ERRORS
from textrec_app.evaluation.gate import Judgement
from textrec_app.services.active_weights import PROGRAM
from textrec_app.services.checkpoints import add_candidate, check_loads, put_in_use
from textrec_app.services.context import App
from textrec_app.services.gating import judge_readings, judgement_to_dict, readings_from_json
from textrec_app.services.job_runs import close_failed, follow_progress
from textrec_app.services.rescoring import rescore
from textrec_app.services.snapshots import get_run_dir
from textrec_app.training.manifest import GATE_FILE, load_config

logger = logging.getLogger(__name__)

DAMAGED = (OSError, ValueError, KeyError)


def conclude(app: App, job: JobRecord) -> None:
    """Judge what a finished training process left, keep the candidate, promote or reject it, close the job.

    It can be repeated after a kill at any point: what was done already is not done twice.
    """
    try:
        outcome = _judge_and_switch(app, job)
    except (*USER_ERRORS, *DAMAGED) as error:
        logger.exception("job %d cannot be concluded", job.id)
        close_failed(app, job, f"The training ended, but its result cannot be used: {error}")
        return
    follow_progress(app, job.id)
    jobs.finish_job(app.store, job.id, outcome, datetime.now(UTC))
    logger.info("job %d: %s %s", job.id, outcome.verdict, " ".join(outcome.reasons))
    if outcome.verdict == "promoted":
        put_in_use(app, job.requested_by)


def catch_up(app: App) -> None:
    """Read again what still waits with readings of a model that is not in use any more.

    That is so when the program was killed between a promotion and its end, or was upgraded.
    """
    rescore(app, PROGRAM)


def _judge_and_switch(app: App, job: JobRecord) -> Outcome:
    run_dir = get_run_dir(app, job.id)
    config = load_config(run_dir)
    judgement = judge_readings(readings_from_json((run_dir / GATE_FILE).read_text(encoding="utf-8")))
    target = copy_weights(run_dir / "recognizer.safetensors", app.settings.checkpoints_dir, config.candidate)
    check_loads(target, "recognizer")
    record = add_candidate(app, target, config.candidate, f"job {job.id}", job.requested_by)
    reasons = list(judgement.reasons)
    if record.name != config.candidate:
        reasons.append(f"Training changed nothing: these are the weights of {record.name}.")
    pointer = checkpoints.find_pointer(app.store, "recognizer")
    active = "" if pointer is None else pointer.checkpoint.name
    if active not in (config.base_name, record.name):
        reasons.append(
            f"{active} was put in use while this one was trained and compared with {config.base_name}; compare the two "
            "in Models, then overrule if it is better."
        )
    return _settle(app, job, record, judgement, reasons)


def _settle(app: App, job: JobRecord, record: CheckpointRecord, judgement: Judgement, reasons: list[str]) -> Outcome:
    verdict = "rejected" if reasons else "promoted"
    gate: dict[str, Any] = judgement_to_dict(judgement) | {"verdict": verdict, "reasons": reasons, "job": job.id}
    if record.origin == f"job {job.id}":
        checkpoints.set_checkpoint_state(app.store, record.name, "rejected" if reasons else "candidate", gate)
    if verdict == "promoted":
        note = f"job {job.id}: {' '.join(judgement.gains)}"
        checkpoints.switch_pointer(app.store, Switch(record.name, "promote", job.requested_by, note))
    message = "the candidate is in use" if verdict == "promoted" else "the gate rejected the candidate; nothing changed"
    return Outcome(
        state="succeeded",
        message=message,
        verdict=verdict,
        reasons=tuple(reasons or judgement.gains),
        before=judgement.before,
        after=judgement.after,
        checkpoint=record.name,
    )
