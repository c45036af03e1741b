import cv2
import numpy as np

from docs.benchmarks import line_splitting
from docs.benchmarks.detection_sets import main
from textrec_app.data.scenes import Scene, SceneBox, load_scenes, save_scenes


def box(x0, y0, x1, y1, level="word"):
    quad = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)
    return SceneBox(quad, "Text", False, level, np.zeros((0, 4, 2), np.float32))


def write_set(folder, count):
    folder.mkdir(parents=True)
    picture = np.zeros((400, 400, 3), np.uint8)
    picture[:, ::2] = 200
    paths = [folder / f"{number:04}.jpg" for number in range(count)]
    for path in paths:
        cv2.imwrite(str(path), picture)
    save_scenes(folder, [Scene(path, (box(20, 20, 200, 60),)) for path in paths])


def test_parts_are_disjoint_and_cuts_hold_no_text(tmp_path):
    for name, count in (("ic03", 42), ("td500_train", 61), ("receipts", 12)):
        write_set(tmp_path / "det" / name, count)
    main([str(tmp_path / "det"), str(tmp_path / "out")])
    for name, n_train, n_held_back in (("ic03", 2, 40), ("td500", 1, 60), ("receipts", 2, 10)):
        train, held_back = (load_scenes(tmp_path / "out" / f"{part}_{name}") for part in ("train", "val"))
        assert (len(train), len(held_back)) == (n_train, n_held_back)
        assert not {s.path.resolve() for s in train} & {s.path.resolve() for s in held_back}
    assert {b.level for s in load_scenes(tmp_path / "out" / "val_receipts") for b in s.boxes} == {"line"}
    cuts = load_scenes(tmp_path / "out" / "cut_train")
    assert len(cuts) == 3
    assert not any(scene.boxes for scene in cuts)
    assert all(300 <= cv2.imread(str(scene.path)).shape[0] <= 328 for scene in cuts)


def test_rows_are_merged_from_left_to_right():
    words = [box(120, 10, 180, 40), box(10, 12, 100, 41), box(10, 60, 100, 90), box(400, 10, 480, 40)]
    rows = line_splitting.merge_rows(words)
    starts = sorted([int(word.quad[0, 0]) for word in row] for row in rows)
    assert starts == [[10], [10, 120], [400]]
