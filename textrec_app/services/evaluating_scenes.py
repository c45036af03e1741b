"""Measure detectors, alone and with a recognizer, on pictures with boxes: side by side, by lines, turned."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.weights import load_network
from textrec_app.data.scenes import WORD_LEVEL, Scene, load_scenes
from textrec_app.domain import DetectedRegion, Reading
from textrec_app.errors import InputError
from textrec_app.evaluation.detection import (
    DetectionMetrics,
    FoundText,
    SceneSample,
    evaluate_detection,
    evaluate_spotting,
)
from textrec_app.evaluation.turned_scenes import turned_scene
from textrec_app.pipeline.detection import Detector
from textrec_app.pipeline.grouping import group_regions, line_polygon
from textrec_app.pipeline.images import load_image
from textrec_app.pipeline.reader import Reader
from textrec_app.pipeline.recognition import Recognizer
from textrec_app.services.context import App
from textrec_app.services.evaluating import Progress, find_weights

LINE, AUTO = "line", "auto"
LEVELS = (AUTO, WORD_LEVEL, LINE)

Find = Callable[[NDArray[np.uint8]], list[FoundText]]


@dataclass(frozen=True)
class SceneRequest:
    """What to measure.

    Attributes:
        data: folder with a `boxes.jsonl`.
        detectors: names or paths, measured one after the other; None is the one in use.
        recognizer: likewise; detection has no use for it.
        protocol: how texts are compared: alnum36, alnum62 or exact; detection compares none.
        level: "word", "line", or "auto" for what most boxes say.
        angles_deg: counter-clockwise turns at which the set is measured again.
        predictions: file to write what was found on the pictures as they are, if any; for one detector only.
    """

    data: Path
    detectors: tuple[str | None, ...] = (None,)
    recognizer: str | None = None
    protocol: str = "alnum36"
    level: str = AUTO
    angles_deg: tuple[float, ...] = ()
    predictions: Path | None = None


@dataclass(frozen=True)
class SceneReport:
    """How one detector did.

    Attributes:
        model: as it was asked for; name and version of the one in use.
        level: what boxes and regions are, "word" or "line".
        parameters: numbers that were learned, of all networks that took part.
        turned: metrics at each angle, counter-clockwise degrees.
    """

    model: str
    level: str
    parameters: int
    metrics: DetectionMetrics
    turned: dict[float, DetectionMetrics] = field(default_factory=dict)

    @property
    def greatest_loss(self) -> float:
        """By how much hmean is lower at the worst angle than without a turn; below 0 where it is higher at all."""
        return max((self.metrics.hmean - turned.hmean for turned in self.turned.values()), default=0.0)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form that `evaluate detection|spotting --json` prints for one model."""
        false = self.metrics.false_per_picture
        told = self.metrics.to_dict() | {
            "parameters": self.parameters,
            "duplicates_per_100": round(self.metrics.duplicates_per_100, 2),
            "false_per_picture": None if false is None else round(false, 3),
            "n_text_free": self.metrics.n_text_free,
            "level": self.level,
        }
        if self.turned:
            told["rotated_hmean"] = {f"{deg:g}": round(metrics.hmean, 4) for deg, metrics in self.turned.items()}
            told["greatest_loss"] = round(self.greatest_loss, 4)
        return told


@dataclass(frozen=True)
class _Candidate:
    """A way of finding text, and what is told of it."""

    model: str
    parameters: int
    find: Find


def measure_detection(
    app: App, request: SceneRequest, on_progress: Progress = lambda done, total: None
) -> list[SceneReport]:
    """Find the words of every scene and score them by the ICDAR 2015 rule.

    A set of lines is scored by lines: words are put together as reading does it, and the quad around each line is
    compared. That is how MSRA-TD500 is measured too (rotated boxes, difficult ones excused, IoU above 0.5), but that
    the angle between box and line, which must be below 22.5° there, is not looked at.

    Returns:
        One report for each detector, in the order asked for.

    Raises:
        InputError: the data set is missing or damaged, or what is asked for does not go together.
        NotFoundError: there is no such checkpoint.
        WeightsError: its weights are missing or altered.
    """
    scenes, level = _prepare(request)
    steps = _Steps(on_progress, len(scenes) * (1 + len(request.angles_deg)) * len(request.detectors))

    def build(model: str | None) -> _Candidate:
        path = find_weights(app, "detector", model)
        detector = Detector.load(path, app.models.device, app.settings.runtime)

        def find(image: NDArray[np.uint8]) -> list[FoundText]:
            regions = detector.detect(image)
            return list_lines(regions) if level == LINE else [FoundText(region.polygon) for region in regions]

        return _Candidate(_name(model, detector), count_parameters(path), find)

    return [_measure(build(model), request, scenes, (level, None), steps) for model in request.detectors]


def measure_spotting(
    app: App, request: SceneRequest, on_progress: Progress = lambda done, total: None
) -> list[SceneReport]:
    """Find and read the words of every scene; a match needs the text right too.

    By lines, words of a line are put together with spaces between, as `read` tells lines.

    Returns:
        One report for each detector, in the order asked for.

    Raises:
        InputError: the data set is missing or damaged, or what is asked for does not go together.
        NotFoundError: there is no such checkpoint.
        WeightsError: weights are missing or altered.
    """
    scenes, level = _prepare(request)
    steps = _Steps(on_progress, len(scenes) * (1 + len(request.angles_deg)) * len(request.detectors))
    recognizer_path = find_weights(app, "recognizer", request.recognizer)
    recognizer = Recognizer.load(recognizer_path, app.models.device, app.settings.runtime)

    def build(model: str | None) -> _Candidate:
        path = find_weights(app, "detector", model)
        detector = Detector.load(path, app.models.device, app.settings.runtime)
        reader = Reader(detector, recognizer)

        def read(image: NDArray[np.uint8]) -> list[FoundText]:
            return list_read(reader.read(image, ""), level)

        n_parameters = count_parameters(path) + count_parameters(recognizer_path)
        return _Candidate(_name(model, detector), n_parameters, read)

    return [_measure(build(model), request, scenes, (level, request.protocol), steps) for model in request.detectors]


def list_lines(regions: Sequence[DetectedRegion]) -> list[FoundText]:
    """One quad for each line of words."""
    lines = group_regions(regions).lines
    return [FoundText(line_polygon([regions[index].polygon for index in line])) for line in lines]


def list_read(reading: Reading, level: str) -> list[FoundText]:
    """What was read, as words or as lines."""
    regions = reading.regions
    if level == WORD_LEVEL:
        return [FoundText(region.polygon, region.text) for region in regions]
    return [
        FoundText(
            line_polygon([regions[index].polygon for index in line]), " ".join(regions[index].text for index in line)
        )
        for line in reading.lines
    ]


def choose_level(level: str, scenes: Sequence[Scene]) -> str:
    """What is asked for; for "auto" what more than half of the boxes say: "word" or "line".

    Raises:
        InputError: there is no such level.
    """
    if level not in LEVELS:
        raise InputError(f"There is no level {level!r}. Name one of {', '.join(LEVELS)}.")
    if level != AUTO:
        return level
    are_lines = [box.level == LINE for scene in scenes for box in scene.boxes]
    return LINE if 2 * sum(are_lines) > len(are_lines) else WORD_LEVEL


def count_parameters(weights: Path) -> int:
    """Numbers that were learned in a network; running means are not counted.

    Raises:
        WeightsError: the weights are missing or altered.
    """
    network, _ = load_network(weights)
    return sum(parameter.numel() for parameter in network.parameters())


def write_found(path: Path, directory: Path, scenes: Sequence[Scene], found: Sequence[Sequence[FoundText]]) -> None:
    """Write what was found, one picture a line, in the form of `boxes.jsonl`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        for scene, regions in zip(scenes, found, strict=True):
            boxes = [{"quad": [list(point) for point in region.polygon], "text": region.text} for region in regions]
            image = scene.path.relative_to(directory).as_posix()
            stream.write(json.dumps({"image": image, "boxes": boxes}, ensure_ascii=False) + "\n")


class _Steps:
    """Tells how many pictures are done, over all detectors and angles."""

    def __init__(self, on_progress: Progress, total: int) -> None:
        self._on_progress, self._total, self._done = on_progress, total, 0
        on_progress(0, total)

    def step(self) -> None:
        self._done += 1
        self._on_progress(self._done, self._total)


def _prepare(request: SceneRequest) -> tuple[list[Scene], str]:
    scenes = load_scenes(request.data)
    if not scenes:
        raise InputError(f"{request.data} lists no pictures. Name a folder with pictures and boxes.")
    if request.predictions is not None and len(request.detectors) != 1:
        raise InputError("Predictions are written for one detector at a time. Name one, or leave them out.")
    return scenes, choose_level(request.level, scenes)


def _name(model: str | None, detector: Detector) -> str:
    return model or f"{detector.card.name}@{detector.card.version}"


def _measure(
    candidate: _Candidate, request: SceneRequest, scenes: Sequence[Scene], rule: tuple[str, str | None], steps: _Steps
) -> SceneReport:
    """Measure one candidate at every angle; `rule`: level, and protocol where texts are compared."""
    level, protocol = rule
    noted: list[list[FoundText]] = []

    def find_and_note(image: NDArray[np.uint8]) -> list[FoundText]:
        noted.append(candidate.find(image))
        return noted[-1]

    def score(find: Find, deg: float) -> DetectionMetrics:
        samples = _load_samples(scenes, deg, steps)
        return evaluate_detection(samples, find) if protocol is None else evaluate_spotting(samples, find, protocol)

    metrics = score(find_and_note, 0.0)
    if request.predictions is not None:
        write_found(request.predictions, request.data, scenes, noted)
    turned = {deg: score(candidate.find, deg) for deg in request.angles_deg}
    return SceneReport(candidate.model, level, candidate.parameters, metrics, turned)


def _load_samples(scenes: Sequence[Scene], deg: float, steps: _Steps) -> Iterator[SceneSample]:
    for scene in scenes:
        image = load_image(scene.path)
        yield SceneSample(image, scene.boxes) if deg == 0 else turned_scene(image, scene.boxes, deg)
        steps.step()
