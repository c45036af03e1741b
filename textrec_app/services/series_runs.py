"""The worker's side of a series: after each round, go on to the next or say why it ends."""

import logging
from datetime import UTC, datetime

from storage import checkpoints, items, jobs, series, snapshots
from storage.checkpoints import SwitchRecord
from storage.jobs import JobRecord, NewJob
from storage.series import NewRound, SeriesRecord
from textrec_app.errors import USER_ERRORS
from textrec_app.evaluation.gate_scores import CHANGES, LABELS
from textrec_app.services import concluding
from textrec_app.services.context import App
from textrec_app.services.job_runs import close_overtaken
from textrec_app.services.recalibration import refit_from_decisions
from textrec_app.services.rounds import STOCK, UNDECIDED

logger = logging.getLogger(__name__)

SURE = 0.9
NO_GAIN = "No measurable gain"
NEXT_STEP = "To get further, review some words or harvest more, then retrain."
ACTIONS = {
    "promote": "put {name} in use",
    "overrule": "put {name} in use against the gate",
    "rollback": "went back to {name}",
}


def advance(app: App) -> bool:
    """Go on with the running series when its newest round is over; it can be repeated after a kill at any point.

    What waits is read again after a promotion, and confidences follow the decisions that people made meanwhile.

    Returns:
        Whether another round was queued.
    """
    record = series.find_running_series(app.store)
    if record is None:
        return False
    newest = series.list_rounds(app.store, [record.id])[-1]
    if newest.state in jobs.ACTIVE_STATES:
        return False
    try:
        if newest.verdict == "promoted":
            concluding.catch_up(app)
        if newest.state == "succeeded":
            refit_from_decisions(app, record.requested_by)
        end = _find_end(app, record, newest)
    except USER_ERRORS as error:
        end = f"The series ended after round {newest.round_number}, because what waits could not be read again: {error}"
    note_stock(app, newest, "after")
    if end is not None:
        _finish(app, record, end)
        return False
    return _queue_next(app, record, newest)


def note_stock(app: App, job: JobRecord, when: str) -> None:
    """Write down once how many items are kept and waiting: "before" a round learns from them, and "after" it."""
    known = series.list_notes(app.store, [job.id], STOCK)[job.id]
    if any(note["when"] == when for note in known):
        return
    counts = items.count_by_status(app.store)
    jobs.add_event(app.store, job.id, STOCK, {"when": when} | {status: counts[status] for status in UNDECIDED})


def close_if_overtaken(app: App, job: JobRecord) -> bool:
    """Close a further round that did not begin yet if a person put another model in use meanwhile.

    Returns:
        Whether it was closed.
    """
    if (job.round_number or 1) == 1 or snapshots.find_snapshot(app.store, job.id) is not None:
        return False
    active = _find_active_name(app)
    if active == job.base_checkpoint:
        return False
    close_overtaken(app, job, f"{active} was put in use before it began")
    return True


def give_up(app: App, error: BaseException) -> None:
    """End a series that cannot be gone on with, so that the next one gets its turn."""
    record = series.find_running_series(app.store)
    if record is not None and jobs.find_active_job(app.store) is None:
        _finish(app, record, f"The series ended on an error in the program ({error}); the log has more. Retrain.")


def _finish(app: App, record: SeriesRecord, message: str) -> None:
    series.finish_series(app.store, record.id, message, datetime.now(UTC))
    logger.info("series %d: %s", record.id, message)


def _queue_next(app: App, record: SeriesRecord, newest: JobRecord) -> bool:
    base = newest.checkpoint or newest.base_checkpoint
    job = NewJob(record.recipe, record.minutes, newest.seed + 1, base, record.requested_by)
    queued = series.add_round(app.store, NewRound(record.id, newest.id, job))
    if queued is None:
        return False
    logger.info("series %d: round %s is job %d", record.id, queued.round_number, queued.id)
    return True


def _find_end(app: App, record: SeriesRecord, newest: JobRecord) -> str | None:
    """Why the series ends with its newest round, None to go on."""
    switch = _find_switch(app, newest)
    if switch is not None:
        return _describe_switch(switch, newest)
    if newest.state != "succeeded":
        return f"Round {newest.round_number} did not come to its end: {newest.message}"
    if newest.verdict != "promoted":
        return _describe_rejection(newest)
    if not _is_measurable(app, newest):
        return (
            f"Round {newest.round_number} gained too little to be sure of, so no further one follows: "
            f"{' '.join(newest.reasons)} "
            f"Its model is in use. {NEXT_STEP}"
        )
    if (newest.round_number or 1) >= record.max_rounds:
        return _describe_whole(record)
    return None


def _describe_whole(record: SeriesRecord) -> str:
    if record.max_rounds == 1:
        return "The round is done, and its model is in use."
    return f"All {record.max_rounds} rounds are done, each brought something, and the last one's model is in use."


def _describe_rejection(job: JobRecord) -> str:
    is_level = bool(job.reasons) and job.reasons[0].startswith(NO_GAIN)
    found = "brought nothing measurable" if is_level else "was rejected"
    return f"Round {job.round_number} {found}: {' '.join(job.reasons)} The model from before it stays in use."


def _find_switch(app: App, job: JobRecord) -> SwitchRecord | None:
    """What somebody put in use since a round began, where that is not its own result."""
    switches = checkpoints.list_switches(app.store, "recognizer")
    if not switches or (job.verdict == "promoted" and switches[-1].to_name == job.checkpoint):
        return None
    began = job.started_utc or job.created_utc
    return switches[-1] if switches[-1].changed_utc > began else None


def _describe_switch(switch: SwitchRecord, job: JobRecord) -> str:
    did = ACTIONS.get(switch.action, "put {name} in use").format(name=switch.to_name)
    told = f"{switch.changed_by} {did} since round {job.round_number} began, so the series ended."
    return f"{told} Retrain to go on from it."


def _find_active_name(app: App) -> str | None:
    pointer = checkpoints.find_pointer(app.store, "recognizer")
    return None if pointer is None else pointer.checkpoint.name


def _is_measurable(app: App, job: JobRecord) -> bool:
    """Whether the reader's own words became better, reviewed or not, and that is hardly luck."""
    record = checkpoints.find_checkpoint(app.store, job.checkpoint or "")
    if record is None or record.gate.get("job") != job.id:
        return False
    own = [item for item in record.gate.get("sets", ()) if item["name"] in (LABELS, CHANGES)]
    return any(item["delta"] > 0 and item["chance_better"] >= SURE for item in own)
