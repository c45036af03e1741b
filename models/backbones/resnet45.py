"""A residual network that halves the crop only twice: the backbone of `siga_r`."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.glyph.pyramid import GlyphPyramid, GlyphTrunk
from models.recognition.text_network import ColumnFeatures
from models.recognition.vision_transformer import check_crops

PAPER_CHANNELS = (32, 64, 128, 256, 512)
PAPER_WIDTH = 512
STRIDES = (2, 1, 2, 1, 1)


@dataclass(frozen=True)
class Resnet45Config:
    """Shape of the trunk. The defaults are narrower than published, so that two cores can train it.

    Attributes:
        channels: of the five stages; the stem has as many as the first. Published: `PAPER_CHANNELS`.
        depths: residual blocks of the five stages.
        width: of the columns. Published: `PAPER_WIDTH`.
    """

    channels: tuple[int, int, int, int, int] = (24, 32, 64, 128, 192)
    depths: tuple[int, int, int, int, int] = (3, 4, 6, 6, 3)
    width: int = 192


class NarrowBlock(nn.Module):
    """A 1x1 and a 3x3 convolution with batch norms around a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = _convolution(inputs, outputs, 1, 1)
        self.second = nn.Conv2d(outputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        is_same = inputs == outputs and stride == 1
        convolution = nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False)
        self.shortcut = nn.Sequential() if is_same else nn.Sequential(convolution, nn.BatchNorm2d(outputs))

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H / stride, W / stride)."""
        return functional.relu(self.shortcut(features) + self.norm(self.second(self.first(features))))


class Resnet45(GlyphTrunk):
    """Stem and five stages of residual blocks, tapped at the stem, after stage 2 and after stage 4.

    The line is stage 5 with its rows pooled, convolved and averaged. The original straightens each crop by a
    thin-plate spline first, with weights of its own that are not published with a licence; we have none, and read
    crops as they are cut. Its recurrent layers over the line stand in `SigaNetwork`, for every trunk.

    Source:
        SIGA (CVPR 2023) after ABINet's ResNet45; METHODS section 1.1. Stage 5 is pooled with padding, so that it
        has W / 4 columns and not one more.
    """

    def __init__(self, config: Resnet45Config) -> None:
        super().__init__()
        inputs = config.channels[0]
        self.stem = _convolution(3, inputs, 3, 1)
        stages: list[nn.Module] = []
        for outputs, depth, stride in zip(config.channels, config.depths, STRIDES, strict=True):
            enter = NarrowBlock(inputs, outputs, stride)
            stages.append(nn.Sequential(enter, *(NarrowBlock(outputs, outputs, 1) for _ in range(1, depth))))
            inputs = outputs
        self.stages = nn.ModuleList(stages)
        self.pool = nn.MaxPool2d((2, 3), stride=(2, 1), padding=(0, 1))  # 4 rows
        width = config.width
        self.line = nn.Sequential(_convolution(inputs, width, 3, (2, 1)), _convolution(width, width, 3, 1))  # 2 rows
        self.norm = nn.LayerNorm(width)
        self.channels = (config.channels[0], config.channels[1], config.channels[3])
        self.width = width

    def pyramid(self, images: Tensor, with_fine: bool = True) -> GlyphPyramid:
        """See `GlyphTrunk.pyramid`."""
        check_crops(images, 4)
        fine = self.stem(images)
        middle = self.stages[1](self.stages[0](fine))
        coarse = self.stages[3](self.stages[2](middle))
        return GlyphPyramid(fine, middle, coarse, self.norm(self._rows(coarse).mean(dim=2).transpose(1, 2)))

    def features(self, images: Tensor) -> ColumnFeatures:
        """See `GlyphTrunk.features`: rows count the same, and a column looks at nothing but itself."""
        rows = self._rows(self.pyramid(images).coarse)
        B, _, count, T = rows.shape
        attention = torch.eye(T, dtype=rows.dtype, device=rows.device).expand(B, T, T)
        return ColumnFeatures(rows.mean(dim=2).transpose(1, 2), rows.new_full((B, count, T), 1 / count), attention)

    def _rows(self, coarse: Tensor) -> Tensor:
        """(B, C, 8, T) of stage 4 to (B, D, 2, T)."""
        rows: Tensor = self.line(self.pool(self.stages[4](coarse)))
        return rows


def _convolution(inputs: int, outputs: int, size: int, stride: int | tuple[int, int]) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))
