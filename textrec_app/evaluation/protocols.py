"""What is compared when a reading is scored: the text as it is, or only its letters and digits."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textrec_app.errors import InputError

_NOT_ALNUM36 = re.compile(r"[^0-9a-z]+")
_NOT_ALNUM62 = re.compile(r"[^0-9A-Za-z]+")

PROTOCOLS: dict[str, Callable[[str], str]] = {
    "alnum36": lambda text: _NOT_ALNUM36.sub("", text.lower()),
    "alnum62": lambda text: _NOT_ALNUM62.sub("", text),
    "exact": lambda text: text,
}


@dataclass(frozen=True, slots=True)
class ScoredTexts:
    """Labels and predictions as a protocol compares them.

    Attributes:
        labels: never empty.
        predictions: one for each label; may be empty.
        indices: where each pair stood in the input.
        n_excluded: labels with nothing to compare, left out.
    """

    labels: tuple[str, ...]
    predictions: tuple[str, ...]
    indices: tuple[int, ...]
    n_excluded: int


def normalise(text: str, protocol: str) -> str:
    """Reduce a text to what the protocol compares.

    alnum36 lower-cases and keeps [0-9a-z]; alnum62 keeps [0-9A-Za-z]; exact keeps everything.

    Raises:
        InputError: no such protocol.

    Source:
        METHODS section 0.3 (the protocol of the public benchmarks).
    """
    if protocol not in PROTOCOLS:
        raise InputError(f"'{protocol}' is no protocol; choose one of {', '.join(PROTOCOLS)}.")
    return PROTOCOLS[protocol](text)


def pair_texts(labels: Sequence[str], predictions: Sequence[str], protocol: str) -> ScoredTexts:
    """Bring labels and predictions into the form that is compared; empty labels are counted and left out.

    Raises:
        InputError: no such protocol, or the numbers of labels and predictions differ.
    """
    if len(labels) != len(predictions):
        raise InputError(f"There are {len(labels)} labels but {len(predictions)} predictions; give one for each.")
    reduced = [normalise(label, protocol) for label in labels]
    indices = tuple(index for index, label in enumerate(reduced) if label)
    return ScoredTexts(
        labels=tuple(reduced[index] for index in indices),
        predictions=tuple(normalise(predictions[index], protocol) for index in indices),
        indices=indices,
        n_excluded=len(labels) - len(indices),
    )
