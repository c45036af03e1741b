import json

import cv2
import numpy as np
import pytest

from tests.support.checkpoints import save_tiny_detector
from textrec_app.data.line_words import SEEN_CONFIDENCE
from textrec_app.data.scenes import load_scenes, save_scenes
from textrec_app.errors import InputError
from textrec_app.pipeline.detection import Detector
from textrec_app.training.detector_sources import load_detector_data

QUAD = [[2, 2], [30, 2], [30, 12], [2, 12]]


def write_set(folder, n, box, characters=False):
    folder.mkdir()
    boxes = [] if box is None else [{"quad": QUAD, **box}]
    rows = [{"image": f"{k}.png", "boxes": boxes} for k in range(n)]
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


def test_pictures_without_text_get_a_share_of_their_own(folders, tmp_path):
    empty = write_set(tmp_path / "empty", 500, None)
    data = load_detector_data([*folders, empty])
    assert data.names[-1]["kind"] == "empty"
    shares = [pool.share for pool in data.pools]
    assert sum(shares) == pytest.approx(1)
    assert shares[-1] == pytest.approx(0.08)
    assert shares[3] == pytest.approx(0.92 * 0.57)
    assert data.pools[-1].words == [[]] * 500


@pytest.fixture
def teacher(tmp_path):
    """It takes the whole picture for one word."""
    return Detector.load(save_tiny_detector(tmp_path / "weights"))


def test_lines_only_teach_background_without_a_teacher(folders):
    (pool,) = load_detector_data(folders[2:3]).pools
    assert {word.confidence for words in pool.words for word in words} == {0.0}


def test_with_a_teacher_lines_are_parted_and_count_in_full(tmp_path, teacher):
    lines = write_set(
        tmp_path / "signs", 3, {"text": None, "level": "line", "quad": [[1, 1], [31, 1], [31, 15], [1, 15]]}
    )
    words = write_set(tmp_path / "words", 3, {"text": "ab"})
    data = load_detector_data([lines, words], teacher)
    assert data.pools[0].share == pytest.approx(data.pools[1].share)
    parted = [word for words in data.pools[0].words for word in words]
    assert len(parted) == 3
    assert all(word.confidence > 0 for word in parted)


def test_a_teacher_does_not_grow_surer_of_characters_that_it_alone_has_counted(tmp_path, teacher):
    quad = [[1, 1], [31, 1], [31, 15], [1, 15]]
    unread = write_set(tmp_path / "unread", 1, {"text": None, "level": "line", "quad": quad})
    read = write_set(tmp_path / "read", 1, {"text": "a", "level": "line", "quad": quad})
    ((guessed,),), ((checked,),) = (pool.words for pool in load_detector_data([unread, read], teacher).pools)
    assert guessed.confidence == SEEN_CONFIDENCE
    assert checked.confidence == 1.0  # its one character was found


def test_words_of_unlabeled_pictures_are_proposed(folders, tmp_path, teacher):
    photos = tmp_path / "photos"
    (photos / "deep").mkdir(parents=True)
    cv2.imwrite(str(photos / "deep" / "1.jpg"), np.zeros((40, 60, 3), np.uint8))
    data = load_detector_data(folders[:1], teacher, [photos])
    assert data.names[-1] == {"name": "photos", "kind": "unlabeled", "n": 1, "n_validation": 0}
    assert data.pools[-1].share == pytest.approx(0.5 / 48.5)
    ((word,),) = data.pools[-1].words
    assert word.confidence == 0.5


def test_unlabeled_pictures_need_a_teacher(folders, tmp_path, teacher):
    with pytest.raises(InputError, match="--base"):
        load_detector_data(folders[:1], None, [tmp_path])
    (tmp_path / "nothing").mkdir()
    with pytest.raises(InputError, match="no pictures"):
        load_detector_data(folders[:1], teacher, [tmp_path / "nothing"])


def test_only_large_sets_of_real_words_are_held_back_from(folders):
    data = load_detector_data(folders)
    assert [item["n_validation"] for item in data.names] == [12, 0, 0, 0]
    held_back = {scene.path for scene in data.validation}
    assert len(held_back) == 12
    assert not held_back & {path for pool in data.pools for path in pool.paths}


def test_one_kind_alone_is_enough(folders):
    assert [pool.share for pool in load_detector_data(folders[2:3]).pools] == [pytest.approx(1)]
    assert load_detector_data([]).pools == []


def test_the_held_back_part_can_be_saved_as_a_set_of_its_own(folders, tmp_path):
    validation = load_detector_data(folders).validation
    save_scenes(tmp_path / "run" / "validation", validation)
    again = load_scenes(tmp_path / "run" / "validation")
    assert [scene.path.resolve() for scene in again] == [scene.path.resolve() for scene in validation]
    assert all(np.array_equal(a.boxes[0].quad, b.boxes[0].quad) for a, b in zip(again, validation, strict=True))
