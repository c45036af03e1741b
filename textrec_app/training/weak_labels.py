"""Characters of real words, of which only the box and the text are known, as the present detector sees them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from textrec_app.data.detection_samples import SLICE_CONFIDENCE
from textrec_app.data.detection_targets import TargetWord, slice_quad
from textrec_app.pipeline.craft_postprocess import split_characters
from textrec_app.pipeline.detection import Detector


def refine_words(detector: Detector, image: NDArray[np.uint8], words: Sequence[TargetWord]) -> list[TargetWord]:
    """Replace guessed characters by those that the detector separates, where it counts about as many.

    A word of L characters in which the detector finds n is trusted with s = (L - min(L, |L - n|)) / L; at s of 0.5
    or less the guess stays.

    Args:
        image: (H, W, 3) uint8 RGB.
        words: in its pixels; those that are certain or left out come back as they are.

    Source:
        Baek et al., CVPR 2019 (CRAFT), section 3.2.2; splitting along the word replaces the watershed.
    """
    characters, stride, placement = detector.compute_maps(image)
    refined = []
    for word in words:
        if word.confidence != SLICE_CONFIDENCE or not len(word.character_quads):
            refined.append(word)
            continue
        quad = (word.quad * placement.scale + placement.margin_px) / stride
        edges = split_characters(quad.astype(np.float32), characters, np.zeros_like(characters))
        trust = compute_trust(len(word.character_quads), len(edges) - 1)
        if trust > SLICE_CONFIDENCE:
            word = replace(word, character_quads=slice_quad(word.quad, edges), confidence=trust)
        refined.append(word)
    return refined


def compute_trust(n_known: int, n_found: int) -> float:
    """CRAFT's confidence in a word: 1 where the counts agree, 0 where they differ by as much as there are."""
    return (n_known - min(n_known, abs(n_known - n_found))) / n_known
