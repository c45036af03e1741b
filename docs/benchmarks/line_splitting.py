"""How often lines are parted into the right words, where the words are known.

    python -m docs.benchmarks.line_splitting FOLDER [--model FILE] [--limit N]

FOLDER holds upright words with texts (ICDAR 2003). Words that stand in a row are merged into lines, whose words the
module `line_words` then has to find again from what the detector sees. Printed for lines of one word and of several:
how many are parted at all, how many of those into exactly the words that are there (each with an IoU over 0.5), and how
many of the words proposed are words.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.weights import PRETRAINED_DIR
from textrec_app.data.line_words import LineSplit, split_line
from textrec_app.data.scenes import Scene, SceneBox, load_scenes
from textrec_app.pipeline.detection import Detector
from textrec_app.training.detector import read_rgb

LEAST_SHARED_HEIGHT = 0.6
MOST_HEIGHT_RATIO = 1.8
MOST_SPACE = 1.5
LEAST_IOU = 0.5

Box = NDArray[np.float32]


@dataclass
class Tally:
    """Counts over lines."""

    lines: int = 0
    parted: int = 0
    right: int = 0
    proposed: int = 0
    true: int = 0

    def add(self, split: LineSplit, words: Sequence[Box]) -> None:
        """Count a line of which the words, x0, y0, x1, y1, are known."""
        found = [_bound(word.quad) for word in split.words]
        hits = sum(any(compute_iou(box, word) > LEAST_IOU for word in words) for box in found)
        self.lines += 1
        self.parted += bool(found)
        self.proposed += len(found)
        self.true += hits
        self.right += bool(found) and hits == len(found) == len(words)

    def describe(self) -> str:
        """One line of a table."""
        return (
            f"{self.lines:5} lines, {self.parted / max(self.lines, 1):5.1%} parted, "
            f"{self.right / max(self.parted, 1):5.1%} of them rightly; "
            f"{self.proposed:5} words proposed, {self.true / max(self.proposed, 1):5.1%} are words"
        )


def merge_rows(boxes: Sequence[SceneBox]) -> list[list[SceneBox]]:
    """Put upright words into rows, each from left to right."""
    rows: list[list[SceneBox]] = []
    for box in sorted(boxes, key=lambda box: float(box.quad[:, 0].min())):
        row = next((row for row in rows if _follows(_bound(row[-1].quad), _bound(box.quad))), None)
        if row is None:
            rows.append([box])
        else:
            row.append(box)
    return rows


def compute_iou(first: Box, second: Box) -> float:
    """Intersection over union of two upright boxes."""
    sides = np.clip(np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2]), 0, None)
    shared = float(sides.prod())
    areas = float((first[2:] - first[:2]).prod() + (second[2:] - second[:2]).prod())
    return shared / max(areas - shared, 1e-6)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path, default=PRETRAINED_DIR / "detector.safetensors")
    parser.add_argument("--limit", type=int)
    options = parser.parse_args(arguments)
    detector = Detector.load(options.model)
    single, several = Tally(), Tally()
    for scene in load_scenes(options.folder)[: options.limit]:
        _count(scene, detector, single, several)
    print("one word:      ", single.describe())
    print("several words: ", several.describe())


def _count(scene: Scene, detector: Detector, single: Tally, several: Tally) -> None:
    image = read_rgb(scene.path)
    regions = detector.detect(image)
    for row in merge_rows([box for box in scene.boxes if not box.is_excused]):
        words = [_bound(box.quad) for box in row]
        low, high = np.min([word[:2] for word in words], axis=0), np.max([word[2:] for word in words], axis=0)
        line = np.array([low, (high[0], low[1]), high, (low[0], high[1])], np.float32)
        (single if len(row) == 1 else several).add(split_line(line, regions, None, image), words)


def _follows(left: Box, right: Box) -> bool:
    heights = left[3] - left[1], right[3] - right[1]
    shared = min(left[3], right[3]) - max(left[1], right[1])
    space = right[0] - left[2]
    return bool(
        shared >= LEAST_SHARED_HEIGHT * min(heights)
        and max(heights) <= MOST_HEIGHT_RATIO * min(heights)
        and -0.3 * min(heights) <= space <= MOST_SPACE * min(heights)
    )


def _bound(quad: NDArray[np.float32]) -> Box:
    return np.concatenate([quad.min(axis=0), quad.max(axis=0)])


if __name__ == "__main__":
    main()
