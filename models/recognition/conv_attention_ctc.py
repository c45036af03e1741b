"""Convolutional stem, local and global self-attention, CTC: the AS-IS recognizer of METHODS sections 7 and 8.

A crop 32 px high keeps its aspect ratio in width; no rectification network. Dense 3x3 convolutions
do most of the work because the processors this runs on like them best.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.recognition.ctc import DecodedText
from models.recognition.ctc_network import CtcNetwork
from models.recognition.guidance import build_guidance
from models.recognition.text_network import ColumnFeatures, evidence_maps
from models.recognition.vision_transformer import check_crops


@dataclass(frozen=True)
class ConvAttentionCtcConfig:
    """Shape of the network.

    Attributes:
        classes: characters plus one for the blank (class 0).
        widths: channels of the stem and the three stages.
        depths: residual blocks in the stem and the three stages.
        heads: attention heads.
        local_blocks: attention blocks that see `local_reach` columns to each side.
        global_blocks: attention blocks that see the whole line.
        guidance: weight of a decoder's loss in training; 0 has no such branch.
    """

    classes: int = 96
    widths: tuple[int, int, int, int] = (32, 64, 128, 256)
    depths: tuple[int, int, int, int] = (1, 2, 4, 2)
    heads: int = 8
    local_blocks: int = 1
    local_reach: int = 5
    global_blocks: int = 2
    dropout: float = 0.1
    guidance: float = 0.0


class ResidualBlock(nn.Module):
    """Two dense 3x3 convolutions with batch norm around a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _convolution(channels, channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        return functional.silu(features + self.norm(self.second(self.first(features))))


class AttentionBlock(nn.Module):
    """Pre-norm self-attention over columns, optionally within a band, and a two-layer MLP."""

    def __init__(self, width: int, heads: int, reach: int | None, dropout: float) -> None:
        super().__init__()
        self.heads, self.reach = heads, reach
        self.attention_norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.projection = nn.Linear(width, width)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, columns: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, D) to (B, T, D) and attention (B, T, T), mean over the heads."""
        B, T, D = columns.shape
        qkv = self.qkv(self.attention_norm(columns)).view(B, T, 3, self.heads, D // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)  # each (B, heads, T, D / heads)
        scores = query @ key.transpose(-1, -2) * (D // self.heads) ** -0.5
        if self.reach is not None:
            scores = scores + _band_mask(T, self.reach, scores)
        weights = scores.softmax(dim=-1)
        mixed = (weights @ value).transpose(1, 2).reshape(B, T, D)
        columns = columns + self.dropout(self.projection(mixed))
        columns = columns + self.dropout(self.mlp(self.mlp_norm(columns)))
        return columns, weights.mean(dim=1)


class ConvTrunk(nn.Module):
    """The network up to its columns: convolutions, row merging, attention over the columns."""

    def __init__(self, config: ConvAttentionCtcConfig) -> None:
        super().__init__()
        stem, low, middle, high = config.widths
        self.stem = nn.Sequential(_convolution(3, stem, stride=2), _stage(stem, config.depths[0]))  # 16 rows, W / 2
        self.to_low = _convolution(stem, low, stride=2)
        self.low = _stage(low, config.depths[1])  # 8 rows, W / 4
        self.to_middle = _convolution(low, middle, stride=(2, 1))
        self.middle = _stage(middle, config.depths[2])  # 4 rows, W / 4
        self.to_high = _convolution(middle, high, stride=(2, 1))
        self.high = _stage(high, config.depths[3])  # 2 rows, W / 4
        self.row_score = nn.Conv2d(high, 1, 1)
        self.position = nn.Conv1d(high, high, 3, padding=1, groups=high)
        reaches = [config.local_reach] * config.local_blocks + [None] * config.global_blocks
        self.blocks = nn.ModuleList(AttentionBlock(high, config.heads, reach, config.dropout) for reach in reaches)
        self.norm = nn.LayerNorm(high)

    def features(self, images: Tensor) -> ColumnFeatures:
        """The trunk's columns and where it looked.

        Args:
            images: (B, 3, 32, W) float, normalised as the card says; W a multiple of 4.

        Raises:
            ShapeError: the pictures are not 3 x 32 x multiple of 4.
        """
        return self.mix(self.places(images))

    def places(self, images: Tensor) -> Tensor:
        """(B, C, 8, W / 4) features of single strokes and corners, before anything is merged."""
        check_crops(images, 4)
        strokes: Tensor = self.low(self.to_low(self.stem(images)))
        return strokes

    def mix(self, places: Tensor) -> ColumnFeatures:
        """The columns that come of `places`."""
        return self.merge(self.middle(self.to_middle(places)))

    def merge(self, middle: Tensor) -> ColumnFeatures:
        """The columns that come of the middle stage (B, C, 4, T): rows merged, columns mixed by attention."""
        grid = self.high(self.to_high(middle))  # (B, D, 2, T)
        row_weights = self.row_score(grid).softmax(dim=2)  # (B, 1, 2, T)
        line = (grid * row_weights).sum(dim=2)  # (B, D, T)
        columns = (line + self.position(line)).transpose(1, 2)  # (B, T, D)
        attention = columns.new_zeros(0)
        for block in self.blocks:
            columns, attention = block(columns)
        return ColumnFeatures(columns, row_weights.squeeze(1), attention)


class ConvAttentionCtc(ConvTrunk, CtcNetwork):
    """Crops to CTC logits, one step for four pixels of width.

    Source:
        SVTR's local and global mixing (METHODS section 8) over a convolutional stem; CTC head. The guidance
        is SVTRv2's idea with PARSeq's decoder.
    """

    def __init__(self, config: ConvAttentionCtcConfig) -> None:
        super().__init__(config)
        width = config.widths[-1]
        self.head = nn.Linear(width, config.classes)
        self.guidance = build_guidance(config.guidance, config.classes, width)

    def columns(self, images: Tensor) -> Tensor:
        """See `CtcNetwork.columns`."""
        normed: Tensor = self.norm(self.features(images).columns)
        return normed

    def character_maps(self, image: Tensor, decoded: DecodedText) -> Tensor:
        """What in the picture speaks for each character; see `evidence_maps` and `TextNetwork.character_maps`."""
        with torch.inference_mode(False), torch.enable_grad():
            places = self.places(image.clone()).detach().requires_grad_()
            logits = self.head(self.norm(self.mix(places).columns))
            return evidence_maps(places, logits, decoded.spans)


def build_conv_attention_ctc(config: Mapping[str, Any]) -> ConvAttentionCtc:
    """Build the network from a card's `config` (lists stand for tuples)."""
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in config.items()}
    return ConvAttentionCtc(ConvAttentionCtcConfig(**values))


def _convolution(inputs: int, outputs: int, stride: int | tuple[int, int] = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.SiLU())


def _stage(channels: int, depth: int) -> nn.Sequential:
    return nn.Sequential(*(ResidualBlock(channels) for _ in range(depth)))


def _band_mask(length: int, reach: int, like: Tensor) -> Tensor:
    index = torch.arange(length, device=like.device)
    outside = (index[:, None] - index[None, :]).abs() > reach
    return torch.zeros(length, length, dtype=like.dtype, device=like.device).masked_fill(outside, float("-inf"))
