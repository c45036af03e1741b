"""Self-training: which labels are believed, and that hidden labels stay hidden."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.calibration import WordCalibration
from models.charset import PRINTABLE_ASCII, Charset
from models.recognition.ctc import DecodedText
from models.weights import load_card
from textrec_app.data.crop_pool import CropPool, pool_in_memory
from textrec_app.data.word_batches import WeightedPool
from textrec_app.errors import InputError
from textrec_app.training.pseudo_labels import PseudoLabel, compute_confidence, describe_labels, keep_sure, label_crops
from textrec_app.training.recipes import RecognizerRecipe, SelfTraining, get_recognizer_recipe
from textrec_app.training.recognizer import RecognizerRun, train_recognizer
from textrec_app.training.recognizer_start import start_recognizer
from textrec_app.training.self_training import LABELS_FILE, Unlabeled, self_train

SMALL = (("widths", (8, 8, 16, 32)), ("depths", (1, 1, 1, 1)), ("heads", 2), ("global_blocks", 1))
WORDS = ("TEN", "NET", "EAT", "TEA", "ANT", "TAN")
LABELS = [
    PseudoLabel("sure", 0.95, agreed=True),
    PseudoLabel("unsure", 0.5, agreed=True),
    PseudoLabel("torn", 0.95, agreed=False),
    PseudoLabel("", 0.99, agreed=True),
    PseudoLabel(" ", 0.99, agreed=True),
]


def _drawn(text: str) -> np.ndarray:
    image = np.full((40, 24 * len(text) + 16, 3), 230, np.uint8)
    cv2.putText(image, text, (8, 31), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (20, 20, 20), 2, cv2.LINE_AA)
    return image


def _pool(texts: tuple[str, ...] = WORDS) -> CropPool:
    return pool_in_memory((_drawn(word), text) for word, text in zip(WORDS, texts, strict=True))


def _recipe(confidence: float) -> RecognizerRecipe:
    recipe = replace(get_recognizer_recipe("tiny"), network=SMALL, self_training=SelfTraining(2, confidence))
    return replace(recipe, fit=replace(recipe.fit, steps=6, evaluate_every=3))


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    return train_recognizer(
        RecognizerRun(tmp_path / "teacher", _recipe(0.0), [WeightedPool(_pool(), 1.0)], device="cpu")
    ).checkpoint


def test_only_sure_agreed_and_not_empty_labels_are_kept() -> None:
    pool = pool_in_memory((_drawn("X"), "hidden") for _ in LABELS)
    assert keep_sure(pool, LABELS, 0.9).texts == ["sure"]
    assert keep_sure(pool, LABELS, 0.4).texts == ["sure", "unsure"]


def test_the_report_counts_what_was_kept_and_how_right_it_was() -> None:
    told = describe_labels(LABELS, 0.4, ["sure", "other", "torn", "", "x"])
    assert told["kept_share"] == pytest.approx(0.4)
    assert told["kept_precision"] == pytest.approx(0.5)
    assert told["kept_share_4_7"] == pytest.approx(2 / 3)
    assert "kept_precision" not in describe_labels(LABELS, 0.4)


def test_a_long_word_is_no_less_sure_than_a_short_one_of_the_same_letters() -> None:
    short = DecodedText("ab", 2 * np.log(0.9), (0.9, 0.9), ((0, 1), (1, 2)))
    long = DecodedText("ab" * 6, 12 * np.log(0.9), (0.9,) * 12, tuple((k, k + 1) for k in range(12)))
    plain = WordCalibration()
    assert compute_confidence(short, plain) == pytest.approx(compute_confidence(long, plain))
    assert compute_confidence(DecodedText("", 0.0, (), ()), plain) == 0.0


def test_the_teacher_labels_every_crop_in_order(teacher: Path) -> None:
    network = start_recognizer(_recipe(0.0), teacher).network.eval()
    crops = [_drawn(word) for word in (*WORDS, "A LONGER LINE")]
    charset = Charset(PRINTABLE_ASCII)
    labels = label_crops(network, charset, WordCalibration(), crops)
    backwards = label_crops(network, charset, WordCalibration(), crops[::-1])
    assert [label.text for label in labels] == [label.text for label in backwards[::-1]]
    assert all(0.0 <= label.confidence <= 1.0 for label in labels)


def test_hidden_labels_change_nothing_but_the_report(tmp_path: Path, teacher: Path) -> None:
    results, told = [], []
    for name, texts in (("right", WORDS), ("wrong", WORDS[::-1])):
        run = RecognizerRun(tmp_path / name, _recipe(0.0), [], base=teacher, device="cpu")
        _write_labels(tmp_path / name / "round-1", ["TEN"] * 6)
        _write_labels(tmp_path / name / "round-2", ["TEN"] * 6)
        lines: list[dict[str, object]] = []
        results.append(self_train(run, Unlabeled(_pool(texts), truth_known=True), on_progress=lines.append))
        told.append([line for line in lines if line["event"] == "pseudo_labels"])
    first, second = (result.checkpoint.read_bytes() for result in results)
    assert first == second
    assert [line["kept_share"] for line in told[0]] == [1.0, 1.0]
    assert told[0][0]["kept_precision"] == pytest.approx(1 / 6)
    assert load_card(results[0].checkpoint).recipe["self_training"] == {"rounds": 2, "confidence": 0.0}


def test_labels_of_an_interrupted_round_are_used_again(tmp_path: Path, teacher: Path) -> None:
    run = RecognizerRun(tmp_path / "run", _recipe(0.0), [WeightedPool(_pool(), 1.0)], base=teacher, device="cpu")
    _write_labels(tmp_path / "run" / "round-1", ["NET"] * 6)
    stopped = self_train(run, Unlabeled(_pool()), should_stop=lambda: "stopped")
    assert (stopped.state, stopped.step) == ("stopped", 1)
    assert not (tmp_path / "run" / "round-2").exists()
    _write_labels(tmp_path / "run" / "round-2", ["NET"] * 6)
    assert self_train(run, Unlabeled(_pool())).state == "finished"


def test_a_teacher_that_knows_nothing_is_a_sentence(tmp_path: Path, teacher: Path) -> None:
    run = RecognizerRun(tmp_path / "run", _recipe(1.01), [], base=teacher, device="cpu")
    with pytest.raises(InputError, match="sure of 0 crops"):
        self_train(run, Unlabeled(_pool()))
    with pytest.raises(InputError, match="--base"):
        self_train(replace(run, base=None), Unlabeled(_pool()))
    with pytest.raises(InputError, match="--unlabeled"):
        self_train(run, Unlabeled(pool_in_memory([])))


def _write_labels(folder: Path, texts: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"text": text, "confidence": 0.9, "agreed": True}) for text in texts]
    (folder / LABELS_FILE).write_text("\n".join(lines) + "\n")
