"""Folders of word pictures for self-training."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from textrec_app.data.recognition_sets import load_recognition_set
from textrec_app.errors import InputError
from textrec_app.services.unlabeled import load_unlabeled


def _draw(folder: Path, names: list[str]) -> None:
    for seed, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(seed).integers(0, 256, (20, 50, 3), dtype=np.uint8)).save(path)


def test_a_folder_of_pictures_has_no_texts(tmp_path: Path) -> None:
    _draw(tmp_path, ["b.png", "deep/a.JPG"])
    (tmp_path / "notes.txt").write_text("not a picture")
    found = load_unlabeled([tmp_path])
    assert found.pool.texts == ["", ""]
    assert not found.truth_known


def test_a_labeled_set_gives_the_part_that_is_not_held_back(tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(40)]
    _draw(tmp_path, names)
    (tmp_path / "labels.tsv").write_text("".join(f"{name}\tword{name[:-4]}\n" for name in names))
    found = load_unlabeled([tmp_path])
    assert found.truth_known
    assert 0 < len(found.pool) < 40


def test_what_a_training_holds_back_is_not_learnt_from(tmp_path: Path) -> None:
    _draw(tmp_path / "words", [f"{number}.png" for number in range(12)])
    rows = [f"{number}.png\tword{number}\n" for number in range(12)]
    (tmp_path / "words" / "labels.tsv").write_text("".join(rows))
    held_back = load_recognition_set(tmp_path / "words")[:5]
    held_back[0] = replace(held_back[0], text="put right")
    whole, part = load_unlabeled([tmp_path / "words"]), load_unlabeled([tmp_path / "words"], held_back)
    assert not {sample.text for sample in held_back} & set(part.pool.texts)
    assert "word0" in whole.pool.texts
    assert "word0" not in part.pool.texts
    _draw(tmp_path / "copies", ["a.png", "b.png", *[f"more/{number}.png" for number in range(6)]])
    assert len(load_unlabeled([tmp_path / "copies"], held_back).pool) == 3


def test_nothing_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither"):
        load_unlabeled([tmp_path])
    with pytest.raises(InputError, match="not a folder"):
        load_unlabeled([tmp_path / "missing"])
