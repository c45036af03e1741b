"""Networks with a glyph head for tests: a tiny real one, and one whose every answer is painted by hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from models.charset import PRINTABLE_ASCII, Charset
from models.recognition.ctc import DecodedText
from models.recognition.glyph_network import GlyphExplanation, GlyphNetwork, GlyphReading
from models.recognition.text_network import ColumnFeatures
from models.registry import create_network
from models.weights import WeightCard, save_weights
from textrec_app.pipeline.recognition import Recognizer

TINY_SIGA = {
    "classes": len(PRINTABLE_ASCII) + 1,
    "widths": [8, 8, 16, 16],
    "depths": [1, 1, 1, 1],
    "heads": 2,
    "decoder_width": 16,
    "sequence_width": 16,
    "pyramid_width": 16,
    "glyph_width": 16,
}
PREPROCESSING = {"height": 32, "mean": [0.5] * 3, "std": [0.5] * 3}
CHARSET = Charset(PRINTABLE_ASCII)
EDGE, PITCH = 0.1, 0.8
"""Painted characters stand evenly in the middle eight tenths of the width."""


def save_tiny_siga(directory: Path, stem: str = "recognizer", seed: int = 0, **card: Any) -> Path:
    """Write weights and card of a tiny, untrained, loud `siga_s`; keyword arguments replace fields of the card."""
    torch.manual_seed(seed)
    network = create_network("siga_s", TINY_SIGA)
    with torch.no_grad():
        network.get_parameter("head.weight").mul_(30)
    fields = {
        "name": stem,
        "version": str(seed),
        "task": "recognizer",
        "architecture": "siga_s",
        "config": TINY_SIGA,
        "charset": PRINTABLE_ASCII,
        "preprocessing": PREPROCESSING,
    } | card
    return save_weights(directory, stem, network.state_dict(), WeightCard(**fields))


class PaintedNetwork(GlyphNetwork):
    """Whatever the crop: the fast path says one text, the glyph head another, glyphs stand along a curve.

    Attributes:
        fast, glyph: the texts.
        sure: logit by which each head prefers its characters.
        rise: by how much of the height the last glyph stands above the first.
        asked: how often both heads, and how often the fast path alone, were asked.
    """

    def __init__(self, fast: str, glyph: str, sure: tuple[float, float] = (12.0, 12.0), rise: float = 0.0) -> None:
        super().__init__()
        self.fast, self.glyph, self.sure, self.rise = fast, glyph, sure, rise
        self.max_length, self.asked = 25, {"both": 0, "fast": 0}

    def forward(
        self,
        images: Tensor,
        targets: Sequence[Sequence[int]] | None = None,
        weights: Tensor | None = None,
        masks: Tensor | None = None,
    ) -> Tensor:
        self.asked["fast"] += 1
        return self._fast_logits(images)

    def read(self, images: Tensor) -> GlyphReading:
        self.asked["both"] += 1
        ids = [*CHARSET.encode(self.glyph)[: self.max_length], 0]
        logits = torch.zeros(len(images), len(ids), len(CHARSET) + 1)
        logits[:, range(len(ids)), ids] = self.sure[1]
        attention, maps = self._attend(images, len(ids))
        return GlyphReading(self._fast_logits(images), logits, attention, maps)

    def explain(self, images: Tensor, targets: Sequence[Sequence[int]]) -> GlyphExplanation:
        attention, maps = self._attend(images, max(len(target) for target in targets) + 1)
        return GlyphExplanation(torch.full((len(images), 1, 32, images.shape[3]), 0.9), attention, maps)

    def features(self, images: Tensor) -> ColumnFeatures:
        steps = images.shape[3] // 4
        return ColumnFeatures(*(torch.zeros(len(images), *shape) for shape in ((steps, 1), (1, steps), (steps, steps))))

    def character_maps(self, image: Tensor, decoded: DecodedText) -> Tensor:
        return self._attend(image, len(decoded.text) + 1)[1][0, :-1]

    def middles(self, count: int) -> list[tuple[float, float]]:
        """Where the glyphs of so many characters stand: shares of width and height."""
        return [
            (EDGE + PITCH * (index + 0.5) / max(1, count), 0.5 + self.rise * (0.5 - (index + 0.5) / max(1, count)))
            for index in range(count)
        ]

    def _fast_logits(self, images: Tensor) -> Tensor:
        steps = images.shape[3] // 4
        logits = torch.zeros(len(images), steps, len(CHARSET) + 1)
        logits[:, :, 0] = self.sure[0]
        for (place, _), class_id in zip(self.middles(len(self.fast)), CHARSET.encode(self.fast), strict=True):
            logits[:, int(place * steps), 0] = 0.0
            logits[:, int(place * steps), class_id] = self.sure[0]
        return logits

    def _attend(self, images: Tensor, steps: int) -> tuple[Tensor, Tensor]:
        width = images.shape[3]
        columns = (torch.arange(width // 4) + 0.5) / (width // 4)
        attention = torch.zeros(len(images), steps, width // 4)
        attention[:, :, -1] = 1.0
        maps = torch.zeros(len(images), steps, 16, width // 2)
        across, down = (torch.arange(width // 2) + 0.5) / (width // 2), (torch.arange(16) + 0.5) / 16
        for index, (x, y) in enumerate(self.middles(steps - 1)):
            reach = PITCH / (steps - 1)
            attention[:, index] = (-(((columns - x) / (0.2 * reach)) ** 2)).softmax(dim=0)
            inside = (across - x).abs()[None] < 0.4 * reach
            maps[:, index] = (inside & ((down - y).abs()[:, None] < 0.25)).float() * 0.9
        return attention, maps


def paint(fast: str, glyph: str, sure: tuple[float, float] = (12.0, 12.0), rise: float = 0.0) -> Recognizer:
    """A recognizer over a `PaintedNetwork`."""
    card = WeightCard("painted", "1", "recognizer", "siga_s", {}, PRINTABLE_ASCII, PREPROCESSING)
    return Recognizer(PaintedNetwork(fast, glyph, sure, rise).eval(), card, torch.device("cpu"))
