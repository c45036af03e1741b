"""Fitting a fresh checkpoint's confidences on words that a person reviewed. Opens no store."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.weights import load_card, save_card
from textrec_app.evaluation.calibration import fit_word_calibration
from textrec_app.evaluation.evaluate import list_calibration_words
from textrec_app.pipeline.recognition import Recognizer


def recalibrate(weights: Path, crops: Sequence[np.ndarray], texts: Sequence[str]) -> bool:
    """Fit the calibration on crops that were not trained on, and write it into the card.

    Args:
        weights: of the recognizer; its card lies beside it.
        crops: (H, W, 3) uint8 RGB each.
        texts: what they say.

    Returns:
        Whether there were enough right and wrong readings to fit on; else the card stays as it is.
    """
    readings = Recognizer.load(weights, "cpu").read(crops)
    fitted = fit_word_calibration(list_calibration_words(texts, readings, "exact"))
    if not fitted.curve:
        return False
    card = load_card(weights)
    metrics = {**card.metrics, "calibration": f"fitted on {len(crops)} reviewed words"}
    save_card(weights, replace(card, calibration=fitted.to_dict(), metrics=metrics))
    return True
