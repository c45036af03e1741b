"""Turning a CTC reading's raw scores into the probability that the whole text is right.

Source: METHODS section 11: word level, Platt on length-scaled log-probability with the weakest
character as second feature, fitted on held-out real words.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

from models.calibration_maps import EvidenceMap, GridPoint, Measured, shift_logit

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
        maps: of named evidence, the one that weighs most first; empty on older cards.
        measured: what promises are made from; None on older cards.
        slope, offset: correction of the maps' logit by what a person decided.
        reviewed: like `measured`, from a person's decisions and on the corrected scale; None before there are enough.
    """

    gamma: float = 0.0
    weight_log_prob: float = 1.0
    weight_min_char: float = 0.0
    bias: float = 0.0
    curve: tuple[tuple[float, float], ...] = ()
    glyphs: GlyphCalibration | None = None
    maps: tuple[EvidenceMap, ...] = ()
    measured: Measured | None = None
    slope: float = 1.0
    offset: float = 0.0
    reviewed: Measured | None = None

    def judge(self, evidence: Mapping[str, float], otherwise: float) -> float:
        """Calibrated probability of a reading by all its evidence, with the first map that finds what it weighs.

        Args:
            evidence: named numbers.
            otherwise: the probability where no map fits, as on older cards.
        """
        for one in self.maps:
            if one.covers(evidence):
                return shift_logit(one.logit(evidence), self.slope, self.offset)
        return otherwise

    def corrected_grid(self, protocol: str) -> tuple[GridPoint, ...]:
        """The thresholds that promises are made from, on the scale of the confidences that are in use."""
        if self.measured is None:
            return ()
        return tuple(
            GridPoint(self._corrected(point.threshold), point.kept, point.wrong)
            for point in self.measured.grids.get(protocol, ())
        )

    def _corrected(self, threshold: float) -> float:
        if (self.slope, self.offset) == (1.0, 0.0):
            return threshold
        bounded = min(max(threshold, 1e-12), 1.0 - 1e-12)
        return shift_logit(math.log(bounded / (1.0 - bounded)), self.slope, self.offset)

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
            **({"maps": [one.to_dict() for one in self.maps]} if self.maps else {}),
            **({} if self.measured is None else {"measured": self.measured.to_dict()}),
            **({} if self.reviewed is None else {"reviewed": self.reviewed.to_dict()}),
            **({} if (self.slope, self.offset) == (1.0, 0.0) else {"slope": self.slope, "offset": self.offset}),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any] | None) -> "WordCalibration":
        """Read what `to_dict` wrote; None gives the uncalibrated identity."""
        if not data:
            return cls()
        curve = tuple((float(precision), float(threshold)) for precision, threshold in data.get("curve", ()))
        numbers = {key: float(data[key]) for key in ("gamma", "weight_log_prob", "weight_min_char", "bias")}
        glyphs = data.get("glyphs")
        measured = data.get("measured")
        return cls(
            curve=curve,
            glyphs=GlyphCalibration.from_dict(glyphs) if glyphs else None,
            maps=tuple(EvidenceMap.from_dict(one) for one in data.get("maps", ())),
            measured=Measured.from_dict(measured) if measured else None,
            slope=float(data.get("slope", 1.0)),
            offset=float(data.get("offset", 0.0)),
            reviewed=Measured.from_dict(data["reviewed"]) if data.get("reviewed") else None,
            **numbers,
        )


def calibration_features(log_prob: float, length: int, min_char: float, gamma: float) -> tuple[float, float]:
    """The two numbers that the logistic map weighs: scaled log-probability, logit of the weakest character."""
    bounded = min(max(min_char, MIN_PROBABILITY), 1.0 - MIN_PROBABILITY)
    return log_prob / max(length, 1) ** gamma, math.log(bounded / (1.0 - bounded))


def _logistic(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-40.0, min(40.0, value))))


def read_evidence(
    log_prob: float,
    characters: Sequence[float],
    agreement: bool | None,
    sharpness: float | None,
    language: float | None,
) -> dict[str, float]:
    """Named evidence that reading leaves behind; what was not there is left out.

    Args:
        log_prob: raw score of the text, at most 0.
        characters: probability of each character.
        agreement, sharpness: of a glyph head, None where it did not speak.
        language: log-probability of the text under the model of language; None without one.

    Returns:
        `log_prob` by the root of the length, `weakest` (logit of the weakest character), `length`, and where known
        `heads_agree`, `sharpness`, `language` (for each character and the end).
    """
    length = max(1, len(characters))
    scaled, weakest = calibration_features(log_prob, length, min(characters, default=0.0), 0.5)
    evidence = {"log_prob": scaled, "weakest": weakest, "length": float(len(characters))}
    if agreement is not None:
        evidence |= {"heads_agree": float(agreement), "sharpness": sharpness or 0.0}
    if language is not None:
        evidence["language"] = language / (len(characters) + 1)
    return evidence
