import json

import cv2
import numpy as np
import pytest

from textrec_app.data.scenes import load_scenes, save_scenes
from textrec_app.training.detector_sources import load_detector_data

QUAD = [[2, 2], [30, 2], [30, 12], [2, 12]]


def write_set(folder, n, box, characters=False):
    folder.mkdir()
    rows = [{"image": f"{k}.png", "boxes": [{"quad": QUAD, **box}]} for k in range(n)]
    (folder / "boxes.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    if characters:
        words = [{"characters": [{"text": "a", "quad": QUAD}]}]
        lines = [json.dumps({"image": row["image"], "words": words}) for row in rows]
        (folder / "characters.jsonl").write_text("\n".join(lines), encoding="utf-8")
    for row in rows:
        cv2.imwrite(str(folder / row["image"]), np.zeros((16, 32, 3), np.uint8))
    return folder


@pytest.fixture
def folders(tmp_path):
    return [
        write_set(tmp_path / "words", 60, {"text": "ab"}),
        write_set(tmp_path / "few", 12, {"text": "ab"}),
        write_set(tmp_path / "lines", 60, {"text": None, "level": "line"}),
        write_set(tmp_path / "drawn", 30, {"text": "a"}, characters=True),
    ]


def test_each_kind_gets_its_share(folders):
    data = load_detector_data(folders)
    assert [item["kind"] for item in data.names] == ["words", "words", "lines", "drawn"]
    shares = [pool.share for pool in data.pools]
    assert sum(shares) == pytest.approx(1)
    assert shares[3] == pytest.approx(0.57)
    assert shares[0] == pytest.approx(48 / 12 * shares[1])
    assert shares[2] == pytest.approx(shares[1])


def test_only_large_sets_of_real_words_are_held_back_from(folders):
    data = load_detector_data(folders)
    assert [item["n_validation"] for item in data.names] == [12, 0, 0, 0]
    held_back = {scene.path for scene in data.validation}
    assert len(held_back) == 12
    assert not held_back & {path for pool in data.pools for path in pool.paths}


def test_one_kind_alone_is_enough(folders):
    assert [pool.share for pool in load_detector_data(folders[2:3]).pools] == [pytest.approx(0.43)]
    assert load_detector_data([]).pools == []


def test_the_held_back_part_can_be_saved_as_a_set_of_its_own(folders, tmp_path):
    validation = load_detector_data(folders).validation
    save_scenes(tmp_path / "run" / "validation", validation)
    again = load_scenes(tmp_path / "run" / "validation")
    assert [scene.path.resolve() for scene in again] == [scene.path.resolve() for scene in validation]
    assert all(np.array_equal(a.boxes[0].quad, b.boxes[0].quad) for a, b in zip(again, validation, strict=True))
