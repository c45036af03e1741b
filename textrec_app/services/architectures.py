"""The networks that can be trained, by name."""

from models.registry import DETECTORS, RECOGNIZERS
from textrec_app.errors import InputError


def check_architecture(name: str | None, task: str = "recognizer") -> None:
    """Refuse what does not do the task; None means the task's own.

    Args:
        task: "detector", or anything else for recognizers.

    Raises:
        InputError: there is no such recognizer or detector.
    """
    kind, known = ("detector", DETECTORS) if task == "detector" else ("recognizer", RECOGNIZERS)
    if name is not None and name not in known:
        raise InputError(f"There is no {kind} '{name}'; choose one of {', '.join(sorted(known))}.")
