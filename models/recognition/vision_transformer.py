"""Patches of a crop through a plain transformer; any width up to 1024 px.

Source:
    PARSeq's encoder (METHODS section 3.2) and ViTSTR's column patches (METHODS section 7.2).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from models.errors import ShapeError
from models.recognition.attention import TransformerBlock
from models.recognition.text_network import ColumnFeatures

HEIGHT_PX = 32
WIDEST_PX = 1024


@dataclass(frozen=True)
class PatchEncoderConfig:
    """Shape of the encoder.

    Attributes:
        patch: height and width of a patch in px; height 32 makes columns.
        ratio: hidden width of the MLPs over their own.
    """

    patch: tuple[int, int] = (4, 8)
    width: int = 192
    depth: int = 12
    ratio: int = 4
    dropout: float = 0.0


class Memory(NamedTuple):
    """What an encoder hands to a decoder.

    Attributes:
        tokens: (B, R * C, D), row after row, normalised, positions in it.
        grid: rows R and columns C over the crop.
    """

    tokens: Tensor
    grid: tuple[int, int]


class PatchEncoder(nn.Module):
    """Pre-norm transformer over patches, with learned codes of rows and columns.

    The codes of columns begin as sinusoids, so that places which only wide crops have mean something
    before many wide crops were seen.
    """

    def __init__(self, config: PatchEncoderConfig) -> None:
        super().__init__()
        height, width = config.patch
        self.patch = config.patch
        self.embedding = nn.Conv2d(3, config.width, config.patch, stride=config.patch)
        self.rows = nn.Parameter(torch.randn(HEIGHT_PX // height, config.width) * 0.02)
        self.columns = nn.Parameter(sinusoids(WIDEST_PX // width, config.width) * 0.1)
        heads = max(1, config.width // 32)
        blocks = [TransformerBlock(config.width, heads, config.ratio, config.dropout) for _ in range(config.depth)]
        self.blocks = nn.ModuleList(blocks)
        self.norm = nn.LayerNorm(config.width)

    def forward(self, images: Tensor) -> Memory:
        """(B, 3, 32, W) to a memory of 32 / patch height rows and W / patch width columns.

        Raises:
            ShapeError: the crops are not 3 x 32 x a multiple of the patch up to 1024.
        """
        return self.tapped(images, ())[0]

    def tapped(self, images: Tensor, after: Sequence[int]) -> tuple[Memory, list[Tensor]]:
        """The memory, and the tokens (B, R * C, D) after as many blocks as `after` says, ascending, not normalised."""
        tokens, grid = self._embedded(images)
        taps = []
        for number, block in enumerate(self.blocks, start=1):
            tokens = block(tokens)
            if number in after:
                taps.append(tokens)
        return Memory(self.norm(tokens), grid), taps

    def attention(self, images: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Where each token of the last block looks: (B, N, N), rows sum to 1; and the grid of the tokens."""
        tokens, grid = self._embedded(images)
        for block in self.blocks[:-1]:
            tokens = block(tokens)
        return cast(TransformerBlock, self.blocks[-1]).weights(tokens), grid

    def features(self, images: Tensor) -> ColumnFeatures:
        """Columns are means over the rows; a row's weight is the attention it receives within its column."""
        attention, grid = self.attention(images)
        table = attention.unflatten(2, grid).unflatten(1, grid)  # (B, R, C, R, C)
        received = table.mean(dim=(1, 2))  # (B, R, C)
        weights = received / received.sum(dim=1, keepdim=True).clamp(min=1e-9)
        means = self(images).tokens.unflatten(1, grid).mean(dim=1)
        return ColumnFeatures(means, weights, table.mean(dim=1).sum(dim=2))

    def _embedded(self, images: Tensor) -> tuple[Tensor, tuple[int, int]]:
        check_crops(images, self.patch[1], WIDEST_PX)
        grid = self.embedding(images)  # (B, D, R, C)
        rows, columns = grid.shape[2:]
        codes = self.rows[:, None] + self.columns[None, :columns]  # (R, C, D)
        return grid.flatten(2).transpose(1, 2) + codes.flatten(0, 1), (rows, columns)


def sinusoids(count: int, width: int) -> Tensor:
    """(count, width) sines and cosines of places 0.., of wavelengths from 2 pi to 10,000."""
    frequencies = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000.0) / width))
    angles = torch.arange(count)[:, None] * frequencies[None]
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)[:, :width]


def check_crops(images: Tensor, multiple: int, widest: int | None = None) -> None:
    """Refuse what is no batch of crops.

    Raises:
        ShapeError: the crops are not (B, 3, 32, W) with W a multiple of `multiple`, at most `widest`.
    """
    if images.ndim != 4 or images.shape[1:3] != (3, HEIGHT_PX) or images.shape[3] % multiple:
        raise ShapeError(f"crops must be (B, 3, 32, multiple of {multiple}), not {tuple(images.shape)}")
    if widest is not None and images.shape[3] > widest:
        raise ShapeError(f"crops must be at most {widest} px wide, not {images.shape[3]}")
