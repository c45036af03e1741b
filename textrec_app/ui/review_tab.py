"""Review: one card, decided from the keyboard. The page keeps the queue; the server is asked over JSON."""

from typing import Any

import gradio as gr

from textrec_app.errors import ConflictError, InputError, NotFoundError, TextRecError
from textrec_app.services.context import App
from textrec_app.services.review_order import MAX_TWINS, OrderNote, Twin, explain_items
from textrec_app.services.reviewing import (
    Decision,
    DecisionResult,
    ReviewItem,
    crop_png,
    get_item,
    list_queue,
    read_crop,
    review_counts,
)
from textrec_app.services.reviewing import decide as record_decision
from textrec_app.services.reviewing import undo as undo_decision
from textrec_app.ui.access import Visitor, require_editor
from textrec_app.ui.arguments import take_list, take_number, take_text, take_whole_number
from textrec_app.ui.assets import load_asset, load_scripts
from textrec_app.ui.handlers import bind
from textrec_app.ui.pictures import bytes_to_url

SCRIPTS = ("review_queue.js", "review_twins.js", "review.js")
MAX_AHEAD = 100
MAX_DECISIONS = 50
MODEL_STATUSES = ("waiting", "kept")
"""Statuses of items that nobody has decided on."""


def create_review_tab(app: App) -> None:
    """Lay out the card and open its endpoints."""
    gr.HTML(
        value="",
        html_template=load_asset("review.html"),
        js_on_load=load_scripts(SCRIPTS),
        apply_default_css=False,
        elem_id="review",
    )
    gr.api(bind(app, list_pending, as_html=False), api_name="list_pending", queue=False)
    gr.api(bind(app, count_reviews, as_html=False), api_name="count_reviews", queue=False)
    gr.api(bind(app, decide, as_html=False), api_name="decide", queue=False)
    gr.api(bind(app, undo, as_html=False), api_name="undo", queue=False)


def list_pending(
    app: App, view: str = "waiting", order: str = "gain", limit: int = 20, held: list | None = None
) -> dict:
    """List the next items to review, with their crops, why they come now, their look-alikes, and the counts.

    Args:
        view: waiting, kept, accepted, corrected, rejected, skipped, all, or audit (what is left of the random sample).
        order: gain (what teaches most first), uncertain or newest.
        held: ids that the page has already; they are passed over.
    """
    passed_over = {take_whole_number(item_id, "held") for item_id in take_list(held or [], "held")}
    wanted = max(1, min(take_whole_number(limit, "limit"), MAX_AHEAD))
    shown, sorted_by = take_text(view, "view"), take_text(order, "order")
    items = list_queue(app, view=shown, order=sorted_by, limit=wanted + len(passed_over))
    fresh = [item for item in items if item.item_id not in passed_over][:wanted]
    notes = explain_items(app, [item.item_id for item in fresh])
    described = [describe_item(app, item) | describe_note(app, notes.get(item.item_id)) for item in fresh]
    return {"items": described, "counts": review_counts(app)}


def count_reviews(app: App) -> dict:
    """Count the items in each state."""
    return review_counts(app)


def decide(app: App, visitor: Visitor, decisions: list) -> list:
    """Record decisions in the order given; one answer each.

    Each decision is `{item_id, version, seen_status, action, text, client_uuid, seconds, with_twins, twins}`, action
    one of accept, correct, reject, skip, undo. With `with_twins` the near-duplicates are decided alike: those named in
    `twins` as [item_id, version], else those that there are; one undo takes all back. Repeating a client_uuid changes
    nothing. An answer has `ok`, `code` (done, repeated, stale, refused), `message`, `item`, `twins`.
    """
    if len(take_list(decisions, "decisions")) > MAX_DECISIONS:
        raise InputError(f"At most {MAX_DECISIONS} decisions go in one call, these are {len(decisions)}. Split them.")
    return [answer_decision(app, visitor, decision) for decision in decisions]


def undo(app: App, visitor: Visitor, client_uuid: str) -> dict:
    """Take back the visitor's newest decision; the same client_uuid again changes nothing."""
    return answer_decision(app, visitor, {"action": "undo", "client_uuid": client_uuid})


def answer_decision(app: App, visitor: Visitor, decision: dict[str, Any]) -> dict[str, Any]:
    """Record one decision or undo; a refusal is an answer, not an exception, so that the rest goes on."""
    try:
        require_editor(visitor)
        if not isinstance(decision, dict):
            raise InputError("A decision must be an object with item_id, version, action, client_uuid.")
        result = apply_seen_decision(app, visitor, decision)
    except ConflictError as error:
        fresh = find_fresh_item(app, decision)
        return {"ok": False, "code": "stale", "message": str(error), "item": fresh, "twins": []}
    except TextRecError as error:
        return {"ok": False, "code": "refused", "message": str(error), "item": None, "twins": []}
    return {
        "ok": True,
        "code": "repeated" if result.repeated else "done",
        "message": "",
        "item": describe_fresh(app, result.item),
        "twins": [{"item_id": item_id, "version": version} for item_id, version in result.twins],
    }


def apply_seen_decision(app: App, visitor: Visitor, decision: dict[str, Any]) -> DecisionResult:
    """Record a decision on what the person saw.

    When a new model has read the item again meanwhile and nobody decided, the decision still holds: it was on the
    crop and on the text that was shown. An accepted text that the model no longer says is kept as the person's own.

    Raises:
        ConflictError: somebody else has decided since.
    """
    try:
        return apply_decision(app, visitor, decision)
    except ConflictError:
        if decision.get("seen_status") not in MODEL_STATUSES:
            raise
        fresh = get_item(app, int(decision["item_id"]))
        if fresh.status not in MODEL_STATUSES:
            raise
        is_new_text = decision["action"] == "accept" and decision.get("text") not in (None, fresh.text)
        action = "correct" if is_new_text else decision["action"]
        return apply_decision(app, visitor, {**decision, "version": fresh.version, "action": action})


def apply_decision(app: App, visitor: Visitor, decision: dict[str, Any]) -> DecisionResult:
    """Hand one decision to the service.

    Raises:
        InputError: a field is missing or has the wrong type.
    """
    missing = [name for name in ("action", "client_uuid") if name not in decision]
    if missing:
        raise InputError(f"A decision lacks {missing[0]}. Send item_id, version, action, client_uuid.")
    action, client_uuid = take_text(decision["action"], "action"), take_text(decision["client_uuid"], "client_uuid")
    if action == "undo":
        return undo_decision(app, visitor.name, client_uuid)
    text, seconds = decision.get("text"), decision.get("seconds")
    wanted = Decision(
        item_id=take_whole_number(decision.get("item_id"), "item_id"),
        version=take_whole_number(decision.get("version"), "version"),
        action=action,
        text=None if text is None else take_text(text, "text"),
        client_uuid=client_uuid,
        who=visitor.name,
        seconds=None if seconds is None else take_number(seconds, "seconds"),
        twins=take_twins(decision.get("twins")),
    )
    return record_decision(app, wanted, decision.get("with_twins") is True)


def take_twins(value: object) -> tuple[tuple[int, int], ...] | None:
    """The near-duplicates that a decision names, None where it names none.

    Raises:
        InputError: they are no pairs of item_id and version, or too many.
    """
    if value is None:
        return None
    pairs = [take_list(pair, "twins") for pair in take_list(value, "twins")]
    if len(pairs) > MAX_TWINS or any(len(pair) != 2 for pair in pairs):
        raise InputError(f"`twins` must be at most {MAX_TWINS} pairs of item_id and version.")
    return tuple((take_whole_number(pair[0], "twins"), take_whole_number(pair[1], "twins")) for pair in pairs)


def describe_item(app: App, item: ReviewItem) -> dict[str, Any]:
    """The JSON of one item, crop included; where the crop's file is gone, `message` says so and `crop` is empty."""
    crop, message = "", ""
    try:
        crop = bytes_to_url(crop_png(app, item.item_id))
    except NotFoundError as error:
        message = f"There is no picture of this word: {error} Or reject the word."
    return {
        "item_id": item.item_id,
        "version": item.version,
        "status": item.status,
        "text": item.text,
        "model_text": item.model_text,
        "confidence": item.confidence,
        "picture_name": item.picture_name,
        "crop": crop,
        "message": message,
    }


def describe_note(app: App, note: OrderNote | None) -> dict[str, Any]:
    """The JSON of why an item comes now and of the near-duplicates that can be decided with it."""
    if note is None:
        return {"why": "", "n_alike": 1, "twins": []}
    return {"why": note.why, "n_alike": note.n_alike, "twins": [describe_twin(app, twin) for twin in note.twins]}


def describe_twin(app: App, twin: Twin) -> dict[str, Any]:
    """The JSON of a near-duplicate, crop included; `crop` is empty where its file is gone."""
    try:
        crop = bytes_to_url(read_crop(app, twin.crop_sha256))
    except NotFoundError:
        crop = ""
    return {
        "item_id": twin.item_id,
        "version": twin.version,
        "status": twin.status,
        "confidence": twin.confidence,
        "crop": crop,
        "picture_name": twin.picture_name,
    }


def describe_fresh(app: App, item: ReviewItem) -> dict[str, Any]:
    """The JSON of one item as it stands now, with its note."""
    return describe_item(app, item) | describe_note(app, explain_items(app, [item.item_id]).get(item.item_id))


def find_fresh_item(app: App, decision: dict[str, Any]) -> dict[str, Any] | None:
    """The item of a refused decision as it stands now; None for an undo."""
    return None if decision["action"] == "undo" else describe_fresh(app, get_item(app, int(decision["item_id"])))
