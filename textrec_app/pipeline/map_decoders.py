"""What a detector's maps mean, for each architecture: words on the canvas, and maps that people can look at."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.detection.craft import MAP_STRIDE
from models.detection.one_shot import CENTRE, CHARACTER_STRIDE, WORD_STRIDE
from models.errors import WeightsError
from textrec_app.pipeline.craft_postprocess import CraftThresholds, find_words
from textrec_app.pipeline.one_shot_decoding import CanvasWord, OneShotThresholds, find_one_shot_words

Floats = NDArray[np.float32]
Outputs = Mapping[str, Floats]

_LEAST_FLOOR = 0.02

_MOST_LOGIT = 30.0


class MapDecoder(Protocol):
    """Reads the outputs of one architecture, each (C, h, w) float32 as the network gives them."""

    @property
    def threshold(self) -> float:
        """Score from which words are reported."""

    @property
    def thresholds(self) -> CraftThresholds | OneShotThresholds:
        """All of them, as a weight card keeps them."""

    def find_words(self, outputs: Outputs, floor: float) -> list[CanvasWord]:
        """Words with at least this score, in pixels of the canvas."""

    def view(self, outputs: Outputs) -> dict[str, tuple[Floats, int]]:
        """Maps "words" and "characters": (h, w) in 0..1 and the pixels of the canvas for each value."""


class CraftDecoder:
    """CRAFT: region scores for characters and affinity between them. It has no score to choose by: all words count."""

    threshold = 0.0

    def __init__(self, thresholds: CraftThresholds) -> None:
        self.thresholds: CraftThresholds | OneShotThresholds = thresholds
        self._craft = thresholds

    def find_words(self, outputs: Outputs, floor: float) -> list[CanvasWord]:
        """See `MapDecoder`."""
        region, affinity = _sigmoid(outputs["maps"])
        words = find_words(region, affinity, self._craft)
        return [
            CanvasWord(word.quad * MAP_STRIDE, word.score, word.character_quads * MAP_STRIDE)
            for word in words
            if word.score >= floor
        ]

    def view(self, outputs: Outputs) -> dict[str, tuple[Floats, int]]:
        """Words are where characters or what joins them is seen."""
        region, affinity = _sigmoid(outputs["maps"])
        characters = np.clip(region - affinity, 0, 1)
        return {"words": (np.maximum(region, affinity), MAP_STRIDE), "characters": (characters, MAP_STRIDE)}


class OneShotDecoder:
    """The one-shot detector: centres of words and characters."""

    def __init__(self, thresholds: OneShotThresholds) -> None:
        self.thresholds: CraftThresholds | OneShotThresholds = thresholds
        self._one_shot = thresholds

    @property
    def threshold(self) -> float:
        """See `MapDecoder`."""
        return self._one_shot.score

    def find_words(self, outputs: Outputs, floor: float) -> list[CanvasWord]:
        """See `MapDecoder`."""
        return find_one_shot_words(outputs["words"], outputs["characters"], self._one_shot, max(floor, _LEAST_FLOOR))

    def view(self, outputs: Outputs) -> dict[str, tuple[Floats, int]]:
        """See `MapDecoder`."""
        return {
            "words": (_sigmoid(outputs["words"][CENTRE]), WORD_STRIDE),
            "characters": (_sigmoid(outputs["characters"][CENTRE]), CHARACTER_STRIDE),
        }


def create_decoder(architecture: str, thresholds: Mapping[str, Any]) -> MapDecoder:
    """The decoder of an architecture with the thresholds of a card; unknown keys are passed over.

    Raises:
        WeightsError: no detector has this architecture.
    """
    if architecture == "craft":
        return CraftDecoder(CraftThresholds(**_known(thresholds, CraftThresholds)))
    if architecture == "one_shot":
        return OneShotDecoder(OneShotThresholds(**_known(thresholds, OneShotThresholds)))
    raise WeightsError(f"{architecture} is no detector")


def _known(values: Mapping[str, Any], kind: type) -> dict[str, Any]:
    names = {item.name for item in fields(kind)}
    return {name: value for name, value in values.items() if name in names}


def _sigmoid(logits: Floats) -> Floats:
    return (1 / (1 + np.exp(-np.clip(logits, -_MOST_LOGIT, _MOST_LOGIT)))).astype(np.float32)
