"""Review: what a person decides is kept exactly, once, and can be taken back."""

from dataclasses import replace
from pathlib import Path

import pytest

from storage import items, pictures
from tests.support.pictures import draw_word
from tests.support.rows import make_items
from textrec_app.errors import ConflictError, InputError, NotFoundError
from textrec_app.services.context import App, open_app
from textrec_app.services.crops import decode_png
from textrec_app.services.harvesting import HarvestOptions, harvest
from textrec_app.services.reviewing import (
    Decision,
    ReviewItem,
    crop_png,
    decide,
    get_item,
    item_history,
    list_queue,
    review_counts,
    undo,
)

EXACT_TEXTS = (
    "e\u0301",
    "é",
    "ﬁ",
    "Ⅷ",
    "नमस्ते",
    "日本語",
    "👩\u200d👩\u200d👧",
    " x ",
    "<img onerror=x>",
    "=1+1",
    "ע\u200fב",
)


@pytest.fixture
def queue(app: App) -> list[ReviewItem]:
    make_items(app.store, [("Hotel", 0.5), ("Cafe", 0.4), ("Bar", 0.95)])
    return list_queue(app, "all", "newest")[::-1]


def _decision(item: ReviewItem, action: str, text: str | None = None, uuid: str = "uuid-1") -> Decision:
    return Decision(item.item_id, item.version, action, text, uuid, "ana", 2.0)


@pytest.mark.parametrize(
    ("action", "text", "status", "best"),
    [
        ("accept", None, "accepted", "Hotel"),
        ("correct", "Hôtel ", "corrected", "Hôtel "),
        ("reject", None, "rejected", "Hotel"),
        ("skip", None, "skipped", "Hotel"),
    ],
)
def test_each_action_moves_the_item_and_undo_brings_it_back(
    app: App, queue: list[ReviewItem], action: str, text: str | None, status: str, best: str
) -> None:
    result = decide(app, _decision(queue[0], action, text))
    assert (result.item.status, result.item.text, result.item.model_text) == (status, best, "Hotel")
    assert not result.repeated
    assert result.item.item_id in [item.item_id for item in list_queue(app, status)]
    back = undo(app, "ana", "uuid-2")
    assert replace(back.item, version=queue[0].version) == queue[0]
    assert back.item.version == queue[0].version + 2
    assert [event.action for event in item_history(app, queue[0].item_id)] == [action, "undo"]


def test_a_decision_sent_twice_counts_once(app: App, queue: list[ReviewItem]) -> None:
    first = decide(app, _decision(queue[0], "accept"))
    again = decide(app, _decision(queue[0], "accept"))
    assert again == replace(first, repeated=True)
    assert len(item_history(app, queue[0].item_id)) == 1


def test_a_stale_decision_names_both_versions(app: App, queue: list[ReviewItem]) -> None:
    decide(app, _decision(queue[0], "accept"))
    with pytest.raises(ConflictError, match=r"version 1, it is now version 2"):
        decide(app, _decision(queue[0], "reject", uuid="uuid-2"))


@pytest.mark.parametrize("text", [None, "", "   ", "\ud800", "a\0b", "x" * 2001])
def test_a_correction_needs_a_text_that_can_be_kept(app: App, queue: list[ReviewItem], text: str | None) -> None:
    with pytest.raises(InputError):
        decide(app, _decision(queue[0], "correct", text))
    assert get_item(app, queue[0].item_id) == queue[0]


@pytest.mark.parametrize(
    "text",
    ["e\u0301", "é", "ﬁ", "Ⅷ", "नमस्ते", "日本語", "👩\u200d👩\u200d👧", " x ", "<img onerror=x>", "=1+1", "ע\u200fב"],
)
def test_the_exact_unicode_comes_back(app: App, queue: list[ReviewItem], text: str) -> None:
    assert decide(app, _decision(queue[0], "correct", text)).item.text == text
    assert get_item(app, queue[0].item_id).text == text


@pytest.mark.parametrize(
    "changes",
    [{"action": "delete"}, {"who": ""}, {"client_uuid": ""}, {"client_uuid": "x" * 65}, {"seconds": float("nan")}],
)
def test_a_malformed_decision_is_refused(app: App, queue: list[ReviewItem], changes: dict[str, object]) -> None:
    with pytest.raises(InputError):
        decide(app, replace(_decision(queue[0], "accept"), **changes))  # type: ignore[arg-type]


def test_an_empty_reading_cannot_be_accepted(app: App) -> None:
    make_items(app.store, [("", 0.3)])
    (item,) = list_queue(app)
    with pytest.raises(InputError, match="no text to accept"):
        decide(app, _decision(item, "accept"))


def test_unknown_items_and_empty_histories_are_told(app: App, queue: list[ReviewItem]) -> None:
    with pytest.raises(NotFoundError, match="no item 999"):
        decide(app, replace(_decision(queue[0], "reject"), item_id=999))
    with pytest.raises(NotFoundError):
        crop_png(app, 999)
    with pytest.raises(NotFoundError):
        item_history(app, 999)
    with pytest.raises(NotFoundError, match="There is no decision of zoe to undo"):
        undo(app, "zoe", "uuid-9")


def test_undo_does_not_take_back_another_persons_decision(app: App, queue: list[ReviewItem]) -> None:
    mine = decide(app, _decision(queue[0], "accept")).item
    decide(app, replace(_decision(mine, "correct", "Motel", "uuid-2"), who="ben"))
    with pytest.raises(ConflictError, match="Cannot undo"):
        undo(app, "ana", "uuid-3")
    assert get_item(app, mine.item_id).text == "Motel"


def test_views_and_counts_agree(app: App, queue: list[ReviewItem]) -> None:
    decide(app, _decision(queue[0], "accept"))
    counts = review_counts(app)
    assert counts == {
        "waiting": 1, "kept": 1, "accepted": 1, "corrected": 0, "rejected": 0, "skipped": 0, "all": 3,
    }  # fmt: skip
    for view, count in counts.items():
        assert len(list_queue(app, view)) == count


@pytest.mark.parametrize("order", ["uncertain", "newest"])
def test_pages_hold_every_item_once(app: App, order: str) -> None:
    make_items(app.store, [(f"word {index}", 0.1 + index / 20) for index in range(15)])
    seen: list[int] = []
    while page := list_queue(app, "waiting", order, 4, seen[-1] if seen else None):
        seen += [item.item_id for item in page]
    assert len(seen) == len(set(seen)) == 15


@pytest.mark.parametrize(
    ("view", "order", "limit"), [("done", "newest", 5), ("all", "random", 5), ("all", "newest", 0)]
)
def test_an_unknown_view_or_order_is_refused(app: App, view: str, order: str, limit: int) -> None:
    with pytest.raises(InputError):
        list_queue(app, view, order, limit)


def test_the_crop_of_an_item_is_shown(app: App, drawn_words: list[Path]) -> None:
    list(harvest(app, drawn_words[:1], HarvestOptions(crops=True)))
    (item,) = list_queue(app, "all")
    assert (decode_png(crop_png(app, item.item_id)) == draw_word("Hotel")).all()
    assert item.crop_size_hw == draw_word("Hotel").shape[:2]
    assert [character.text for character in item.characters] == list(item.model_text)
    assert item.checkpoint.endswith("@0")
    assert pictures.count_pictures(app.store) == 1


def test_decisions_survive_a_restart(app: App, queue: list[ReviewItem], tiny_weights: Path) -> None:
    decide(app, _decision(queue[0], "correct", "Hôtel"))
    app.close()
    again = open_app(app.settings, tiny_weights)
    assert items.get_item(again.store, queue[0].item_id).text == "Hôtel"
    assert undo(again, "ana", "uuid-2").item.text == "Hotel"
    again.close()
