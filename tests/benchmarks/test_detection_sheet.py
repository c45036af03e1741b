"""The sheet that shows what a detector finds: colours, captions, and one run from beginning to end."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from docs.benchmarks import detection_sheet as sheets
from tests.support.checkpoints import save_tiny_detector
from tests.support.pictures import draw_scene, to_png
from textrec_app.data.scenes import SceneBox
from textrec_app.domain import DetectedRegion
from textrec_app.errors import InputError
from textrec_app.evaluation.detection import FoundText, SceneSample, assign_regions

NO_CHARACTERS = np.zeros((0, 4, 2), np.float32)


def corners(x0: float, y0: float, x1: float, y1: float) -> tuple[tuple[float, float], ...]:
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def make_look() -> sheets.Look:
    """A black picture of a tile's size with one region and one box of each kind."""
    truths = [corners(100, 20, 200, 60), corners(100, 120, 200, 160), corners(100, 220, 200, 260)]
    boxes = tuple(
        SceneBox(np.array(quad, np.float32), "word", index == 2, "word", NO_CHARACTERS)
        for index, quad in enumerate(truths)
    )
    polygons = [truths[0], corners(110, 24, 150, 56), corners(400, 20, 500, 60), corners(110, 230, 190, 250)]
    words = [DetectedRegion(polygon, 0.9, 0.0, (corners(410, 30, 420, 50),)) for polygon in polygons]
    found = [FoundText(polygon) for polygon in polygons]
    image = np.zeros((sheets.TILE_WH[1], sheets.TILE_WH[0], 3), np.uint8)
    return sheets.Look(SceneSample(image, boxes), words, found, assign_regions(boxes, found))


@pytest.mark.parametrize(
    ("point", "colour"),
    [
        ((150, 20), sheets.GREEN),
        ((150, 120), sheets.RED),
        ((150, 220), sheets.GREY),
        ((150, 230), sheets.GREY),
        ((130, 24), sheets.MAGENTA),
        ((450, 20), sheets.ORANGE),
        ((415, 30), sheets.CYAN),
        ((93, 40), sheets.GREEN),  # the arrow before the beginning
        ((300, 300), (0, 0, 0)),
    ],
)
def test_everything_is_drawn_in_its_colour(point: tuple[int, int], colour: tuple[int, int, int]) -> None:
    x, y = point
    assert sheets.draw_look(make_look())[y, x].tolist() == pytest.approx(colour, abs=20)  # lines are smooth


def test_captions_tell_the_counts() -> None:
    tile = sheets.make_tile(make_look(), "a.jpg")
    assert tile.caption == "a.jpg: 1 of 2 found, 2 false, 1 twice"
    assert tile.hmean == pytest.approx(0.4)
    look = make_look()
    unjudged = sheets.make_tile(sheets.Look(look.sample, look.words, look.found), "b.jpg")
    assert (unjudged.caption, unjudged.hmean) == ("b.jpg: 4 found", 1.0)


def test_a_sheet_has_a_place_for_every_picture() -> None:
    tile = sheets.make_tile(make_look(), "a.jpg")
    (width, height), one = sheets.TILE_WH, sheets.draw_sheet([tile])
    assert height < one.shape[0] < 2 * height
    assert width < one.shape[1] < 2 * width
    three = sheets.draw_sheet([tile] * 3)
    assert three.shape[0] > 2 * height
    assert three.shape[1] == 2 * one.shape[1]


def test_pictures_without_boxes_are_listed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no pictures"):
        sheets.list_scenes(tmp_path)
    (tmp_path / "b.PNG").write_bytes(to_png(draw_scene(["Bar"])))
    (tmp_path / "notes.txt").write_text("none")
    assert [scene.path.name for scene in sheets.list_scenes(tmp_path)] == ["b.PNG"]


def test_the_script_shows_the_worst_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = save_tiny_detector(tmp_path)  # finds one word, the whole picture
    box = {"quad": [[0, 0], [320, 0], [320, 240], [0, 240]], "text": "Hotel"}
    rows: list[dict[str, Any]] = [{"image": "right.png", "boxes": [box]}, {"image": "wrong.png", "boxes": []}]
    for row in rows:
        (tmp_path / str(row["image"])).write_bytes(to_png(draw_scene(["Hotel"])))
    (tmp_path / "boxes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    out = tmp_path / "new" / "sheet.png"
    sheets.main([str(tmp_path), str(out), "--worst", "-n", "1", "--model", str(weights)])
    assert "2 pictures, hmean 0.6667" in capsys.readouterr().out
    sheet = cv2.imread(str(out))[..., ::-1]
    assert (sheet == sheets.ORANGE).all(axis=2).sum() > 500  # the region in the picture without words
