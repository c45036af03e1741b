"""One label as it travels in files: the text, the crop's file, and where both came from."""

import json
import re
from dataclasses import asdict, dataclass, fields
from typing import Any

# What a spreadsheet takes for the beginning of a formula or command; the last four are their full-width forms.
_FORMULA_SIGNS = "=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20"
_NEEDS_APOSTROPHE = re.compile(f"'*[{_FORMULA_SIGNS}]")
_HAS_APOSTROPHE = re.compile(f"'+[{_FORMULA_SIGNS}]")


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A crop and what it says, with provenance; what is unknown is empty or None.

    Attributes:
        file_name: the crop's file, relative to the folder of the index.
        text: the best text there is: a person's, else the model's.
        status: accepted, corrected, rejected, skipped, kept or waiting; "" where a file does not say.
        model_text: what the model read.
        confidence: calibrated probability that `model_text` is right.
        checkpoint: name of the checkpoint that read it, with its version and SHA-256 beside it.
        reviewer: who decided.
        decided_utc: when, ISO 8601.
        item_id: the item in the store it came from; `version` is the item's version then.
        picture: name of the picture that the crop was cut from.
        polygon: corners in pixels of the upright picture.
    """

    file_name: str
    text: str
    status: str = ""
    model_text: str = ""
    confidence: float | None = None
    checkpoint: str = ""
    checkpoint_version: str = ""
    checkpoint_sha256: str = ""
    reviewer: str = ""
    decided_utc: str = ""
    item_id: int | None = None
    version: int | None = None
    picture: str = ""
    picture_sha256: str = ""
    polygon: tuple[tuple[float, float], ...] = ()
    decision: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON keeps it; `decision` only where there is one."""
        row = asdict(self)
        row["polygon"] = [list(point) for point in self.polygon]
        if not self.decision:
            del row["decision"]
        return row

    def to_cells(self) -> dict[str, str]:
        """The row as a table keeps it: every cell a text that no spreadsheet runs."""
        cells = {key: "" if value is None else value for key, value in asdict(self).items()}
        cells["polygon"] = json.dumps([list(point) for point in self.polygon]) if self.polygon else ""
        return {key: make_inert(str(value)) for key, value in cells.items()}


COLUMNS = tuple(item.name for item in fields(LabelRow))


def parse_row(values: dict[str, Any]) -> LabelRow:
    """Read a JSON object; unknown keys are passed over, missing ones take their defaults.

    Raises:
        ValueError: no file name or text, or a value of the wrong kind.
    """
    row = {key: value for key, value in values.items() if key in COLUMNS and value is not None}
    if not isinstance(row.get("file_name"), str) or not isinstance(row.get("text"), str):
        raise ValueError("a label needs a file_name and a text")
    for key in ("item_id", "version"):
        if key in row:
            row[key] = int(row[key])
    if "confidence" in row:
        row["confidence"] = float(row["confidence"])
    if "polygon" in row:
        row["polygon"] = tuple((float(x), float(y)) for x, y in row["polygon"])
    wrong = [key for key, value in row.items() if not isinstance(value, str | int | float | tuple)]
    if wrong:
        raise ValueError(f"{wrong[0]} is of the wrong kind")
    return LabelRow(**row)


def parse_cells(cells: dict[str, str | None]) -> LabelRow:
    """Read a row of a table that `to_cells` wrote, or that a person made with some of its columns.

    Raises:
        ValueError: no file name or text, or a cell that is no number where one belongs.
    """
    texts = {key: restore(value) for key, value in cells.items() if value is not None and key in COLUMNS}
    values: dict[str, Any] = {key: value for key, value in texts.items() if value or key in ("text", "file_name")}
    if "polygon" in values:
        values["polygon"] = json.loads(values["polygon"])
    return parse_row(values)


def make_inert(cell: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run as a formula."""
    return f"'{cell}" if _NEEDS_APOSTROPHE.match(cell) else cell


def restore(cell: str) -> str:
    """Undo `make_inert`, and leave every other text as it is."""
    return cell[1:] if _HAS_APOSTROPHE.match(cell) else cell
