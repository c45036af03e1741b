"""Words cut from scenes: several margins, none that is held back; pieces without text keep clear of all boxes."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.pictures import draw_word, to_png
from textrec_app.data.readers.box_crops import read_box_crops
from textrec_app.data.samples import RecognitionSample
from textrec_app.services.training import TrainingOrder, build_real_pools
from textrec_app.services.training_sets import keep_usable, load_training_sets
from textrec_app.training.scene_words import cut_empty_pieces, cut_scene_words, list_scene_words

WORDS = ("Hotel", "Cafe", "Park", "Exit")


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    """Two scenes of four words each, one box too small to use and one excused."""
    folder = tmp_path / "scenes"
    folder.mkdir()
    rows = []
    for number in range(2):
        image = np.random.default_rng(number).integers(90, 160, (300, 400, 3)).astype(np.uint8)
        boxes: list[dict[str, Any]] = []
        for index, text in enumerate(WORDS):
            word = draw_word(text, size_px=24 + 2 * number, seed=index + 10 * number)
            top, left = 15 + 70 * index, 30 + 40 * number
            height, width = word.shape[:2]
            image[top : top + height, left : left + width] = word
            quad = [[left, top], [left + width, top], [left + width, top + height], [left, top + height]]
            boxes.append({"quad": quad, "text": text})
        boxes.append({"quad": [[300, 20], [320, 20], [320, 24], [300, 24]], "text": "tiny"})
        boxes.append({"quad": [[200, 100], [390, 100], [390, 290], [200, 290]], "text": "no", "ignore": True})
        Image.fromarray(image).save(folder / f"{number}.png")
        rows.append(json.dumps({"image": f"{number}.png", "boxes": boxes}))
    (folder / "boxes.jsonl").write_text("\n".join(rows), encoding="utf-8")
    return folder


def _cut_out(scenes: Path, folder: Path, index: int, text: str) -> RecognitionSample:
    """The crop of a scene's word as another set would hold it."""
    word = read_box_crops(scenes)[index]
    assert word.path is not None
    assert word.quad is not None
    (left, top), _, (right, bottom), _ = word.quad
    box = (int(left), int(top), int(right), int(bottom))
    folder.mkdir(exist_ok=True)
    Image.open(word.path).crop(box).save(folder / "crop.png")
    return RecognitionSample("crop.png", text, folder / "crop.png")


def test_tiny_and_excused_words_are_left_out(scenes: Path) -> None:
    assert [word.text for word in list_scene_words([scenes], [])] == [*WORDS, *WORDS]


def test_held_back_words_do_not_come_in_through_scenes(scenes: Path, tmp_path: Path) -> None:
    held_back = _cut_out(scenes, tmp_path / "crops", 1, "cafe")
    assert "0.png#1" not in [word.name for word in list_scene_words([scenes], [held_back])]
    assert len(list_scene_words([scenes], [replace(held_back, text="Bar")])) == 8


def test_label_errors_of_crops_are_put_right_in_their_scenes(scenes: Path, tmp_path: Path) -> None:
    wrong = _cut_out(scenes, tmp_path / "crops", 2, "Park")
    words = {word.name: word.text for word in list_scene_words([scenes], [], [(wrong, "PARK")])}
    assert words["0.png#2"] == "PARK"
    assert len(words) == 8
    assert "0.png#2" not in [word.name for word in list_scene_words([scenes], [], [(wrong, "")])]


def test_wider_margins_show_more(scenes: Path) -> None:
    words = list_scene_words([scenes], [])[:1]
    crops = list(cut_scene_words(words, (0.0, 0.5)))
    assert [text for _, text in crops] == ["Hotel", "Hotel"]
    (narrow, _), (wide, _) = crops
    height = narrow.shape[0]
    assert wide.shape[0] == pytest.approx(2 * height, abs=2)
    assert wide.shape[1] == pytest.approx(narrow.shape[1] + height, abs=2)


def test_empty_pieces_touch_no_box_and_are_the_same_every_time(scenes: Path) -> None:
    pieces = list(cut_empty_pieces([scenes], 5, seed=1))
    assert 0 < len(pieces) <= 10
    assert {text for _, text in pieces} == {""}
    for crop, _ in pieces:
        assert crop.min() > 85, "a piece shows ink of a word"
        assert crop.max() < 165, "a piece shows paper of a word"
    again = list(cut_empty_pieces([scenes], 5, seed=1))
    assert all(np.array_equal(one, other) for (one, _), (other, _) in zip(pieces, again, strict=True))


def test_scenes_beside_crops_are_only_trained_on_and_carry_the_corrections(scenes: Path, tmp_path: Path) -> None:
    words = tmp_path / "words"
    words.mkdir()
    for index in range(40):
        (words / f"{index}.png").write_bytes(to_png(draw_word(f"alpha{index}", size_px=20 + index % 7, seed=index)))
    rows = "".join(f"{index}.png\talpha{index}\n" for index in range(39)) + "39.png\tCafé\n"
    (words / "labels.tsv").write_text(rows, encoding="utf-8")
    table = tmp_path / "table.tsv"
    table.write_text("".join(f"words/{index}.png\talpha{index}\tALPHA{index}\n" for index in range(39)), "utf-8")
    (crops, cut), held_back = load_training_sets((words, scenes), table)
    assert (crops.folder, crops.from_scenes, cut.from_scenes) == (words, False, True)
    assert held_back == load_training_sets((words,), table)[1], "scenes never move the split"
    assert 0 < len(held_back) < 15
    train = keep_usable(crops.train)
    assert len(train) + len(held_back) in (39, 40), "a held-back text outside the charset stays, one to train on goes"
    assert all(sample.text.startswith("ALPHA") for sample in train)
    assert [word.text for word in cut.train] == [*WORDS, *WORDS]


def test_training_on_scenes_sees_each_word_three_times_and_pieces_without_text(scenes: Path, tmp_path: Path) -> None:
    words = tmp_path / "words"
    words.mkdir()
    (words / "0.png").write_bytes(to_png(draw_word("alpha", size_px=20)))
    (words / "labels.tsv").write_text("0.png\talpha\n", encoding="utf-8")
    sets, _ = load_training_sets((words, scenes))
    pools = build_real_pools(sets, TrainingOrder(tmp_path / "run"), 0.5, 1.0)
    assert sorted(pools[-2].pool.texts) == sorted([*WORDS, *WORDS] * 3)
    assert set(pools[-1].pool.texts) == {""}
    assert 0 < pools[-1].share < 0.05 * pools[-2].share
    assert build_real_pools(sets, TrainingOrder(tmp_path / "run", data_weights=(1.0, 0.0)), 0.5, 1.0)[1:] == []


def test_scenes_alone_are_split_like_any_set(scenes: Path) -> None:
    ((alone,), held_back) = load_training_sets((scenes,))
    assert not alone.from_scenes
    assert len(alone.train) + len(held_back) <= 9
