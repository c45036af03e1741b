"""The default recognizer's trunk as a pyramid: the backbone of `siga_s`."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.glyph.pyramid import GlyphPyramid, GlyphTrunk
from models.recognition.conv_attention_ctc import ConvAttentionCtcConfig, ConvTrunk
from models.recognition.vision_transformer import check_crops

FINE_CHANNELS = 16


class ConvPyramid(ConvTrunk, GlyphTrunk):
    """`ConvTrunk`, tapped at its stem, after its low stage and after its middle stage.

    The trunk begins at half the crop's size, so one more convolution makes P0; P2 joins the low stage with the
    middle one, whose rows are doubled.
    """

    def __init__(self, config: ConvAttentionCtcConfig) -> None:
        super().__init__(config)
        stem, low, middle, high = config.widths
        self.fine = nn.Sequential(
            nn.Conv2d(3, FINE_CHANNELS, 3, padding=1, bias=False), nn.BatchNorm2d(FINE_CHANNELS), nn.SiLU()
        )
        self.channels = (FINE_CHANNELS, stem, low + middle)
        self.width = high

    def pyramid(self, images: Tensor, with_fine: bool = True) -> GlyphPyramid:
        """See `GlyphTrunk.pyramid`."""
        check_crops(images, 4)
        strokes = self.stem(images)
        low = self.low(self.to_low(strokes))
        middle = self.middle(self.to_middle(low))
        raised = functional.interpolate(middle, scale_factor=(2.0, 1.0), mode="nearest")
        columns = self.norm(self.merge(middle).columns)
        fine = self.fine(images) if with_fine else images[:, :0]
        return GlyphPyramid(fine, strokes, torch.cat([low, raised.to(low.dtype)], dim=1), columns)
