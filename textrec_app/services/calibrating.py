"""Fit a finished recognizer's confidences once more, as when the way of reading changed."""

from collections.abc import Sequence
from pathlib import Path

from textrec_app.errors import InputError
from textrec_app.services.evaluating import CalibrationSummary, calibrate
from textrec_app.services.training import load_training_samples


def calibrate_on_held_back(
    weights: Path,
    folders: Sequence[Path],
    corrections: Path | None = None,
    device: str = "auto",
    outside: Sequence[str] = (),
) -> CalibrationSummary:
    """Calibrate on the words that training on these folders holds back; the card is replaced.

    Args:
        weights: the safetensors file of a recognizer that was trained on these folders.

    Raises:
        InputError: the weights are no file, or nothing is held back.
        WeightsError: the weights are altered or of another task.
    """
    if not weights.is_file():
        raise InputError(f"There is no file {weights}. Name a recognizer's safetensors file.")
    held_back = load_training_samples(folders, corrections)[1]
    if not held_back:
        raise InputError("These folders hold back no words. Name the folders of the training with --data.")
    return calibrate(weights, held_back, device=device, outside=outside)
