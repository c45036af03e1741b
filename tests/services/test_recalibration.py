"""Decisions correct how sure the recognizer in use is, and what is kept follows."""

from pathlib import Path

import pytest

from models.calibration import WordCalibration
from models.calibration_maps import EvidenceMap, GridPoint, Measured, compute_quantiles
from models.weights import load_card
from storage import audits, calibrations, decisions, items, pictures
from storage.audits import NewAudit
from storage.calibrations import list_decided_readings
from storage.pictures import NewHarvestFile
from storage.records import CheckpointRef, ItemRecord, NewReading
from tests.support.checkpoints import save_tiny_recognizer
from tests.support.rows import make_decision, make_item, make_picture, make_selection
from textrec_app.services.context import App, open_app
from textrec_app.services.recalibration import MIN_DECISIONS, refit_from_decisions
from textrec_app.services.selection import confidence_view, disagreement, explain_waiting, find_promise
from textrec_app.settings import Settings

RANKS = compute_quantiles([index / 100 for index in range(101)])
GRID = tuple(GridPoint(0.9 - 0.05 * step, 300.0 + 30 * step, 0.0 if step < 3 else 9.0 * step) for step in range(8))
CARD = WordCalibration(
    maps=(EvidenceMap(("log_prob",), (RANKS,), (2.0,), 1.0),),
    measured=Measured(600, {"exact": GRID}, {"length": RANKS}),
)


@pytest.fixture
def app(tmp_path: Path) -> App:
    shipped = tmp_path / "shipped"
    save_tiny_recognizer(shipped, calibration=CARD.to_dict())
    return open_app(Settings(data_dir=tmp_path / "data", device="cpu"), shipped)


def _add_items(app: App, count: int) -> list[ItemRecord]:
    """Items with evidence that rises from none to full."""
    models = app.models.get_active()
    selection = make_selection(app.store, checkpoint=models.checkpoint)
    picture = make_picture(app.store.files.add(b"picture"))
    rows = []
    for index in range(count):
        evidence = {"log_prob": index / count, "length": 0.5, "heads_agree": 1.0}
        sure = models.calibration.judge(evidence, 0.0)
        rows.append(
            (make_item(app.store, index), NewReading(f"w{index}", sure, -0.1, (), models.checkpoint, True, evidence))
        )
    file = NewHarvestFile(selection.selection_id, "a.png", "read", count, count, 0)
    record = pictures.add_picture(app.store, picture, rows, file)
    return items.list_items_of_picture(app.store, record.picture_id)


def _decide(app: App, chosen: list[ItemRecord], right: bool) -> None:
    for item in chosen:
        decision = make_decision(item, "accept") if right else make_decision(item, "correct", f"{item.text}!")
        decisions.add_decision(app.store, decision)


def test_wrong_readings_lower_the_confidence_of_what_waits_and_less_is_kept(app: App) -> None:
    stored = _add_items(app, 120)
    before = confidence_view(app, 0.98)
    _decide(app, stored[0:120:3], right=False)
    assert refit_from_decisions(app, "ana")
    after = confidence_view(app, 0.98)
    undecided = items.get_item(app.store, stored[100].item_id)
    assert undecided.confidence is not None
    assert stored[100].confidence is not None
    assert undecided.confidence < stored[100].confidence - 0.2
    assert after.kept / after.total < before.kept / before.total
    assert app.models.get_active().calibration.offset < 0
    record = calibrations.find_calibration(app.store, app.models.get_active().checkpoint.sha256)
    assert record is not None
    assert (record.who, record.n_decisions) == ("ana", 40)


def test_nothing_is_fitted_on_few_decisions_nor_twice_on_the_same(app: App) -> None:
    stored = _add_items(app, 60)
    _decide(app, stored[: MIN_DECISIONS - 1], right=True)
    assert not refit_from_decisions(app, "ana")
    _decide(app, stored[MIN_DECISIONS - 1 : MIN_DECISIONS], right=True)
    assert refit_from_decisions(app, "ana")
    assert not refit_from_decisions(app, "ana")


def test_another_process_reads_with_the_corrected_confidences(app: App, tmp_path: Path) -> None:
    _decide(app, _add_items(app, 40)[:30], right=False)
    refit_from_decisions(app, "ana")
    again = open_app(app.settings, tmp_path / "shipped").models.get_active()
    assert again.calibration == app.models.get_active().calibration
    assert again.recognizer.calibration == again.calibration
    assert WordCalibration.from_dict(load_card(tmp_path / "shipped" / "recognizer.safetensors").calibration).offset == 0


def test_an_audited_item_stands_for_its_share_of_what_was_kept(app: App) -> None:
    stored = _add_items(app, 30)
    checkpoint = app.models.get_active().checkpoint
    audits.add_audit(app.store, NewAudit("ana", checkpoint.sha256, 300, (stored[3].item_id, stored[4].item_id)))
    _decide(app, stored[2:5], right=True)
    weights = [one.weight for one in list_decided_readings(app.store, checkpoint.sha256)]
    assert weights == [1.0, 150.0, 150.0]
    assert list_decided_readings(app.store, CheckpointRef("other", "1", "f" * 64).sha256) == []


def test_a_person_is_told_why_readings_wait(app: App) -> None:
    _add_items(app, 40)
    view = confidence_view(app, 0.98)
    assert sum(count for _, count in view.reasons) == view.waiting
    assert view.promise == find_promise(app, 0.98)
    assert view.promise.sentence
    assert [point.coverage for point in view.curve] == sorted(point.coverage for point in view.curve)
    assert explain_waiting(None, 0.0, 0.9) == "nothing read"
    assert explain_waiting({"heads_agree": 0.0}, 0.5, 0.9) == "heads disagree"
    assert explain_waiting({"heads_agree": 1.0, "scale_agree": 0.67}, 0.5, 0.9) == "two views disagree"
    assert explain_waiting({"weakest": -0.5}, 0.5, 0.9) == "weak character"
    assert explain_waiting({"language": -4.5}, 0.5, 0.9) == "an unlikely word"
    assert explain_waiting({}, 0.95, 0.9) == ""
    assert disagreement({"heads_agree": 0.0, "weak_agree": 1.0}) == 0.5
    assert disagreement(None) == 0.0
