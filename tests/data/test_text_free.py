import cv2
import numpy as np
import pytest

from textrec_app.data.scenes import load_scenes
from textrec_app.data.text_free import cover_text, erase_text, find_text_free_box, save_text_free

SIZE = (480, 640)


def rectangle(x0, y0, x1, y1):
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)


def turned(centre, size, angle_deg):
    return cv2.boxPoints((centre, size, angle_deg)).astype(np.float32)


def test_the_side_without_text_is_cut_out():
    box = find_text_free_box(SIZE, [rectangle(20, 40, 200, 80), rectangle(40, 400, 220, 440)], 300)
    assert box is not None
    x0, y0, x1, y1 = box
    assert x0 >= 225
    assert (y0, x1, y1) == (0, 640, 480)
    assert x0 < 250


@pytest.mark.parametrize("seed", range(6))
def test_no_text_is_within_the_cut_or_near_it(seed):
    rng = np.random.default_rng(seed)
    quads = [turned(rng.uniform(0, 500, 2), (rng.uniform(20, 120), rng.uniform(8, 30)), 40 * seed) for _ in range(5)]
    box = find_text_free_box(SIZE, quads, 60)
    assert box is not None
    x0, y0, x1, y1 = box
    assert 0 <= x0 < x1 <= 640
    assert 0 <= y0 < y1 <= 480
    assert min(x1 - x0, y1 - y0) >= 60
    assert not cover_text(SIZE, quads)[y0:y1, x0:x1].any()


def test_a_picture_full_of_text_has_no_free_box():
    rows = [rectangle(10, y, 630, y + 20) for y in range(10, 460, 60)]
    assert find_text_free_box(SIZE, rows, 100) is None
    assert find_text_free_box((40, 640), [], 100) is None


def test_a_picture_without_text_is_free_as_a_whole():
    assert find_text_free_box(SIZE, [], 300) == (0, 0, 640, 480)


def test_erased_text_leaves_its_surroundings_and_no_strokes():
    image = np.full((*SIZE, 3), (40, 120, 200), np.uint8)
    cv2.putText(image, "ERASE ME", (150, 240), cv2.FONT_HERSHEY_SIMPLEX, 2, (255, 255, 255), 6)
    quad = rectangle(145, 190, 480, 250)
    clean = erase_text(image, [quad], np.random.default_rng(0))
    covered = cover_text(SIZE, [quad]) > 0
    far = cv2.dilate(covered.astype(np.uint8), np.ones((25, 25), np.uint8)) == 0
    assert np.array_equal(clean[far], image[far])
    assert np.abs(clean[covered].astype(int) - (40, 120, 200)).max() < 20
    assert clean[covered].std(axis=0).min() > 0.5


def test_nothing_is_erased_where_nothing_is_marked():
    image = np.random.default_rng(1).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    assert np.array_equal(erase_text(image, [], np.random.default_rng(0)), image)


def test_a_set_without_text_can_be_read_again(tmp_path):
    pictures = [tmp_path / "pictures" / name for name in ("a.jpg", "b.jpg")]
    save_text_free(tmp_path / "set", pictures)
    scenes = load_scenes(tmp_path / "set")
    assert [scene.path.resolve() for scene in scenes] == pictures
    assert all(scene.boxes == () for scene in scenes)
