"""Fitting confidences on words that a person reviewed: of a fresh checkpoint, and of the one in use."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.calibration import WordCalibration
from models.weights import load_card, save_card
from storage import calibrations, selections
from storage.calibrations import DecidedReading, NewCalibration
from textrec_app.evaluation.calibration import fit_word_calibration
from textrec_app.evaluation.calibration_fit import PROTOCOL, EvidenceWord
from textrec_app.evaluation.calibration_update import update_calibration
from textrec_app.evaluation.evaluate import list_calibration_words
from textrec_app.pipeline.evidence import gather_evidence
from textrec_app.pipeline.recognition import Recognizer
from textrec_app.services.context import App
from textrec_app.services.selection import find_min_precision, settle_promise

MIN_DECISIONS = 25


def recalibrate(weights: Path, crops: Sequence[np.ndarray], texts: Sequence[str]) -> bool:
    """Fit the calibration on crops that were not trained on, and write it into the card. Opens no store.

    A card that weighs evidence keeps its maps and has them corrected; an older one is fitted anew.

    Args:
        weights: of the recognizer; its card lies beside it.
        crops: (H, W, 3) uint8 RGB each.
        texts: what they say.

    Returns:
        Whether there were enough right and wrong readings to fit on; else the card stays as it is.
    """
    recognizer = Recognizer.load(weights, "cpu")
    readings = recognizer.read(crops)
    fitted = fit_word_calibration(list_calibration_words(texts, readings, PROTOCOL))
    if not fitted.curve:
        return False
    card = load_card(weights)
    if recognizer.calibration.maps:
        gathered = gather_evidence(recognizer, crops, readings)
        words = [
            EvidenceWord(evidence, {PROTOCOL: reading.text == text})
            for evidence, reading, text in zip(gathered, readings, texts, strict=True)
        ]
        fitted = update_calibration(recognizer.calibration, words)
    metrics = {**card.metrics, "calibration": f"fitted on {len(crops)} reviewed words"}
    save_card(weights, replace(card, calibration=fitted.to_dict(), metrics=metrics))
    return True


def refit_from_decisions(app: App, who: str) -> bool:
    """Correct the confidences of the recognizer in use by all decisions on its readings, and choose anew what is kept.

    Readings of an audit's random sample stand for all that was kept unseen when it was drawn, every other decision
    for itself. Confidences of what waits follow, and the threshold with them; readings keep the one they were made
    with.

    Returns:
        Whether there was anything new: at least `MIN_DECISIONS` decisions, and more than the last time.
    """
    models = app.models.get_active()
    decided = calibrations.list_decided_readings(app.store, models.checkpoint.sha256)
    last = calibrations.find_calibration(app.store, models.checkpoint.sha256)
    card = WordCalibration.from_dict(models.recognizer.card.calibration)
    is_new = last is None or last.n_decisions != len(decided)
    if len(decided) < MIN_DECISIONS or not card.maps or not is_new:
        return False
    fitted = update_calibration(card, [_to_word(one) for one in decided])
    note = f"slope {fitted.slope:.3f}, offset {fitted.offset:+.3f} from {len(decided)} decisions"
    calibrations.add_calibration(
        app.store, NewCalibration(who, models.checkpoint.sha256, len(decided), fitted.to_dict(), note)
    )
    waiting = selections.list_undecided(app.store, models.checkpoint.sha256)
    selections.set_confidences(
        app.store,
        {one.item_id: fitted.judge(one.evidence, one.confidence) for one in waiting if one.evidence},
    )
    settle_promise(app, who, find_min_precision(app), is_new=True)
    return True


def _to_word(one: DecidedReading) -> EvidenceWord:
    return EvidenceWord(one.evidence, {PROTOCOL: one.text == one.decided}, one.weight)
