"""A transformer over patches of 4 x 4 px, tapped between its blocks: the backbone of `siga_t`."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.errors import WeightsError
from models.glyph.pyramid import GlyphPyramid, GlyphTrunk
from models.recognition.text_network import ColumnFeatures
from models.recognition.vision_transformer import WIDEST_PX, PatchEncoder, PatchEncoderConfig, check_crops

PATCH_PX = 4
TAPS = 4


@dataclass(frozen=True)
class VitPyramidConfig:
    """Shape of the trunk. Published: width 768, depth 12; the defaults are what two cores can train.

    Attributes:
        width: of the tokens and of the columns.
        depth: transformer blocks, at least 4.
        ratio: hidden width of the MLPs over their own.
        map_channels: of the pyramid, finest first.
    """

    width: int = 160
    depth: int = 8
    ratio: int = 3
    dropout: float = 0.0
    map_channels: tuple[int, int, int] = (16, 48, 96)


class VitPyramid(GlyphTrunk):
    """Plain transformer, its tokens after four evenly spaced blocks taken as maps.

    P2 joins the second and the third tap, P1 is the first tap, widened by a transposed convolution; P0, finer than
    any patch, is a convolution of the picture. Each column of tokens of the last block (the fourth tap) is summed
    by weights that it gives its rows. Crops are not straightened first, see `Resnet45`.

    Raises:
        WeightsError: there are fewer blocks than taps.

    Source:
        SIGA_T (CVPR 2023), METHODS section 1.1, which starts from DeiT; this starts from nothing. No class token.
    """

    def __init__(self, config: VitPyramidConfig) -> None:
        super().__init__()
        if config.depth < TAPS:
            raise WeightsError(f"a transformer of {config.depth} blocks cannot be tapped after {TAPS}; make it deeper")
        fine, middle, coarse = config.map_channels
        shape = PatchEncoderConfig((PATCH_PX, PATCH_PX), config.width, config.depth, config.ratio, config.dropout)
        self.encoder = PatchEncoder(shape)
        self.after = tuple(config.depth * tap // TAPS for tap in range(1, TAPS))
        self.tap_norms = nn.ModuleList(nn.LayerNorm(config.width) for _ in self.after)
        self.to_coarse = _stage(nn.Conv2d(2 * config.width, coarse, 1, bias=False), coarse)
        self.to_middle = _stage(nn.ConvTranspose2d(config.width, middle, 4, stride=2, padding=1, bias=False), middle)
        self.fine = _stage(nn.Conv2d(3, fine, 3, padding=1, bias=False), fine)
        self.row_score = nn.Linear(config.width, 1)
        self.norm = nn.LayerNorm(config.width)
        self.channels, self.width = config.map_channels, config.width

    def pyramid(self, images: Tensor, with_fine: bool = True) -> GlyphPyramid:
        """See `GlyphTrunk.pyramid`; W is at most 1024."""
        check_crops(images, PATCH_PX, WIDEST_PX)
        memory, taps = self.encoder.tapped(images, self.after)
        maps = [
            norm(tap).transpose(1, 2).unflatten(2, memory.grid) for norm, tap in zip(self.tap_norms, taps, strict=True)
        ]  # each (B, D, 8, W / 4)
        coarse = self.to_coarse(torch.cat(maps[1:], dim=1))
        columns, _ = self._merge(memory.tokens.unflatten(1, memory.grid))
        return GlyphPyramid(self.fine(images), self.to_middle(maps[0]), coarse, self.norm(columns))

    def features(self, images: Tensor) -> ColumnFeatures:
        """See `GlyphTrunk.features`; a column looks where its tokens look in the last block."""
        table, grid = self.encoder.attention(images)
        columns, row_weights = self._merge(self.encoder(images).tokens.unflatten(1, grid))
        places = table.unflatten(2, grid).unflatten(1, grid)  # (B, 8, T, 8, T)
        return ColumnFeatures(columns, row_weights, places.mean(dim=1).sum(dim=2))

    def _merge(self, grid: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 8, T, D) to columns (B, T, D) and the share of each row (B, 8, T)."""
        weights = self.row_score(grid).softmax(dim=1)  # (B, 8, T, 1)
        return (grid * weights).sum(dim=1), weights[..., 0]


def _stage(convolution: nn.Module, outputs: int) -> nn.Sequential:
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.SiLU())
