"""What the networks say, in the form the store keeps it."""

from dataclasses import dataclass

import numpy as np

from storage import selections
from storage.records import CharacterRecord, CheckpointRef, NewItem, NewReading, NewSelection
from textrec_app.domain import CropReading
from textrec_app.pipeline.reader import WordReading
from textrec_app.services.context import ActiveModels, App
from textrec_app.services.crops import compute_perceptual_hash, encode_png
from textrec_app.services.selection import get_threshold, is_kept


@dataclass(frozen=True)
class Pass:
    """The networks and the choice under which files are harvested, until a promotion changes the networks."""

    models: ActiveModels
    selection_id: int
    threshold: float


def read_words(models: ActiveModels, image: np.ndarray, is_crop: bool) -> tuple[WordReading, ...]:
    """Read every word of a picture, or the one word that it is.

    Args:
        models: the networks to read with.
        image: (H, W, 3) uint8 RGB, upright.
        is_crop: the whole picture is one word.

    Returns:
        Words in reading order. Detected regions without any text are left out, as in a `Reading`; a picture that a
        person calls a word stays, even when nothing was read in it.
    """
    if is_crop:
        return models.reader.read_whole(image).words
    return tuple(word for word in models.reader.read_words(image).words if word.reading.text)


def open_pass(app: App, models: ActiveModels, reason: str, who: str, min_precision: float) -> Pass:
    """Fix networks and threshold for the readings that follow, and record that choice.

    Raises:
        InputError: `min_precision` is not between 0 and 1.
    """
    threshold = get_threshold(models, min_precision)
    selection = NewSelection(reason, who, min_precision, threshold, models.checkpoint)
    return Pass(models, selections.add_selection(app.store, selection).selection_id, threshold)


def to_rows(app: App, position: int, word: WordReading, current: Pass) -> tuple[NewItem, NewReading]:
    """Turn a word into rows, and keep its crop in the file store."""
    item = NewItem(
        position=position,
        polygon=word.region.polygon,
        score=word.region.score,
        angle_deg=word.region.angle_deg,
        script=word.region.script,
        crop_sha256=app.store.files.add(encode_png(word.crop)),
        crop_size_hw=(word.crop.shape[0], word.crop.shape[1]),
        perceptual_hash=compute_perceptual_hash(word.crop),
    )
    return item, to_reading(word.reading, current.models.checkpoint, current.threshold)


def to_reading(reading: CropReading, checkpoint: CheckpointRef, threshold: float) -> NewReading:
    """Turn a crop's reading into a row that names its checkpoint and says whether it is kept."""
    characters = tuple(
        CharacterRecord(character.text, character.confidence, character.start_rel, character.end_rel)
        for character in reading.characters
    )
    kept = is_kept(reading.text, reading.confidence, threshold)
    return NewReading(reading.text, reading.confidence, reading.log_prob, characters, checkpoint, kept)
