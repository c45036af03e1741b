"""CRAFT on a light backbone: one map says where characters are, one where neighbours belong together.

METHODS section 12. Differences from the published network, and why:

* VGG-16 is replaced by `ResidualPyramid`, and concatenation on the way up by addition: under a tenth
  of the arithmetic, so that a 1280x720 picture takes well below a second on two cores.
* The head works at stride 4 and gives four sub-pixels for each cell (pixel shuffle): the maps keep
  CRAFT's stride of 2, which characters of a dozen pixels need, without a convolution at stride 2.
* The outputs are logits of [0, 1] maps; see `models.detection.losses` for the reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.backbones.residual_pyramid import COARSEST_STRIDE, FINEST_STRIDE, ResidualPyramid, build_convolution
from models.errors import ShapeError

MAP_STRIDE = 2
N_MAPS = 2
_RARE_TEXT_LOGIT = -3.0


@dataclass(frozen=True)
class CraftConfig:
    """Shape of the network.

    Attributes:
        widths: channels of the backbone at strides 4, 8, 16 and 32.
        depths: residual blocks there.
        up_widths: channels on the way up, at strides 4, 8 and 16.
    """

    widths: tuple[int, int, int, int] = (64, 96, 128, 192)
    depths: tuple[int, int, int, int] = (1, 2, 2, 2)
    up_widths: tuple[int, int, int] = (48, 64, 96)


class UpBlock(nn.Module):
    """Add finer features to coarser ones brought to their size, then mix."""

    def __init__(self, coarse: int, fine: int, width: int) -> None:
        super().__init__()
        self.from_coarse = nn.Conv2d(coarse, width, 1, bias=False)
        self.from_fine = nn.Conv2d(fine, width, 1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.mix = build_convolution(width, width)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """(B, C1, H, W) and (B, C2, 2H, 2W) to (B, width, 2H, 2W)."""
        raised = functional.interpolate(self.from_coarse(coarse), scale_factor=2, mode="bilinear")
        return self.mix(functional.relu(self.norm(raised + self.from_fine(fine))))


class Craft(nn.Module):
    """Pictures to region and affinity maps.

    Source:
        Baek et al., CVPR 2019 (CRAFT), figure 2, with the changes that the module names.
    """

    def __init__(self, config: CraftConfig) -> None:
        super().__init__()
        self.backbone = ResidualPyramid(config.widths, config.depths)
        finest, fine, coarse, coarsest = config.widths
        up_finest, up_fine, up_coarse = config.up_widths
        self.up_coarse = UpBlock(coarsest, coarse, up_coarse)
        self.up_fine = UpBlock(up_coarse, fine, up_fine)
        self.up_finest = UpBlock(up_fine, finest, up_finest)
        sub_pixels = (FINEST_STRIDE // MAP_STRIDE) ** 2
        self.head = nn.Conv2d(up_finest, N_MAPS * sub_pixels, 1)
        self.unfold = nn.PixelShuffle(FINEST_STRIDE // MAP_STRIDE)
        self.head.bias = nn.Parameter(torch.full((N_MAPS * sub_pixels,), _RARE_TEXT_LOGIT))

    def forward(self, images: Tensor) -> Tensor:
        """Score every second pixel in each direction.

        Args:
            images: (B, 3, H, W) float, normalised as the card says; H and W multiples of 32.

        Returns:
            (B, 2, H / 2, W / 2) float32 logits: channel 0 the region score, channel 1 the affinity score.

        Raises:
            ShapeError: the pictures are not 3 x multiple of 32 x multiple of 32.
        """
        wrong_size = images.ndim != 4 or images.shape[2] % COARSEST_STRIDE or images.shape[3] % COARSEST_STRIDE
        if wrong_size or images.shape[1] != 3:
            raise ShapeError(f"pictures must be (B, 3, multiple of 32, multiple of 32), not {tuple(images.shape)}")
        finest, fine, coarse, coarsest = self.backbone(images)
        features = self.up_coarse(coarsest, coarse)
        features = self.up_fine(features, fine)
        features = self.up_finest(features, finest)  # (B, C, H / 4, W / 4)
        return self.unfold(self.head(features)).to(torch.float32)


def build_craft(config: Mapping[str, Any]) -> Craft:
    """Build the network from a card's `config` (lists stand for tuples)."""
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in config.items()}
    return Craft(CraftConfig(**values))
