"""Opening a data directory, and following the checkpoints in use."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from models.weights import load_card
from storage import checkpoints
from storage.checkpoints import Switch
from tests.support.checkpoints import save_tiny_recognizer
from tests.support.pictures import draw_word
from textrec_app.errors import NotFoundError, TextRecError, WeightsError
from textrec_app.services.active_weights import Registration, register
from textrec_app.services.context import App, open_app
from textrec_app.services.reading import read_word
from textrec_app.settings import Settings


def _promote(app: App, seed: int) -> Path:
    path = save_tiny_recognizer(app.settings.checkpoints_dir, f"tiny-{seed}", seed=seed)
    register(app.store, load_card(path), Registration(f"tiny-{seed}", str(path.resolve()), "candidate", "job 1", "ana"))
    checkpoints.switch_pointer(app.store, Switch(f"tiny-{seed}", "promote", "ana"))
    return path


def test_a_new_directory_is_ready_at_once_with_the_shipped_weights(
    app_settings: Settings, data_dir: Path, tiny_weights: Path
) -> None:
    app = open_app(app_settings, tiny_weights)
    assert (data_dir / "textrec.db").is_file()
    checkpoint = app.models.get_active().checkpoint
    assert checkpoint.name.startswith("recognizer-shipped-")
    assert read_word(app, draw_word("Hotel"), "word.png").regions[0].text
    app.close()


def test_opening_twice_changes_nothing(app: App, tiny_weights: Path) -> None:
    again = open_app(app.settings, tiny_weights)
    assert again.models.get_active().checkpoint == app.models.get_active().checkpoint
    assert len(checkpoints.list_switches(again.store, "recognizer")) == 1
    again.close()


def test_the_networks_in_use_follow_the_pointer_and_readings_at_hand_do_not(app: App) -> None:
    before = app.models.get_active()
    _promote(app, 1)
    after = app.models.get_active()
    assert after.checkpoint.name == "tiny-1"
    assert before.checkpoint.name != "tiny-1"
    image = draw_word("Hotelzimmer")
    assert before.recognizer.read([image])[0] != after.recognizer.read([image])[0]
    assert app.models.get_active() is after


def test_a_promotion_by_another_process_is_seen(app: App, tiny_weights: Path) -> None:
    other = open_app(app.settings, tiny_weights)
    app.models.refresh()
    _promote(other, 1)
    assert app.models.get_active().checkpoint.name == "tiny-1"
    other.close()


def test_altered_weights_are_refused_in_a_sentence(app: App) -> None:
    path = _promote(app, 1)
    path.write_bytes(path.read_bytes()[:-1] + b"\x00\x01")
    with pytest.raises(WeightsError, match="SHA-256"):
        app.models.get_active()


def test_without_a_recognizer_the_next_step_is_told(tmp_path: Path) -> None:
    app = open_app(Settings(data_dir=tmp_path / "data", device="cpu"), tmp_path / "nothing")
    with pytest.raises(NotFoundError, match="models pull"):
        app.models.get_active()
    app.close()


def test_two_directories_are_two_worlds(app: App, tmp_path: Path, tiny_weights: Path) -> None:
    other = open_app(Settings(data_dir=tmp_path / "other", device="cpu"), tiny_weights)
    _promote(app, 1)
    assert other.models.get_active().checkpoint.name != "tiny-1"
    other.close()


def test_a_store_of_a_newer_program_is_not_opened(app: App, data_dir: Path, tiny_weights: Path) -> None:
    app.close()
    with closing(sqlite3.connect(data_dir / "textrec.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(TextRecError, match="update TextRec"):
        open_app(app.settings, tiny_weights)
