"""How much each folder counts, and what goes from folders into training."""

import logging
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.pictures import draw_word, to_png
from textrec_app.data.recognition_sets import load_recognition_set, split_validation
from textrec_app.errors import InputError
from textrec_app.services.training_sets import (
    compute_shares,
    keep_usable,
    list_corrected,
    load_training_sets,
    parse_weighted_folder,
)


def _write_set(folder: Path, words: list[str], seed: int = 0) -> Path:
    folder.mkdir()
    for index, word in enumerate(words):
        (folder / f"{index}.png").write_bytes(to_png(draw_word(word, size_px=22, seed=seed + index)))
    rows = "".join(f"{index}.png\t{word}\n" for index, word in enumerate(words))
    (folder / "labels.tsv").write_text(rows, encoding="utf-8")
    return folder


def test_shares_lie_between_equal_crops_and_equal_sets() -> None:
    assert compute_shares([100, 400], power=1.0) == pytest.approx([0.2, 0.8])
    assert compute_shares([100, 400], power=0.0) == pytest.approx([0.5, 0.5])
    assert compute_shares([100, 400]) == pytest.approx([1 / 3, 2 / 3])
    assert compute_shares([100, 400], [2.0, 1.0]) == pytest.approx([0.5, 0.5])


def test_empty_or_unwanted_sets_get_nothing() -> None:
    assert compute_shares([0, 9, 9], [1.0, 0.0, 3.0]) == [0.0, 0.0, 1.0]
    assert compute_shares([0], power=0.0) == [0.0]
    assert compute_shares([]) == []


def test_wrong_weights_are_told() -> None:
    with pytest.raises(InputError, match="1 weights for 2 folders"):
        compute_shares([1, 2], [1.0])
    with pytest.raises(InputError, match="negative"):
        compute_shares([1], [-1.0])


def test_weighted_folders_are_read(tmp_path: Path) -> None:
    assert parse_weighted_folder("a/b=0.5") == (Path("a/b"), 0.5)
    assert parse_weighted_folder("a/b") == (Path("a/b"), 1.0)
    odd = tmp_path / "x=3"
    odd.mkdir()
    assert parse_weighted_folder(str(odd)) == (odd, 1.0)
    assert parse_weighted_folder(f"{odd}=2") == (odd, 2.0)
    for wrong in ("a=b", "a=", "a=-1", "a=inf", "a=nan"):
        with pytest.raises(InputError, match="weight"):
            parse_weighted_folder(wrong)


def test_sets_stay_apart_and_the_split_is_that_of_all_together(tmp_path: Path) -> None:
    folders = [
        _write_set(tmp_path / "one", [f"alpha{index}" for index in range(40)]),
        _write_set(tmp_path / "two", [f"beta{index}" for index in range(30)], seed=500),
    ]
    sets, held_back = load_training_sets(folders)
    together = split_validation([sample for folder in folders for sample in load_recognition_set(folder)])
    assert [sample for part in sets for sample in part.train] == together[0]
    assert held_back == together[1]
    assert [part.folder for part in sets] == folders
    assert all(sample.text.startswith("alpha") for sample in sets[0].train)


def test_twins_of_held_back_words_are_found_under_both_labels(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = _write_set(tmp_path / "one", [f"alpha{index}" for index in range(40)])
    held_back = load_training_sets([folder])[1][0]
    whole = cv2.imdecode(np.frombuffer(held_back.source.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    copies = tmp_path / "copies"
    copies.mkdir()
    rows = []
    for name, label in (("wrong.png", held_back.text), ("right.png", "corrected"), ("other.png", "other")):
        noisy = np.clip(whole.astype(int) // 2 + 60, 0, 255).astype(np.uint8)
        cv2.imwrite(str(copies / name), cv2.resize(noisy, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
        rows.append(f"{name}\t{label}\n")
    (copies / "labels.tsv").write_text("".join(rows), encoding="utf-8")
    table = tmp_path / "table.tsv"
    table.write_text(f"one/{held_back.name}\t{held_back.text}\tcorrected\n", encoding="utf-8")
    with caplog.at_level(logging.INFO):
        sets, validation = load_training_sets([folder, copies], table)
    left = {sample.name for sample in [*sets[1].train, *validation]}
    assert "right.png" not in {sample.name for sample in sets[1].train}
    assert "wrong.png" not in {sample.name for sample in sets[1].train}
    assert "other.png" in left
    assert "corrected" in {sample.text for sample in validation}


def test_corrected_samples_are_listed_with_the_right_text(tmp_path: Path) -> None:
    folder = _write_set(tmp_path / "one", ["abc", "def"])
    table = tmp_path / "table.tsv"
    table.write_text("one/1.png\tdef\tDef\n", encoding="utf-8")
    samples = load_recognition_set(folder)
    assert list_corrected(samples, table) == [(samples[1], "Def")]
    assert list_corrected(samples, None) == []


def test_samples_outside_the_charset_are_not_trained_on(tmp_path: Path) -> None:
    samples = load_recognition_set(_write_set(tmp_path / "one", ["abc", "Café", "£3"]))
    assert [sample.text for sample in keep_usable(samples)] == ["abc"]
