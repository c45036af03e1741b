"""Words for training from pictures whose words nobody marked: marked lines, or no marks at all."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from textrec_app.data.detection_samples import SLICE_CONFIDENCE, list_target_words
from textrec_app.data.detection_targets import TargetWord
from textrec_app.data.line_words import list_split_words, split_line
from textrec_app.data.scenes import WORD_LEVEL, Scene, SceneBox
from textrec_app.domain import DetectedRegion
from textrec_app.pipeline.detection import Detector

DOUBTED_SHARE = 0.4


def list_line_words(detector: Detector, image: NDArray[np.uint8], scene: Scene) -> list[TargetWord]:
    """What is known of a scene's words, with lines parted as the detector sees them.

    Args:
        image: (H, W, 3) uint8 RGB, the scene's picture.

    Returns:
        For each line its words, or, where the detector does not find words that fill the line, the line itself,
        left out of training. Excused lines are left out. Boxes of words give what `list_target_words` gives.
    """
    if all(box.level == WORD_LEVEL for box in scene.boxes):
        return list_target_words(scene)
    return list_words_of_lines(detector.detect(image), image, scene)


def list_words_of_lines(regions: Sequence[DetectedRegion], image: NDArray[np.uint8], scene: Scene) -> list[TargetWord]:
    """As `list_line_words`, from regions that were found before."""
    words = []
    for box in scene.boxes:
        if box.is_excused or box.level == WORD_LEVEL:
            words += list_target_words(replace(scene, boxes=(box,)))
        else:
            words += list_split_words(box.quad, split_line(box.quad, regions, box.text, image))
    return words


def part_scene(regions: Sequence[DetectedRegion], image: NDArray[np.uint8], scene: Scene) -> Scene:
    """A scene with words in place of its lines, to be saved; lines that could not be parted stay lines.

    Lines are left out of training, so that such a set can be trained on, and parted further when a better detector
    is there.
    """
    boxes: list[SceneBox] = []
    for box in scene.boxes:
        split = split_line(box.quad, regions, box.text, image)
        if box.is_excused or box.level == WORD_LEVEL or not split.words:
            boxes.append(box)
        else:
            boxes += [
                SceneBox(word.quad, word.text, False, WORD_LEVEL, np.zeros((0, 4, 2), np.float32))
                for word in split.words
            ]
    return replace(scene, boxes=tuple(boxes))


def propose_words(detector: Detector, image: NDArray[np.uint8], min_score: float) -> list[TargetWord]:
    """Words that a detector is sure of, for training on a picture without any marks (self-training).

    Words with less than `min_score`, down to two fifths of it, are left out of training (confidence 0), so that
    neither a missed word nor a false one is learnt; what scores less than that is taken for background.

    Args:
        image: (H, W, 3) uint8 RGB.
        min_score: 0 to 1.

    Returns:
        Words in pixels of the picture, each trusted by its score.
    """
    regions = detector.look(image, min_score * DOUBTED_SHARE).regions
    return [_to_target(region, region.score >= min_score) for region in regions]


def _to_target(region: DetectedRegion, is_sure: bool) -> TargetWord:
    characters = np.array(region.character_polygons, np.float32).reshape(-1, 4, 2)
    confidence = SLICE_CONFIDENCE if is_sure else 0.0
    return TargetWord(np.array(region.polygon, np.float32), characters, confidence, min(region.score, 1.0))
