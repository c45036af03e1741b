"""Examples of what is kept and of why the rest waits: nothing is lost, next to the line first, hostile length cut."""

from pathlib import Path

import pytest

from tests.support.review_items import add_waiting
from textrec_app.errors import InputError
from textrec_app.services.context import App
from textrec_app.services.harvest_samples import KEPT, MAX_TEXT_LENGTH, find_sample_crop, list_sample_groups
from textrec_app.services.harvesting import HarvestOptions, confidence_view, harvest


def test_the_groups_hold_every_undecided_reading_and_the_kept_come_first(app: App, drawn_words: list[Path]) -> None:
    list(harvest(app, drawn_words, HarvestOptions(0.5, crops=True)))
    view = confidence_view(app, 0.5)
    groups = list_sample_groups(app, 0.5)
    assert sum(group.n for group in groups) == view.total == len(drawn_words)
    assert sum(group.n for group in groups if group.reason == KEPT) == view.kept
    waiting = [group.n for group in groups if group.reason != KEPT]
    assert waiting == sorted(waiting, reverse=True)
    assert all(find_sample_crop(app, sample) for group in groups for sample in group.samples)


def test_samples_stand_next_to_the_line_and_say_different_things(app: App) -> None:
    add_waiting(app, ["same"] * 5 + ["other", "x" * 500])
    (group,) = [group for group in list_sample_groups(app, 0.99, per_group=3) if group.reason != KEPT]
    assert group.n == 7
    assert [sample.text for sample in group.samples] == ["x" * MAX_TEXT_LENGTH, "other", "same"]


def test_an_empty_store_has_no_groups_and_nonsense_is_refused(app: App) -> None:
    assert list_sample_groups(app, 0.99) == ()
    with pytest.raises(InputError):
        list_sample_groups(app, 1.5)
