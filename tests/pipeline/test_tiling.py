"""Closer looks with an eye that sees what a detector would: words of a legible height, cut where the crop ends."""

import cv2
import numpy as np
import pytest

from textrec_app.domain import DetectedRegion
from textrec_app.pipeline.scale_merging import Look, text_heights
from textrec_app.pipeline.tile_planning import CellGrid, find_lost_detail, plan_tiles, seen_windows
from textrec_app.pipeline.tiling import TilingOptions, look_closer

INK, PAPER = 40, 230
LEGIBLE_PX = 8.0
OPTIONS = TilingOptions()


def paint(size_hw, boxes):
    """Words as bars of strokes on paper; where there is a word, the first channel is `INK`."""
    image = np.full((*size_hw, 3), PAPER, np.uint8)
    for x0, y0, x1, y1 in boxes:
        step = max(2, (y1 - y0) // 5)
        for x in range(x0, x1, 2 * step):
            image[y0:y1, x : min(x + step, x1), 1] = INK
        image[y0:y1, x0:x1, 0] = INK
    return image


class Eye:
    """Finds painted words of at least `LEGIBLE_PX`, and counts its looks."""

    def __init__(self):
        self.scales, self.batches = [], []

    def see(self, crop, scale):
        """The words of one crop."""
        words = np.ascontiguousarray(crop[..., 0] == INK).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(words)
        boxes = [(x, y, x + width, y + height) for x, y, width, height, _ in stats[1:].tolist()]
        return [region(*box) for box in boxes if (box[3] - box[1]) * scale >= LEGIBLE_PX]

    def look_at(self, crops, scale):
        """The words of each crop."""
        self.scales += [scale] * len(crops)
        self.batches.append(len(crops))
        assert len({crop.shape for crop in crops}) == 1
        return [self.see(crop, scale) for crop in crops]


def region(x0, y0, x1, y1, score=0.8):
    corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    return DetectedRegion(tuple((float(x), float(y)) for x, y in corners), score)


def read(size_hw, boxes, options=OPTIONS):
    """Boxes that are found, and the eye."""
    image, eye = paint(size_hw, boxes), Eye()
    scale = 1280 / max(size_hw)
    found = look_closer(image, Look(eye.see(image, scale), scale), eye.look_at, options)
    return sorted(tuple(map(int, (*one.polygon[0], *one.polygon[2]))) for one in found), eye


def rows_of_words(left_top, count, size_px, columns=8):
    (x, y), width = left_top, 4 * size_px
    return [
        (x + column * (width + size_px), y + row * 2 * size_px, x + column * (width + size_px) + width,
         y + row * 2 * size_px + size_px)
        for row, column in (divmod(index, columns) for index in range(count))
    ]  # fmt: skip


def test_text_of_12_px_in_a_picture_of_12_megapixels_is_found():
    boxes = rows_of_words((2200, 1700), 60, 12)
    found, eye = read((3000, 4000), boxes)
    assert found == sorted(boxes)
    assert len(eye.scales) <= 4


def test_only_large_text_costs_nothing():
    boxes = [(300, 300, 2300, 800), (400, 1200, 3000, 1500), (500, 2000, 900, 2080)]
    found, eye = read((3000, 4000), boxes)
    assert found == boxes
    assert eye.scales == []


def test_an_empty_picture_and_a_small_one_cost_nothing():
    assert read((3000, 4000), [])[1].scales == []
    found, eye = read((900, 1200), rows_of_words((10, 10), 12, 9))
    assert len(found) == 12
    assert eye.scales == []


def test_a_page_of_small_words_is_found_whole_and_once():
    boxes = rows_of_words((40, 40), 46 * 20, 31, columns=20)
    found, eye = read((3000, 4000), boxes)
    assert found == sorted(boxes)
    assert max(eye.batches) <= OPTIONS.batch
    assert all(scale < 0.8 for scale in eye.scales)
    assert len(eye.scales) <= 12


def test_words_longer_than_the_overlap_are_joined_where_tiles_cut_them():
    lines = [(20, y, 3900, y + 26) for y in range(40, 2900, 200)]
    found, _ = read((3000, 4000), lines)
    assert found == lines


def test_a_heading_is_not_taken_apart_by_looks_at_the_small_print_in_it():
    heading = (600, 500, 3400, 900)
    print_ = rows_of_words((700, 950), 40, 26)
    found, eye = read((3000, 4000), [heading, *print_])
    assert found == sorted([heading, *print_])
    assert eye.scales


def test_still_smaller_words_are_followed_once_more():
    boxes = rows_of_words((1000, 1000), 24, 30) + rows_of_words((1000, 1250), 24, 12)
    found, eye = read((3000, 4000), boxes)
    assert found == sorted(boxes)
    assert max(eye.scales) > 0.9


def test_foliage_is_probed_and_left():
    image = np.random.default_rng(0).integers(0, 256, (3000, 4000, 3), np.uint8)
    looks = []

    def sees_nothing(crops, scale):
        looks.extend(crops)
        return [[] for _ in crops]

    assert look_closer(image, Look([], 0.32), sees_nothing) == []
    assert len(looks) == OPTIONS.probes


def test_the_largest_pictures_get_a_bounded_number_of_tiles_the_fullest_first():
    boxes = rows_of_words((100, 100), 1500, 40, columns=30)
    image, eye = paint((6100, 6100), boxes), Eye()
    look_closer(image, Look([region(*box) for box in boxes], 0.2), eye.look_at, TilingOptions(most_tiles=5))
    assert len(eye.scales) == 5


def test_small_words_that_a_closer_look_does_not_confirm_are_dropped():
    image = np.full((3000, 4000, 3), PAPER, np.uint8)
    doubtful, sound = region(1000, 1000, 1100, 1030), region(1000, 1400, 1400, 1500)
    kept = look_closer(image, Look([doubtful, sound], 0.32), lambda crops, scale: [[] for _ in crops])
    assert kept == [sound]


def test_doubtful_small_words_are_no_reason_for_a_closer_look():
    image = np.full((3000, 4000, 3), PAPER, np.uint8)
    doubtful = region(1000, 1000, 1100, 1030, score=0.2)
    options = TilingOptions(sure_score=0.5)
    eye = Eye()
    assert look_closer(image, Look([doubtful], 0.32), eye.look_at, options) == [doubtful]
    assert eye.scales == []


def test_turned_words_keep_their_first_corner():
    image = np.full((3000, 4000, 3), PAPER, np.uint8)
    upside_down = DetectedRegion(((1100.0, 1030.0), (1000.0, 1030.0), (1000.0, 1000.0), (1100.0, 1000.0)), 0.9, 180.0)

    def look_at(crops, scale):
        return [[DetectedRegion(((90.0, 60.0), (10.0, 60.0), (10.0, 30.0), (90.0, 30.0)), 0.7, 180.0)] for _ in crops]

    (found,) = look_closer(image, Look([upside_down], 0.32), look_at)
    assert found.angle_deg == 180.0
    assert found.polygon[0][0] > found.polygon[1][0]
    assert found.polygon[0][1] > found.polygon[3][1]


@pytest.mark.parametrize("margin", [0.0, 70.0])
def test_planned_tiles_see_every_wanted_cell(margin):
    generator = np.random.default_rng(1)
    grid = CellGrid(100.0, (2970, 4010))
    for share in (0.02, 0.3, 1.0):
        wanted = generator.random(grid.shape) < share
        windows = plan_tiles(wanted, grid, 900.0, margin)
        seen = grid.inside(seen_windows(windows, grid.size_hw, margin))
        assert not (wanted & ~seen).any()
        assert {(x1 - x0, y1 - y0) for x0, y0, x1, y1 in windows} == {(900, 900)}
        assert len(windows) == len(set(windows)) <= 30
        assert all(0 <= x0 < x1 <= 4010 and 0 <= y0 < y1 <= 2970 for x0, y0, x1, y1 in windows)


def test_tiles_are_no_larger_than_the_picture():
    grid = CellGrid(40.0, (300, 5000))
    (window, *_) = plan_tiles(np.ones(grid.shape, bool), grid, 900.0, 60.0)
    assert window[3] - window[1] == 300


def test_lost_detail_is_where_small_text_is():
    image = np.full((3000, 4000, 3), PAPER, np.uint8)
    cv2.putText(image, "Large", (300, 1000), cv2.FONT_HERSHEY_DUPLEX, 20, (INK,) * 3, 60)
    for row in range(20):
        cv2.putText(image, "small print in a corner", (3000, 2400 + 20 * row), cv2.FONT_HERSHEY_PLAIN, 1, (INK,) * 3)
    grid = CellGrid(100.0, (3000, 4000))
    rows, columns = np.nonzero(find_lost_detail(image, 0.32, grid))
    assert len(rows) >= 4
    assert rows.min() >= 23
    assert columns.min() >= 29


def test_heights_are_measured_across_the_reading_direction():
    quads = np.array([region(0, 0, 50, 10).polygon, region(0, 0, 5, 20).polygon], np.float32)
    assert text_heights(quads).tolist() == [10.0, 20.0]
