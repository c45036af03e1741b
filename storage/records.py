"""Frozen values that storage functions take and return."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

Polygon = tuple[tuple[float, float], ...]

MODEL_STATUSES = ("waiting", "kept")
"""Statuses of items that nobody decided on."""

LABEL_STATUSES = ("accepted", "corrected")
"""Statuses of items whose text a person vouches for."""


@dataclass(frozen=True, slots=True)
class CheckpointRef:
    """Which checkpoint made something."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class CharacterRecord:
    """One character of a model's text; its column span is relative to the crop's width, 0 to 1."""

    text: str
    confidence: float
    start_rel: float
    end_rel: float

    def to_json(self) -> dict[str, Any]:
        """The form kept in the database."""
        return {
            "text": self.text,
            "confidence": self.confidence,
            "start_rel": self.start_rel,
            "end_rel": self.end_rel,
        }


@dataclass(frozen=True, slots=True)
class NewPicture:
    """A picture to add; its bytes are already in the file store.

    Attributes:
        kind: `scene` (words were detected in it) or `crop` (the whole picture is one word).
    """

    sha256: str
    name: str
    kind: str
    size_bytes: int
    height: int
    width: int
    added_by: str


@dataclass(frozen=True, slots=True)
class NewReading:
    """What a checkpoint read in one item, and whether that was sure enough to be kept as a pseudo-label.

    Attributes:
        evidence: named raw evidence that the confidence was computed from; None where none was gathered.
    """

    text: str
    confidence: float
    log_prob: float
    characters: tuple[CharacterRecord, ...]
    checkpoint: CheckpointRef
    is_kept: bool
    evidence: dict[str, float] | None = None


@dataclass(frozen=True, slots=True)
class NewItem:
    """A text instance to add; its crop is already in the file store as PNG.

    Attributes:
        polygon: corners in pixels of the upright picture, clockwise from the text's top-left.
        perceptual_hash: 16 hexadecimal digits; few differing bits mean nearly the same crop.
    """

    position: int
    polygon: Polygon
    score: float
    angle_deg: float
    script: str
    crop_sha256: str
    crop_size_hw: tuple[int, int]
    perceptual_hash: str


@dataclass(frozen=True, slots=True)
class PictureRecord:
    """A picture in the store."""

    picture_id: int
    sha256: str
    name: str
    kind: str
    size_bytes: int
    height: int
    width: int
    added_by: str
    added_utc: datetime


@dataclass(frozen=True, slots=True)
class NewSelection:
    """A choice of pseudo-labels: `reason` is `harvest`, `slider`, `rescore` or `calibration`."""

    reason: str
    who: str
    min_precision: float
    threshold: float
    checkpoint: CheckpointRef


@dataclass(frozen=True, slots=True)
class SelectionRecord:
    """A choice of pseudo-labels that was made."""

    selection_id: int
    reason: str
    who: str
    made_utc: datetime
    min_precision: float
    threshold: float
    checkpoint: CheckpointRef


@dataclass(frozen=True, slots=True)
class HarvestFileRecord:
    """What came of one harvested file."""

    file_id: int
    selection_id: int
    name: str
    state: str
    n_words: int
    n_kept: int
    n_waiting: int
    message: str
    who: str
    made_utc: datetime
    picture_id: int | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """An item as it stands now.

    Attributes:
        text: the person's text if the decision in force has one, else the model's, else empty.
        person_text: the text of the decision in force; None when nobody gave one.
        model_text: the newest reading; None for an imported label that no model has read.
        checkpoint: which checkpoint made the newest reading.
        evidence: named raw evidence of the newest reading; None where none was gathered.
        look_group: the perceptual hash that founded its group of look-alikes; None until the review order is computed.
    """

    item_id: int
    picture_id: int
    picture_name: str
    picture_sha256: str
    position: int
    polygon: Polygon
    score: float
    angle_deg: float
    script: str
    crop_sha256: str
    crop_size_hw: tuple[int, int]
    perceptual_hash: str
    status: str
    version: int
    text: str
    person_text: str | None
    model_text: str | None
    confidence: float | None
    log_prob: float | None
    characters: tuple[CharacterRecord, ...]
    checkpoint: CheckpointRef | None
    reading_id: int | None
    decision_id: int | None
    selection_id: int | None
    added_utc: datetime
    evidence: dict[str, float] | None = None
    look_group: str | None = None


@dataclass(frozen=True, slots=True)
class ReadingRecord:
    """One model reading, current or past."""

    reading_id: int
    item_id: int
    text: str
    confidence: float
    log_prob: float
    characters: tuple[CharacterRecord, ...]
    checkpoint: CheckpointRef
    selected: str
    min_precision: float
    threshold: float
    made_utc: datetime
    evidence: dict[str, float] | None = None


@dataclass(frozen=True, slots=True)
class NewDecision:
    """What a person decides on an item as they saw it.

    Attributes:
        seen_version: the version on the person's screen; None skips the check (imports).
        to_text: the text the person gives; None takes the best text for `accept` and no text otherwise.
        client_uuid: made by the client; the same one again changes nothing.
        seconds: time spent on the item, None if unknown.
    """

    item_id: int
    seen_version: int | None
    action: str
    to_status: str
    to_text: str | None
    who: str
    client_uuid: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One row of an item's history.

    Attributes:
        twin_ids: items that the same decision or undo changed too; only told where it was made.
        twin_of_id: the event that this one came with.
    """

    event_id: int
    item_id: int
    who: str
    made_utc: datetime
    action: str
    from_status: str
    from_text: str | None
    to_status: str
    to_text: str | None
    item_version: int
    client_uuid: str
    undoes_id: int | None
    seconds: float | None
    repeated: bool = False
    twin_ids: tuple[int, ...] = ()
    twin_of_id: int | None = None
