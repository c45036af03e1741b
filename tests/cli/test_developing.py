"""`evaluate`, `bench`, `doctor`, `synth`, `train`: JSON as promised, files where they belong."""

import hashlib
import json
from pathlib import Path

import pytest

from models.weights import load_card
from tests.cli.conftest import Run
from tests.support.pictures import WORDS
from textrec_app.data.synthesis.fonts import list_system_fonts


@pytest.fixture
def fonts(tmp_path: Path) -> list[str]:
    """Options that name a folder with two installed fonts, which spares looking at all; empty where there are none."""
    folder = tmp_path / "fonts"
    folder.mkdir()
    for path in [path for path in list_system_fonts() if "Sans" in path.name or "Serif" in path.name][:2]:
        (folder / path.name).symlink_to(path)
    return ["--fonts", str(folder)] if any(folder.iterdir()) else []


def test_evaluate_recognition_prints_exactly_the_promised_keys(run: Run, word_set: Path, tmp_path: Path) -> None:
    predictions = tmp_path / "predictions.tsv"
    outcome = run(
        *("evaluate", "recognition", "--data", word_set, "--protocol", "exact", "--json", "--predictions", predictions)
    )
    assert outcome.code == 0
    (report,) = outcome.lines
    assert list(report) == [
        *("data", "protocol", "n", "word_accuracy", "one_minus_ned", "cer", "ece"),
        *("coverage_at_precision", "ms_per_crop", "model"),
    ]
    assert (report["data"], report["protocol"], report["n"]) == ("set", "exact", len(WORDS) * 3)
    assert len(predictions.read_text(encoding="utf-8").splitlines()) == len(WORDS) * 3


def test_evaluate_takes_names_and_paths(run: Run, word_set: Path, tiny_weights: Path) -> None:
    weights = tiny_weights / "recognizer.safetensors"
    by_path = run("evaluate", "recognition", "--data", word_set, "--model", weights, "--json").lines[0]
    by_name = run("evaluate", "recognition", "--data", word_set, "--model", "tiny-recognizer", "--json").lines[0]
    assert by_path["word_accuracy"] == by_name["word_accuracy"]
    wrong = run("evaluate", "recognition", "--data", word_set, "--model", "tiny-detector")
    assert (wrong.code, "not a recognizer" in wrong.stderr) == (2, True)


def test_synth_then_evaluate_detection_and_spotting(run: Run, tmp_path: Path, fonts: list[str]) -> None:
    out = tmp_path / "scenes"
    assert run("synth", "scenes", "--out", out, "-n", 1, "--seed", 3, *fonts).code == 0
    for kind in ("detection", "spotting"):
        outcome = run("evaluate", kind, "--data", out, "--json")
        assert outcome.code == 0
        assert list(outcome.lines[0])[:5] == ["precision", "recall", "hmean", "n_images", "ms_per_image"]


def test_synth_words_gives_the_same_bytes_for_the_same_seed(run: Run, tmp_path: Path, fonts: list[str]) -> None:
    def render(name: str, seed: int) -> str:
        assert run("synth", "words", "--out", tmp_path / name, "-n", 3, "--seed", seed, *fonts).code == 0
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()

    first = render("a", 5)
    assert render("b", 5) == first
    assert render("c", 6) != first
    assert (tmp_path / "a" / "labels.tsv").is_file()


def test_bench_prints_milliseconds_ratios_and_memory(run: Run) -> None:
    outcome = run("bench", "--device", "cpu", "--repeats", 1, "--json")
    assert outcome.code == 0
    (report,) = outcome.lines
    for key in ("ms_per_crop_batch_1", "ms_per_crop_batch_32", "ms_per_picture", "yardstick_ms", "peak_memory_mb"):
        assert report[key] > 0
    assert report["ms_per_page_300_words"] > report["ms_detect_page"] > 0
    assert report["crop_ratio"] == pytest.approx(report["ms_per_crop_batch_32"] / report["yardstick_ms"], rel=0.05)
    assert report["device"] == "cpu"
    assert report["peak_memory_mb"] >= report["reading_memory_mb"] > 0
    assert "torch float32" in [path["name"] for path in report["paths"]]
    for path in report["paths"]:
        assert path["ms_per_crop_batch_1"] > 0
        assert path["ratio_batch_32"] == pytest.approx(path["ms_per_crop_batch_32"] / report["yardstick_ms"], rel=0.05)


def test_doctor_looks_at_everything(run: Run, world: Path) -> None:
    outcome = run("doctor", "--json", "--offline")
    findings = {line["name"]: line for line in outcome.lines}
    assert {"python", "packages", "device", "store", "recognizer in use", "detector in use", "disk"} <= set(findings)
    assert findings["recognizer in use"]["state"] == "ok"
    assert outcome.code == (3 if any(line["state"] == "fail" for line in outcome.lines) else 0)


def test_doctor_finds_altered_weights_and_says_what_to_do(run: Run, world: Path) -> None:
    path = world / "checkpoints" / "tiny-recognizer" / "tiny-recognizer.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    outcome = run("doctor", "--json", "--offline")
    assert outcome.code == 3
    (finding,) = [line for line in outcome.lines if line["name"] == "recognizer in use"]
    assert finding["state"] == "fail"
    assert "altered" in finding["value"]
    assert finding["advice"]
    read = run("read", path.parent / "nothing.png", "--json")
    assert read.code == 3


@pytest.mark.slow
def test_train_recognizer_writes_weights_and_resumes(
    run: Run, word_set: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    base = tiny_weights / "recognizer.safetensors"
    arguments = ["--recipe", "tiny", "--rendered", "0", "--base", base]
    outcome = run("train", "recognizer", "--data", word_set, "--out", out, *arguments)
    assert outcome.code == 0
    result = json.loads(outcome.stdout.splitlines()[-1])
    assert (result["state"], result["step"]) == ("finished", 12)
    card = load_card(Path(result["checkpoint"]))
    assert card.parent == "recognizer@0"
    again = run("train", "recognizer", "--data", word_set, "--resume", out, *arguments)
    assert json.loads(again.stdout.splitlines()[-1])["step"] == 12


@pytest.mark.slow
@pytest.mark.parametrize(("options", "architecture"), [((), "one_shot"), (("--architecture", "craft"), "craft")])
def test_train_detector_writes_weights(
    run: Run, tmp_path: Path, fonts: list[str], options: tuple[str, ...], architecture: str
) -> None:
    scenes = tmp_path / "scenes"
    assert run("synth", "scenes", "--out", scenes, "-n", 2, *fonts).code == 0
    outcome = run("train", "detector", "--data", scenes, "--out", tmp_path / "run", "--recipe", "tiny", *options)
    assert outcome.code == 0
    result = json.loads(outcome.stdout.splitlines()[-1])
    assert load_card(Path(result["checkpoint"])).architecture == architecture


def test_an_architecture_of_the_other_task_is_refused(run: Run) -> None:
    for task, name in (("detector", "parseq"), ("recognizer", "one_shot")):
        outcome = run("train", task, "--architecture", name)
        assert (outcome.code, f"no {task} '{name}'" in outcome.stderr) == (2, True)
