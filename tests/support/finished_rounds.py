"""Series whose rounds are over, put into the store as they stand at the end, with what both models read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage import checkpoints
from storage.checkpoints import Switch
from storage.schema_jobs import Job, JobEvent, Series
from tests.support.checkpoints import save_tiny_recognizer
from tests.support.pictures import draw_word
from textrec_app.services.checkpoints import add_candidate
from textrec_app.services.context import App
from textrec_app.services.crops import encode_png
from textrec_app.services.gating import SetReadings, readings_to_json
from textrec_app.services.snapshots import get_run_dir
from textrec_app.training.manifest import GATE_FILE

KEPT, WAITING = 30, 12


@dataclass(frozen=True)
class Round:
    """How a round ended: its verdict, and the share of labels read right before and after."""

    verdict: str
    before: float
    after: float


@dataclass(frozen=True)
class Word:
    """What two models read in one crop; `text` is empty where nobody knows what it says."""

    text: str
    before: str
    after: str


def add_series(app: App, rounds: Sequence[Round], message: str) -> list[int]:
    """A series at its end; the candidate of each round is known, those that were promoted came into use.

    Returns:
        The ids of the jobs.
    """
    now = datetime.now(UTC)
    with app.store.write() as session:
        series = Series(
            created_utc=now,
            finished_utc=now,
            requested_by="ana",
            recipe="adapt",
            minutes=10.0,
            max_rounds=5,
            state="finished",
            message=message,
        )
        session.add(series)
        session.flush()
        rows = [_make_job(series.id, number, item, now) for number, item in enumerate(rounds, start=1)]
        session.add_all(rows)
        session.flush()
        job_ids = [row.id for row in rows]
        for row in rows:
            row.checkpoint = f"recognizer-job-{row.id}"
            stock = {"when": "before", "kept": KEPT, "waiting": WAITING}
            session.add(JobEvent(job_id=row.id, kind="stock", line=None, data=stock, created_utc=now))
    for job_id, item in zip(job_ids, rounds, strict=True):
        _add_candidate(app, job_id, item)
    return job_ids


def write_readings(app: App, job_id: int, words: Sequence[Word]) -> None:
    """The gate's file of a job: labelled words, and words that nobody labelled; their crops are in the store."""
    run_dir = get_run_dir(app, job_id)
    run_dir.mkdir(parents=True, exist_ok=True)
    labelled, unlabelled = [word for word in words if word.text], [word for word in words if not word.text]
    sets = [_to_set(app, "labels", labelled, views=0), _to_set(app, "agreement", unlabelled, views=3)]
    (run_dir / GATE_FILE).write_text(readings_to_json([item for item in sets if item.keys]), encoding="utf-8")


def _make_job(series_id: int, number: int, item: Round, now: datetime) -> Job:
    return Job(
        kind="retrain",
        state="succeeded",
        recipe="adapt",
        minutes=10.0,
        seed=1,
        base_checkpoint="recognizer",
        requested_by="ana",
        created_utc=now,
        started_utc=now,
        finished_utc=now + timedelta(minutes=9),
        attempt=1,
        step=100,
        total_steps=100,
        phase="finished",
        message="judged",
        verdict=item.verdict,
        reasons=[f"Words right: {item.before:.0%} before, {item.after:.0%} after."],
        before={"labels": item.before, "anchor": 0.9},
        after={"labels": item.after, "anchor": 0.9},
        series_id=series_id,
        round_number=number,
    )


def _add_candidate(app: App, job_id: int, item: Round) -> Path:
    name = f"recognizer-job-{job_id}"
    weights = save_tiny_recognizer(app.settings.checkpoints_dir, name, seed=500 + job_id)
    add_candidate(app, weights, name, f"job {job_id}", "ana")
    is_promoted = item.verdict == "promoted"
    gate = {"job": job_id, "verdict": item.verdict, "reasons": ["Compared."], "sets": []}
    checkpoints.set_checkpoint_state(app.store, name, "candidate" if is_promoted else "rejected", gate)
    if is_promoted:
        checkpoints.switch_pointer(app.store, Switch(name, "promote", "ana", f"job {job_id}"))
    return weights


def _to_set(app: App, name: str, words: Sequence[Word], views: int) -> SetReadings:
    crops = [draw_word(word.text or f"word {index}", seed=7000 + index) for index, word in enumerate(words)]
    return SetReadings(
        name=name,
        keys=tuple(app.store.files.add(encode_png(crop)) for crop in crops),
        texts=tuple(word.text for word in words),
        kinds=("",) * len(words),
        before=tuple((word.before,) * (1 + views) for word in words),
        after=tuple((word.after,) * (1 + views) for word in words),
    )
