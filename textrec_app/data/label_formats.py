"""Labels in files: PaddleOCR, Hugging Face imagefolder, JSON lines, CSV. Each is a folder with an index and crops."""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from textrec_app.data.label_rows import COLUMNS, LabelRow, parse_cells, parse_row
from textrec_app.data.readers.label_folders import read_tsv
from textrec_app.errors import InputError

UNREADABLE = "###"
"""PaddleOCR's sign for a crop whose text nobody can read."""

PROVENANCE_FILE = "provenance.jsonl"
_LINE_BREAKS = re.compile(r"[\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class BadRow:
    """A line that cannot be used, and why."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class LabelFormat:
    """How a kind of label folder is written and read."""

    index_file: str
    write: Callable[[Path, Iterable[LabelRow]], None]
    read: Callable[[Path], Iterator[LabelRow | BadRow]]


def get_format(name: str) -> LabelFormat:
    """The format of a name.

    Raises:
        InputError: there is none.
    """
    if name not in FORMATS:
        raise InputError(f"There is no format '{name}'; choose one of {', '.join(FORMATS)}.")
    return FORMATS[name]


def find_index(label_format: LabelFormat, path: Path) -> Path:
    """The index file of a folder, or the file itself if one is named.

    Raises:
        InputError: there is none.
    """
    index = path / label_format.index_file if path.is_dir() else path
    if not index.is_file():
        raise InputError(f"{index} is missing. Name the folder that holds {label_format.index_file}.")
    return index


def _write_paddleocr(index: Path, rows: Iterable[LabelRow]) -> None:
    with (
        index.open("w", encoding="utf-8", newline="\n") as stream,
        (index.parent / PROVENANCE_FILE).open("w", encoding="utf-8", newline="\n") as provenance,
    ):
        for row in rows:
            stream.write(f"{row.file_name}\t{_to_paddleocr(row)}\n")
            provenance.write(_to_line(row.to_dict()))


def _read_paddleocr(index: Path) -> Iterator[LabelRow | BadRow]:
    """Labels as the index says; where it says what was exported, exactly as they were in the store.

    What it says differently is the decision of whoever changed it, who is not known.
    """
    told: dict[str, LabelRow] = {}
    if (index.parent / PROVENANCE_FILE).is_file():
        rows = _read_jsonl(index.parent / PROVENANCE_FILE)
        told = {row.file_name: row for row in rows if isinstance(row, LabelRow)}
    for _, name, text in read_tsv(index):
        row = told.get(name)
        if row is None:
            yield LabelRow(name, text)
        elif _to_paddleocr(row) == text:
            yield row
        elif text in ("", UNREADABLE):
            yield replace(row, text="", status="rejected", reviewer="")
        else:
            yield replace(row, text=text, status="corrected", reviewer="")


def _to_paddleocr(row: LabelRow) -> str:
    """One line and one column: the format has no way to write breaks."""
    return UNREADABLE if row.status == "rejected" else _LINE_BREAKS.sub(" ", row.text)


def _write_jsonl(index: Path, rows: Iterable[LabelRow]) -> None:
    with index.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(_to_line(row.to_dict()) for row in rows)


def _read_jsonl(index: Path) -> Iterator[LabelRow | BadRow]:
    for number, line in enumerate(_read_text(index).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield parse_row(json.loads(line))
        except (ValueError, TypeError, AttributeError) as error:
            yield BadRow(f"{index.name}, line {number}", str(error))


def _write_csv(index: Path, rows: Iterable[LabelRow]) -> None:
    with index.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(row.to_cells() for row in rows)


def _read_csv(index: Path) -> Iterator[LabelRow | BadRow]:
    # The text goes to the csv module line by line with its breaks, which may stand inside a cell.
    reader = csv.DictReader(_split_keeping_breaks(_read_text(index)))
    while True:
        where = f"{index.name}, line {reader.line_num + 1}"
        try:
            cells = next(reader, None)
            if cells is None:
                return
            yield parse_cells({key: value for key, value in cells.items() if isinstance(key, str)})
        except (ValueError, TypeError, csv.Error) as error:
            yield BadRow(where, str(error))


def _split_keeping_breaks(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 ({error.reason}, byte {error.start}). Save it as UTF-8.") from None


def _to_line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"


FORMATS = {
    "paddleocr": LabelFormat("rec_gt.txt", _write_paddleocr, _read_paddleocr),
    "imagefolder": LabelFormat("metadata.jsonl", _write_jsonl, _read_jsonl),
    "jsonl": LabelFormat("labels.jsonl", _write_jsonl, _read_jsonl),
    "csv": LabelFormat("labels.csv", _write_csv, _read_csv),
}
