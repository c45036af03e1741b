"""From folders of scenes to what the detector trains on: pools with their shares, and the part held back."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textrec_app.data.detection_samples import list_target_words
from textrec_app.data.detection_targets import TargetWord
from textrec_app.data.scenes import WORD_LEVEL, Scene, load_scenes, split_validation
from textrec_app.errors import InputError
from textrec_app.pipeline.detection import Detector
from textrec_app.training.detector import ScenePool, read_rgb
from textrec_app.training.line_splitting import list_line_words, propose_words
from textrec_app.training.weak_labels import refine_words

DRAWN_SHARE = 0.57
EMPTY_SHARE = 0.08
LINES_WEIGHT = 0.2
UNLABELED_WEIGHT = 0.5
UNLABELED_SCORE = 0.6
PICTURE_ENDINGS = (".jpg", ".jpeg", ".png")
VALIDATION_PART = 5
MAX_VALIDATION = 40
MIN_SCENES_TO_SPLIT = 50
SPLIT_SEED = 1


@dataclass(frozen=True)
class DetectorData:
    """What one run trains on.

    Attributes:
        pools: one for each folder.
        validation: scenes held back, in no pool.
        names: of each folder its name and numbers, for the weight card.
    """

    pools: list[ScenePool]
    validation: list[Scene]
    names: list[dict[str, Any]]


def load_detector_data(
    folders: Sequence[Path], teacher: Detector | None = None, unlabeled: Sequence[Path] = ()
) -> DetectorData:
    """Read detection sets and decide how often each is seen.

    Sets without any text make up 8 % of the views. Of the rest, drawn sets, which know their characters, make up 57 %.
    The others share what remains by their number of scenes; unlabeled ones count half, and those of lines a fifth
    where there is no teacher, as they then only teach what is background. Of a set of real words with at least 50
    scenes a fifth, at most 40 scenes, is held back.

    Args:
        folders: each with a `boxes.jsonl`.
        teacher: separates the characters of real words and the words of lines (weak supervision); without one
            characters are guessed and lines left out.
        unlabeled: folders with pictures whose words the teacher proposes (self-training).

    Raises:
        InputError: a folder is no detection set, or there is no teacher for unlabeled pictures.
    """
    kinds: list[str] = []
    pools: list[ScenePool] = []
    validation: list[Scene] = []
    names: list[dict[str, Any]] = []
    for folder in folders:
        scenes = load_scenes(folder)
        kind = find_kind(scenes)
        can_split = kind == "words" and len(scenes) >= MIN_SCENES_TO_SPLIT
        n_held_back = min(MAX_VALIDATION, len(scenes) // VALIDATION_PART) if can_split else 0
        train, held_back = split_validation(scenes, n_held_back, SPLIT_SEED)
        words = [_list_words(scene, teacher) for scene in train]
        pools.append(ScenePool([scene.path for scene in train], words, float(len(train))))
        kinds.append(kind)
        validation += held_back
        names.append({"name": folder.resolve().name, "kind": kind, "n": len(train), "n_validation": len(held_back)})
    for folder in unlabeled:
        pools.append(_propose(folder, teacher))
        kinds.append("unlabeled")
        names.append({"name": folder.resolve().name, "kind": "unlabeled", "n": len(pools[-1].paths), "n_validation": 0})
    return DetectorData(_share(pools, kinds, teacher is not None), validation, names)


def find_kind(scenes: Sequence[Scene]) -> str:
    """What a set knows: "drawn" (characters), "words" (texts of single words), "lines" (neither), "empty" (no text)."""
    boxes = [box for scene in scenes for box in scene.boxes]
    if not boxes:
        return "empty"
    if any(len(box.character_quads) for box in boxes):
        return "drawn"
    return "words" if any(box.text and box.level == WORD_LEVEL and not box.is_excused for box in boxes) else "lines"


def _list_words(scene: Scene, teacher: Detector | None) -> list[TargetWord]:
    if teacher is None:
        return list_target_words(scene)
    has_lines = any(box.level != WORD_LEVEL and not box.is_excused for box in scene.boxes)
    words = list_line_words(teacher, read_rgb(scene.path), scene) if has_lines else list_target_words(scene)
    if not any(0 < word.confidence < 1 for word in words):
        return words
    return refine_words(teacher, read_rgb(scene.path), words)


def _propose(folder: Path, teacher: Detector | None) -> ScenePool:
    if teacher is None:
        raise InputError("Unlabeled pictures need weights that propose their words. Name them with --base.")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURE_ENDINGS)
    if not paths:
        raise InputError(f"{folder} holds no pictures. Name a folder of JPEG or PNG files.")
    return ScenePool(paths, [propose_words(teacher, read_rgb(path), UNLABELED_SCORE) for path in paths], len(paths))


def _share(pools: Sequence[ScenePool], kinds: Sequence[str], has_teacher: bool) -> list[ScenePool]:
    counts_less = {"unlabeled": UNLABELED_WEIGHT} | ({} if has_teacher else {"lines": LINES_WEIGHT})
    weights = [pool.share * counts_less.get(kind, 1.0) for pool, kind in zip(pools, kinds, strict=True)]
    parts = {"drawn": (1 - EMPTY_SHARE) * DRAWN_SHARE, "empty": EMPTY_SHARE}
    parts["real"] = 1 - sum(parts.values())
    groups = [kind if kind in parts else "real" for kind in kinds]
    totals = dict.fromkeys(parts, 0.0)
    for group, weight in zip(groups, weights, strict=True):
        totals[group] += weight
    present = sum(part for group, part in parts.items() if totals[group])
    return [
        ScenePool(pool.paths, pool.words, parts[group] / present * weight / totals[group] if weight else 0.0)
        for pool, group, weight in zip(pools, groups, weights, strict=True)
    ]
