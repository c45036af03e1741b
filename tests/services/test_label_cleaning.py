"""Doubtful labels: found by disagreement, ranked, written for a person; folds give each sample a judge of its own."""

from pathlib import Path

import pytest

from models.charset import PRINTABLE_ASCII, Charset
from tests.support.checkpoints import save_tiny_detector, save_tiny_recognizer
from tests.support.pictures import draw_word, to_png
from textrec_app.data.folds import find_fold
from textrec_app.data.label_corrections import correct_labels
from textrec_app.data.recognition_sets import RecognitionSample
from textrec_app.errors import InputError, WeightsError
from textrec_app.pipeline.recognition import Recognizer
from textrec_app.pipeline.sample_crops import load_sample_crop
from textrec_app.services.label_cleaning import LabelDoubt, find_label_doubts, write_label_doubts


@pytest.fixture
def samples(tmp_path: Path) -> list[RecognitionSample]:
    folder = tmp_path / "words"
    folder.mkdir()
    made = []
    for index, word in enumerate(["Hotel", "Café", "open", "x" * 60, "Exit", "Taxi"]):
        path = folder / f"{index}.png"
        path.write_bytes(to_png(draw_word(word[:8], seed=index)))
        made.append(RecognitionSample(path.name, word, path))
    return made


def _read(samples: list[RecognitionSample], weights: Path) -> list[str]:
    reader = Recognizer.load(weights)
    return [reading.text for reading in reader.read([load_sample_crop(sample) for sample in samples])]


def test_doubts_are_ranked_and_name_what_cannot_be_read_at_all(
    samples: list[RecognitionSample], tiny_weights: Path
) -> None:
    moved: list[tuple[int, int]] = []
    doubts = find_label_doubts(
        samples, [tiny_weights / "recognizer.safetensors"], "cpu", lambda done, total: moved.append((done, total))
    )
    assert moved[-1] == (6, 6)
    found = {doubt.name: doubt for doubt in doubts}
    assert found["words/1.png"].difference == "charset"
    assert found["words/3.png"].difference == "too long"
    assert [doubt.score for doubt in doubts] == sorted((doubt.score for doubt in doubts), reverse=True)
    assert all(doubt.score > 0 and doubt.label != doubt.reading for doubt in doubts)


def test_a_label_that_is_read_is_not_doubted(samples: list[RecognitionSample], tmp_path: Path) -> None:
    weights = save_tiny_recognizer(tmp_path / "judge", seed=3)
    read = _read(samples, weights)
    charset = Charset(PRINTABLE_ASCII)
    labeled = [
        RecognitionSample(sample.name, text, sample.source)
        for sample, text in zip(samples, read, strict=True)
        if charset.covers(text)
    ]
    assert find_label_doubts(labeled, [weights], "cpu") == []


def test_every_sample_is_judged_by_the_checkpoint_of_its_fold(samples: list[RecognitionSample], tmp_path: Path) -> None:
    judges = [save_tiny_recognizer(tmp_path / "a", seed=1), save_tiny_recognizer(tmp_path / "b", seed=2)]
    together = {doubt.name: doubt for doubt in find_label_doubts(samples, judges, "cpu")}
    for number, judge in enumerate(judges, start=1):
        for doubt in find_label_doubts([s for s in samples if find_fold(s, 2) == number], [judge], "cpu"):
            assert together.pop(doubt.name) == doubt
    assert together == {}


def test_the_table_is_applied_only_after_a_look(samples: list[RecognitionSample], tmp_path: Path) -> None:
    path = tmp_path / "new" / "doubts.tsv"
    write_label_doubts(path, [LabelDoubt("words/0.png", "Hotel", "hotel", 1.25, "case")])
    table = path.read_text(encoding="utf-8")
    assert table.splitlines()[1] == "words/0.png\tHotel\thotel\t1.250\tcase"
    assert correct_labels(samples, table) == samples
    reviewed = "\t".join(table.splitlines()[1].split("\t")[:3])
    assert correct_labels(samples, reviewed)[0].text == "hotel"


def test_wrong_judges_are_told(samples: list[RecognitionSample], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one"):
        find_label_doubts(samples, [], "cpu")
    with pytest.raises(WeightsError, match="not a recognizer"):
        find_label_doubts(samples, [save_tiny_detector(tmp_path / "detector")], "cpu")
