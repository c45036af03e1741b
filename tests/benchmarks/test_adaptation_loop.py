"""The loop that measures what a press of the button is worth: its arithmetic, its kinds, one tiny run of it all."""

import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from docs.benchmarks.adaptation_loop import compute_gap_closed, do_arms, find_kind, parse_arguments
from docs.benchmarks.baselines.adaptation_kinds import cut_receipts, take_folders
from docs.benchmarks.baselines.product_steps import Steps
from docs.benchmarks.drawn_kind import DrawnKind, write_kind
from tests.cli.conftest import use_weights
from tests.support.rows import place_empty_store
from textrec_app.cli.main import build_cli
from textrec_app.data.recognition_sets import load_recognition_set
from textrec_app.data.scenes import Scene, SceneBox, save_scenes


def tell(before: float, after: float, with_labels: float) -> dict[str, dict[str, float]]:
    names = ("before", "after_unlabeled", "after_labeled")
    return {name: {"word_accuracy": value} for name, value in zip(names, (before, after, with_labels), strict=True)}


@pytest.mark.parametrize(
    ("told", "gap"),
    [
        (tell(0.5, 0.7, 0.75), 0.8),
        (tell(0.5, 0.5, 0.6), 0.0),
        (tell(0.5, 0.6, 0.5), None),  # labels gained nothing, so there was no gap
        ({"before": {"word_accuracy": 0.5}}, None),
    ],
)
def test_the_gap_is_a_share_of_what_labels_gain(told, gap):
    assert compute_gap_closed(told, "after_unlabeled", "after_labeled") == gap


def test_lines_of_receipts_are_cut_with_their_texts_apart(tmp_path):
    quads = [np.array([[10, y], [150, y], [150, y + 20], [10, y + 20]], np.float32) for y in (10, 50)]
    boxes = tuple(
        SceneBox(quad, f"line {n}", False, "line", np.zeros((0, 4, 2), np.float32)) for n, quad in enumerate(quads)
    )
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for path in paths:
        cv2.imwrite(str(path), np.full((90, 170, 3), 200, np.uint8))
    save_scenes(tmp_path, [Scene(path, boxes) for path in paths])

    kind = cut_receipts(tmp_path, tmp_path / "kind", train=2)
    assert {path.suffix for path in kind.unlabeled.iterdir()} == {".png"}  # no text lies beside them
    assert kind.load_truth() == {f"{page:04d}_{n:03d}.png": f"line {n}" for page in (0, 1) for n in (0, 1)}
    measured = load_recognition_set(kind.measured)
    assert [(sample.name, sample.text) for sample in measured] == [
        ("0002_000.png", "line 0"),
        ("0002_001.png", "line 1"),
    ]


def test_a_limit_takes_the_first_crops_of_both_sides(tmp_path):
    write_kind(tmp_path / "labeled", DrawnKind(seed=4), 5)
    write_kind(tmp_path / "lines", DrawnKind(seed=4), 5, labeled=False)
    write_kind(tmp_path / "measured", DrawnKind(seed=5), 5)
    kind = take_folders(
        tmp_path / "lines", tmp_path / "labeled" / "labels.tsv", tmp_path / "measured", tmp_path / "o", 2
    )
    assert sorted(path.name for path in kind.unlabeled.iterdir()) == ["00000.png", "00001.png"]
    assert sorted(kind.load_truth()) == ["00000.png", "00001.png"]
    assert len(load_recognition_set(kind.measured)) == 2


def test_a_step_is_done_once(tmp_path):
    steps, done = Steps(tmp_path), []
    for _ in range(2):
        assert steps.do("one", lambda: done.append(1) or {"found": 7})["found"] == 7
    assert (len(done), steps.find("other")) == (1, None)


@pytest.fixture
def steps(tmp_path, tiny_weights, monkeypatch) -> Steps:
    """Commands run in this process, which is quicker; tiny networks are in use."""
    monkeypatch.setenv("TEXTREC_DEVICE", "cpu")

    def call(world: Path, words: Sequence[str]) -> tuple[str, int]:
        monkeypatch.setenv("TEXTREC_DATA_DIR", str(world))
        done = CliRunner().invoke(build_cli(), list(words), catch_exceptions=False)
        return done.stdout, done.exit_code

    steps = Steps(tmp_path / "out", call)
    place_empty_store(steps.world("harvested"))
    use_weights(steps.world("harvested"), tiny_weights / "recognizer.safetensors", "tiny")
    return steps


@pytest.mark.slow
def test_a_tiny_loop_from_beginning_to_end(tmp_path, steps):
    for name, seed, labeled in (("lines", 1, False), ("labeled", 1, True), ("measured", 2, True)):
        write_kind(tmp_path / name, DrawnKind(seed=seed), 12, labeled)
    words = [str(steps.out), "--unlabeled", str(tmp_path / "lines"), "--measured", str(tmp_path / "measured")]
    words += ["--labels", str(tmp_path / "labeled" / "labels.tsv"), "--anchor", str(tmp_path / "measured")]
    options = parse_arguments([*words, "--recipe", "tiny", "--minutes", "0.05", "--min-precision", "0.1"])

    told = do_arms(steps, find_kind(options), options)
    assert (told["harvest"]["read"], told["import_labels"]["changed"]) == (12, 12)
    assert told["promise_before"]["crops"] == 12
    jobs = [told[f"retrain_{arm}"] for arm in ("unlabeled", "labeled")]
    assert [job["state"] for job in jobs] == ["succeeded", "succeeded"]
    assert jobs[0]["snapshot"]["train_human"] == 0
    assert jobs[1]["snapshot"]["train_human"] > 0
    assert told["anchors"]["measured"]["before"] == told["before"]["word_accuracy"]
    assert {"after_unlabeled", "after_labeled", "gap_closed"} <= told.keys()

    began = time.monotonic()
    assert do_arms(steps, find_kind(options), options) == told
    assert time.monotonic() - began < 5.0  # nothing is done again
