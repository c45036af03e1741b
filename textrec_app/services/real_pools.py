"""Cleaned real words written as pools of crops, one folder for each set, for training outside the app's own loop."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from textrec_app.data.crop_pool import write_pool_shard
from textrec_app.data.recognition_sets import RecognitionSample, load_recognition_set, split_validation
from textrec_app.pipeline.sample_crops import load_sample_crop
from textrec_app.services.training_sets import keep_usable, list_corrected, load_training_sets
from textrec_app.training.scene_words import MARGINS_REL, cut_empty_pieces, cut_scene_words, list_scene_words

SHARD = "words"
NAMES_FILE = "names.txt"


@dataclass(frozen=True)
class PoolOrder:
    """What to write.

    Attributes:
        words: folders of labeled words; a tenth of all is held back.
        corrections: table of label errors, or None.
        scenes: detection sets whose words have texts.
        margins_rel: room around each scene word, one crop for each.
        empty_a_scene: pieces without text to take of each scene.
    """

    out: Path
    words: tuple[Path, ...]
    corrections: Path | None = None
    scenes: tuple[Path, ...] = ()
    margins_rel: Sequence[float] = MARGINS_REL
    empty_a_scene: int = 4
    seed: int = 1


@dataclass(frozen=True)
class PoolCounts:
    """Crops written: of train by set, held back, of scenes by set, and without text."""

    train: dict[str, int] = field(default_factory=dict)
    held_back: int = 0
    scene_words: dict[str, int] = field(default_factory=dict)
    empty: int = 0


def write_pools(order: PoolOrder) -> PoolCounts:
    """Write `train/SET`, `held_back`, `scene_words/SET` and `empty` below `order.out`.

    Beside each shard `names.txt` names its crops, in their order.

    Raises:
        InputError: a folder is no data set, or a picture cannot be read.
    """
    sets, held_back = load_training_sets(order.words, order.corrections)
    counts = PoolCounts(
        train={part.folder.name: _write(order.out / "train" / part.folder.name, part.train) for part in sets},
        held_back=_write(order.out / "held_back", held_back, only_usable=False),
    )
    everything = [sample for folder in order.words for sample in load_recognition_set(folder)]
    corrected = list_corrected(everything, order.corrections)
    rivals = [*split_validation(everything)[1], *held_back]  # with the labels as they came, and as they were corrected
    for folder in order.scenes:
        words = keep_usable(list_scene_words([folder], rivals, corrected))
        place = order.out / "scene_words" / folder.name
        counts.scene_words[folder.name] = write_pool_shard(place, SHARD, cut_scene_words(words, order.margins_rel))
        _write_names(place, [word.name for word in words for _ in order.margins_rel])
    pieces = cut_empty_pieces(order.scenes, order.empty_a_scene, order.seed)
    n_empty = write_pool_shard(order.out / "empty", SHARD, pieces) if order.scenes and order.empty_a_scene else 0
    return PoolCounts(counts.train, counts.held_back, counts.scene_words, n_empty)


def _write(place: Path, samples: Sequence[RecognitionSample], only_usable: bool = True) -> int:
    chosen = keep_usable(samples) if only_usable else list(samples)
    _write_names(place, [sample.name for sample in chosen])
    return write_pool_shard(place, SHARD, ((load_sample_crop(sample), sample.text) for sample in chosen))


def _write_names(place: Path, names: Sequence[str]) -> None:
    place.mkdir(parents=True, exist_ok=True)
    (place / NAMES_FILE).write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
