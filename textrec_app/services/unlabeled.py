"""Word pictures for self-training: any folder of pictures, or a labeled set whose labels stay hidden."""

from collections.abc import Sequence
from pathlib import Path

from textrec_app.data.near_duplicates import drop_twins
from textrec_app.data.readers.box_crops import BOXES_FILE
from textrec_app.data.readers.label_folders import LABELS_FILE
from textrec_app.data.readers.lmdb_sets import LMDB_FILE
from textrec_app.data.recognition_sets import (
    RecognitionSample,
    compute_digest,
    load_recognition_set,
    split_validation,
)
from textrec_app.errors import InputError
from textrec_app.pipeline.images import PICTURE_SUFFIXES
from textrec_app.training.self_training import Unlabeled
from textrec_app.training.word_pools import load_crop_pool


def load_unlabeled(folders: Sequence[Path], held_back: Sequence[RecognitionSample] = ()) -> Unlabeled:
    """All crops of the folders; of labeled sets only the part that is not held back for validation.

    Args:
        held_back: validation samples of a training that has other folders as well: none of them is learnt from here.

    Raises:
        InputError: a folder is missing or has no picture.
    """
    sets: list[RecognitionSample] = []
    pictures: list[RecognitionSample] = []
    for folder in folders:
        samples, is_labeled = list_unlabeled(folder)
        (sets if is_labeled else pictures).extend(samples)
    train, _ = split_validation(sets)
    known = {compute_digest(sample) for sample in held_back}
    kept = [sample for sample in [*drop_twins(train, held_back), *pictures] if compute_digest(sample) not in known]
    return Unlabeled(load_crop_pool(kept), truth_known=not pictures)


def list_unlabeled(directory: Path) -> tuple[list[RecognitionSample], bool]:
    """The crops of one folder, and whether it is a labeled set.

    Raises:
        InputError: the folder is missing or has no picture.
    """
    if not directory.is_dir():
        raise InputError(f"{directory} is not a folder. Name a folder of word pictures.")
    if any((directory / index).is_file() for index in (LABELS_FILE, LMDB_FILE, BOXES_FILE)):
        return load_recognition_set(directory), True
    files = sorted(path for path in directory.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
    if not files:
        raise InputError(f"{directory} holds neither a data set nor pictures. Name a folder of word pictures.")
    return [RecognitionSample(path.relative_to(directory).as_posix(), "", path) for path in files], False
