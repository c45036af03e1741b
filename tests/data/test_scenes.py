import json

import numpy as np
import pytest

from textrec_app.data.scenes import Scene, load_scenes, split_validation
from textrec_app.errors import InputError

QUAD = [[1, 2], [30, 2], [30, 12], [1, 12]]


def write(folder, *rows):
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (folder / "boxes.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_reads_boxes_of_every_kind(tmp_path):
    boxes = [
        {"quad": QUAD, "text": "Straße"},
        {"quad": QUAD, "text": "###", "ignore": True},
        {"quad": QUAD, "text": None, "difficult": True, "level": "line"},
    ]
    write(tmp_path, {"image": "ein bild.jpg", "boxes": boxes}, {"image": "b.jpg", "boxes": []})
    first, second = load_scenes(tmp_path)
    assert first.path == tmp_path / "ein bild.jpg"
    assert [box.text for box in first.boxes] == ["Straße", "###", None]
    assert [box.is_excused for box in first.boxes] == [False, True, True]
    assert [box.level for box in first.boxes] == ["word", "word", "line"]
    assert all(box.character_quads.shape == (0, 4, 2) for box in first.boxes)
    assert np.array_equal(first.boxes[0].quad, np.float32(QUAD))
    assert second.boxes == ()


def test_drawn_sets_know_their_characters(tmp_path):
    boxes = [{"quad": QUAD, "text": "ab"}, {"quad": QUAD, "text": "c"}]
    write(tmp_path, {"image": "a.jpg", "boxes": boxes}, {"image": "b.jpg", "boxes": []})
    words = [{"text": text, "characters": [{"text": c, "quad": QUAD} for c in text]} for text in ("ab", "c")]
    (tmp_path / "characters.jsonl").write_text(json.dumps({"image": "a.jpg", "words": words}), encoding="utf-8")
    scene = load_scenes(tmp_path)[0]
    assert [len(box.character_quads) for box in scene.boxes] == [2, 1]


@pytest.mark.parametrize("words", [[], [{"text": "ab"}], None])
def test_characters_that_do_not_fit_the_boxes_are_said(tmp_path, words):
    write(tmp_path, {"image": "a.jpg", "boxes": [{"quad": QUAD, "text": "ab"}]})
    (tmp_path / "characters.jsonl").write_text(json.dumps({"image": "a.jpg", "words": words}), encoding="utf-8")
    with pytest.raises(InputError):
        load_scenes(tmp_path)


@pytest.mark.parametrize(
    "line",
    ["no json", "[]", '{"boxes": []}', '{"image": "a.jpg", "boxes": [{"quad": [[1, 2]]}]}',
     '{"image": "a.jpg", "boxes": [{"text": "a"}]}', '{"image": "a.jpg", "boxes": [{"quad": null}]}'],
)  # fmt: skip
def test_a_wrong_line_is_named(tmp_path, line):
    write(tmp_path, {"image": "a.jpg", "boxes": []}, line)
    with pytest.raises(InputError, match="line 2"):
        load_scenes(tmp_path)


def test_a_folder_without_boxes_is_named(tmp_path):
    with pytest.raises(InputError, match=r"no boxes\.jsonl"):
        load_scenes(tmp_path)


def test_the_validation_part_depends_on_the_seed_and_on_nothing_else(tmp_path):
    scenes = [Scene(tmp_path / f"{number:04d}.jpg", ()) for number in range(50)]
    train, validation = split_validation(scenes, 10, seed=1)
    assert len(train) == 40
    assert len(validation) == 10
    assert {scene.path for scene in train} | {scene.path for scene in validation} == {scene.path for scene in scenes}
    elsewhere = [Scene(tmp_path / "other" / scene.path.name, ()) for scene in reversed(scenes)]
    again = split_validation(elsewhere, 10, seed=1)[1]
    assert sorted(scene.path.name for scene in again) == sorted(scene.path.name for scene in validation)
    assert split_validation(scenes, 10, seed=2)[1] != validation


def test_more_validation_than_scenes_takes_all(tmp_path):
    scenes = [Scene(tmp_path / "a.jpg", ())]
    assert split_validation(scenes, 5, seed=0) == ([], scenes)
    assert split_validation([], 5, seed=0) == ([], [])
