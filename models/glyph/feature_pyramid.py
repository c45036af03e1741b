"""From strokes to where each glyph may lie: the decoder half of the segmentation network.

Source:
    METHODS section 1.1.4. O2 = conv3x3(conv1x1(P2)), O1 = conv1x1([deconv4x4/2(O2), P1]). Added here: what the
    sequence knows of each column goes into O2, because which letter of a word a place belongs to can only be
    told by counting from its beginning, and the trunk of `siga_s` is too shallow to see that far at P2.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.glyph.pyramid import GlyphPyramid


class GlyphFeatures(NamedTuple):
    """O2 `coarse` (B, D, 8, W / 4) and O1 `middle` (B, D', 16, W / 2)."""

    coarse: Tensor
    middle: Tensor


class FeaturePyramid(nn.Module):
    """P2, P1 and the sequence to O2 and O1."""

    def __init__(self, channels: tuple[int, int, int], sequence_width: int, width: int) -> None:
        super().__init__()
        _, low, high = channels
        self.width, self.middle_width = width, max(8, 2 * width // 3)
        self.reduce = nn.Conv2d(high, width, 1)
        self.from_columns = nn.Linear(sequence_width, width)
        self.smooth = build_stage(width, width, 3)
        self.up = nn.ConvTranspose2d(width, self.middle_width, 4, stride=2, padding=1)
        self.join = build_stage(self.middle_width + low, self.middle_width, 1)

    def forward(self, pyramid: GlyphPyramid, sequence: Tensor) -> GlyphFeatures:
        """Join what the trunk sees with the sequence (B, W / 4, sequence_width)."""
        counted = self.from_columns(sequence).transpose(1, 2)[:, :, None]  # (B, D, 1, W / 4)
        coarse = self.smooth(self.reduce(pyramid.coarse) + counted)
        raised = self.up(coarse)
        return GlyphFeatures(coarse, self.join(torch.cat([raised, pyramid.middle.to(raised.dtype)], dim=1)))


def build_stage(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    """Convolution, batch norm, SiLU; the size stays."""
    convolution = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.SiLU())
