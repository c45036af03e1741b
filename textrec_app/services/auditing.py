"""How right is what is kept unseen: a random sample of it, judged by a person in Review like any item."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from storage import audits
from storage.audits import AuditItemRecord, AuditRecord, NewAudit
from storage.records import LABEL_STATUSES, MODEL_STATUSES
from textrec_app.errors import InputError
from textrec_app.evaluation.intervals import compute_exact_interval
from textrec_app.services.context import App

DEFAULT_SIZE = 60
MAX_SIZE = 2000


@dataclass(frozen=True)
class AuditView:
    """What the newest audit says of the words that were kept unseen when it was drawn.

    Only the sample's beginning, up to the first word that nobody decided on, is counted: that much is a random sample
    whatever made people decide on later words out of turn.

    Attributes:
        audit_id: None where no sample was ever drawn; all else is then 0 or None.
        size: words drawn.
        decided: of them, those that count: judged, without a gap, in the order in which they were drawn.
        right: counted words whose text, as it was read then, a person found right.
        skipped: counted words on which the person could not say; they count as wrong for `ci_low`, as right for
            `ci_high`, and not at all for `precision`.
        early: words judged out of turn, which will count when those before them are judged.
        precision: right / (decided - skipped); None before the first.
        ci_low: lower end of the exact 95 % interval.
        ci_high: its upper end.
        population: words that were kept unseen when the sample was drawn.
        kept_now: words that are kept unseen now.
        reread: words of the sample that the model reads anew since; they are still judged as they were read then.
        is_current: whether the model in use is the one whose readings were drawn.
        sentence: all of it in words, with what to do next.
    """

    audit_id: int | None
    made_utc: datetime | None
    size: int
    decided: int
    right: int
    skipped: int
    early: int
    precision: float | None
    ci_low: float | None
    ci_high: float | None
    population: int
    kept_now: int
    reread: int
    is_current: bool
    sentence: str


def start_audit(app: App, who: str, size: int = DEFAULT_SIZE, seed: int | None = None) -> AuditView:
    """Draw a new sample, uniformly at random, of what is kept unseen; it takes the place of the one before.

    Args:
        app: the opened application.
        who: the person who asks.
        size: words to draw; all that are kept where there are fewer.
        seed: of the drawing; None draws anew each time.

    Raises:
        InputError: nothing is kept, or a size that makes no sense.
    """
    if not 1 <= size <= MAX_SIZE:
        raise InputError(f"An audit looks at 1 to {MAX_SIZE} words, not {size}; {DEFAULT_SIZE} are usual.")
    kept = audits.list_kept_ids(app.store)
    if not kept:
        raise InputError("Nothing is kept unseen yet, so there is nothing to check. Harvest pictures first.")
    drawn = np.random.default_rng(seed).choice(kept, size=min(size, len(kept)), replace=False)
    item_ids = tuple(int(item_id) for item_id in drawn)
    checkpoint = app.models.get_active().checkpoint
    audits.add_audit(app.store, NewAudit(who, checkpoint.sha256, len(kept), item_ids))
    return audit_view(app)


def audit_view(app: App) -> AuditView:
    """What the newest audit says so far."""
    kept_now = audits.count_kept(app.store)
    latest = audits.find_latest_audit(app.store)
    if latest is None:
        advice = (
            f"Draw a sample of the {kept_now:,} words that are kept unseen to learn how many of them are right."
            if kept_now
            else "Nothing is kept unseen yet. Harvest pictures first."
        )
        return AuditView(None, None, 0, 0, 0, 0, 0, None, None, None, 0, kept_now, 0, False, advice)
    is_current = latest.checkpoint_sha256 == app.models.get_active().checkpoint.sha256
    return _judge(latest, audits.list_audit_items(app.store, latest.audit_id), kept_now, is_current)


def _judge(audit: AuditRecord, drawn: Sequence[AuditItemRecord], kept_now: int, is_current: bool) -> AuditView:
    undecided = [place for place, item in enumerate(drawn) if item.status in MODEL_STATUSES]
    counted = drawn[: undecided[0]] if undecided else drawn
    right = sum(item.status in LABEL_STATUSES and item.person_text == item.text for item in counted)
    skipped = sum(item.status == "skipped" for item in counted)
    judged = len(counted) - skipped
    low, high = _bound(right, skipped, len(counted), audit.population)
    view = AuditView(
        audit_id=audit.audit_id,
        made_utc=audit.made_utc,
        size=audit.size,
        decided=len(counted),
        right=right,
        skipped=skipped,
        early=len(drawn) - len(undecided) - len(counted),
        precision=right / judged if judged else None,
        ci_low=low,
        ci_high=high,
        population=audit.population,
        kept_now=kept_now,
        reread=sum(item.is_reread for item in drawn),
        is_current=is_current,
        sentence="",
    )
    return _with_sentence(view)


def _bound(right: int, skipped: int, n: int, population: int) -> tuple[float | None, float | None]:
    """The interval of the share that is right, whatever the skipped ones are; a census has no error of sampling."""
    if not n:
        return None, None
    if n >= population:
        return right / n, (right + skipped) / n
    return compute_exact_interval(right, n)[0], compute_exact_interval(right + skipped, n)[1]


def _with_sentence(view: AuditView) -> AuditView:
    return AuditView(**{**vars(view), "sentence": " ".join(_describe(view))})


def _describe(view: AuditView) -> list[str]:
    left = view.size - view.decided - view.early
    parts = []
    if view.ci_low is None or view.ci_high is None:
        parts.append(f"A sample of {view.size} out of {view.population:,} kept words waits for you.")
    else:
        parts.append(
            f"{view.right} of {view.decided - view.skipped} checked words are right: between {100 * view.ci_low:.1f} "
            f"and {100 * view.ci_high:.1f} % of the {view.population:,} words kept unseen (95 % certain)."
        )
    if view.skipped:
        parts.append(f"{view.skipped} skipped ones may be either, which widens the range.")
    if not view.is_current:
        parts.append("That holds for the model before; draw a new sample for the one in use.")
    elif view.reread:
        parts.append(f"{view.reread} of them are read anew since and count as they were read then.")
    if left and view.is_current:
        parts.append(f"{left} more to check; each makes the range narrower.")
    return parts
