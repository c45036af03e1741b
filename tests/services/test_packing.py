"""A pack holds what it should, keeps to its size, and trains on another place; a killed sitting goes on."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.font_files import link_fonts
from tests.support.pictures import draw_word, to_png
from textrec_app.cli.continue_here import list_missing
from textrec_app.data.crop_archive import read_crop_archives
from textrec_app.errors import InputError
from textrec_app.services.packing import PackOrder, PackResult, pack_training
from textrec_app.services.training import load_training_samples

N_WORDS = 40
START_S = 200.0


@pytest.fixture
def word_set(tmp_path: Path) -> Path:
    folder = tmp_path / "words"
    folder.mkdir()
    for number in range(N_WORDS):
        (folder / f"{number:03d}.png").write_bytes(to_png(draw_word(f"No{number}", seed=number, size_px=18 + number)))
    rows = "".join(f"{number:03d}.png\tNo{number}\n" for number in range(N_WORDS))
    (folder / "labels.tsv").write_text(rows, encoding="utf-8")
    return folder


@pytest.fixture
def order(tmp_path: Path, word_set: Path, tiny_weights: Path) -> PackOrder:
    fonts = link_fonts(tmp_path / "fonts")
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "en.txt").write_text("tea 9\ncoffee 5\n" * 100, encoding="utf-8")
    (tmp_path / "lists" / "ko.txt").write_text("차 9\n커피 5\n" * 100, encoding="utf-8")
    (tmp_path / "walls").mkdir()
    (tmp_path / "walls" / "wall.png").write_bytes(to_png(draw_word("ill", size_px=150)))
    table = tmp_path / "corrections.tsv"
    table.write_text("".join(f"words/{n:03d}.png\tNo{n}\tNumber {n}\n" for n in range(N_WORDS)), encoding="utf-8")
    return PackOrder(
        out=tmp_path / "pack",
        data=(word_set,),
        fonts=fonts,
        wordlists=tmp_path / "lists",
        backgrounds=tmp_path / "walls",
        corrections=table,
        base=tiny_weights / "recognizer.safetensors",
        recipe="tiny",
        with_system_fonts=fonts is None,
    )


def test_a_pack_holds_the_same_words_corrected_and_apart(order: PackOrder) -> None:
    result = pack_training(order)
    train, held_back = load_training_samples(order.data, order.corrections)
    for stem, samples in (("train", train), ("held_back", held_back)):
        packed = list(read_crop_archives(order.out / "crops", stem))
        assert packed == [(sample.source.read_bytes(), sample.text) for sample in samples]
        assert all(text.startswith("Number ") for _, text in packed)
    assert (result.n_train, result.n_held_back) == (len(train), len(held_back))
    assert result.n_train + result.n_held_back == N_WORDS
    notes = json.loads((order.out / "pack.json").read_text(encoding="utf-8"))
    assert (notes["recipe"], notes["n_wordlists"], notes["n_backgrounds"]) == ("tiny", 1, 1)
    assert list((order.out / "program").rglob("fit.py"))
    assert not list((order.out / "program").rglob("demo.py"))
    kept = {path.name for path in (order.out / "program" / "models" / "pretrained").iterdir()}
    assert kept == {"language.safetensors", "language.json"}
    with pytest.raises(InputError, match="not empty"):
        pack_training(order)


def test_what_does_not_fit_is_told_with_what_to_leave_out(order: PackOrder, tmp_path: Path) -> None:
    small = PackOrder(**{**vars(order), "limit_mb": 0.5, "out": tmp_path / "small"})
    with pytest.raises(InputError, match=r"may have 0\.5 .*Leave out a folder of --data .*--limit-mb"):
        pack_training(small)
    assert not (tmp_path / "small").exists()
    assert not list(tmp_path.glob(".pack-*"))


def test_missing_and_old_packages_are_told() -> None:
    problems = list_missing(["numpy>=2.0", "torch>=99.1", "no-such-package>=1", ""])
    assert [problem.split()[0] for problem in problems] == ["torch", "no-such-package"]
    assert "must be 99.1 or newer" in problems[0]


def _start(pack: PackResult, *options: str) -> subprocess.Popen[bytes]:
    """The pack's own command, in a world that knows nothing of this checkout."""
    environment = {"PATH": os.environ["PATH"], "PYTHON": sys.executable, "OMP_NUM_THREADS": "1"}
    command = ["sh", str(pack.out / "continue.sh"), *options, "--device", "cpu", "--workers", "0"]
    with (pack.out / "log.txt").open("ab") as log:
        return subprocess.Popen(command, env=environment, cwd=pack.out, stdout=log, stderr=log)


def _read_lines(pack: PackResult) -> list[dict[str, Any]]:
    path = pack.out / "work" / "run" / "progress.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines() if line.endswith("}")] if path.is_file() else []


@pytest.mark.slow
def test_a_sitting_that_was_killed_goes_on_where_it_was(order: PackOrder) -> None:
    pack = pack_training(order)
    killed = _start(pack, "60")
    end = time.monotonic() + START_S
    while not any(line["step"] >= 10 for line in _read_lines(pack)):
        assert killed.poll() is None, (pack.out / "log.txt").read_text()
        assert time.monotonic() < end, (pack.out / "log.txt").read_text()
        time.sleep(0.2)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert _start(pack, "0.02", str(pack.out / "results")).wait(START_S) == 0, (pack.out / "log.txt").read_text()
    summary = json.loads((pack.out / "results" / "summary.json").read_text(encoding="utf-8"))
    assert summary["resumed_from_step"] >= 9
    assert summary["step"] > summary["resumed_from_step"]
    assert summary["words_per_s_trained"] > 0
    assert summary["words_per_s_read"] > 0
    assert set(summary["held_back_accuracy"]) == {"alnum36", "exact"}
    names = {path.name for path in (pack.out / "results").iterdir()}
    assert names == {"recognizer.safetensors", "recognizer.json", "run.000", "run.parts.json", "summary.json"}
