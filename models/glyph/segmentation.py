"""Ink or background at each pixel: the last step of the segmentation network.

Source:
    METHODS section 1.1.4. O0 = conv1x1([deconv4x4/2(O1), P0]), one logit per pixel instead of two classes.
"""

import torch
from torch import Tensor, nn

from models.glyph.feature_pyramid import build_stage

FULL_WIDTH = 24


class GlyphSegmentation(nn.Module):
    """O1 and P0 to the logit of ink."""

    def __init__(self, fine: int, middle: int, width: int = FULL_WIDTH) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(middle, width, 4, stride=2, padding=1)
        self.join = build_stage(width + fine, width, 1)
        self.head = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, middle: Tensor, fine: Tensor) -> Tensor:
        """O1 (B, D, 16, W / 2) and P0 (B, C0, 32, W) to (B, 1, 32, W) float32 logits."""
        raised = self.up(middle)
        logits: Tensor = self.head(self.join(torch.cat([raised, fine.to(raised.dtype)], dim=1)))
        return logits.float()
