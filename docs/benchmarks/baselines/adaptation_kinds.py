"""A kind of pictures to adapt to: crops without labels, their labels apart, and other crops to measure on."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from PIL import Image

from textrec_app.data.readers.label_folders import LABELS_FILE, read_tsv
from textrec_app.pipeline.cropping import crop_polygon
from textrec_app.pipeline.images import load_image

PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".bmp"}


@dataclass(frozen=True)
class Kind:
    """Where the crops of a kind lie.

    Attributes:
        unlabeled: a folder that holds crops and nothing else.
        labels: a table `path<TAB>text` of the same crops, relative to its own folder; None where nobody knows.
        measured: a folder of other crops of the kind, with labels.tsv.
    """

    unlabeled: Path
    labels: Path | None
    measured: Path

    def load_truth(self) -> dict[str, str]:
        """The labels of the unlabeled crops, by file name."""
        return {} if self.labels is None else {Path(name).name: text for _, name, text in read_tsv(self.labels)}


def cut_receipts(receipts: Path, out: Path, train: int, limit: int | None = None) -> Kind:
    """Cut the lines of a spotting set: those of the first `train` pictures to learn from, the others to measure.

    Args:
        receipts: a folder with boxes.jsonl.
        out: gets lines/, labels.tsv (of those) and measured/.
        limit: at most so many lines on each side.
    """
    kind = Kind(out / "lines", out / LABELS_FILE, out / "measured")
    if not (kind.measured / LABELS_FILE).is_file():  # it is written last
        total = len((receipts / "boxes.jsonl").read_text(encoding="utf-8").splitlines())
        _write_lines(cut_lines(receipts, 0, train), kind.unlabeled, out / LABELS_FILE, limit)
        _write_lines(cut_lines(receipts, train, total), kind.measured, kind.measured / LABELS_FILE, limit)
    return kind


def cut_lines(receipts: Path, first: int, last: int) -> Iterator[tuple[str, Image.Image, str]]:
    """Name, crop and text of each line of the pictures first..last-1."""
    lines = (receipts / "boxes.jsonl").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines[first:last], start=first):
        entry = json.loads(line)
        image = load_image(receipts / entry["image"])
        for index, box in enumerate(entry["boxes"]):
            quad = tuple((float(x), float(y)) for x, y in box["quad"])
            if box["text"]:
                yield f"{number:04d}_{index:03d}.png", Image.fromarray(crop_polygon(image, quad)), box["text"]


def take_folders(unlabeled: Path, labels: Path | None, measured: Path, out: Path, limit: int | None) -> Kind:
    """The kind of folders that are there already; with a limit the first crops of each are copied to `out`."""
    if limit is None:
        return Kind(unlabeled, labels, measured)
    kind = Kind(out / "lines", None if labels is None else out / LABELS_FILE, out / "measured")
    truth = Kind(unlabeled, labels, measured).load_truth()
    names = sorted(path.name for path in unlabeled.iterdir() if path.suffix.lower() in PICTURES)[:limit]
    kind.unlabeled.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copyfile(unlabeled / name, kind.unlabeled / name)
    if kind.labels is not None:
        rows = [f"{kind.unlabeled.name}/{name}\t{truth[name]}\n" for name in names if name in truth]
        kind.labels.write_text("".join(rows), encoding="utf-8")
    rows = []
    for _, name, text in list(read_tsv(measured / LABELS_FILE))[:limit]:
        (kind.measured / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(measured / name, kind.measured / name)
        rows.append(f"{name}\t{text}\n")
    (kind.measured / LABELS_FILE).write_text("".join(rows), encoding="utf-8")
    return kind


def copy_case(label: str, reading: str) -> str:
    """An upper-case label with the case that a reading of the same picture saw.

    Letters that the reading lacks take the case of most others; a reading without letters changes nothing.
    """
    letters = [character for character in reading if character.isalpha()]
    mostly_lower = sum(character.islower() for character in letters) > len(letters) / 2
    typed = list(label.lower() if mostly_lower else label)
    for block in SequenceMatcher(None, label.lower(), reading.lower(), autojunk=False).get_matching_blocks():
        typed[block.a : block.a + block.size] = reading[block.b : block.b + block.size]
    return "".join(typed)


def _write_lines(lines: Iterator[tuple[str, Image.Image, str]], folder: Path, table: Path, limit: int | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[str] = []
    for name, crop, text in lines:
        if limit is not None and len(rows) == limit:
            break
        crop.save(folder / name)
        rows.append(f"{(folder / name).relative_to(table.parent)}\t{text}\n")
    table.write_text("".join(rows), encoding="utf-8")
