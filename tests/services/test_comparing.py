"""Crops that two models read differently, with and without a label."""

from pathlib import Path

import pytest

from tests.support.pictures import draw_word, to_png
from textrec_app.errors import NotFoundError
from textrec_app.evaluation.gate_changes import PairScores
from textrec_app.services.comparing import Changes, Example, list_changes, list_job_changes, read_example
from textrec_app.services.context import App
from textrec_app.services.gating import SetReadings, readings_to_json

LABELS = SetReadings(
    "labels", ("a" * 64, "b" * 64), ("Hotel", "Taxi"), ("", ""), (("Hote1",), ("Taxi",)), (("Hotel",), ("Tax1",))
)
UNLABELED = SetReadings(
    "agreement",
    ("c" * 64, "d" * 64, "e" * 64, "f" * 64),
    ("",) * 4,
    ("",) * 4,
    (("T0TAL", "TOTAL", "TOTAL", "TOTAL"), ("Cash",) * 4, ("9.50",) * 4, ("ll", "l1", "11", "Il")),
    (("TOTAL",) * 4, ("Cash",) * 4, ("", "9.50", "", ""), ("l1", "ll", "Il", "1l")),
    (
        PairScores((-1.0, -1.1), (-5.0, -0.1), (-22.0, -12.0)),
        PairScores((-0.1, -0.1), (-0.1, -0.1)),
        PairScores((-0.1, -7.0), (-4.0, -0.2)),
        PairScores((-1.0, -2.9), (-1.0, -1.0)),
    ),
)


def write_run(app: App, job_id: int, text: str) -> Path:
    path = app.settings.runs_dir / str(job_id) / "gate.json"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_run_tells_fixed_broken_and_unlabeled_crops_that_are_read_differently(app: App) -> None:
    write_run(app, 7, readings_to_json([LABELS, UNLABELED]))

    found = list_job_changes(app, 7)

    assert [(one.before, one.after) for one in found.fixed] == [("Hote1", "Hotel")]
    assert [(one.before, one.after) for one in found.broken] == [("Taxi", "Tax1")]
    assert (found.n_fixed, found.n_broken, found.n_changed, found.n_compared) == (1, 1, 3, 4)
    by_key = {one.key[0]: one for one in found.changed}
    assert all(one.source == "agreement" and one.text == "" for one in found.changed)
    assert by_key["c"].likelier == "after"
    assert by_key["c"].why.startswith("The new reading is likelier: the model in use reads altered views so")
    assert by_key["e"].likelier == "before"
    assert "empty" in by_key["e"].why
    assert (by_key["f"].likelier, by_key["f"].why) == ("", "Which reading is right cannot be told without a label.")
    assert found.changed[-1].key[0] == "f"  # the clearest come first


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '[{"name": "labels"}]', "null"])
def test_a_run_without_readings_or_with_damaged_ones_has_no_changes(app: App, text: str) -> None:
    write_run(app, 8, text)
    assert list_job_changes(app, 8) == Changes()
    assert list_job_changes(app, 9) == Changes()


def test_readings_of_an_earlier_version_are_listed_too() -> None:
    old = SetReadings("agreement", UNLABELED.keys, UNLABELED.texts, UNLABELED.kinds, UNLABELED.before, UNLABELED.after)
    assert list_changes([old]).n_changed == 3


def test_the_crop_of_an_unlabeled_example_is_read_from_the_store(app: App) -> None:
    picture = to_png(draw_word("TOTAL"))
    sha256 = app.store.files.add(picture)
    assert read_example(app, Example("agreement", sha256, "", "T0TAL", "TOTAL")) == picture
    with pytest.raises(NotFoundError):
        read_example(app, Example("agreement", "0" * 64, "", "T0TAL", "TOTAL"))
