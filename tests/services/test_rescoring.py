"""Reading again after another recognizer came into use."""

import time
from pathlib import Path

import pytest

from models.weights import load_card
from storage import checkpoints, items, readings
from storage.checkpoints import Switch
from tests.support.checkpoints import save_tiny_recognizer
from textrec_app.services.active_weights import Registration, register
from textrec_app.services.context import App
from textrec_app.services.harvesting import HarvestOptions, harvest, rescore
from textrec_app.services.reviewing import Decision, decide, list_queue
from textrec_app.worker.supervisor import Supervisor


@pytest.fixture
def harvested(app: App, drawn_words: list[Path]) -> App:
    list(harvest(app, drawn_words, HarvestOptions(min_precision=0.9, crops=True)))
    return app


def _promote_another(app: App, seed: int = 1) -> str:
    path = save_tiny_recognizer(app.settings.checkpoints_dir, f"tiny-{seed}", seed=seed)
    name = f"tiny-{seed}"
    register(app.store, load_card(path), Registration(name, str(path.resolve()), "candidate", "job 1", "ana"))
    checkpoints.switch_pointer(app.store, Switch(name, "promote", "ana"))
    return name


def test_undecided_items_get_a_second_reading_and_keep_the_first(harvested: App) -> None:
    before = items.list_items(harvested.store)
    name = _promote_another(harvested)
    assert rescore(harvested, "ana") == len(before)
    after = items.list_items(harvested.store)
    assert {item.checkpoint.name for item in after if item.checkpoint} == {name}
    for old, new in zip(before, after, strict=True):
        first, second = readings.list_readings(harvested.store, old.item_id)
        assert (first.text, second.text) == (old.model_text, new.model_text)
        assert new.version == old.version + (old.model_text != new.model_text)
        assert second.min_precision == 0.9
    assert any(old.model_text != new.model_text for old, new in zip(before, after, strict=True))


def test_what_a_person_decided_is_left_alone(harvested: App) -> None:
    item = list_queue(harvested, "all")[0]
    decide(harvested, Decision(item.item_id, item.version, "correct", "Hotel", "uuid-1", "ana"))
    _promote_another(harvested)
    rescore(harvested, "ana")
    after = items.get_item(harvested.store, item.item_id)
    assert (after.text, after.status, after.model_text) == ("Hotel", "corrected", item.model_text)


def test_a_second_time_does_nothing(harvested: App) -> None:
    _promote_another(harvested)
    rescore(harvested, "ana")
    after = items.list_items(harvested.store)
    assert rescore(harvested, "ana") == 0
    assert items.list_items(harvested.store) == after


def test_it_goes_on_where_it_was_stopped(harvested: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textrec_app.services.rescoring.RESCORE_BATCH", 3)
    _promote_another(harvested)

    def stop(added: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rescore(harvested, "ana", stop)
    total = len(items.list_items(harvested.store))
    assert rescore(harvested, "ana") == total - 3
    counts = [len(readings.list_readings(harvested.store, item.item_id)) for item in items.list_items(harvested.store)]
    assert counts == [2] * total


def test_an_item_whose_crop_is_lost_keeps_its_reading(harvested: App) -> None:
    lost, *others = items.list_items(harvested.store)
    harvested.store.files.get_path(lost.crop_sha256).unlink()
    _promote_another(harvested)
    assert rescore(harvested, "ana") == len(others)
    assert items.get_item(harvested.store, lost.item_id) == lost


def test_a_promotion_in_the_middle_of_a_harvest_leaves_no_stale_reading(app: App, drawn_words: list[Path]) -> None:
    steps = harvest(app, drawn_words, HarvestOptions(crops=True))
    next(steps)
    name = _promote_another(app)
    list(steps)
    assert {item.checkpoint.name for item in items.list_items(app.store) if item.checkpoint} == {name}


def test_the_supervisor_reads_again_in_its_own_time(harvested: App) -> None:
    name = _promote_another(harvested)
    supervisor = Supervisor(harvested, poll_s=0.02)
    supervisor.start()
    try:
        deadline = time.monotonic() + 20
        while _checkpoints_of_readings(harvested) != {name} and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        supervisor.stop()
    assert _checkpoints_of_readings(harvested) == {name}


def _checkpoints_of_readings(app: App) -> set[str]:
    return {item.checkpoint.name for item in items.list_items(app.store) if item.checkpoint}
