"""Fixed parts of a training set, so that labels can be judged by a network that has not seen them."""

import hashlib
from collections.abc import Sequence

from textrec_app.data.recognition_sets import compute_digest
from textrec_app.data.samples import RecognitionSample
from textrec_app.errors import InputError

_SALT = "folds-1"


def find_fold(sample: RecognitionSample, folds: int) -> int:
    """The fold of a sample, 1 to `folds`; it follows from the picture's bytes only.

    Raises:
        InputError: there is no fold.
    """
    if folds < 1:
        raise InputError(f"{folds} folds; there must be at least one")
    if folds == 1:
        return 1
    return int(hashlib.sha256(f"{_SALT}:{compute_digest(sample)}".encode()).hexdigest()[:12], 16) % folds + 1


def parse_fold(text: str) -> tuple[int, int]:
    """Read "2/3" as fold 2 of 3.

    Raises:
        InputError: it is not two numbers, the first within the second.
    """
    number, _, folds = text.partition("/")
    if not (number.isdigit() and folds.isdigit() and 1 <= int(number) <= int(folds) and int(folds) > 1):
        raise InputError(f"'{text}' names no fold. Write for example 1/2: the first of two.")
    return int(number), int(folds)


def leave_out_fold(samples: Sequence[RecognitionSample], number: int, folds: int) -> list[RecognitionSample]:
    """The samples outside a fold, in their order."""
    return [sample for sample in samples if find_fold(sample, folds) != number]
