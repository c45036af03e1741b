"""Score what a recognizer read against labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.calibration import GlyphEvidence
from textrec_app.domain import CropReading
from textrec_app.errors import InputError
from textrec_app.evaluation.calibration import CalibrationWord
from textrec_app.evaluation.metrics import (
    compute_aurc,
    compute_cer,
    compute_coverage_at_precision,
    compute_ece,
    compute_one_minus_ned,
    compute_word_accuracy,
)
from textrec_app.evaluation.protocols import normalise, pair_texts

COVERAGE_PRECISIONS = ("0.99", "0.995")


@dataclass(frozen=True, slots=True)
class RecognitionReport:
    """How well the words of one set were read; shares are in [0, 1].

    Attributes:
        n: words scored.
        n_excluded: words whose label is empty under the protocol.
        coverage_at_precision: precision as text → share of words that can be kept at it.
        aurc: area under the risk-coverage curve.
        promises: what was promised beforehand against what came of it; None where nobody asked.
    """

    data: str
    protocol: str
    n: int
    n_excluded: int
    word_accuracy: float
    one_minus_ned: float
    cer: float
    ece: float
    aurc: float
    coverage_at_precision: dict[str, float]
    ms_per_crop: float
    model: str
    promises: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form that `evaluate recognition --json` prints."""
        return {
            "data": self.data,
            "protocol": self.protocol,
            "n": self.n,
            "word_accuracy": round(self.word_accuracy, 4),
            "one_minus_ned": round(self.one_minus_ned, 4),
            "cer": round(self.cer, 4),
            "ece": round(self.ece, 4),
            "coverage_at_precision": {key: round(value, 4) for key, value in self.coverage_at_precision.items()},
            "ms_per_crop": round(self.ms_per_crop, 3),
            "model": self.model,
            **(self.promises or {}),
        }


@dataclass(frozen=True, slots=True)
class RecognitionRun:
    """What was read, in which set, by which model, how fast."""

    data: str
    model: str
    labels: Sequence[str]
    readings: Sequence[CropReading]
    ms_per_crop: float


def score_recognition(run: RecognitionRun, protocol: str) -> RecognitionReport:
    """Compute every number of the report.

    Raises:
        InputError: no such protocol, or no label can be scored under it.
    """
    texts = pair_texts(run.labels, [reading.text for reading in run.readings], protocol)
    if not texts.labels:
        raise InputError(f"{run.data} has no label that can be scored under {protocol}. Check its labels.")
    confidences = [run.readings[index].confidence for index in texts.indices]
    correct = [label == prediction for label, prediction in zip(texts.labels, texts.predictions, strict=True)]
    return RecognitionReport(
        data=run.data,
        protocol=protocol,
        n=len(texts.labels),
        n_excluded=texts.n_excluded,
        word_accuracy=compute_word_accuracy(texts.labels, texts.predictions),
        one_minus_ned=compute_one_minus_ned(texts.labels, texts.predictions),
        cer=compute_cer(texts.labels, texts.predictions),
        ece=compute_ece(confidences, correct),
        aurc=compute_aurc(confidences, correct),
        coverage_at_precision={
            key: compute_coverage_at_precision(confidences, correct, float(key)) for key in COVERAGE_PRECISIONS
        },
        ms_per_crop=run.ms_per_crop,
        model=run.model,
    )


def list_calibration_words(
    labels: Sequence[str], readings: Sequence[CropReading], protocol: str = "exact"
) -> list[CalibrationWord]:
    """Raw scores of each reading with whether it equals its label; words with an empty label are left out."""
    return [
        CalibrationWord(
            log_prob=reading.log_prob,
            length=len(reading.text),
            min_char=min((character.confidence for character in reading.characters), default=0.0),
            correct=normalise(reading.text, protocol) == normalise(label, protocol),
            evidence=GlyphEvidence.of(reading.agreement, reading.sharpness),
        )
        for label, reading in zip(labels, readings, strict=True)
        if normalise(label, protocol)
    ]
