"""Frozen values that travel between the rooms of the application."""

from dataclasses import asdict, dataclass, field
from typing import Any

LEAST_SHOWN = 0.005
"""Other readings below this probability are not worth a person's look."""

Point = tuple[float, float]
Polygon = tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another text that may stand there, and its probability, in [0, 1]."""

    text: str
    confidence: float

    @property
    def is_likely(self) -> bool:
        """Whether people are shown it; programs get every one that they ask for."""
        return self.confidence >= LEAST_SHOWN


@dataclass(frozen=True, slots=True)
class CharacterReading:
    """One character of a reading; the polygon is in pixels of the upright original.

    Attributes:
        alternatives: other characters at this place, the likeliest first; filled when they are asked for.
    """

    text: str
    confidence: float
    polygon: Polygon
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class RegionReading:
    """One text instance: where it is, what it says, how sure the model is.

    Attributes:
        polygon: corners in pixels of the upright original, clockwise from the text's top-left.
        confidence: calibrated probability that the whole text is right, in [0, 1].
        score: the detector's score of the region, in [0, 1].
        angle_deg: counter-clockwise angle of the reading direction.
        alternatives: other texts, the likeliest first; filled when they are asked for.
    """

    polygon: Polygon
    text: str
    confidence: float
    score: float = 1.0
    angle_deg: float = 0.0
    script: str = "Latin"
    characters: tuple[CharacterReading, ...] = ()
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds spent in each stage."""

    detect: float
    recognize: float
    total: float


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything read in one picture, regions in reading order."""

    image: str
    size_hw: tuple[int, int]
    regions: tuple[RegionReading, ...]
    timings_ms: Timings
    models: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form that `read --json` prints, numbers rounded for people; alternatives where there are any."""
        return _rounded(asdict(self))


@dataclass(frozen=True, slots=True)
class DetectedRegion:
    """One detected word: quad clockwise from the text's top-left, pixels of the given picture."""

    polygon: Polygon
    score: float
    angle_deg: float = 0.0
    character_polygons: tuple[Polygon, ...] = ()


@dataclass(frozen=True, slots=True)
class CropCharacter:
    """One character of a crop; its column span is relative to the crop's width, 0 to 1."""

    text: str
    confidence: float
    start_rel: float
    end_rel: float
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class CropReading:
    """What a crop says.

    Attributes:
        confidence: calibrated probability that `text` is right.
        log_prob: what the confidence is calibrated from, at most 0: the log-probability of `text` under the network
            (all alignments) or, where it was weighed against other texts, mostly that of its share among them.
        characters: one entry for each character of `text`, in order.
        alternatives: other texts, the likeliest first; filled when they are asked for.
    """

    text: str
    confidence: float
    log_prob: float
    characters: tuple[CropCharacter, ...] = ()
    alternatives: tuple[Alternative, ...] = ()


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items() if item or key != "alternatives"}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
