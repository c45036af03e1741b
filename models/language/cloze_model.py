"""A bidirectional language model that fills in each character from all others: ABINet's BCN.

Source:
    Fang et al., CVPR 2021 (2103.06495), section 3.2; METHODS section 5.2. Where this differs: a learned beginning that
    every place may see stands before the text, so that a text of one step or none has something to look at.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.errors import ShapeError
from models.recognition.attention import Attention, build_mlp
from models.recognition.vision_transformer import sinusoids
from models.tokenizers import END

POSITION_SCALE = 0.02


@dataclass(frozen=True)
class ClozeConfig:
    """Shape of the model.

    Attributes:
        classes: characters plus one for the end (class 0).
        width: of the vectors; a multiple of `heads`.
        ratio: hidden width of the MLPs over their own.
        max_length: characters of the longest text; it has max_length + 1 steps with its end.
    """

    classes: int = 96
    width: int = 192
    depth: int = 4
    heads: int = 6
    ratio: int = 2
    dropout: float = 0.1
    max_length: int = 25


class ClozeReading(NamedTuple):
    """What the model expects at each step.

    Attributes:
        features: (B, S, D).
        logits: (B, S, K), of the character or end that stands there.
    """

    features: Tensor
    logits: Tensor


class ClozeBlock(nn.Module):
    """Pre-norm attention of places to the text, and an MLP; places do not see each other, or they would tell."""

    def __init__(self, config: ClozeConfig) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(config.width)
        self.attention = Attention(config.width, config.heads)
        self.mlp_norm = nn.LayerNorm(config.width)
        self.mlp = build_mlp(config.width, config.ratio)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, places: Tensor, text: Tensor, visible: Tensor) -> Tensor:
        """(B, S, D) to the same shape; text (B, S + 1, D), visible (B, 1, S, S + 1) bool."""
        seen = self.attention(self.norm(places), self.attention.keys(text), visible)
        places = places + self.dropout(seen)
        return places + self.dropout(self.mlp(self.mlp_norm(places)))


class ClozeModel(nn.Module):
    """Texts as probabilities in, for each step what all the other steps make likely out."""

    places: Tensor

    def __init__(self, config: ClozeConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Linear(config.classes, config.width, bias=False)
        self.beginning = nn.Parameter(torch.randn(config.width) * POSITION_SCALE)
        self.register_buffer("places", sinusoids(config.max_length + 1, config.width), persistent=False)
        self.text_norm = nn.LayerNorm(config.width)
        self.blocks = nn.ModuleList(ClozeBlock(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, config.classes)

    def forward(self, probs: Tensor, lengths: Tensor) -> ClozeReading:
        """Fill in every step from the others.

        Args:
            probs: (B, S, K) float, S at most max_length + 1; class 0 is the end. No gradient flows into them.
            lengths: (B,) int, steps of each text with its end. What stands after them is not looked at, and what the
                model says there means nothing. 0 and 1 are texts of which no other step says anything.

        Raises:
            ShapeError: the probabilities have other classes, or more steps than the model.
        """
        B, S, K = probs.shape
        if self.config.classes != K or len(self.places) < S:
            most = f"{len(self.places)} steps of {self.config.classes} classes"
            raise ShapeError(f"probabilities are {S} steps of {K} classes, the model reads up to {most}")
        codes = self.places[:S]
        text = self.embedding(probs.detach().to(self.embedding.weight.dtype)) + codes
        text = self.text_norm(torch.cat([self.beginning.expand(B, 1, -1), text], dim=1))  # (B, S + 1, D)
        asked = codes.expand(B, -1, -1)
        visible = see_others(lengths.to(probs.device), S)[:, None]
        for block in self.blocks:
            asked = block(asked, text, visible)
        features = self.norm(asked)
        return ClozeReading(features, self.head(features))


def see_others(lengths: Tensor, steps: int) -> Tensor:
    """(B, S, S + 1) bool: which places each step may see: the beginning, and the text without itself.

    Args:
        lengths: (B,) int, steps of each text.
        steps: S.
    """
    index = torch.arange(steps, device=lengths.device)
    inside = index[None] < lengths[:, None]  # (B, S)
    others = inside[:, None, :] & (index[:, None] != index[None])[None]
    return functional.pad(others, (1, 0), value=True)


def count_steps(logits: Tensor) -> Tensor:
    """(B,) steps of each text up to its first end, that counted; all S of a text that does not end.

    Args:
        logits: (B, S, K), or probabilities; class 0 is the end.
    """
    steps = logits.shape[1]
    is_over = (logits.argmax(dim=-1) == END).cumsum(dim=1) > 0
    return ((~is_over).sum(dim=1) + 1).clamp(max=steps)


def build_cloze(config: Mapping[str, Any]) -> ClozeModel:
    """Build the model from a card's `config`."""
    return ClozeModel(ClozeConfig(**config))
