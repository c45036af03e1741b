"""What a recognizer promises beforehand on labeled words, against what comes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from models.calibration import WordCalibration
from textrec_app.domain import CropReading
from textrec_app.evaluation.calibration import ReliabilityBin, compute_reliability
from textrec_app.evaluation.calibration_fit import EvidenceWord
from textrec_app.evaluation.metrics import compute_aurc, compute_ece
from textrec_app.evaluation.promising import Judged, Promise, make_promise
from textrec_app.evaluation.protocols import normalise

WISHED = ("0.9", "0.95", "0.98", "0.99", "0.995")
PROMISED_PROTOCOLS = ("exact", "alnum36")


@dataclass(frozen=True)
class PromiseKept:
    """One wished precision: the promise that was made without the labels, and what the labels say.

    Attributes:
        coverage: share of the words that are kept.
        precision: share of the kept words that are right; None for nothing kept.
    """

    promise: Promise
    coverage: float
    precision: float | None
    kept: int
    wrong: int

    def to_dict(self) -> dict[str, Any]:
        """As `evaluate recognition --promise --json` prints it."""
        told = {
            "threshold": round(self.promise.threshold, 6),
            "promised": self.promise.promised,
            "coverage": round(self.coverage, 4),
            "precision": None if self.precision is None else round(self.precision, 4),
            "kept": self.kept,
            "wrong": self.wrong,
            "expected": None if self.promise.expected is None else round(self.promise.expected, 4),
        }
        return told


@dataclass(frozen=True)
class PromiseReport:
    """Promises and confidences of all evidence on one labeled set."""

    kept: Mapping[str, PromiseKept]
    shift: float
    ece: float
    aurc: float
    reliability: tuple[ReliabilityBin, ...]
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """As `evaluate recognition --promise --json` prints it, beside the report's own numbers."""
        return {
            "promised": {wished: one.to_dict() for wished, one in self.kept.items()},
            "shift": round(self.shift, 3),
            "ece_with_evidence": round(self.ece, 4),
            "aurc_with_evidence": round(self.aurc, 4),
            "reliability": [{name: round(value, 4) for name, value in asdict(one).items()} for one in self.reliability],
            "sentence": self.sentence,
        }


def report_promises(
    calibration: WordCalibration,
    evidence: Sequence[Mapping[str, float]],
    pairs: Sequence[tuple[str, CropReading]],
    protocol: str,
) -> PromiseReport:
    """Make the promises without the labels, then look at these.

    Args:
        evidence: of each reading.
        pairs: label and reading of each word.
        protocol: what counts as right; words with an empty label under it are left out. Promises are those of
            `exact` for protocols without words of their own.
    """
    scored = [index for index, (label, _) in enumerate(pairs) if normalise(label, protocol)]
    judged = [
        Judged(calibration.judge(evidence[index], pairs[index][1].confidence), evidence[index])
        if pairs[index][1].text
        else Judged(0.0, evidence[index])
        for index in scored
    ]
    correct = [normalise(pairs[index][0], protocol) == normalise(pairs[index][1].text, protocol) for index in scored]
    promised_for = protocol if protocol in PROMISED_PROTOCOLS else "exact"
    sure = [one.confidence for one in judged]
    kept = {
        wished: _look(make_promise(calibration, judged, float(wished), promised_for), sure, correct)
        for wished in WISHED
    }
    usual = kept["0.99"].promise
    return PromiseReport(
        kept=kept,
        shift=usual.shift,
        ece=compute_ece(sure, correct),
        aurc=compute_aurc(sure, correct),
        reliability=compute_reliability(sure, correct),
        sentence=usual.sentence,
    )


def list_evidence_words(
    labels: Sequence[str], readings: Sequence[CropReading], evidence: Sequence[Mapping[str, float]]
) -> list[EvidenceWord]:
    """Words with a label and a text, as calibration is fitted on them."""
    return [
        EvidenceWord(
            known, {name: normalise(reading.text, name) == normalise(label, name) for name in PROMISED_PROTOCOLS}
        )
        for label, reading, known in zip(labels, readings, evidence, strict=True)
        if label
    ]


def _look(promise: Promise, sure: Sequence[float], correct: Sequence[bool]) -> PromiseKept:
    outcomes = [
        right
        for confidence, right in zip(sure, correct, strict=True)
        if confidence > 0.0 and confidence >= promise.threshold
    ]
    n_right = sum(outcomes)
    precision = n_right / len(outcomes) if outcomes else None
    return PromiseKept(promise, len(outcomes) / max(1, len(sure)), precision, len(outcomes), len(outcomes) - n_right)
