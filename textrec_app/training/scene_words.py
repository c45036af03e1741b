"""Words cut from whole scenes with more or less of their surroundings, and pieces of scenes without text."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from textrec_app.data.near_duplicates import drop_twins
from textrec_app.data.readers.box_crops import read_box_crops
from textrec_app.data.samples import RecognitionSample
from textrec_app.data.scenes import Scene, load_scenes
from textrec_app.pipeline.cropping import crop_polygon
from textrec_app.pipeline.images import load_image

MARGINS_REL = (0.08, 0.2, 0.35)
SCENE_TWIN_DISTANCE = 24  # the cut of the same word by another tool; a stranger is that near once in thirty
LEAST_HEIGHT_PX = 8.0
TRIES_A_PIECE = 30
PIECE_HEIGHTS_PX = (12.0, 72.0)
PIECE_ASPECTS = (0.8, 6.0)
CLEARANCE_REL = 0.3
LEAST_CONTRAST = 6.0  # standard deviation of grey values; flat pieces teach nothing


def list_scene_words(
    folders: Sequence[Path],
    held_back: Sequence[RecognitionSample],
    corrected: Sequence[tuple[RecognitionSample, str]] = (),
) -> list[RecognitionSample]:
    """Words of detection sets that no held-back crop shows, in the order of the sets.

    Excused, unreadable and tiny ones are left out, and all whose letters are those of a held-back crop that looks
    anything like them.

    Args:
        held_back: with the labels as they came, and once more where they were corrected.
        corrected: crops with the label as it came and the right text ("" for unusable); the same word in a scene has
            the same wrong label.

    Raises:
        InputError: a folder is no detection set, or a picture cannot be read.
    """
    words = [word for folder in folders for word in read_box_crops(folder) if _height(word) >= LEAST_HEIGHT_PX]
    return _correct_twins(drop_twins(words, held_back, SCENE_TWIN_DISTANCE), corrected)


def cut_scene_words(
    words: Sequence[RecognitionSample], margins_rel: Sequence[float] = MARGINS_REL
) -> Iterator[tuple[np.ndarray, str]]:
    """Each word laid flat once for each margin: (H, W, 3) uint8 RGB and the text.

    A wide margin shows parts of the neighbours, as the crops of a detector do.

    Args:
        words: with quads; words of one scene should follow each other, so that it is opened once.
        margins_rel: room on every side as a share of the word's height.
    """
    opened: tuple[Path | None, np.ndarray] = (None, np.empty(0))
    for word in words:
        if word.path != opened[0] or word.path is None:
            opened = (word.path, load_image(word.source.read_bytes(), word.name))
        for margin_rel in margins_rel:
            if word.quad is not None:
                yield crop_polygon(opened[1], word.quad, margin_rel), word.text


def cut_empty_pieces(folders: Sequence[Path], a_scene: int, seed: int) -> Iterator[tuple[np.ndarray, str]]:
    """Pieces of scenes that no box touches, shaped like words, with the text "": they teach CTC to read nothing.

    Text that nobody boxed gets into them, so give them a small share.

    Args:
        a_scene: at most so many of each scene; a crowded scene gives fewer.
    """
    scenes = [scene for folder in folders for scene in load_scenes(folder)]
    for number, scene in enumerate(scenes):
        image = load_image(scene.path.read_bytes(), scene.path.name)
        generator = np.random.default_rng([seed, number])
        for left, top, width, height in _find_pieces(scene, image, a_scene, generator):
            yield image[top : top + height, left : left + width], ""


def _correct_twins(
    words: Sequence[RecognitionSample], corrected: Sequence[tuple[RecognitionSample, str]]
) -> list[RecognitionSample]:
    kept = list(words)
    for sample, right in corrected:
        same = {id(word) for word in kept} - {id(word) for word in drop_twins(kept, [sample], SCENE_TWIN_DISTANCE)}
        kept = [
            replace(word, text=right) if id(word) in same else word for word in kept if right or id(word) not in same
        ]
    return kept


def _height(word: RecognitionSample) -> float:
    quad = np.asarray(word.quad, np.float64)
    return float(min(np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[2] - quad[1])))


def _find_pieces(
    scene: Scene, image: np.ndarray, wanted: int, generator: np.random.Generator
) -> list[tuple[int, int, int, int]]:
    """(left, top, width, height) of pieces with some contrast that keep clear of all boxes, excused ones as well."""
    size_hw = image.shape[:2]
    taken = _mark_boxes(scene, size_hw)
    pieces: list[tuple[int, int, int, int]] = []
    for _ in range(wanted * TRIES_A_PIECE):
        if len(pieces) == wanted:
            break
        height = int(np.exp(generator.uniform(*np.log(PIECE_HEIGHTS_PX))))
        width = int(height * np.exp(generator.uniform(*np.log(PIECE_ASPECTS))))
        if height >= size_hw[0] or width >= size_hw[1]:
            continue
        top, left = int(generator.integers(size_hw[0] - height)), int(generator.integers(size_hw[1] - width))
        rows, columns = slice(top, top + height), slice(left, left + width)
        if not taken[rows, columns].any() and image[rows, columns].mean(axis=2).std() >= LEAST_CONTRAST:
            pieces.append((left, top, width, height))
    return pieces


def _mark_boxes(scene: Scene, size_hw: tuple[int, int]) -> np.ndarray:
    """(H, W) uint8, 1 on all boxes and a margin around them."""
    taken = np.zeros(size_hw, np.uint8)
    for box in scene.boxes:
        margin = CLEARANCE_REL * float(np.ptp(box.quad[:, 1]))
        low, high = box.quad.min(axis=0) - margin, box.quad.max(axis=0) + margin
        (left, top), (right, bottom) = low.astype(int).tolist(), high.astype(int).tolist()
        cv2.rectangle(taken, (left, top), (right, bottom), 1, cv2.FILLED)
    return taken
