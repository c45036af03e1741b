"""The validation part is the same everywhere, and no twin of a training word is in it."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.pictures import draw_word, to_png
from textrec_app.data.near_duplicates import group_near_duplicates
from textrec_app.data.recognition_sets import RecognitionSample, split_validation
from textrec_app.errors import InputError


def _make_samples(folder: Path, words: list[str], seed: int = 0) -> list[RecognitionSample]:
    folder.mkdir()
    samples = []
    for index, word in enumerate(words):
        path = folder / f"{index}.png"
        path.write_bytes(to_png(draw_word(word, size_px=20 + index % 9, seed=seed + index)))
        samples.append(RecognitionSample(path.name, word, path))
    return samples


def _save_again(sample: RecognitionSample, path: Path, quality: int) -> RecognitionSample:
    """The same crop as another tool would save it: brighter, JPEG."""
    image = cv2.imdecode(np.frombuffer(sample.source.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    image = np.clip(image.astype(np.int16) + 12, 0, 255).astype(np.uint8)
    path.write_bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())
    return RecognitionSample(path.name, sample.text, path)


@pytest.fixture
def samples(tmp_path: Path) -> list[RecognitionSample]:
    return _make_samples(tmp_path / "a", [f"word{index}" for index in range(120)])


def test_parts_are_disjoint_complete_and_of_the_wished_size(samples: list[RecognitionSample]) -> None:
    train, validation = split_validation(samples, 0.25)
    assert {sample.name for sample in train}.isdisjoint(sample.name for sample in validation)
    assert len(train) + len(validation) == len(samples)
    assert 15 <= len(validation) <= 45
    assert split_validation(samples, 0.0)[1] == []
    assert split_validation(samples, 1.0)[0] == []
    assert split_validation([], 0.5) == ([], [])


def test_order_and_names_do_not_matter(samples: list[RecognitionSample], tmp_path: Path) -> None:
    expected = {sample.text for sample in split_validation(samples)[1]}
    renamed = []
    for index, sample in enumerate(reversed(samples)):
        path = tmp_path / f"renamed-{index}"
        path.write_bytes(sample.source.read_bytes())
        renamed.append(RecognitionSample(path.name, sample.text, path))
    assert {sample.text for sample in split_validation(renamed)[1]} == expected


def test_adding_samples_moves_none_of_the_old(samples: list[RecognitionSample], tmp_path: Path) -> None:
    before = {sample.text for sample in split_validation(samples)[1]}
    more = samples + _make_samples(tmp_path / "b", [f"other{index}" for index in range(50)], seed=900)
    assert {sample.text for sample in split_validation(more)[1] if sample.text.startswith("word")} == before


def test_twins_come_into_one_part(samples: list[RecognitionSample], tmp_path: Path) -> None:
    twins = [_save_again(sample, tmp_path / f"twin{index}.jpg", 90) for index, sample in enumerate(samples)]
    train, validation = split_validation(samples + twins, 0.3)
    assert {sample.text for sample in train}.isdisjoint(sample.text for sample in validation)


def test_same_text_drawn_differently_is_no_twin(tmp_path: Path) -> None:
    dark = draw_word("Exit")
    path, inverse = tmp_path / "a.png", tmp_path / "b.png"
    path.write_bytes(to_png(dark))
    inverse.write_bytes(to_png(255 - dark))
    pair = [RecognitionSample("a", "Exit", path), RecognitionSample("b", "EXIT", inverse)]
    assert group_near_duplicates(pair) == [0, 1]
    assert group_near_duplicates([pair[0], RecognitionSample("c", "e x i t", path)]) == [0, 0]


def test_a_sample_that_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    bad = RecognitionSample("bad.png", "x", tmp_path / "bad.png")
    with pytest.raises(InputError, match=r"bad\.png"):
        split_validation([bad, bad])
