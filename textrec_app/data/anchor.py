"""The anchor words: a small labeled set that ships with the program and must not be forgotten."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

from textrec_app.errors import InputError

LABELS_FILE = "labels.tsv"
MAX_WORDS = 5000


@dataclass(frozen=True)
class AnchorWord:
    """One anchor word: where it lies in the zip, which kind it is of, its text and its picture file."""

    name: str
    kind: str
    text: str
    data: bytes


def load_anchor(path: Path) -> list[AnchorWord]:
    """Read a zip of `labels.tsv` and `kind/NNNN.jpg`; a zip that does not exist has no words.

    Raises:
        InputError: it is damaged, or a label names a picture that is not in it.
    """
    if not path.is_file():
        return []
    try:
        with zipfile.ZipFile(path) as archive:
            lines = archive.read(LABELS_FILE).decode("utf-8").splitlines()
            pairs = [line.split("\t", 1) for line in lines if "\t" in line][:MAX_WORDS]
            return [AnchorWord(name, name.partition("/")[0], text, archive.read(name)) for name, text in pairs]
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} is no set of anchor words ({error}); reinstall TextRec") from error
