"""Arguments that programs send: the right type, or a sentence."""

import math
from typing import Any

from textrec_app.errors import InputError

MAX_ID = 2**63 - 1
"""The largest whole number that every database keeps."""


def take_number(value: object, name: str) -> float:
    """A finite number.

    Raises:
        InputError: it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"`{name}` must be a number, not {_show(value)}.")
    return float(value)


def take_whole_number(value: object, name: str) -> int:
    """A whole number from 0 to `MAX_ID`; 3.0 is one.

    Raises:
        InputError: it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_ID or value != int(value):
        raise InputError(f"`{name}` must be a whole number from 0, not {_show(value)}.")
    return int(value)


def take_text(value: object, name: str) -> str:
    """A text.

    Raises:
        InputError: it is something else.
    """
    if not isinstance(value, str):
        raise InputError(f"`{name}` must be a text, not {_show(value)}.")
    if "\0" in value or any(0xD800 <= ord(character) <= 0xDFFF for character in value):
        raise InputError(f"`{name}` holds a character that is not valid Unicode text. Send it again.")
    return value


def take_list(value: object, name: str) -> list[Any]:
    """A list.

    Raises:
        InputError: it is something else.
    """
    if not isinstance(value, list):
        raise InputError(f"`{name}` must be a list, not {_show(value)}.")
    return value


def _show(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:40]}…"
