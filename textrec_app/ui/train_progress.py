"""How far a training is, in words: phase, part done, time left."""

from textrec_app.services.retraining import JobView

PHASES = ("waiting", "preparing", "training", "judging", "done")
SHORT_S = 90.0


def find_phase(job: JobView) -> str:
    """One of `PHASES`."""
    if not job.is_active:
        return "done"
    return "waiting" if job.state == "queued" else job.phase if job.phase in PHASES else "preparing"


def compute_progress(job: JobView) -> float | None:
    """Part of the whole job that is done, 0 to 1; None where that cannot be said yet."""
    if not job.is_active:
        return 1.0
    return None if job.percent is None else job.percent / 100


def describe_left(job: JobView, rounds_left: str = "") -> str:
    """The time left in words; empty when the job is over.

    Args:
        job: its row.
        rounds_left: what may follow it.
    """
    if not job.is_active:
        return ""
    if job.state == "cancelling":
        return "It stops within two seconds."
    left_s = job.seconds_left
    if left_s is None:
        known = "time left: not known yet"
    elif left_s < SHORT_S:
        known = "about a minute left"
    else:
        known = f"about {round(left_s / 60)} min left"
    return f"{known}; {rounds_left}" if rounds_left else known
