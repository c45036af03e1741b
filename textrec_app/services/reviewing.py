"""Review: a queue of items, a person's decisions on them, and undo. Nothing decided is ever overwritten."""

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from storage import audits, decisions, items
from storage.decisions import RepeatedUuidError, SupersededError
from storage.errors import MissingRowError, StaleVersionError
from storage.records import MODEL_STATUSES, EventRecord, ItemRecord, NewDecision, Polygon
from storage.schema import STATUSES
from textrec_app.domain import CropCharacter
from textrec_app.errors import USER_ERRORS, ConflictError, InputError, NotFoundError
from textrec_app.services.context import App
from textrec_app.services.recalibration import refit_from_decisions
from textrec_app.services.review_order import SLICE, explain_items, refresh_order

logger = logging.getLogger(__name__)

VIEWS = (*STATUSES, "all", "audit")
ORDERS = ("gain", "uncertain", "newest")
RESULTS = {"accept": "accepted", "correct": "corrected", "reject": "rejected", "skip": "skipped"}
"""What each action makes of an item."""

_PAGES = {"gain": items.list_by_gain, "uncertain": items.list_uncertain, "newest": items.list_newest}

REFIT_EVERY = 25
"""So many decisions further, the confidences are fitted to them once more."""

MAX_TEXT_LENGTH = 2000
MAX_UUID_LENGTH = 64


@dataclass(frozen=True)
class ReviewItem:
    """An item as a person reviews it.

    Attributes:
        version: sent back with the decision, so that nobody decides on what they did not see.
        text: a person's text if there is one, else the model's.
        confidence: calibrated probability that `model_text` is right; None if no model has read the item.
        characters: of `model_text`, with column spans relative to the crop's width.
        polygon: where the crop was in the upright picture.
        checkpoint: "name@version" of the recognizer that read it, "" if none has.
    """

    item_id: int
    version: int
    status: str
    text: str
    model_text: str
    confidence: float | None
    characters: tuple[CropCharacter, ...]
    crop_sha256: str
    crop_size_hw: tuple[int, int]
    picture_name: str
    polygon: Polygon
    checkpoint: str


@dataclass(frozen=True)
class Decision:
    """What a person decides: `action` is accept, correct, reject or skip; only `correct` takes a text.

    Attributes:
        version: the version of the item that was on the screen.
        client_uuid: made anew for each decision; the same one sent again changes nothing.
        seconds: time spent on the item.
        twins: (item id, version) of the near-duplicates on the screen; None takes those that there are now.
    """

    item_id: int
    version: int
    action: str
    text: str | None
    client_uuid: str
    who: str
    seconds: float | None = None
    twins: tuple[tuple[int, int], ...] | None = None


@dataclass(frozen=True)
class DecisionResult:
    """The item after a decision or undo; `repeated` when the same uuid had been handled before.

    Attributes:
        twins: (item id, version) of those that were decided, or given back, together with it.
    """

    item: ReviewItem
    event_id: int
    repeated: bool
    twins: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class EventRow:
    """One line of an item's history; `undoes_id` names the event that an undo took back."""

    event_id: int
    who: str
    made_utc: datetime
    action: str
    from_status: str
    from_text: str | None
    to_status: str
    to_text: str | None
    undoes_id: int | None
    seconds: float | None


def list_queue(
    app: App, view: str = "waiting", order: str = "gain", limit: int = 20, after: int | None = None
) -> list[ReviewItem]:
    """A page of a queue.

    Args:
        app: the opened application.
        view: a status, `all`, or `audit`: what is left of the newest audit, in the order in which it was drawn.
        order: `gain` (where a decision is expected to teach most first), `uncertain` (confidence nearest to one half
            first) or `newest`; an audit has its own.
        limit: at most so many items.
        after: continue behind the item with this id.

    Raises:
        InputError: unknown view or order, or a limit below 1.
    """
    if view not in VIEWS:
        raise InputError(f"There is no view {view!r}; choose one of {', '.join(VIEWS)}.")
    if order not in ORDERS:
        raise InputError(f"There is no order {order!r}; choose one of {', '.join(ORDERS)}.")
    if limit < 1:
        raise InputError(f"The limit must be at least 1, not {limit}.")
    refresh_order(app, SLICE)
    if view == "audit":
        return [_to_item(record) for record in _list_audit(app, limit, after)]
    statuses = STATUSES if view == "all" else (view,)
    return [_to_item(record) for record in _PAGES[order](app.store, statuses, limit, after)]


def decide(app: App, decision: Decision, with_twins: bool = False) -> DecisionResult:
    """Put a person's decision in force, for its near-duplicates too if wished; one undo takes all of it back.

    Raises:
        InputError: unknown action, no text to correct to or to accept, or text that cannot be stored.
        NotFoundError: there is no such item.
        ConflictError: the item changed since the person saw it, or the uuid was used for something else.
    """
    _check_decision(app, decision)
    new = NewDecision(
        item_id=decision.item_id,
        seen_version=decision.version,
        action=decision.action,
        to_status=RESULTS[decision.action],
        to_text=decision.text if decision.action == "correct" else None,
        who=decision.who,
        client_uuid=decision.client_uuid,
        seconds=decision.seconds,
    )
    with _explained():
        twins = _find_twins(app, decision) if with_twins else ()
        event = decisions.add_decision(app.store, new, twins)
    if not event.repeated and _passes_refit(event):
        _refit(app, decision.who)
    return _to_result(app, event)


def undo(app: App, who: str, client_uuid: str) -> DecisionResult:
    """Take back the newest decision of this person that still stands; status and text return.

    Raises:
        NotFoundError: there is nothing to undo.
        ConflictError: someone decided on that item again since.
    """
    _check_sender(who, client_uuid)
    with _explained():
        return _to_result(app, decisions.undo_last(app.store, who, client_uuid))


def review_counts(app: App) -> dict[str, int]:
    """How many items each view holds."""
    counts = items.count_by_status(app.store)
    return counts | {"all": sum(counts.values())}


def get_item(app: App, item_id: int) -> ReviewItem:
    """One item as it stands.

    Raises:
        NotFoundError: there is no such item.
    """
    with _explained():
        return _to_item(items.get_item(app.store, item_id))


def crop_png(app: App, item_id: int) -> bytes:
    """The crop of an item as PNG.

    Raises:
        NotFoundError: there is no such item, or its file is gone.
    """
    with _explained():
        return app.store.files.read(items.get_item(app.store, item_id).crop_sha256)


def read_crop(app: App, crop_sha256: str) -> bytes:
    """A crop as PNG, by its hash.

    Raises:
        NotFoundError: its file is gone.
    """
    with _explained():
        return app.store.files.read(crop_sha256)


def item_history(app: App, item_id: int) -> list[EventRow]:
    """Everything that people did to an item, oldest first.

    Raises:
        NotFoundError: there is no such item.
    """
    with _explained():
        items.get_item(app.store, item_id)
    return [_to_event(record) for record in decisions.list_events(app.store, item_id)]


def check_label(text: str) -> None:
    """Check that a text can be stored as a label exactly as typed.

    Raises:
        InputError: empty, far too long, or not valid Unicode.
    """
    if not text.strip():
        raise InputError("A correction needs a text. Reject the item if there is nothing to read in it.")
    if len(text) > MAX_TEXT_LENGTH:
        raise InputError(f"The text has {len(text)} characters; at most {MAX_TEXT_LENGTH} are stored for one item.")
    if "\0" in text or any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        raise InputError("The text holds a character that is not valid Unicode text. Type it again.")


def _list_audit(app: App, limit: int, after: int | None) -> list[ItemRecord]:
    """What is left to judge of the newest audit; an item that somebody decided on meanwhile is done."""
    latest = audits.find_latest_audit(app.store)
    if latest is None:
        return []
    drawn = audits.list_audit_items(app.store, latest.audit_id)
    first = next((place for place, item in enumerate(drawn, 1) if item.item_id == after), 0)
    left = [item.item_id for item in drawn[first:] if item.status in MODEL_STATUSES]
    return items.list_items_in_order(app.store, left[:limit])


def _find_twins(app: App, decision: Decision) -> tuple[tuple[int, int], ...]:
    if decision.twins is not None:
        return decision.twins
    notes = explain_items(app, [decision.item_id])
    return tuple((twin.item_id, twin.version) for note in notes.values() for twin in note.twins)


def _passes_refit(event: EventRecord) -> bool:
    """Whether a decision, with its twins, is or passes a 25th event of the store."""
    last = event.event_id + len(event.twin_ids)
    return (event.event_id - 1) // REFIT_EVERY != last // REFIT_EVERY


def _refit(app: App, who: str) -> None:
    """Let the confidences learn from the decisions; the decision stands whatever comes of that."""
    try:
        refit_from_decisions(app, who)
    except USER_ERRORS:
        logger.exception("the confidences were not fitted to the decisions")


def _check_decision(app: App, decision: Decision) -> None:
    _check_sender(decision.who, decision.client_uuid)
    if decision.action not in RESULTS:
        raise InputError(f"There is no action {decision.action!r}; choose one of {', '.join(RESULTS)}.")
    if decision.seconds is not None and not (math.isfinite(decision.seconds) and decision.seconds >= 0):
        raise InputError(f"The time spent must be a number of seconds, not {decision.seconds}.")
    if decision.action == "correct":
        check_label(decision.text or "")
    if decision.action == "accept" and not get_item(app, decision.item_id).text:
        raise InputError("There is no text to accept. Type what the crop says, or reject it.")


def _check_sender(who: str, client_uuid: str) -> None:
    if not who:
        raise InputError("A decision needs the name of the person who makes it.")
    if not 1 <= len(client_uuid) <= MAX_UUID_LENGTH:
        raise InputError(f"A decision needs a client_uuid of 1 to {MAX_UUID_LENGTH} characters.")


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what the store objects to into a sentence for the person."""
    try:
        yield
    except StaleVersionError as error:
        raise ConflictError(
            f"Item {error.item_id} changed since you saw it: you saw version {error.seen_version},"
            f" it is now version {error.current_version}. Look at it again and decide anew."
        ) from error
    except SupersededError as error:
        raise ConflictError(f"Cannot undo: {error}. Open the item to change it.") from error
    except RepeatedUuidError as error:
        raise ConflictError(f"{error}. Reload the page and try again.") from error
    except MissingRowError as error:
        raise NotFoundError(f"{str(error)[:1].upper()}{str(error)[1:]}.") from error


def _to_result(app: App, event: EventRecord) -> DecisionResult:
    item = _to_item(items.get_item(app.store, event.item_id))
    twins = items.list_items_by_id(app.store, event.twin_ids) if event.twin_ids else []
    return DecisionResult(item, event.event_id, event.repeated, tuple((twin.item_id, twin.version) for twin in twins))


def _to_item(record: ItemRecord) -> ReviewItem:
    checkpoint = record.checkpoint
    return ReviewItem(
        item_id=record.item_id,
        version=record.version,
        status=record.status,
        text=record.text,
        model_text=record.model_text or "",
        confidence=record.confidence,
        characters=tuple(
            CropCharacter(character.text, character.confidence, character.start_rel, character.end_rel)
            for character in record.characters
        ),
        crop_sha256=record.crop_sha256,
        crop_size_hw=record.crop_size_hw,
        picture_name=record.picture_name,
        polygon=record.polygon,
        checkpoint="" if checkpoint is None else f"{checkpoint.name}@{checkpoint.version}",
    )


def _to_event(record: EventRecord) -> EventRow:
    return EventRow(
        event_id=record.event_id,
        who=record.who,
        made_utc=record.made_utc,
        action=record.action,
        from_status=record.from_status,
        from_text=record.from_text,
        to_status=record.to_status,
        to_text=record.to_text,
        undoes_id=record.undoes_id,
        seconds=record.seconds,
    )
