"""The table of label errors that a person found by looking: labels are put right, unusable samples left out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from textrec_app.data.samples import RecognitionSample
from textrec_app.data.turned_pictures import TURNS_DEGREES, TurnedPicture
from textrec_app.errors import InputError

_COLUMNS = (3, 4)


@dataclass(frozen=True)
class Correction:
    """What a person found: the text of the picture ("" for none to learn from) and the turn that sets it level."""

    text: str
    turn_degrees: int = 0


def name_sample(sample: RecognitionSample) -> str:
    """How the table names a sample: `set/file` for a picture of its own, else the sample's name."""
    if sample.path is None or sample.quad is not None:
        return sample.name
    return "/".join(sample.path.parts[-2:])


def correct_labels(
    samples: Sequence[RecognitionSample], table: str, with_turns: bool = True
) -> list[RecognitionSample]:
    """Replace labels that a person found to be wrong, and leave out samples that nobody can learn from.

    Args:
        table: lines of `set/file<TAB>label as it came<TAB>what the picture says`; an empty third column leaves the
            sample out. A fourth column of 90, 180 or 270 turns the picture so far clockwise. A line is used only
            where both the end of the path and the label fit; lines of another number of columns are passed over.
        with_turns: turn pictures; else they stay as they are and only their labels change.

    Returns:
        The samples that stay, in their order.

    Raises:
        InputError: a fourth column is no quarter turn.
    """
    corrections = read_corrections(table)
    kept = []
    for sample in samples:
        found = corrections.get((name_sample(sample), sample.text))
        if found is None:
            kept.append(sample)
        elif found.text:
            is_turned = with_turns and found.turn_degrees != 0
            source = TurnedPicture(sample.source, found.turn_degrees) if is_turned else sample.source
            kept.append(replace(sample, text=found.text, source=source))
    return kept


def read_corrections(table: str) -> dict[tuple[str, str], Correction]:
    """Corrections by sample and the label as it came; see `correct_labels`."""
    corrections = {}
    for line in table.split("\n"):
        columns = line.removesuffix("\r").split("\t")
        if len(columns) in _COLUMNS:
            turn = columns[3] if len(columns) > _COLUMNS[0] else "0"
            if turn not in ("0", *map(str, TURNS_DEGREES)):
                raise InputError(
                    f"'{turn}' in the corrections of {columns[0]} is no quarter turn. Write 90, 180 or 270."
                )
            corrections[columns[0], columns[1]] = Correction(columns[2], int(turn))
    return corrections
