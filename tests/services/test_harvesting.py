"""Harvest: many files in, words with provenance out, nothing lost and nothing twice."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from storage import items, pictures, readings
from storage.records import LABEL_STATUSES
from tests.support.checkpoints import save_tiny_detector, save_tiny_recognizer
from tests.support.pictures import draw_scene, draw_word, to_png, write_words
from textrec_app.errors import InputError
from textrec_app.services.context import App, open_app
from textrec_app.services.crops import decode_png
from textrec_app.services.harvesting import FileOutcome, HarvestOptions, HarvestSummary, harvest, list_files, summarise
from textrec_app.settings import Settings

CROPS = HarvestOptions(crops=True, who="ana")
SCENES = HarvestOptions(who="ana")


def _harvest(app: App, *paths: Path, options: HarvestOptions = CROPS) -> list[FileOutcome]:
    return list(harvest(app, paths, options))


def test_every_word_is_stored_with_what_read_it_and_how_it_was_chosen(app: App, drawn_words: list[Path]) -> None:
    outcomes = _harvest(app, *drawn_words)
    stored = items.list_items(app.store)
    checkpoint = app.models.get_active().checkpoint
    assert [outcome.name for outcome in outcomes] == [path.name for path in drawn_words]
    assert len(stored) == len(drawn_words)
    for item, path in zip(stored, drawn_words, strict=True):
        assert item.picture_name == path.name
        assert item.model_text
        assert item.person_text is None
        (reading,) = readings.list_readings(app.store, item.item_id)
        assert reading.checkpoint == item.checkpoint == checkpoint
        assert (reading.min_precision, reading.threshold) == (0.99, 0.8)
        assert (reading.selected == "kept") is (reading.confidence >= 0.8)


def test_what_is_stored_is_what_the_recognizer_saw_and_said(app: App, drawn_words: list[Path]) -> None:
    _harvest(app, drawn_words[0])
    (item,) = items.list_items(app.store)
    crop = decode_png(app.store.files.read(item.crop_sha256))
    assert (crop == draw_word("Hotel", seed=0)).all()
    again = app.models.get_active().recognizer.read([crop])[0]
    assert (item.model_text, item.confidence, item.log_prob) == (again.text, again.confidence, again.log_prob)


def test_words_of_a_scene_keep_their_place_in_it(app: App, tmp_path: Path) -> None:
    path = tmp_path / "street.png"
    path.write_bytes(to_png(draw_scene(["Hotel", "Cafe"])))
    (outcome,) = _harvest(app, path, options=SCENES)
    (item,) = items.list_items(app.store)
    assert (outcome.state, outcome.n_words) == ("read", 1)
    assert len(item.polygon) == 4
    assert all(0 <= x <= 320 and 0 <= y <= 240 for x, y in item.polygon)
    assert app.store.files.read(item.picture_sha256) == path.read_bytes()


def test_files_that_cannot_be_read_are_told_and_the_rest_goes_on(app: App, tmp_path: Path) -> None:
    good = write_words(tmp_path, ["Hotel"])[0]
    names = {"empty.png": b"", "text.png": b"this is no picture", "cut.png": good.read_bytes()[:200]}
    for name, data in names.items():
        (tmp_path / name).write_bytes(data)
    outcomes = _harvest(app, *(tmp_path / name for name in names), good)
    assert [outcome.state for outcome in outcomes] == ["failed", "failed", "failed", "read"]
    for outcome, name in zip(outcomes, names, strict=False):
        assert name in outcome.message
    assert summarise(outcomes) == HarvestSummary(1, *_kept_and_waiting(outcomes), 0, 3)
    assert [row.state for row in list_files(app, 10)] == ["read", "failed", "failed", "failed"]


def test_a_folder_may_hold_other_things_than_pictures(app: App, tmp_path: Path) -> None:
    write_words(tmp_path / "words", ["Hotel"])
    (tmp_path / "words" / "labels.tsv").write_text("a\tb\n", encoding="utf-8")
    outcomes = _harvest(app, tmp_path / "words")
    assert [outcome.state for outcome in outcomes] == ["read", "skipped"]


def test_exact_duplicates_are_skipped_under_any_name(app: App, drawn_words: list[Path], tmp_path: Path) -> None:
    copy = tmp_path / "copy.png"
    shutil.copy(drawn_words[0], copy)
    first, second = _harvest(app, drawn_words[0], copy)
    assert (first.state, second.state) == ("read", "skipped")
    assert "copy.png was harvested before as 000 Hotel.png" in second.message
    assert _harvest(app, copy, options=SCENES)[0].state == "skipped"
    assert len(items.list_items(app.store)) == 1


def test_a_crop_that_was_cut_from_a_harvested_scene_is_skipped(app: App, tmp_path: Path) -> None:
    scene = tmp_path / "street.png"
    scene.write_bytes(to_png(draw_scene(["Hotel"])))
    _harvest(app, scene, options=SCENES)
    crop = tmp_path / "exported.png"
    crop.write_bytes(app.store.files.read(items.list_items(app.store)[0].crop_sha256))
    assert _harvest(app, crop)[0].state == "skipped"


def test_a_zip_is_harvested_like_a_folder(app: App, drawn_words: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "wörter.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for word in drawn_words[:3]:
            archive.write(word, f"nested/{word.name}")
        archive.writestr("nested/broken.png", b"nothing")
    outcomes = _harvest(app, path)
    assert [outcome.state for outcome in outcomes] == ["read", "read", "read", "failed"]
    assert outcomes[0].name == "wörter.zip/nested/000 Hotel.png"


def test_a_picture_without_text_is_read_and_not_read_again(tmp_path: Path) -> None:
    save_tiny_recognizer(tmp_path / "blind")
    save_tiny_detector(tmp_path / "blind", finds=False)
    blind = open_app(Settings(data_dir=tmp_path / "blind data", device="cpu"), tmp_path / "blind")
    path = tmp_path / "wall.png"
    path.write_bytes(to_png(draw_scene([])))
    (outcome,) = _harvest(blind, path, options=SCENES)
    assert (outcome.state, outcome.n_words, outcome.message) == ("read", 0, "No text was found.")
    assert _harvest(blind, path, options=SCENES)[0].state == "skipped"
    blind.close()


def test_a_closed_harvest_keeps_what_it_has_and_goes_on_later(app: App, drawn_words: list[Path]) -> None:
    steps = harvest(app, drawn_words, CROPS)
    assert [next(steps).state for _ in range(3)] == ["read"] * 3
    steps.close()
    assert pictures.count_pictures(app.store) == 3
    states = [outcome.state for outcome in _harvest(app, *drawn_words)]
    assert states == ["skipped"] * 3 + ["read"] * (len(drawn_words) - 3)


def test_progress_is_told_as_it_happens(app: App, drawn_words: list[Path]) -> None:
    seen: list[FileOutcome] = []
    outcomes = list(harvest(app, drawn_words[:2], CROPS, seen.append))
    assert seen == outcomes


def test_an_impossible_precision_is_refused(app: App, drawn_words: list[Path]) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        _harvest(app, *drawn_words, options=HarvestOptions(min_precision=99.0))


def test_harvest_makes_no_labels(app: App, drawn_words: list[Path]) -> None:
    _harvest(app, *drawn_words)
    assert items.list_items(app.store, LABEL_STATUSES) == []


def test_a_killed_harvest_leaves_whole_pictures_and_goes_on(tmp_path: Path, data_dir: Path, tiny_weights: Path) -> None:
    words = write_words(tmp_path / "words", [f"word{index}" for index in range(60)])
    code = (
        "import sys; from pathlib import Path; from textrec_app.settings import Settings\n"
        "from textrec_app.services.context import open_app\n"
        "from textrec_app.services.harvesting import HarvestOptions, harvest\n"
        "app = open_app(Settings(data_dir=Path(sys.argv[1]), device='cpu'), Path(sys.argv[2]))\n"
        "for outcome in harvest(app, [Path(sys.argv[3])], HarvestOptions(crops=True)):\n"
        "    print(outcome.name, flush=True)\n"
    )
    command = [sys.executable, "-c", code, str(data_dir), str(tiny_weights), str(tmp_path / "words")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for _ in range(5):
            assert child.stdout.readline()
        child.kill()
        reported = 5 + len(child.stdout.read().splitlines())
    app = open_app(Settings(data_dir=data_dir, device="cpu"), tiny_weights)
    rows = list_files(app, 100)
    stored = items.list_items(app.store)
    assert reported <= len(rows) < 60
    assert len(rows) == len(stored) == pictures.count_pictures(app.store)
    for item in stored:
        decode_png(app.store.files.read(item.crop_sha256))
    outcomes = _harvest(app, *words)
    assert [outcome.state for outcome in outcomes] == ["skipped"] * len(rows) + ["read"] * (60 - len(rows))
    app.close()


def _kept_and_waiting(outcomes: list[FileOutcome]) -> tuple[int, int]:
    return sum(outcome.n_kept for outcome in outcomes), sum(outcome.n_waiting for outcome in outcomes)
