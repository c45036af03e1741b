"""What each head of the one-shot detector is worth when it reads: the same weights, parts of what they say taken away.

    python -m docs.benchmarks.detection_ablation DATA MODEL [--rotate 90 180] [--pictures N]

DATA is a folder with a `boxes.jsonl` of words, MODEL the weights of a `one_shot` detector. Nothing is trained: the
network runs once for each picture, and its outputs are altered before they become words.

* "without orientation": every text is taken as running to the right along a row.
* "four directions only", "fine direction only": the other one of the two says nothing.
* "without offset": centres lie in the middles of cells.
* "without characters": none is seen; a word's score is then that of its centre alone.

For each, the threshold of 0.3, 0.35, … 0.8 with the best hmean on the pictures as they are is taken, and used on the
turned copies too. "Upright" is the share of matched words whose first corner lies nearest to the first corner of the
truth: only those come to the recognizer upright. The table in Markdown is printed.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.detection.one_shot import CENTRE, DIRECTION, OFFSET, ORIENTATION
from models.weights import load_network
from textrec_app.data.scenes import Scene, SceneBox, load_scenes
from textrec_app.domain import DetectedRegion
from textrec_app.evaluation.detection import DetectionMetrics, FoundText, assign_regions, sum_up
from textrec_app.evaluation.turned_scenes import turned_scene
from textrec_app.pipeline.detection import Detector, read_preprocessing
from textrec_app.pipeline.detector_runners import Canvases, DetectorRunner, Outputs, create_detector_runner
from textrec_app.pipeline.images import load_image
from textrec_app.pipeline.one_shot_decoding import DOUBTFUL_CHARACTER

THRESHOLDS = tuple(round(0.3 + 0.05 * step, 2) for step in range(11))
SURE, NEVER = 30.0, -30.0
DIRECTION_LOGIT = 8.0

Regions = Sequence[DetectedRegion]
Boxes = Sequence[SceneBox]


def say_right(outputs: Outputs) -> Outputs:
    """Every text runs to the right along a row."""
    altered = {name: values.copy() for name, values in outputs.items()}
    for values in altered.values():
        values[:, ORIENTATION] = np.array([SURE, NEVER, NEVER, NEVER], np.float32)[:, None, None]
        values[:, DIRECTION] = np.array([1.0, 0.0], np.float32)[:, None, None]
    return altered


def forget_fine_direction(outputs: Outputs) -> Outputs:
    """The four directions speak alone."""
    return _fill(outputs, ("words", "characters"), DIRECTION, 0.0)


def derive_directions(outputs: Outputs) -> Outputs:
    """The four directions follow from the fine one."""
    altered = {name: values.copy() for name, values in outputs.items()}
    for values in altered.values():
        leads = values[:, DIRECTION]
        values[:, ORIENTATION] = DIRECTION_LOGIT * np.concatenate([leads, -leads], axis=1)
    return altered


def forget_offsets(outputs: Outputs) -> Outputs:
    """Centres lie in the middles of their cells."""
    return _fill(outputs, ("words", "characters"), OFFSET, 0.0)


def forget_characters(outputs: Outputs) -> Outputs:
    """There is no character anywhere."""
    return _fill(outputs, ("characters",), slice(CENTRE, CENTRE + 1), NEVER)


def _fill(outputs: Outputs, heads: Sequence[str], channels: slice, value: float) -> Outputs:
    altered = dict(outputs)
    for head in heads:
        altered[head] = outputs[head].copy()
        altered[head][:, channels] = value
    return altered


@dataclass(frozen=True)
class Part:
    """One row.

    Attributes:
        alter: makes new outputs of (B, C, h, w) each, and leaves the given ones as they are.
        has_characters: whether characters speak for words; else scores are brought back to those of the centres.
    """

    name: str
    alter: Callable[[Outputs], Outputs]
    has_characters: bool = True

    def to_score(self, said: float) -> float:
        """The score that thresholds are compared with."""
        return said if self.has_characters else said**2 / DOUBTFUL_CHARACTER

    def from_score(self, score: float) -> float:
        """What the detector says for a score; the inverse of `to_score`."""
        return score if self.has_characters else (score * DOUBTFUL_CHARACTER) ** 0.5


PARTS = (
    Part("as it is", dict),
    Part("without orientation", say_right),
    Part("four directions only", forget_fine_direction),
    Part("fine direction only", derive_directions),
    Part("without offset", forget_offsets),
    Part("without characters", forget_characters, has_characters=False),
)


class RememberingRunner:
    """Runs each batch of canvases once, until it is told to forget."""

    def __init__(self, runner: DetectorRunner) -> None:
        self.name = runner.name
        self._runner = runner
        self._known: dict[tuple[tuple[int, ...], bytes], Outputs] = {}

    def run(self, canvases: Canvases) -> Outputs:
        """See `DetectorRunner.run`."""
        key = (canvases.shape, canvases.tobytes())
        if key not in self._known:
            self._known[key] = self._runner.run(canvases)
        return self._known[key]

    def forget(self) -> None:
        """Free what is known."""
        self._known.clear()


class AlteredRunner:
    """A runner whose outputs are altered."""

    def __init__(self, runner: DetectorRunner, part: Part) -> None:
        self.name = f"{runner.name}, {part.name}"
        self._runner, self._part = runner, part

    def run(self, canvases: Canvases) -> Outputs:
        """See `DetectorRunner.run`."""
        return self._part.alter(self._runner.run(canvases))


class PartDetectors:
    """One detector for each part, all of the same weights."""

    def __init__(self, model: Path, parts: Sequence[Part] = PARTS) -> None:
        network, card = load_network(model)
        if card.architecture != "one_shot":
            raise SystemExit(f"{model} is {card.architecture}; parts are known of one_shot only")
        preprocessing = read_preprocessing(card.preprocessing)
        own = create_detector_runner(network, card, preprocessing, torch.device("cpu"), model)
        self.parts = parts
        self._runner = RememberingRunner(own)
        self._detectors = []
        for part in parts:
            known = dict(card.preprocessing.get("thresholds", {}))
            known["score"] = part.from_score(Detector(network, card, runner=own).threshold)
            changed = replace(card, preprocessing=card.preprocessing | {"thresholds": known})
            self._detectors.append(Detector(network, changed, runner=AlteredRunner(self._runner, part)))

    def look(self, image: NDArray[np.uint8]) -> list[list[DetectedRegion]]:
        """Words of a picture (H, W, 3) uint8 RGB from the least threshold on, for each part."""
        self._runner.forget()
        found = []
        for part, detector in zip(self.parts, self._detectors, strict=True):
            regions = detector.look(image, part.from_score(THRESHOLDS[0])).regions
            found.append([replace(region, score=part.to_score(region.score)) for region in regions])
        return found


@dataclass(frozen=True)
class Score:
    """How well regions from a threshold on match; `upright` is a share of those that match."""

    threshold: float
    metrics: DetectionMetrics
    upright: float


def measure_at(threshold: float, boxes: Sequence[Boxes], regions: Sequence[Regions]) -> Score:
    """Score what was found in each picture, from a threshold on."""
    counts, n_upright, n_matched = [], 0, 0
    for truth, found in zip(boxes, regions, strict=True):
        kept = [region for region in found if region.score >= threshold]
        matching = assign_regions(truth, [FoundText(region.polygon) for region in kept])
        counts.append(matching.count())
        n_matched += len(matching.pairs)
        n_upright += sum(is_upright(truth[box].quad, kept[index].polygon[0]) for box, index in matching.pairs)
    return Score(threshold, sum_up(counts, 0.0), n_upright / max(n_matched, 1))


def is_upright(quad: NDArray[np.float32], first: tuple[float, float]) -> bool:
    """Whether a region's first corner lies nearest to the first corner of a box (4, 2)."""
    return int(np.linalg.norm(quad - np.array(first), axis=1).argmin()) == 0


def find_best(boxes: Sequence[Boxes], regions: Sequence[Regions]) -> Score:
    """The score at the threshold with the highest hmean; of equal ones, the lowest."""
    return max((measure_at(value, boxes, regions) for value in THRESHOLDS), key=lambda score: score.metrics.hmean)


def measure_parts(
    detectors: PartDetectors, scenes: Sequence[Scene], angles_deg: Sequence[float]
) -> dict[str, dict[float, Score]]:
    """Scores of each part by angle, counter-clockwise degrees; 0 comes first and chooses the threshold."""
    scores: dict[str, dict[float, Score]] = {part.name: {} for part in detectors.parts}
    for deg in (0.0, *angles_deg):
        boxes: list[Boxes] = []
        found: list[list[list[DetectedRegion]]] = []
        for scene in scenes:
            sample = turned_scene(load_image(scene.path), scene.boxes, deg)
            boxes.append(sample.boxes)
            found.append(detectors.look(sample.image))
            print(f"{deg:g} degrees: {len(boxes)} of {len(scenes)}", file=sys.stderr, flush=True)
        for part, regions in zip(detectors.parts, zip(*found, strict=True), strict=True):
            known = scores[part.name]
            known[deg] = measure_at(known[0.0].threshold, boxes, regions) if known else find_best(boxes, regions)
    return scores


def write_table(scores: dict[str, dict[float, Score]]) -> str:
    """Markdown: one row for each part and angle."""
    lines = ["| parts | turned | threshold | precision | recall | hmean | upright |", "|---|---|---|---|---|---|---|"]
    for name, by_angle in scores.items():
        for deg, score in by_angle.items():
            metrics = score.metrics
            cells = [f"{value:.3f}" for value in (metrics.precision, metrics.recall, metrics.hmean, score.upright)]
            lines.append(f"| {name} | {deg:g}° | {score.threshold:.2f} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--rotate", type=float, nargs="*", default=[], metavar="DEG")
    parser.add_argument("--pictures", type=int, help="so many, from the first on; all by default")
    options = parser.parse_args(arguments)
    scenes = load_scenes(options.data)[: options.pictures]
    print(write_table(measure_parts(PartDetectors(options.model), scenes, options.rotate)), end="")


if __name__ == "__main__":
    main()
