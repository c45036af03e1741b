"""A kind of pictures to adapt to, drawn: codes that inkjet printers leave on packages, dot by dot.

    python -m docs.benchmarks.drawn_kind OUT [-n 4000] [--seed 1] [--seed-offset 0] [--unlabeled] [--sheet FILE]

OUT gets the crops of single lines and words (dates, lots, times, prices, weights in 5 x 7 and 7 x 9 dot fonts) and
labels.tsv, a row each: name, tab, text; without it under --unlabeled. The same seed draws the same pictures. Every crop
has a printer and a package of its own; with --printers N all come from N, which the seed alone decides, so that another
--seed-offset gives other crops of the same printers. --texts N does the same with texts.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from docs.benchmarks.baselines.dot_printing import draw_crop, draw_printer
from docs.benchmarks.baselines.dot_texts import draw_crop_text
from docs.benchmarks.word_sheet import draw_sheet

Crop = tuple[np.ndarray, str]


@dataclass(frozen=True)
class DrawnKind:
    """Which pictures are drawn.

    Attributes:
        seed: decides printers and texts where they are counted.
        offset: draws other pictures of the same kind.
        printers: how many there are; 0 for one of its own for each crop.
        texts: as `printers`.
    """

    seed: int = 1
    offset: int = 0
    printers: int = 0
    texts: int = 0


def draw_kind(kind: DrawnKind, count: int) -> Iterator[Crop]:
    """Draw crops, (H, W, 3) uint8 RGB, with their texts; the same for the same kind, however many are drawn."""
    fixed = np.random.default_rng([kind.seed, 1 << 20])
    printers = [draw_printer(fixed) for _ in range(kind.printers)]
    texts = [draw_crop_text(fixed) for _ in range(kind.texts)]
    for number in range(count):
        generator = np.random.default_rng([kind.seed, kind.offset, number])
        printer = printers[generator.integers(len(printers))] if printers else draw_printer(generator)
        text = texts[generator.integers(len(texts))] if texts else draw_crop_text(generator)
        yield draw_crop(text, printer, generator), text


def write_kind(out: Path, kind: DrawnKind, count: int, labeled: bool = True) -> int:
    """Write crops as 00000.png, 00001.png, … and labels.tsv if labeled; returns how many."""
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, (crop, text) in enumerate(draw_kind(kind, count)):
        name = f"{number:05d}.png"
        cv2.imwrite(str(out / name), crop[..., ::-1])
        rows.append(f"{name}\t{text}\n")
    if labeled:
        (out / "labels.tsv").write_text("".join(rows), encoding="utf-8")
    return len(rows)


def main() -> None:
    """Write a folder of crops."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("-n", "--count", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seed-offset", type=int, default=0)
    parser.add_argument("--printers", type=int, default=0)
    parser.add_argument("--texts", type=int, default=0)
    parser.add_argument("--unlabeled", action="store_true", help="write no labels.tsv")
    parser.add_argument("--sheet", type=Path, help="write the first 160 also side by side into this file")
    options = parser.parse_args()
    kind = DrawnKind(options.seed, options.seed_offset, options.printers, options.texts)
    count = write_kind(options.out, kind, options.count, labeled=not options.unlabeled)
    if options.sheet:
        shown = [crop for crop, _ in draw_kind(kind, min(count, 160))]
        cv2.imwrite(str(options.sheet), draw_sheet(shown)[..., ::-1])
    print(f"{count} crops in {options.out}")


if __name__ == "__main__":
    main()
