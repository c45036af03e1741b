"""What a teacher says about crops nobody labeled, and which of it is sure enough to learn from.

A crop is read twice, as it is and slightly changed (two weak views). It is kept where both readings agree,
neither is empty, and the calibrated confidence of the less sure one reaches the threshold. The confidence is
length-normalised, so that short words are not preferred: the product of many good characters is small.

Source:
    METHODS sections 9 (adaptation of FixMatch to sequences), 10 and 11.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from models.calibration import WordCalibration
from models.charset import Charset
from models.recognition.ctc import DecodedText
from models.recognition.text_network import TextNetwork
from textrec_app.data.crop_pool import CropPool, pool_in_memory
from textrec_app.evaluation.calibration import CalibrationWord, fit_word_calibration
from textrec_app.training.recognizer import read_crops

SMALLER = 0.7
LENGTH_BINS = ((1, 3), (4, 7), (8, 10_000))


@dataclass(frozen=True)
class PseudoLabel:
    """A teacher's reading of one crop.

    Attributes:
        confidence: in [0, 1], of the less sure of both views.
        agreed: both views read the same.
    """

    text: str
    confidence: float
    agreed: bool

    def is_kept(self, threshold: float) -> bool:
        """Sure, agreed and not empty."""
        return self.agreed and bool(self.text.strip()) and self.confidence >= threshold


def label_crops(
    network: TextNetwork, charset: Charset, calibration: WordCalibration, crops: Sequence[np.ndarray]
) -> list[PseudoLabel]:
    """Label crops with a teacher that stands still.

    Args:
        network: the teacher, in evaluation mode.
        calibration: its own; the identity gives the mean probability of a character instead of a word's.
    """
    device = next(network.parameters()).device
    as_they_are = read_crops(network, crops, charset, device)
    changed = read_crops(network, [weakly_changed(crop) for crop in crops], charset, device)
    return [
        PseudoLabel(
            first.text,
            min(compute_confidence(first, calibration), compute_confidence(second, calibration)),
            first.text == second.text,
        )
        for first, second in zip(as_they_are, changed, strict=True)
    ]


def compute_confidence(reading: DecodedText, calibration: WordCalibration) -> float:
    """Calibrated, or without a calibration exp(log-probability / characters); an empty text has 0."""
    length = len(reading.text)
    if not length:
        return 0.0
    if calibration == WordCalibration():
        return float(np.exp(min(0.0, reading.log_prob) / length))
    return calibration.probability(reading.log_prob, length, min(reading.char_probs, default=0.0))


def calibrate_teacher(network: TextNetwork, charset: Charset, pool: CropPool) -> WordCalibration:
    """Fit the confidence on labeled words that the teacher did not learn from; few words give the identity."""
    device = next(network.parameters()).device
    readings = read_crops(network, [pool.crop(index) for index in range(len(pool))], charset, device)
    words = [
        CalibrationWord(reading.log_prob, len(reading.text), min(reading.char_probs, default=0.0), reading.text == text)
        for reading, text in zip(readings, pool.texts, strict=True)
    ]
    return fit_word_calibration(words)


def weakly_changed(crop: np.ndarray) -> np.ndarray:
    """The second weak view: smaller and back again; the letters stay where they are."""
    rows, columns = crop.shape[:2]
    size = (max(1, round(columns * SMALLER)), max(1, round(rows * SMALLER)))
    return cv2.resize(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), (columns, rows))


def keep_sure(pool: CropPool, labels: Sequence[PseudoLabel], threshold: float) -> CropPool:
    """The kept crops with the teacher's texts; the pool's own texts are not looked at."""
    return pool_in_memory(
        (pool.crop(index), label.text) for index, label in enumerate(labels) if label.is_kept(threshold)
    )


def describe_labels(
    labels: Sequence[PseudoLabel], threshold: float, truth: Sequence[str] | None = None
) -> dict[str, float]:
    """Shares for the progress of a run.

    Args:
        truth: labels that were hidden from training, if they are known.

    Returns:
        `kept_share`; the kept share of each length, as read (`kept_share_1_3` …); with the truth `kept_precision`, and
        `teacher_accuracy` over all crops.
    """
    kept = np.array([label.is_kept(threshold) for label in labels], bool)
    lengths = np.array([len(label.text) for label in labels])
    told = {"kept_share": float(kept.mean()) if len(kept) else 0.0}
    for low, high in LENGTH_BINS:
        inside = (lengths >= low) & (lengths <= high)
        name = f"kept_share_{low}_{high}" if high < LENGTH_BINS[-1][1] else f"kept_share_{low}_up"
        told[name] = float(kept[inside].mean()) if inside.any() else 0.0
    if truth is not None and len(labels):
        right = np.array([label.text == text for label, text in zip(labels, truth, strict=True)], bool)
        told["teacher_accuracy"] = float(right.mean())
        told["kept_precision"] = float(right[kept].mean()) if kept.any() else 0.0
    return told
