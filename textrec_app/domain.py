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
class HeadReading:
    """What one head of a recognizer says by itself.

    Attributes:
        log_prob: natural logarithm of the head's own probability of its text, at most 0.
        probability: the same in [0, 1]; it is not calibrated.
    """

    text: str
    log_prob: float
    probability: float


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
        readings, agreement: as in `CropReading`.
    """

    polygon: Polygon
    text: str
    confidence: float
    score: float = 1.0
    angle_deg: float = 0.0
    script: str = "Latin"
    characters: tuple[CharacterReading, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    readings: dict[str, HeadReading] = field(default_factory=dict)
    agreement: bool | None = None


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds spent in each stage."""

    detect: float
    recognize: float
    total: float


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything read in one picture, regions in reading order.

    Attributes:
        lines: for each line, the indices of its regions, in reading order.
        blocks: for each block (a paragraph, a column, a sign), the indices of its regions, in reading order.
        rows: like `lines`, but lines that stand side by side in one block, as a table's cells do, are one.
    """

    image: str
    size_hw: tuple[int, int]
    regions: tuple[RegionReading, ...]
    timings_ms: Timings
    models: dict[str, str] = field(default_factory=dict)
    lines: tuple[tuple[int, ...], ...] = ()
    blocks: tuple[tuple[int, ...], ...] = ()
    rows: tuple[tuple[int, ...], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The JSON form that `read --json` prints, numbers rounded for people.

        Alternatives are in it where there are any, the heads' readings and agreement for recognizers of two heads.
        """
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
    """One character of a crop.

    Attributes:
        start_rel, end_rel: its column span, as shares of the crop's width.
        rows_rel: top and bottom of its glyph, as shares of the crop's height; None where only its columns are known.
    """

    text: str
    confidence: float
    start_rel: float
    end_rel: float
    alternatives: tuple[Alternative, ...] = ()
    rows_rel: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class CropReading:
    """What a crop says.

    Attributes:
        confidence: calibrated probability that `text` is right.
        log_prob: what the confidence is calibrated from, at most 0: the log-probability of `text` under the network
            (all alignments) or, where it was weighed against other texts, mostly that of its share among them.
        characters: one entry for each character of `text`, in order.
        alternatives: other texts, the likeliest first; filled when they are asked for.
        readings: what each head says by itself: "fast" is the CTC head, "glyph" the one that sees glyphs, which has
            nothing to say on long lines; empty for recognizers of one head.
        agreement: whether both heads say the same text; None where only one spoke.
        sharpness: how much of each character's glyph attention lies in one character's width, mean of the
            characters, in [0, 1]; None where there is no glyph attention.
    """

    text: str
    confidence: float
    log_prob: float
    characters: tuple[CropCharacter, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    readings: dict[str, HeadReading] = field(default_factory=dict)
    agreement: bool | None = None
    sharpness: float | None = None


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items() if item or key not in _left_out(value)}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value


def _left_out(value: dict[str, Any]) -> tuple[str, ...]:
    """Keys that are left out of the JSON form while they say nothing."""
    return ("alternatives", "readings") if value.get("readings") else ("alternatives", "readings", "agreement")
