"""Measuring detectors and spotting on pictures with boxes, end to end with tiny networks."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.checkpoints import save_tiny_detector
from tests.support.pictures import draw_scene, to_png
from textrec_app.data.recognition_sets import load_recognition_set
from textrec_app.data.scenes import load_scenes
from textrec_app.domain import DetectedRegion, Reading, RegionReading, Timings
from textrec_app.errors import InputError, NotFoundError
from textrec_app.evaluation.detection import DetectionMetrics, evaluate_detection
from textrec_app.services.context import App
from textrec_app.services.evaluating_scenes import (
    SceneReport,
    SceneRequest,
    choose_level,
    count_parameters,
    list_lines,
    list_read,
    measure_detection,
    measure_spotting,
)

WHOLE = {"quad": [[0, 0], [320, 0], [320, 240], [0, 240]], "text": "Hotel"}
MakeSet = Callable[..., Path]


@pytest.fixture
def make_set(tmp_path: Path) -> MakeSet:
    """Writes a set of one picture for each list of boxes; the tiny detector finds one word, the whole picture."""

    def write(*pictures: list[dict[str, Any]]) -> Path:
        folder = tmp_path / "scenes"
        folder.mkdir()
        lines = []
        for index, boxes in enumerate(pictures):
            (folder / f"{index}.png").write_bytes(to_png(draw_scene(["Hotel"], seed=index)))
            lines.append(json.dumps({"image": f"{index}.png", "boxes": boxes}) + "\n")
        (folder / "boxes.jsonl").write_text("".join(lines), encoding="utf-8")
        return folder

    return write


def test_detection_and_spotting_are_scored(app: App, make_set: MakeSet, tmp_path: Path) -> None:
    data = make_set([WHOLE])
    (found,) = measure_detection(app, SceneRequest(data, predictions=tmp_path / "new" / "found.jsonl"))
    assert (found.metrics.precision, found.metrics.recall, found.metrics.hmean) == (1, 1, 1)
    assert (found.model, found.level, found.turned) == ("detector@1", "word", {})
    (spotted,) = measure_spotting(app, SceneRequest(data, predictions=tmp_path / "spotted.jsonl"))
    assert spotted.metrics.hmean == 0
    assert spotted.parameters > found.parameters > 0
    (line,) = (tmp_path / "spotted.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["image"] == "0.png"
    assert json.loads(line)["boxes"][0]["text"]
    (line,) = (tmp_path / "new" / "found.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(json.loads(line)["boxes"][0]["quad"]) == 4
    assert load_recognition_set(data)[0].text == "Hotel"


def test_detectors_are_measured_side_by_side(app: App, make_set: MakeSet, tmp_path: Path) -> None:
    blind = str(save_tiny_detector(tmp_path / "blind", finds=False))
    seen: list[tuple[int, int]] = []
    request = SceneRequest(make_set([WHOLE], []), detectors=("detector", blind), angles_deg=(90.0,))
    first, second = measure_detection(app, request, lambda done, total: seen.append((done, total)))
    assert [report.model for report in (first, second)] == ["detector", blind]
    assert [report.metrics.recall for report in (first, second)] == [1, 0]
    assert (first.metrics.false_per_picture, second.metrics.false_per_picture) == (1.0, 0.0)
    assert first.parameters == second.parameters == count_parameters(Path(blind))
    assert seen == [(done, 8) for done in range(9)]
    spotted = measure_spotting(app, SceneRequest(request.data, detectors=("detector", blind)))
    assert [report.metrics.false_per_picture for report in spotted] == [1.0, 0.0]


def test_pictures_are_turned_with_their_boxes(app: App, make_set: MakeSet) -> None:
    (report,) = measure_detection(app, SceneRequest(make_set([WHOLE]), angles_deg=(45.0, 90.0, 180.0)))
    assert list(report.turned) == [45, 90, 180]
    assert [report.turned[deg].hmean for deg in (90, 180)] == [1, 1]
    assert report.turned[45].hmean == 0  # the whole grown canvas, of which the box is less than half
    assert report.greatest_loss == 1


def test_lines_are_compared_where_the_boxes_are_lines(app: App, make_set: MakeSet) -> None:
    data = make_set([WHOLE | {"level": "line"}])
    (by_boxes,) = measure_detection(app, SceneRequest(data))
    (by_words,) = measure_detection(app, SceneRequest(data, level="word"))
    assert [(one.level, one.metrics.hmean) for one in (by_boxes, by_words)] == [("line", 1), ("word", 1)]
    assert measure_spotting(app, SceneRequest(data))[0].level == "line"


def test_the_level_is_that_of_most_boxes(make_set: MakeSet) -> None:
    line = WHOLE | {"level": "line"}
    scenes = load_scenes(make_set([WHOLE, line], [line], [WHOLE]))
    assert choose_level("auto", scenes) == "word"
    assert choose_level("auto", scenes[:2]) == "line"
    assert choose_level("auto", []) == "word"
    assert [choose_level(level, scenes[:2]) for level in ("word", "line")] == ["word", "line"]
    with pytest.raises(InputError, match="auto, word, line"):
        choose_level("page", scenes)


def word(left: float, top: float, right: float) -> tuple[tuple[float, float], ...]:
    return ((left, top), (right, top), (right, top + 20), (left, top + 20))


WORDS = (word(0, 0, 60), word(70, 0, 150), word(0, 100, 90))
LINES = [word(0, 0, 150), word(0, 100, 90)]


def outline(polygons: list[Any]) -> list[list[float]]:
    return [[*np.min(polygon, axis=0).round(3), *np.max(polygon, axis=0).round(3)] for polygon in polygons]


def test_words_of_a_line_are_one_region() -> None:
    lines = list_lines([DetectedRegion(polygon, 0.9) for polygon in WORDS])
    assert sorted(outline([line.polygon for line in lines])) == sorted(outline(LINES))
    assert list_lines([]) == []


def test_texts_of_a_line_are_put_together() -> None:
    texts = ("Hotel", "Park", "open")
    regions = tuple(RegionReading(polygon, text, 0.9) for polygon, text in zip(WORDS, texts, strict=True))
    reading = Reading("a.png", (200, 200), regions, Timings(0, 0, 0), {}, ((0, 1), (2,)), ((0, 1, 2),))
    assert [found.text for found in list_read(reading, "word")] == list(texts)
    lines = list_read(reading, "line")
    assert [line.text for line in lines] == ["Hotel Park", "open"]
    assert outline([line.polygon for line in lines]) == outline(LINES)


def test_the_report_has_the_promised_keys_first() -> None:
    metrics = evaluate_detection([], lambda image: [])
    report = SceneReport("a", "word", 5, metrics)
    assert list(report.to_dict()) == [
        *("precision", "recall", "hmean", "n_images", "ms_per_image"),
        *("parameters", "duplicates_per_100", "false_per_picture", "n_text_free", "level"),
    ]
    assert report.to_dict()["false_per_picture"] is None
    assert report.greatest_loss == 0


def test_the_greatest_loss_is_against_the_pictures_as_they_are() -> None:
    def scored(hmean: float) -> DetectionMetrics:
        return DetectionMetrics(hmean, hmean, hmean, 1, 1.0)

    report = SceneReport("a", "word", 5, scored(0.8), {15.0: scored(0.81), 90.0: scored(0.775), 270.0: scored(0.79)})
    told = report.to_dict()
    assert told["rotated_hmean"] == {"15": 0.81, "90": 0.775, "270": 0.79}
    assert told["greatest_loss"] == 0.025


def test_what_does_not_go_together_is_told(app: App, make_set: MakeSet, tmp_path: Path) -> None:
    data = make_set([WHOLE])
    with pytest.raises(InputError, match="one detector at a time"):
        measure_detection(app, SceneRequest(data, ("detector", "detector"), predictions=tmp_path / "found.jsonl"))
    with pytest.raises(NotFoundError, match="no checkpoint"):
        measure_spotting(app, SceneRequest(data, ("gone",)))
    (data / "boxes.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="lists no pictures"):
        measure_detection(app, SceneRequest(data))
