"""The precision slider: what it shows is what applying it does."""

from pathlib import Path

import pytest

from storage import items
from textrec_app.errors import InputError
from textrec_app.services.context import App
from textrec_app.services.harvesting import HarvestOptions, apply_precision, confidence_view, harvest
from textrec_app.services.reviewing import Decision, decide, list_queue, review_counts


@pytest.fixture
def harvested(app: App, drawn_words: list[Path]) -> App:
    list(harvest(app, drawn_words, HarvestOptions(crops=True)))
    return app


def test_the_histogram_counts_every_reading_once(harvested: App) -> None:
    view = confidence_view(harvested, 0.99)
    confidences = [item.confidence or 0.0 for item in items.list_items(harvested.store)]
    assert len(view.bin_edges) == 21
    assert len(view.counts) == 20
    assert sum(view.counts) == view.total == view.kept + view.waiting == len(confidences)
    for count, low, high in zip(view.counts, view.bin_edges, view.bin_edges[1:], strict=False):
        assert count == sum(low <= confidence < high for confidence in confidences)


def test_the_threshold_is_the_measured_one(harvested: App) -> None:
    assert confidence_view(harvested, 0.5).threshold == 0.2
    assert confidence_view(harvested, 0.95).threshold == 0.8
    nothing = confidence_view(harvested, 0.999)
    assert (nothing.threshold, nothing.kept, nothing.expected_precision) == (1.0, 0, None)


def test_the_expected_precision_is_the_mean_confidence_of_what_is_kept(harvested: App) -> None:
    view = confidence_view(harvested, 0.5)
    confidences = [item.confidence or 0.0 for item in items.list_items(harvested.store)]
    assert view.expected_precision == pytest.approx(sum(confidences) / len(confidences))


@pytest.mark.parametrize("min_precision", [0.5, 0.9, 0.99, 0.999])
def test_applying_does_what_was_shown(harvested: App, min_precision: float) -> None:
    shown = confidence_view(harvested, min_precision)
    applied = apply_precision(harvested, min_precision, "ana")
    counts = review_counts(harvested)
    assert applied == shown
    assert (counts["kept"], counts["waiting"]) == (shown.kept, shown.waiting)


def test_what_a_person_decided_is_not_moved_and_not_counted(harvested: App) -> None:
    item = list_queue(harvested, "all")[0]
    decide(harvested, Decision(item.item_id, item.version, "reject", None, "uuid-1", "ana"))
    view = apply_precision(harvested, 0.999, "ana")
    assert view.total == review_counts(harvested)["all"] - 1
    assert items.get_item(harvested.store, item.item_id).status == "rejected"


def test_an_empty_store_has_an_empty_view(app: App) -> None:
    view = confidence_view(app, 0.99)
    assert (view.total, view.kept, view.expected_precision, sum(view.counts)) == (0, 0, None, 0)


@pytest.mark.parametrize("min_precision", [-0.1, 1.5, float("nan")])
def test_an_impossible_precision_is_refused(app: App, min_precision: float) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        confidence_view(app, min_precision)
