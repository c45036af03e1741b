"""Other readers as witnesses: asked if wanted, told plainly if missing."""

from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
import pytest

from textrec_app.errors import InputError
from textrec_app.pipeline.outside_readers import measure_outside_agreement, open_outside_readers

CROPS = [np.zeros((8, 20, 3), np.uint8)] * 2


class Parrot:
    """Reads the same text everywhere."""

    def __init__(self, text: str) -> None:
        self.text = text

    def read(self, crops: Sequence[np.ndarray]) -> list[str]:
        return [self.text for _ in crops]


def test_agreement_is_the_share_of_readers_that_say_the_same_but_for_spaces_and_case() -> None:
    found = measure_outside_agreement([Parrot("Open door"), Parrot("shut")], CROPS, ["OPENDOOR", "no"])
    assert found == [{"outside_agree": 0.5}, {"outside_agree": 0.0}]
    assert measure_outside_agreement([], CROPS, ["a", "b"]) == [{}, {}]


def test_an_unknown_reader_is_named() -> None:
    with pytest.raises(InputError, match="'clairvoyant' is no outside reader"):
        open_outside_readers(["clairvoyant"])


def test_a_reader_that_is_not_installed_is_told_with_what_to_do() -> None:
    if find_spec("rapidocr") is not None:
        assert open_outside_readers(["rapidocr"])[0].read(CROPS) == ["", ""]
        return
    with pytest.raises(InputError, match=r"requirements-rapidocr\.txt"):
        open_outside_readers(["rapidocr"])
