"""Pictures with the boxes of their words: sets that hold a `boxes.jsonl`, drawn ones also a `characters.jsonl`."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrec_app.errors import InputError

BOXES_FILE = "boxes.jsonl"
CHARACTERS_FILE = "characters.jsonl"
WORD_LEVEL = "word"


@dataclass(frozen=True, slots=True)
class SceneBox:
    """One text instance of a scene.

    Attributes:
        quad: (4, 2) float32, pixels of the picture, clockwise from the text's top-left.
        text: what it says; None where nobody wrote it down.
        is_excused: marked `ignore` or `difficult`; neither finding nor missing it counts.
        level: "word", or "line" where one box holds several words.
        character_quads: (n, 4, 2) float32, one for each character that has ink, in order; empty if unknown.
    """

    quad: NDArray[np.float32]
    text: str | None
    is_excused: bool
    level: str
    character_quads: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture and its boxes."""

    path: Path
    boxes: tuple[SceneBox, ...]


def load_scenes(directory: Path) -> list[Scene]:
    """Read a detection set.

    Args:
        directory: holds `boxes.jsonl` and the pictures that it names; where it also holds `characters.jsonl`, the
            words of a picture stand there in the order of its boxes.

    Returns:
        Scenes in the order of the file; pictures are not opened.

    Raises:
        InputError: there is no such file, or a line of it is wrong; the message names the line.
    """
    path = directory / BOXES_FILE
    if not path.is_file():
        raise InputError(f"{directory} holds no {BOXES_FILE}. Name a folder with pictures and that file.")
    characters = _load_characters(directory / CHARACTERS_FILE)
    return [_parse_scene(number, row, directory, characters) for number, row in _read_rows(path)]


def save_scenes(directory: Path, scenes: Sequence[Scene]) -> None:
    """Write a `boxes.jsonl` that names pictures where they lie, so that a part of a set can be measured alone."""
    directory.mkdir(parents=True, exist_ok=True)
    lines = []
    for scene in scenes:
        boxes = [
            {"quad": box.quad.tolist(), "text": box.text, "ignore": box.is_excused, "level": box.level}
            for box in scene.boxes
        ]
        image = os.path.relpath(scene.path.resolve(), directory.resolve())
        lines.append(json.dumps({"image": Path(image).as_posix(), "boxes": boxes}, ensure_ascii=False) + "\n")
    (directory / BOXES_FILE).write_text("".join(lines), encoding="utf-8")


def split_validation(scenes: Sequence[Scene], n_validation: int, seed: int) -> tuple[list[Scene], list[Scene]]:
    """Part scenes into train and validation, the same way on every machine.

    A scene's place depends on the seed and its file name only, so that adding scenes moves few of the old ones.

    Args:
        n_validation: how many to hold back; at most all of them.

    Returns:
        Train and validation scenes, each in the order given.
    """
    ranks = [hashlib.sha256(f"{seed}:{scene.path.name}".encode()).hexdigest() for scene in scenes]
    held_back = set(sorted(ranks)[:n_validation])
    train = [scene for scene, rank in zip(scenes, ranks, strict=True) if rank not in held_back]
    validation = [scene for scene, rank in zip(scenes, ranks, strict=True) if rank in held_back]
    return train, validation


def _read_rows(path: Path) -> Iterator[tuple[int, Any]]:
    """Number and value of each line that is not blank."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError as error:
                raise InputError(f"{path}, line {number} is no JSON: {error}. Write the set again.") from error


def _load_characters(path: Path) -> dict[str, list[Any]]:
    """For each picture named, the characters' quads of each of its words."""
    if not path.is_file():
        return {}
    try:
        return {
            row["image"]: [[character["quad"] for character in word["characters"]] for word in row["words"]]
            for _, row in _read_rows(path)
        }
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: {error!r}. Expected the words of each image and their characters.") from error


def _parse_scene(number: int, row: Any, directory: Path, characters: dict[str, list[Any]]) -> Scene:
    try:
        boxes = row["boxes"]
        words = characters.get(row["image"], [()] * len(boxes))
        parsed = tuple(_parse_box(box, quads) for box, quads in zip(boxes, words, strict=True))
        return Scene(directory / row["image"], parsed)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{directory / BOXES_FILE}, line {number}: {error!r}. Expected an object with an image and its boxes."
        ) from error


def _parse_box(box: dict[str, Any], characters: Sequence[Any]) -> SceneBox:
    return SceneBox(
        quad=_parse_quad(box["quad"]),
        text=box.get("text"),
        is_excused=bool(box.get("ignore") or box.get("difficult")),
        level=str(box.get("level", WORD_LEVEL)),
        character_quads=np.array([_parse_quad(quad) for quad in characters], np.float32).reshape(-1, 4, 2),
    )


def _parse_quad(corners: Sequence[Sequence[float]]) -> NDArray[np.float32]:
    quad = np.array(corners, np.float32)
    if quad.shape != (4, 2) or not np.isfinite(quad).all():
        raise ValueError(f"a quad has four corners of x and y, not {corners!r}")
    return quad
