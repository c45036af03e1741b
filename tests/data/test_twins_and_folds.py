"""Twins of held-back words leave training under a wider rule than the split's; folds are fixed parts."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.pictures import draw_word, to_png
from textrec_app.data.folds import find_fold, leave_out_fold, parse_fold
from textrec_app.data.near_duplicates import compute_difference_hash, drop_twins, group_near_duplicates
from textrec_app.data.samples import RecognitionSample
from textrec_app.errors import InputError


def _make_sample(path: Path, pixels: np.ndarray, text: str) -> RecognitionSample:
    path.write_bytes(to_png(pixels))
    return RecognitionSample(path.name, text, path)


@pytest.fixture
def samples(tmp_path: Path) -> list[RecognitionSample]:
    words = [f"Word{index}" for index in range(40)]
    return [
        _make_sample(tmp_path / f"{index}.png", draw_word(word, size_px=24 + index % 5, seed=index), word)
        for index, word in enumerate(words)
    ]


def _shift_bits(sample: RecognitionSample, path: Path) -> RecognitionSample:
    """A crop of the same word that the split's rule does not join: much smaller, unevenly cut."""
    whole = cv2.imdecode(np.frombuffer(sample.source.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    small = cv2.resize(whole[1:-1, 2:-3], None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA)
    path.write_bytes(cv2.imencode(".png", small)[1].tobytes())
    return RecognitionSample(path.name, sample.text, path)


def test_small_copies_of_held_back_words_leave_training(samples: list[RecognitionSample], tmp_path: Path) -> None:
    copies = [_shift_bits(sample, tmp_path / f"small{sample.name}") for sample in samples]
    distances = [
        (compute_difference_hash(one) ^ compute_difference_hash(other)).bit_count()
        for one, other in zip(samples, copies, strict=True)
    ]
    kept = drop_twins(copies, samples)
    assert [copy.name for copy in kept] == [copy.name for copy, d in zip(copies, distances, strict=True) if d > 16]
    groups = group_near_duplicates([*samples, *copies])
    missed = sum(groups[index] != groups[index + 40] for index in range(40))
    assert len(kept) < missed, "the split's rule misses some that this one finds"


def test_case_and_punctuation_do_not_hide_a_twin_but_other_letters_do(samples: list[RecognitionSample]) -> None:
    first = samples[0]
    assert drop_twins([replace(first, text="wORD0!")], [first]) == []
    other = replace(first, text="Ward0")
    assert drop_twins([other], [first]) == [other]
    assert drop_twins([replace(first, text="-")], [replace(first, text="+")]) != []
    assert drop_twins(samples[1:], []) == samples[1:]


def test_folds_are_disjoint_complete_and_fixed(samples: list[RecognitionSample]) -> None:
    folds = [find_fold(sample, 3) for sample in samples]
    assert set(folds) == {1, 2, 3}
    renamed = [replace(sample, name="x", text="other") for sample in samples]
    assert [find_fold(sample, 3) for sample in renamed] == folds, "only the picture decides"
    left = [leave_out_fold(samples, number, 3) for number in (1, 2, 3)]
    assert sorted(sample.name for part in left for sample in part) == sorted([s.name for s in samples] * 2)
    assert {find_fold(sample, 1) for sample in samples} == {1}


def test_folds_are_written_as_k_of_n() -> None:
    assert parse_fold("2/3") == (2, 3)
    for wrong in ("", "2", "0/2", "3/2", "1/1", "a/b", "-1/2"):
        with pytest.raises(InputError, match="no fold"):
            parse_fold(wrong)


def test_there_is_at_least_one_fold(samples: list[RecognitionSample]) -> None:
    with pytest.raises(InputError, match="at least one"):
        find_fold(samples[0], 0)
