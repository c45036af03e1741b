"""Two kinds of pictures that a recognizer is retrained on: words to learn, to hold back, and to measure on."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from textrec_app.data.crop_pool import CropPool, open_pool, write_pool_shard
from textrec_app.pipeline.images import load_image
from textrec_app.pipeline.recognition import Recognizer

TRAIN, HELD, MEASURED = "train", "held", "measured"
SIZES = {TRAIN: 1500, HELD: 200, MEASURED: 400}
LAST_TRAINED = 130  # receipts from this number on are held back
SEED = 26
RECEIPTS, DOTS = "receipts", "dots"
Line = tuple[Path, str]


@dataclass(frozen=True)
class Kind:
    """Crops of one kind with their true texts; of the held-back ones the gate sees only the pictures."""

    name: str
    train: CropPool
    held: CropPool
    measured: CropPool


def build_receipts(out: Path, labeled: Path, measured: Path, reader: Path) -> Kind:
    """Receipt lines; the labels are all capitals, so letters that a reader sees as well take the reader's case."""
    recognizer = Recognizer.load(reader, device="cpu")

    def restore(crops: list[np.ndarray], labels: list[str]) -> list[str]:
        seen = [reading.text for reading in recognizer.read(crops)]
        return [restore_case(label, text) for label, text in zip(labels, seen, strict=True)]

    return _build(out / RECEIPTS, _part_receipts(labeled, measured), restore)


def build_dots(out: Path, labeled: Path, measured: Path) -> Kind:
    """Drawn dot-matrix codes, see docs/benchmarks/drawn_kind.py."""
    lines, others = list_lines(labeled), list_lines(measured)
    parts = {TRAIN: lines[: SIZES[TRAIN]], HELD: lines[-SIZES[HELD] :], MEASURED: others[: SIZES[MEASURED]]}
    return _build(out / DOTS, parts, lambda crops, labels: labels)


def _part_receipts(labeled: Path, measured: Path) -> dict[str, list[Line]]:
    lines = list_lines(labeled)
    early = [line for line in lines if int(line[0].name[:4]) < LAST_TRAINED]
    late = [line for line in lines if int(line[0].name[:4]) >= LAST_TRAINED]
    return {
        TRAIN: _draw(early, SIZES[TRAIN]),
        HELD: _draw(late, SIZES[HELD]),
        MEASURED: _draw(list_lines(measured), SIZES[MEASURED]),
    }


def _build(
    out: Path, parts: dict[str, list[Line]], correct: Callable[[list[np.ndarray], list[str]], list[str]]
) -> Kind:
    for name, lines in parts.items():
        folder = out / name
        if not (folder / "crops.jsonl").is_file():
            crops = [load_image(path.read_bytes(), path.name) for path, _ in lines]
            texts = correct(crops, [text for _, text in lines])
            write_pool_shard(folder, "crops", zip(crops, texts, strict=True))
    return open_kind(out.parent, out.name)


def open_kind(out: Path, name: str) -> Kind:
    """A kind that was built before."""
    return Kind(name, *(open_pool(out / name / part) for part in (TRAIN, HELD, MEASURED)))


def restore_case(label: str, seen: str) -> str:
    """A label in capitals with the case of what was read, letter by letter where both agree."""
    restored = list(label)
    letters = [letter for letter in seen if letter.isalpha()]
    is_small = sum(letter.islower() for letter in letters) > len(letters) / 2
    matcher = difflib.SequenceMatcher(None, label.lower(), seen.lower(), autojunk=False)
    matched = set()
    for block in matcher.get_matching_blocks():
        for offset in range(block.size):
            restored[block.a + offset] = seen[block.b + offset]
            matched.add(block.a + offset)
    for index in set(range(len(restored))) - matched:
        restored[index] = restored[index].lower() if is_small else restored[index]
    return "".join(restored)


def list_lines(folder: Path) -> list[Line]:
    """Pictures of a folder with a text that is not empty."""
    rows = [line.split("\t", 1) for line in (folder / "labels.tsv").read_text(encoding="utf-8").splitlines()]
    return [(folder / name, text) for name, text in rows if text.strip()]


def _draw(lines: list[Line], count: int) -> list[Line]:
    order = np.random.default_rng(SEED).permutation(len(lines))[:count]
    return [lines[index] for index in sorted(order)]
