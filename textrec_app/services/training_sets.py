"""The labeled folders of a training: cleaned, with a tenth held back, and how often each folder is drawn from."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.charset import PRINTABLE_ASCII, Charset
from textrec_app.data.label_corrections import correct_labels, name_sample, read_corrections
from textrec_app.data.near_duplicates import drop_twins
from textrec_app.data.recognition_sets import RecognitionSample, load_recognition_set, split_validation
from textrec_app.errors import InputError
from textrec_app.training.scene_words import list_scene_words

logger = logging.getLogger(__name__)

SIZE_POWER = 0.5


@dataclass(frozen=True)
class TrainingSet:
    """What one folder gives to training.

    Attributes:
        from_scenes: words of whole scenes beside folders of crops.
    """

    folder: Path
    train: list[RecognitionSample]
    from_scenes: bool = False


def load_training_sets(
    folders: Sequence[Path], corrections: Path | None = None
) -> tuple[list[TrainingSet], list[RecognitionSample]]:
    """Train samples by folder, and the validation samples of all folders together.

    The split depends on the pictures and the labels as they came, so that corrections never move a sample from one
    part to the other. Then labels are corrected, and train samples that are twins of held-back ones are left out.
    Held-back pictures are never turned: they are read as they come.

    Scenes beside folders of crops are for training only: crops are often cut from the very same scenes, so of their
    words all are left out that look anything like a held-back one, and wrong labels of crops are put right.

    Raises:
        InputError: a folder is no recognition set, or the table of corrections has a wrong line.
    """
    loaded = [load_recognition_set(folder) for folder in folders]
    are_scenes = _find_scenes(loaded)
    crops = [sample for samples, is_scene in zip(loaded, are_scenes, strict=True) if not is_scene for sample in samples]
    train, held_back = split_validation(crops)
    in_train = {id(sample) for sample in train}
    parts = [[sample for sample in samples if id(sample) in in_train] for samples in loaded]
    corrected = list_corrected(crops, corrections)
    rivals = held_back  # a twin may carry the label as it came or as it was corrected
    if corrections is not None:
        table = corrections.read_text(encoding="utf-8")
        parts = [correct_labels(part, table) for part in parts]
        held_back = correct_labels(held_back, table, with_turns=False)
        rivals = [*rivals, *held_back]
    kept = [drop_twins(part, rivals) for part in parts]
    n_twins = sum(map(len, parts)) - sum(map(len, kept))
    if n_twins:
        logger.info("%d samples left out of training: near-duplicates of held-back ones", n_twins)
    sets = [
        TrainingSet(folder, list_scene_words([folder], rivals, corrected) if is_scene else part, is_scene)
        for folder, part, is_scene in zip(folders, kept, are_scenes, strict=True)
    ]
    return sets, held_back


def load_training_samples(
    folders: Sequence[Path], corrections: Path | None = None
) -> tuple[list[RecognitionSample], list[RecognitionSample]]:
    """Train and validation samples of all folders; see `load_training_sets`."""
    sets, held_back = load_training_sets(folders, corrections)
    return [sample for part in sets for sample in part.train], held_back


def _find_scenes(loaded: Sequence[Sequence[RecognitionSample]]) -> list[bool]:
    """Which sets are words of whole scenes; none where there are no crops beside them to hold back from."""
    are_cut = [bool(samples) and all(sample.quad is not None for sample in samples) for samples in loaded]
    return [False] * len(loaded) if all(are_cut) else are_cut


def list_corrected(
    samples: Sequence[RecognitionSample], corrections: Path | None
) -> list[tuple[RecognitionSample, str]]:
    """Samples with the label as it came that a table corrects, each with the right text."""
    if corrections is None:
        return []
    table = read_corrections(corrections.read_text(encoding="utf-8"))
    found = [(sample, table.get((name_sample(sample), sample.text))) for sample in samples]
    return [(sample, right.text) for sample, right in found if right is not None]


def keep_usable(samples: Sequence[RecognitionSample]) -> list[RecognitionSample]:
    """Samples that have a text, all of it in the charset; the others are counted in the log."""
    charset = Charset(PRINTABLE_ASCII)
    usable = [sample for sample in samples if sample.text and charset.covers(sample.text)]
    if len(usable) < len(samples):
        logger.info("%d samples left out: characters outside the charset, or no text", len(samples) - len(usable))
    return usable


def compute_shares(sizes: Sequence[int], weights: Sequence[float] = (), power: float = SIZE_POWER) -> list[float]:
    """Share of each set among the real samples drawn: proportional to weight x size ** power.

    With power 1 every sample is drawn equally often, with 0 every set. The default lies between: a set stands for a
    kind of picture that counts beyond its number of crops, but a small set drawn too often is learned by heart.

    Args:
        weights: one for each set, or none for equal ones.

    Returns:
        Shares that sum to 1; 0 for an empty set. All 0 if every set is empty.

    Raises:
        InputError: not as many weights as sets, or a weight is negative.
    """
    if weights and len(weights) != len(sizes):
        raise InputError(f"{len(weights)} weights for {len(sizes)} folders; give each folder one, or none")
    if any(weight < 0 for weight in weights):
        raise InputError("a folder's weight is negative; 0 leaves the folder out of training")
    parts = [
        weight * size**power if size else 0.0 for size, weight in zip(sizes, weights or [1.0] * len(sizes), strict=True)
    ]
    total = sum(parts)
    return [part / total if total else 0.0 for part in parts]


def parse_weighted_folder(text: str) -> tuple[Path, float]:
    """Read "DIR" or "DIR=WEIGHT"; a folder that is there under the whole name is meant by it.

    Raises:
        InputError: the weight is no number of at least 0.
    """
    name, separator, weight = text.rpartition("=")
    if not separator or Path(text).is_dir():
        return Path(text), 1.0
    try:
        value = float(weight)
    except ValueError:
        raise InputError(
            f"'{weight}' in '{text}' is no weight. Write DIR or DIR=WEIGHT, for example words=2."
        ) from None
    if not 0.0 <= value < float("inf"):
        raise InputError(f"the weight {weight} in '{text}' must be a number of at least 0")
    return Path(name), value
