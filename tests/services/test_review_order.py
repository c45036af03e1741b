"""The order of review: what teaches most first, one of each group of look-alikes, and the reason in a sentence."""

import pytest

from storage import items, readings, selections
from storage.records import NewReading, NewSelection
from tests.support.review_items import add_look_alikes, add_waiting
from tests.support.rows import SECOND, make_items
from textrec_app.services.context import App
from textrec_app.services.review_order import compute_doubt, compute_gain, explain, explain_items, refresh_order
from textrec_app.services.reviewing import list_queue


def test_one_of_each_group_of_look_alikes_comes_before_any_second_one(app: App) -> None:
    alike = add_look_alikes(app, "TOTAL", [0.8, 0.5, 0.8])
    others = add_look_alikes(app, "CASH", [0.6, 0.6], seed=5)
    (single,) = add_waiting(app, ["alone"])
    queue = [item.item_id for item in list_queue(app)]
    assert queue[0] == alike[1]
    assert set(queue[:3]) == {alike[1], single, others[0]}
    assert len(queue) == 6


def test_a_wavering_reading_teaches_more_than_a_sure_one_and_than_a_hopeless_one() -> None:
    doubts = [compute_doubt("a", chance, None) for chance in (0.99, 0.9, 0.4, 0.02)]
    assert doubts[0] < doubts[1] < doubts[3] < doubts[2]
    assert compute_doubt("", 0.5, None) < doubts[3]


def test_ways_of_reading_that_disagree_raise_the_doubt() -> None:
    agreeing, split = {"turn_agree": 1.0, "scale_agree": 1.0, "length": 4.0}, {"turn_agree": 0.0, "scale_agree": 1.0}
    assert compute_doubt("a", 0.9, agreeing) == compute_doubt("a", 0.9, None) < compute_doubt("a", 0.9, split)


@pytest.mark.parametrize("n_alike", [2, 12, 100_000])
def test_look_alikes_raise_the_gain_of_the_first_and_never_without_bound(n_alike: int) -> None:
    assert compute_gain(0.5, n_alike, False) < compute_gain(0.5, 1, True) < compute_gain(0.5, n_alike, True) <= 4.0


@pytest.mark.parametrize(
    ("text", "confidence", "evidence", "n_alike", "sentence"),
    [
        ("a", 0.5, None, 13, "12 more crops look like this one, and the model wavers here."),
        ("a", 0.5, {"x_agree": 0.0, "y_agree": 1.0}, 2,
         "1 more crop looks like this one, and 1 of 2 other ways of reading disagrees."),
        ("a", 0.99, {"x_agree": 1.0}, 1, "The model is sure."),
        ("", 0.5, None, 1, "Nothing was read here."),
    ],
)  # fmt: skip
def test_the_reason_is_one_sentence(
    text: str, confidence: float, evidence: dict[str, float] | None, n_alike: int, sentence: str
) -> None:
    assert explain(text, confidence, evidence, n_alike) == sentence


def test_a_new_reading_gets_a_new_place(app: App) -> None:
    sure, wavering = make_items(app.store, [("sure", 0.97), ("wavers", 0.5)])
    assert [item.item_id for item in list_queue(app, "all")] == [wavering.item_id, sure.item_id]
    selection = selections.add_selection(app.store, NewSelection("rescore", "ana", 0.99, 0.9, SECOND))
    news = [(wavering.item_id, NewReading("wavers", 0.999, -0.1, (), SECOND, True))]
    readings.add_readings(app.store, news, selection.selection_id)
    assert [item.item_id for item in list_queue(app, "all")] == [sure.item_id, wavering.item_id]


def test_a_page_can_be_continued_and_places_are_computed_once(app: App) -> None:
    make_items(app.store, [(f"word {index}", 0.3 + index / 100) for index in range(25)])
    assert refresh_order(app, limit=10) == 10
    assert refresh_order(app) == 15
    assert refresh_order(app) == 0
    whole = [item.item_id for item in list_queue(app, limit=25)]
    first = [item.item_id for item in list_queue(app, limit=10)]
    rest = [item.item_id for item in list_queue(app, limit=25, after=first[-1])]
    assert first + rest == whole


def test_what_somebody_decided_on_keeps_no_look_alikes(app: App) -> None:
    (item,) = make_items(app.store, [("word", 0.5)])
    list_queue(app)
    note = explain_items(app, [item.item_id])[item.item_id]
    assert (note.n_alike, note.twins) == (1, ())
    assert items.get_item(app.store, item.item_id).look_group is not None
