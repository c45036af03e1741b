"""Measuring and calibrating checkpoints on data sets, end to end with tiny networks."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from models.weights import load_card
from tests.support.checkpoints import save_tiny_recognizer
from tests.support.glyph_networks import save_tiny_siga
from tests.support.pictures import WORDS, draw_word, to_png
from tests.support.rows import place_empty_store
from textrec_app.data.recognition_sets import load_recognition_set
from textrec_app.errors import InputError, NotFoundError
from textrec_app.pipeline.recognition import Recognizer
from textrec_app.services.context import App, open_app
from textrec_app.services.evaluating import (
    EvaluationRequest,
    calibrate,
    find_weights,
    measure_recognition,
)
from textrec_app.settings import Settings


@pytest.fixture
def word_set(tmp_path: Path, tiny_weights: Path) -> Path:
    """Words whose labels are what the tiny network reads, but for the last two."""
    folder = tmp_path / "set"
    folder.mkdir()
    crops = [draw_word(word, seed=index) for index, word in enumerate(WORDS)]
    readings = Recognizer.load(tiny_weights / "recognizer.safetensors").read(crops)
    labels = [reading.text for reading in readings[:-2]] + ["", "wrong"]
    for index, crop in enumerate(crops):
        (folder / f"{index}.png").write_bytes(to_png(crop))
    rows = "".join(f"{index}.png\t{label}\n" for index, label in enumerate(labels))
    (folder / "labels.tsv").write_text(rows, encoding="utf-8")
    return folder


def test_recognition_is_scored_and_predictions_written(app: App, word_set: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    request = EvaluationRequest(word_set, protocol="exact", predictions=tmp_path / "new" / "predictions.tsv")
    report = measure_recognition(app, request, lambda done, total: seen.append((done, total)))
    assert (report.data, report.n, report.n_excluded) == ("set", len(WORDS) - 1, 1)
    assert report.word_accuracy == pytest.approx((len(WORDS) - 2) / (len(WORDS) - 1))
    assert report.model == "recognizer@0"
    assert report.ms_per_crop > 0
    assert seen[-1] == (len(WORDS), len(WORDS))
    lines = (tmp_path / "new" / "predictions.tsv").read_text(encoding="utf-8").split("\n")[:-1]
    assert len(lines) == len(WORDS)
    name, label, prediction, confidence = lines[-1].split("\t")
    assert (name, label) == (f"{len(WORDS) - 1}.png", "wrong")
    assert prediction
    assert 0 <= float(confidence) <= 1


def test_promises_are_set_against_what_comes_of_them(app: App, word_set: Path) -> None:
    plain = measure_recognition(app, EvaluationRequest(word_set, protocol="exact")).to_dict()
    told = measure_recognition(app, EvaluationRequest(word_set, protocol="exact", promise=True)).to_dict()
    assert plain.keys() < told.keys()
    assert set(told["promised"]) == {"0.9", "0.95", "0.98", "0.99", "0.995"}
    for one in told["promised"].values():
        assert one["promised"] is None  # the tiny recognizer's confidences were never tested
        assert one["coverage"] == pytest.approx(one["kept"] / told["n"], abs=1e-4)
        assert one["precision"] is None or one["precision"] == pytest.approx(1 - one["wrong"] / one["kept"], abs=1e-4)
    assert sum(bin_["n"] for bin_ in told["reliability"]) == told["n"]


def test_missing_picture_of_a_set_is_named(app: App, word_set: Path) -> None:
    (word_set / "3.png").unlink()
    with pytest.raises(InputError, match=r"3\.png cannot be opened"):
        measure_recognition(app, EvaluationRequest(word_set))


def test_weights_are_found_by_path_folder_and_name(app: App, tiny_weights: Path) -> None:
    path = tiny_weights / "recognizer.safetensors"
    assert find_weights(app, "recognizer", str(path)) == path
    assert find_weights(app, "recognizer", str(tiny_weights)) == path
    active = find_weights(app, "recognizer", None)
    assert active.read_bytes() == path.read_bytes()
    assert find_weights(app, "recognizer", "recognizer") == active
    assert find_weights(app, "detector", "detector").stem.startswith("detector-shipped-")
    with pytest.raises(NotFoundError, match="no file"):
        find_weights(app, "recognizer", "gone.safetensors")
    with pytest.raises(NotFoundError, match="no checkpoint"):
        find_weights(app, "recognizer", "gone")


def test_shipped_weights_go_by_the_name_of_their_file(app_settings: Settings, tmp_path: Path) -> None:
    save_tiny_recognizer(tmp_path, seed=1)
    other = save_tiny_recognizer(tmp_path, "recognizer_ctc", seed=2)
    place_empty_store(app_settings.data_dir)
    app = open_app(app_settings, tmp_path)
    assert find_weights(app, "recognizer", "recognizer_ctc").read_bytes() == other.read_bytes()
    with pytest.raises(NotFoundError, match="no checkpoint"):
        find_weights(app, "detector", "recognizer_ct")
    app.close()


def write_readings(folder: Path, weights: Path, count: int = 60) -> list[np.ndarray]:
    """A set of drawn words whose labels are what the weights read, but for every third."""
    folder.mkdir()
    crops = [draw_word(WORDS[index % len(WORDS)], size_px=18 + index % 13, seed=index) for index in range(count)]
    readings = Recognizer.load(weights).read(crops)
    for index, (crop, reading) in enumerate(zip(crops, readings, strict=True)):
        (folder / f"{index}.png").write_bytes(to_png(crop))
        label = reading.text if index % 3 else "wrong"
        with (folder / "labels.tsv").open("a", encoding="utf-8") as stream:
            stream.write(f"{index}.png\t{label}\n")
    return crops


def test_calibrating_writes_the_card_and_keeps_the_weights(tiny_weights: Path, tmp_path: Path) -> None:
    for suffix in (".safetensors", ".json"):
        shutil.copy(tiny_weights / f"recognizer{suffix}", tmp_path)
    weights = tmp_path / "recognizer.safetensors"
    crops = write_readings(tmp_path / "many", weights)
    summary = calibrate(weights, load_recognition_set(tmp_path / "many"))
    assert (summary.n, summary.word_accuracy) == (60, pytest.approx(40 / 60))
    assert summary.ece_after < 0.5 * summary.ece_before
    assert load_card(weights).calibration == summary.calibration.to_dict()
    assert set(summary.to_dict()) == {
        "n", "word_accuracy", "word_accuracy_alnum36", "ece_before", "ece_after", "ece_split", "best_precision"
    }  # fmt: skip
    confident = Recognizer.load(weights).read(crops)
    assert sum(reading.confidence for reading in confident) / 60 == pytest.approx(40 / 60, abs=0.05)


def test_calibrating_tells_what_a_glyph_head_adds(tmp_path: Path) -> None:
    weights = save_tiny_siga(tmp_path / "siga")
    write_readings(tmp_path / "many", weights)
    summary = calibrate(weights, load_recognition_set(tmp_path / "many"))
    assert load_card(weights).calibration["glyphs"] == summary.calibration.to_dict()["glyphs"]
    told = summary.to_dict()
    for measure in ("ece_split", "coverage_at_0.99_split", "aurc_split"):
        assert 0.0 <= told[f"{measure}_with_glyphs"] <= 1.0
        assert 0.0 <= told[f"{measure}_without_glyphs"] <= 1.0
