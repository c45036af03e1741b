"""Turning a CTC reading's raw scores into the probability that the whole text is right.

Source: METHODS section 11: word level, Platt on length-scaled log-probability with the weakest
character as second feature, fitted on held-out real words.
"""

import math
from bisect import bisect_left
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

MIN_PROBABILITY = 1e-6


class GlyphEvidence(NamedTuple):
    """What a network with a glyph head knows of a reading beyond its raw scores.

    Attributes:
        agreement: both heads say the same text.
        sharpness: of the glyph attention, in [0, 1].
    """

    agreement: bool
    sharpness: float

    @classmethod
    def of(cls, agreement: bool | None, sharpness: float | None) -> "GlyphEvidence | None":
        """The evidence of a reading; None where only one head spoke. Without glyph attention nothing is sharp."""
        return None if agreement is None else cls(agreement, sharpness or 0.0)


@dataclass(frozen=True)
class GlyphCalibration:
    """The logistic map of readings with `GlyphEvidence`; slopes and offset as in `WordCalibration`.

    Attributes:
        weight_agreement: slope of the agreement, 0 or 1.
        weight_sharpness: slope of the sharpness.
    """

    weight_log_prob: float
    weight_min_char: float
    weight_agreement: float
    weight_sharpness: float
    bias: float

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "GlyphCalibration":
        """Read what `dataclasses.asdict` wrote."""
        return cls(**{item.name: float(data[item.name]) for item in fields(cls)})

    def probability(self, features: tuple[float, float], evidence: GlyphEvidence) -> float:
        """Calibrated probability of a reading with these `calibration_features` and this evidence."""
        return _logistic(
            self.bias
            + self.weight_log_prob * features[0]
            + self.weight_min_char * features[1]
            + self.weight_agreement * evidence.agreement
            + self.weight_sharpness * evidence.sharpness
        )


@dataclass(frozen=True)
class WordCalibration:
    """Logistic map from raw scores to a probability, with the curve that promises precision.

    Attributes:
        gamma: exponent of the length in `log_prob / length ** gamma`.
        weight_log_prob: slope of the length-scaled log-probability.
        weight_min_char: slope of the logit of the weakest character.
        bias: offset.
        curve: rising (precision, threshold) pairs measured on validation words.
        glyphs: the map of readings of which a glyph head spoke too; None where there is none, and such readings are
            judged as all others.
    """

    gamma: float = 0.0
    weight_log_prob: float = 1.0
    weight_min_char: float = 0.0
    bias: float = 0.0
    curve: tuple[tuple[float, float], ...] = ()
    glyphs: GlyphCalibration | None = None

    def probability(
        self, log_prob: float, length: int, min_char: float, evidence: GlyphEvidence | None = None
    ) -> float:
        """Calibrated probability in [0, 1] that a reading is right.

        Args:
            log_prob: log-probability of the text, at most 0.
            length: number of characters; 0 is treated as 1.
            min_char: probability of the weakest character.
            evidence: of the glyph head; None where it did not speak.
        """
        if evidence is not None and self.glyphs is not None:
            return self.glyphs.probability(calibration_features(log_prob, length, min_char, self.gamma), evidence)
        if not self.curve and self.weight_log_prob == 1.0 and self.bias == 0.0 and self.weight_min_char == 0.0:
            return math.exp(min(log_prob, 0.0))
        features = calibration_features(log_prob, length, min_char, self.gamma)
        return _logistic(self.bias + self.weight_log_prob * features[0] + self.weight_min_char * features[1])

    def threshold_for(self, precision: float) -> float:
        """Smallest confidence from which on readings were right with at least this precision.

        Without a measured curve the calibrated confidence itself must reach the precision.
        A precision above all measured ones gives 1.0, which keeps next to nothing.
        """
        if not self.curve:
            return precision
        precisions = [point[0] for point in self.curve]
        index = bisect_left(precisions, precision - 1e-9)
        return self.curve[index][1] if index < len(self.curve) else 1.0

    @property
    def best_precision(self) -> float | None:
        """The highest precision that was measured; None without a curve. Above it nothing is kept."""
        return self.curve[-1][0] if self.curve else None

    def to_dict(self) -> dict[str, Any]:
        """The form kept in a weight card."""
        glyphs = {} if self.glyphs is None else {"glyphs": asdict(self.glyphs)}
        return {
            "gamma": self.gamma,
            "weight_log_prob": self.weight_log_prob,
            "weight_min_char": self.weight_min_char,
            "bias": self.bias,
            "curve": [list(point) for point in self.curve],
            **glyphs,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any] | None) -> "WordCalibration":
        """Read what `to_dict` wrote; None gives the uncalibrated identity."""
        if not data:
            return cls()
        curve = tuple((float(precision), float(threshold)) for precision, threshold in data.get("curve", ()))
        numbers = {key: float(data[key]) for key in ("gamma", "weight_log_prob", "weight_min_char", "bias")}
        glyphs = data.get("glyphs")
        return cls(curve=curve, glyphs=GlyphCalibration.from_dict(glyphs) if glyphs else None, **numbers)


def calibration_features(log_prob: float, length: int, min_char: float, gamma: float) -> tuple[float, float]:
    """The two numbers that the logistic map weighs: scaled log-probability, logit of the weakest character."""
    bounded = min(max(min_char, MIN_PROBABILITY), 1.0 - MIN_PROBABILITY)
    return log_prob / max(length, 1) ** gamma, math.log(bounded / (1.0 - bounded))


def _logistic(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-40.0, min(40.0, value))))
