"""From folders of scenes to what the detector trains on: pools with their shares, and the part held back."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textrec_app.data.detection_samples import list_target_words
from textrec_app.data.detection_targets import TargetWord
from textrec_app.data.scenes import WORD_LEVEL, Scene, load_scenes, split_validation
from textrec_app.pipeline.detection import Detector
from textrec_app.training.detector import ScenePool, read_rgb
from textrec_app.training.weak_labels import refine_words

DRAWN_SHARE = 0.57
LINES_WEIGHT = 0.2
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


def load_detector_data(folders: Sequence[Path], teacher: Detector | None = None) -> DetectorData:
    """Read detection sets and decide how often each is seen.

    Drawn sets, which know their characters, together make up 57 % of the views. The others share the rest by their
    number of scenes; those without the texts of single words, which only teach what is background, count a fifth.
    Of a set of real words with at least 50 scenes a fifth, at most 40 scenes, is held back.

    Args:
        folders: each with a `boxes.jsonl`.
        teacher: separates the characters of real words (weak supervision); without one they are guessed.

    Raises:
        InputError: a folder is no detection set.
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
    return DetectorData(_share(pools, kinds), validation, names)


def find_kind(scenes: Sequence[Scene]) -> str:
    """What a set knows: "drawn" (characters), "words" (texts of single words) or "lines" (neither)."""
    boxes = [box for scene in scenes for box in scene.boxes]
    if any(len(box.character_quads) for box in boxes):
        return "drawn"
    return "words" if any(box.text and box.level == WORD_LEVEL and not box.is_excused for box in boxes) else "lines"


def _list_words(scene: Scene, teacher: Detector | None) -> list[TargetWord]:
    words = list_target_words(scene)
    if teacher is None or not any(0 < word.confidence < 1 for word in words):
        return words
    return refine_words(teacher, read_rgb(scene.path), words)


def _share(pools: Sequence[ScenePool], kinds: Sequence[str]) -> list[ScenePool]:
    weights = [pool.share * (LINES_WEIGHT if kind == "lines" else 1.0) for pool, kind in zip(pools, kinds, strict=True)]
    n_drawn = sum(weight for weight, kind in zip(weights, kinds, strict=True) if kind == "drawn")
    n_real = sum(weights) - n_drawn
    shared = []
    for pool, kind, weight in zip(pools, kinds, weights, strict=True):
        part, total = (DRAWN_SHARE, n_drawn) if kind == "drawn" else (1 - DRAWN_SHARE, n_real)
        shared.append(ScenePool(pool.paths, pool.words, part * weight / total if total else 0.0))
    return shared
