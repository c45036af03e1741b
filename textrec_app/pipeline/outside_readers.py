"""Readers that are not ours as witnesses: whether they read the same speaks for a reading. None is needed."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from textrec_app.errors import InputError


class OutsideReader(Protocol):
    """Something that reads crops its own way."""

    def read(self, crops: Sequence[NDArray[np.uint8]]) -> list[str]:
        """One text, or an empty one, for each (H, W, 3) uint8 RGB crop."""


class RapidOcrReader:
    """PP-OCR's recognizer as the package rapidocr brings it."""

    def __init__(self) -> None:
        if find_spec("rapidocr") is None:
            raise InputError(
                "The outside reader rapidocr is not installed. Run `pip install -r requirements-rapidocr.txt`,"
                " or leave --outside away."
            )
        self._engine = importlib.import_module("rapidocr").RapidOCR(params={"Global.log_level": "error"})

    def read(self, crops: Sequence[NDArray[np.uint8]]) -> list[str]:
        """Texts of the recognizer alone: nothing is detected or turned."""
        texts = []
        for crop in crops:
            result = self._engine(np.ascontiguousarray(crop[..., ::-1]), use_det=False, use_cls=False, use_rec=True)
            texts.append(" ".join(result.txts) if result.txts else "")
        return texts


OUTSIDE_READERS: Mapping[str, Callable[[], OutsideReader]] = {"rapidocr": RapidOcrReader}


def open_outside_readers(names: Sequence[str]) -> tuple[OutsideReader, ...]:
    """Readers by name.

    Raises:
        InputError: there is no such reader, or its package is missing.
    """
    unknown = [name for name in names if name not in OUTSIDE_READERS]
    if unknown:
        raise InputError(f"'{unknown[0]}' is no outside reader; there is {', '.join(OUTSIDE_READERS)}.")
    return tuple(OUTSIDE_READERS[name]() for name in names)


def measure_outside_agreement(
    readers: Sequence[OutsideReader], crops: Sequence[NDArray[np.uint8]], texts: Sequence[str]
) -> list[dict[str, float]]:
    """`outside_agree` of each text: the share of outside readers that read it alike, spaces and case aside.

    Without readers there is no such evidence.
    """
    if not readers:
        return [{} for _ in texts]
    read = [reader.read(crops) for reader in readers]
    return [
        {"outside_agree": sum(_plain(said[index]) == _plain(text) for said in read) / len(readers)}
        for index, text in enumerate(texts)
    ]


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()
