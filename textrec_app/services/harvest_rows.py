"""What the networks say, in the form the store keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from storage import selections
from storage.records import CharacterRecord, NewItem, NewReading, NewSelection
from textrec_app.domain import CropReading
from textrec_app.pipeline.evidence import Evidence, gather_evidence
from textrec_app.pipeline.outside_readers import OutsideReader
from textrec_app.pipeline.reader import WordReading
from textrec_app.services.context import ActiveModels, App
from textrec_app.services.crops import compute_perceptual_hash, encode_png
from textrec_app.services.selection import find_promise, is_kept


@dataclass(frozen=True)
class Pass:
    """The networks and the choice under which files are harvested, until a promotion changes the networks.

    Attributes:
        outside: other readers to ask too.
    """

    models: ActiveModels
    selection_id: int
    threshold: float
    outside: tuple[OutsideReader, ...] = ()


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
    threshold = find_promise(app, min_precision).threshold
    selection = NewSelection(reason, who, min_precision, threshold, models.checkpoint)
    return Pass(models, selections.add_selection(app.store, selection).selection_id, threshold)


@dataclass(frozen=True)
class JudgedWord:
    """A word with all evidence of its reading, and the confidence that comes of it."""

    word: WordReading
    confidence: float
    evidence: Evidence


def judge_words(current: Pass, words: Sequence[WordReading], with_views: bool = True) -> list[JudgedWord]:
    """Gather the evidence of each word's reading, that of its views if wished, and calibrate."""
    models, crops, readings = current.models, [word.crop for word in words], [word.reading for word in words]
    gathered = gather_evidence(models.recognizer, crops, readings, with_views, current.outside)
    return [
        JudgedWord(word, models.calibration.judge(evidence, word.reading.confidence), evidence)
        for word, evidence in zip(words, gathered, strict=True)
    ]


def to_rows(app: App, position: int, judged: JudgedWord, current: Pass) -> tuple[NewItem, NewReading]:
    """Turn a word into rows, and keep its crop in the file store."""
    word = judged.word
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
    return item, to_reading(word.reading, judged.confidence, judged.evidence, current)


def to_reading(reading: CropReading, confidence: float, evidence: Evidence, current: Pass) -> NewReading:
    """Turn a crop's reading into a row that names its checkpoint and says whether it is kept."""
    characters = tuple(
        CharacterRecord(character.text, character.confidence, character.start_rel, character.end_rel)
        for character in reading.characters
    )
    kept = is_kept(reading.text, confidence, current.threshold)
    checkpoint = current.models.checkpoint
    return NewReading(reading.text, confidence, reading.log_prob, characters, checkpoint, kept, evidence)
