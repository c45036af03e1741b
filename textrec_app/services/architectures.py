"""The recognizers that can be trained, by name."""

from models.registry import RECOGNIZERS
from textrec_app.errors import InputError


def check_architecture(name: str | None) -> None:
    """Refuse what is no recognizer; None means the recipe's own.

    Raises:
        InputError: there is no such recognizer.
    """
    if name is not None and name not in RECOGNIZERS:
        raise InputError(f"There is no recognizer '{name}'; choose one of {', '.join(sorted(RECOGNIZERS))}.")
