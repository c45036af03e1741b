"""How well words are grouped to lines and blocks and put in order, beside two simple ways.

    python -m docs.benchmarks.grouping [--layouts 300] [--seed 2] [--receipts DIR] [--json]
    python -m docs.benchmarks.grouping --fit 2400 [--fit-seed 1]

The first prints tables: drawn layouts of each kind (words' quads with a detector's faults, truth drawn), and scanned
receipts, whose lines were annotated and are sliced here at their spaces; nothing was fitted on receipts. Seeds of the
layouts that were fitted on and of those measured differ. The second fits the judges anew and writes them to
`textrec_app/pipeline/grouping_links.json`.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from docs.benchmarks.baselines.thresholds import group_by_thresholds, group_like_doctr
from textrec_app.data.scenes import load_scenes
from textrec_app.data.synthesis.page_layouts import KINDS, DrawnLayout, draw_layout
from textrec_app.domain import DetectedRegion
from textrec_app.evaluation.grouping import (
    PairCounts,
    compute_kendall_tau,
    count_exact,
    count_pairs,
    label_words,
    place_words,
)
from textrec_app.pipeline.grouping import Layout, group_regions
from textrec_app.pipeline.grouping_model import MODEL_FILE, save_models
from textrec_app.training.link_fitting import fit_judges

UNKNOWN = -1
Group = Callable[[Sequence[DetectedRegion]], Layout]


@dataclass(slots=True)
class Score:
    """Sums over layouts."""

    lines: PairCounts = field(default_factory=PairCounts)
    blocks: PairCounts = field(default_factory=PairCounts)
    n_exact: int = 0
    n_lines: int = 0
    taus: list[float] = field(default_factory=list)
    spent_s: float = 0.0
    n_words: int = 0
    knows_blocks: bool = True

    def add(self, truth: DrawnLayout, group: Group) -> None:
        """Group the words of a layout and score them."""
        began = time.perf_counter()
        found = group(truth.regions)
        self.spent_s += time.perf_counter() - began
        count = len(truth.regions)
        lines = label_words(found.lines, count)
        self.n_words += count
        self.lines += count_pairs(truth.lines, lines)
        self.blocks += count_pairs(truth.blocks, label_words(found.blocks, count))
        self.knows_blocks = bool((truth.blocks != UNKNOWN).all())
        exact, total = count_exact(truth.lines, lines)
        self.n_exact, self.n_lines = self.n_exact + exact, self.n_lines + total
        self.taus.append(compute_kendall_tau(truth.ranks, place_words(found.order), truth.sections))

    def sum_up(self) -> dict[str, float | None]:
        """Numbers for a table."""
        return {
            "line F1": round(self.lines.f1, 4),
            "lines exact": round(self.n_exact / max(self.n_lines, 1), 4),
            "block F1": round(self.blocks.f1, 4) if self.knows_blocks else None,
            "tau": round(float(np.mean(self.taus)), 4),
            "worst tau": round(float(np.min(self.taus)), 2),
            "ms": round(1e3 * self.spent_s / len(self.taus), 1),
            "words": round(self.n_words / len(self.taus), 1),
        }


def wrap(group: Callable[[Sequence[DetectedRegion]], list[list[int]]]) -> Group:
    """A baseline, which knows lines only: all is one block."""

    def find(regions: Sequence[DetectedRegion]) -> Layout:
        lines = tuple(tuple(line) for line in group(regions))
        order = tuple(word for line in lines for word in line)
        return Layout(order, lines, (order,), lines)

    return find


WAYS: dict[str, Group] = {
    "linked": group_regions,
    "thresholds": wrap(group_by_thresholds),
    "docTR-like": wrap(group_like_doctr),
}


def draw_layouts(seed: int, count: int) -> Iterator[tuple[str, DrawnLayout]]:
    """Layouts of each kind in turn."""
    for index in range(count):
        kind = KINDS[index % len(KINDS)]
        yield kind, draw_layout(kind, np.random.default_rng([seed, index]))


def slice_receipts(directory: Path) -> Iterator[tuple[str, DrawnLayout]]:
    """Receipts with each annotated line cut at its spaces, by the share of characters; blocks are not known."""
    for scene in load_scenes(directory):
        quads: list[NDArray[np.float64]] = []
        lines: list[int] = []
        for number, box in enumerate(scene.boxes):
            text = (box.text or "?").strip() or "?"
            start = 0
            for word in text.split(" "):
                if word:
                    quads.append(_cut(box.quad.astype(np.float64), start / len(text), (start + len(word)) / len(text)))
                    lines.append(number)
                start += len(word) + 1
        order = np.random.default_rng(0).permutation(len(quads))
        regions = tuple(_make_region(quads[index]) for index in order)
        labels = np.array(lines)[order]
        nothing = np.zeros(len(order), np.int64)
        yield "receipts, scanned", DrawnLayout(regions, labels, nothing + UNKNOWN, order, nothing)


def _cut(quad: NDArray[np.float64], start: float, end: float) -> NDArray[np.float64]:
    top, bottom = quad[1] - quad[0], quad[2] - quad[3]
    return np.stack([quad[0] + start * top, quad[0] + end * top, quad[3] + end * bottom, quad[3] + start * bottom])


def _make_region(quad: NDArray[np.float64]) -> DetectedRegion:
    side = quad[1] + quad[2] - quad[0] - quad[3]
    angle = float(np.rad2deg(np.arctan2(-side[1], side[0])))
    return DetectedRegion(tuple((float(x), float(y)) for x, y in quad), 1.0, angle)


def measure(layouts: Iterator[tuple[str, DrawnLayout]]) -> dict[str, dict[str, dict[str, float | None]]]:
    """Numbers of each way for each kind of layout."""
    scores: dict[str, dict[str, Score]] = {}
    for kind, truth in layouts:
        for way, group in WAYS.items():
            scores.setdefault(kind, {}).setdefault(way, Score()).add(truth, group)
    return {kind: {way: score.sum_up() for way, score in ways.items()} for kind, ways in scores.items()}


def main() -> None:
    """Fit, or print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layouts", type=int, default=300)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--receipts", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--fit", type=int, metavar="LAYOUTS")
    parser.add_argument("--fit-seed", type=int, default=1)
    options = parser.parse_args()
    if options.fit:
        save_models(fit_judges(options.fit_seed, options.fit))
        print(f"{MODEL_FILE.name}: {MODEL_FILE.stat().st_size} bytes")
        return
    result = measure(draw_layouts(options.seed, options.layouts)) if options.layouts else {}
    if options.receipts:
        result |= measure(slice_receipts(options.receipts))
    if options.json:
        print(json.dumps(result))
        return
    columns = list(next(iter(result.values()))["linked"])
    print("| layouts | way | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 2) + "|")
    for kind, ways in result.items():
        for way, numbers in ways.items():
            print(f"| {kind} | {way} | " + " | ".join(str(numbers[name]) for name in columns) + " |")


if __name__ == "__main__":
    main()
