"""Labeled words from folders and databases, and the part of them that is held back for validation."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from textrec_app.data.near_duplicates import group_near_duplicates
from textrec_app.data.readers.box_crops import BOXES_FILE, read_box_crops
from textrec_app.data.readers.label_folders import LABELS_FILE, read_label_folder
from textrec_app.data.readers.lmdb_sets import LMDB_FILE, read_lmdb
from textrec_app.data.samples import RecognitionSample
from textrec_app.errors import InputError

__all__ = ["RecognitionSample", "load_recognition_set", "split_validation"]

_READERS = {LABELS_FILE: read_label_folder, LMDB_FILE: read_lmdb, BOXES_FILE: read_box_crops}
_SPLIT_SALT = "validation-1"


def load_recognition_set(directory: Path) -> list[RecognitionSample]:
    """List the samples of a set, whichever of the known formats it has; pictures are not opened.

    Raises:
        InputError: no such folder, none of the formats, or its index is damaged.
    """
    if not directory.is_dir():
        raise InputError(f"{directory} is not a folder. Name the folder of a data set.")
    for index_file, read in _READERS.items():
        if (directory / index_file).is_file():
            return read(directory)
    raise InputError(f"{directory} holds no data set: expected one of {', '.join(_READERS)} in it.")


def split_validation(
    samples: Sequence[RecognitionSample], share: float = 0.1
) -> tuple[list[RecognitionSample], list[RecognitionSample]]:
    """Part samples into train and validation, the same way on every machine.

    The part follows from the pictures' bytes, not from names or order. Near-duplicates come into one part.
    Carve validation from train sets only; test sets are for measuring.

    Args:
        share: expected share of validation, in [0, 1].

    Returns:
        Train and validation samples, each in the order given.
    """
    digests = [compute_digest(sample) for sample in samples]
    groups = group_near_duplicates(samples)
    leaders: dict[int, str] = {}
    for group, digest in zip(groups, digests, strict=True):
        leaders[group] = min(digest, leaders.get(group, digest))
    held_back = {group for group, leader in leaders.items() if _fraction(leader) < share}
    train = [sample for sample, group in zip(samples, groups, strict=True) if group not in held_back]
    validation = [sample for sample, group in zip(samples, groups, strict=True) if group in held_back]
    return train, validation


def compute_digest(sample: RecognitionSample) -> str:
    """Hexadecimal SHA-256 of the picture's bytes and the place in it."""
    return hashlib.sha256(sample.source.read_bytes() + repr(sample.quad).encode()).hexdigest()


def _fraction(digest: str) -> float:
    return int(hashlib.sha256(f"{_SPLIT_SALT}:{digest}".encode()).hexdigest()[:12], 16) / 16.0**12
