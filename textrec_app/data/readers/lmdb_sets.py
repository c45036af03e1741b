"""LMDB sets of the recognition literature: keys image-%09d, label-%09d and num-samples, counted from 1."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from textrec_app.data.samples import RecognitionSample
from textrec_app.errors import InputError

LMDB_FILE = "data.mdb"


@dataclass(frozen=True, slots=True)
class LmdbPicture:
    """One picture of an LMDB set, read when it is asked for."""

    directory: Path
    index: int

    def read_bytes(self) -> bytes:
        """The encoded picture.

        Raises:
            InputError: the set has no such picture.
        """
        with _open_environment(self.directory).begin() as transaction:
            data = transaction.get(b"image-%09d" % self.index)
        if data is None:
            raise InputError(f"{self.directory} has no image-{self.index:09d}. Copy the data set again.")
        return bytes(data)


def read_lmdb(directory: Path) -> list[RecognitionSample]:
    """List the samples in their order; pictures stay in the database.

    Raises:
        InputError: not such a database, a label is missing or not UTF-8, or the lmdb package is not installed.
    """
    with _open_environment(directory).begin() as transaction:
        count = transaction.get(b"num-samples")
        if count is None or not bytes(count).isdigit():
            raise InputError(f"{directory} has no num-samples. It must hold image-%09d, label-%09d, num-samples.")
        return [
            RecognitionSample(
                f"image-{index:09d}", _read_label(transaction, directory, index), LmdbPicture(directory, index)
            )
            for index in range(1, int(count) + 1)
        ]


def _read_label(transaction: Any, directory: Path, index: int) -> str:
    label = transaction.get(b"label-%09d" % index)
    if label is None:
        raise InputError(f"{directory} has no label-{index:09d}. Copy the data set again.")
    try:
        return bytes(label).decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{directory}: label-{index:09d} is not UTF-8. Write the labels again.") from None


@cache
def _open_environment(directory: Path) -> Any:
    """One environment for each directory and process: LMDB forbids opening it twice."""
    try:
        import lmdb  # an optional package
    except ImportError:
        raise InputError(f"{directory} is an LMDB set. Install its reader: pip install lmdb.") from None
    try:
        return lmdb.open(str(directory), readonly=True, lock=False, readahead=False, meminit=False)
    except lmdb.Error as error:
        raise InputError(f"{directory} is not an LMDB set that can be read ({error}). Copy it again.") from None
