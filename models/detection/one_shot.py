"""Words and characters in one look: peaks instead of boxes to be sifted, quads read off at the peaks.

METHODS section 13.2 and 13.3. One network has a head for words and a head for characters. Each says, for every cell of
its grid, whether it is the centre of an instance, what quad the instance has, and which way its text runs; characters
also point to the centre of their word.

Choices that METHODS leaves open:

* Quads are given twice, for text that runs along the picture's rows and for text along its columns; both are trained
  where text is slanted. So no corner ever has to jump to another place when text turns a little, which is what makes
  regression at 45 or at 90 degrees fail elsewhere. The four directions (the first corner) are told apart by four
  independent probabilities, of which two may be high at once.
* Distances are in logarithmic units (`models.detection.one_shot_units`), so one grid serves letters of 6 pixels and
  words of 600.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.backbones.residual_pyramid import COARSEST_STRIDE, FINEST_STRIDE, ResidualPyramid, build_convolution
from models.detection.craft import UpBlock
from models.errors import ShapeError

WORD_STRIDE = 4
CHARACTER_STRIDE = 2

CENTRE = 0
OFFSET = slice(1, 3)
ROW_QUAD = slice(3, 11)
COLUMN_QUAD = slice(11, 19)
ORIENTATION = slice(19, 23)
DIRECTION = slice(23, 25)
VECTOR = slice(25, 27)
WORD_CHANNELS = 25
CHARACTER_CHANNELS = 27
_RARE_LOGIT = -3.0


class OneShotMaps(NamedTuple):
    """What the network says of pictures.

    The channels are: centre logit; offset of the centre from the cell's middle in cells (x, y); quad for text along
    rows, then quad for text along columns, 4 corners (x, y) each in `one_shot_units`; logits of the four reading
    directions right, down, left, up; cosine and sine of the reading direction (y downwards); for characters, the way
    to the centre of their word (x, y) in `one_shot_units`.

    Attributes:
        words: (B, 25, H / 4, W / 4) float32.
        characters: (B, 27, H / 2, W / 2) float32.
    """

    words: Tensor
    characters: Tensor


@dataclass(frozen=True)
class OneShotConfig:
    """Shape of the network.

    Attributes:
        widths: channels of the backbone at strides 4, 8, 16 and 32.
        depths: residual blocks there.
        dilations: of further residual blocks at stride 32, which see far around.
        up_widths: channels on the way up, at strides 4, 8 and 16.
        head_width: channels of the convolution in front of each head.
    """

    widths: tuple[int, int, int, int] = (64, 96, 128, 192)
    depths: tuple[int, int, int, int] = (1, 2, 2, 2)
    dilations: tuple[int, ...] = (2, 4)
    up_widths: tuple[int, int, int] = (48, 64, 96)
    head_width: int = 64


class FarBlock(nn.Module):
    """Two dilated 3x3 convolutions around a shortcut; it begins as the identity."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation, bias=False)
        self.first_norm = nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        nn.init.zeros_(self.norm.weight)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        inner = functional.relu(self.first_norm(self.first(features)))
        return functional.relu(features + self.norm(self.second(inner)))


class InstanceHead(nn.Module):
    """Features to the maps of one kind of instance, at a grid `finer` times as fine."""

    def __init__(self, inputs: int, width: int, outputs: int, finer: int) -> None:
        super().__init__()
        self.mix = build_convolution(inputs, width)
        self.score = nn.Conv2d(width, outputs * finer**2, 1)
        self.unfold = nn.PixelShuffle(finer)
        nn.init.normal_(self.score.weight, std=0.01)
        bias = torch.zeros(outputs, finer**2)
        bias[CENTRE] = _RARE_LOGIT
        self.score.bias = nn.Parameter(bias.flatten())

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) to (B, outputs, finer * H, finer * W)."""
        return self.unfold(self.score(self.mix(features)))


class OneShot(nn.Module):
    """Pictures to words and characters.

    Source:
        METHODS section 13.3 (a specification after Kakao's talk of 2021 and FCOS).
    """

    def __init__(self, config: OneShotConfig) -> None:
        super().__init__()
        self.backbone = ResidualPyramid(config.widths, config.depths)
        finest, fine, coarse, coarsest = config.widths
        up_finest, up_fine, up_coarse = config.up_widths
        self.far = nn.Sequential(*(FarBlock(coarsest, dilation) for dilation in config.dilations))
        self.up_coarse = UpBlock(coarsest, coarse, up_coarse)
        self.up_fine = UpBlock(up_coarse, fine, up_fine)
        self.up_finest = UpBlock(up_fine, finest, up_finest)
        self.words = InstanceHead(up_finest, config.head_width, WORD_CHANNELS, FINEST_STRIDE // WORD_STRIDE)
        self.characters = InstanceHead(
            up_finest, config.head_width, CHARACTER_CHANNELS, FINEST_STRIDE // CHARACTER_STRIDE
        )

    def forward(self, images: Tensor) -> OneShotMaps:
        """Score every cell.

        Args:
            images: (B, 3, H, W) float, normalised as the card says; H and W multiples of 32.

        Raises:
            ShapeError: the pictures are not 3 x multiple of 32 x multiple of 32.
        """
        wrong_size = images.ndim != 4 or images.shape[2] % COARSEST_STRIDE or images.shape[3] % COARSEST_STRIDE
        if wrong_size or images.shape[1] != 3:
            raise ShapeError(f"pictures must be (B, 3, multiple of 32, multiple of 32), not {tuple(images.shape)}")
        finest, fine, coarse, coarsest = self.backbone(images)
        features = self.up_coarse(self.far(coarsest), coarse)
        features = self.up_fine(features, fine)
        features = self.up_finest(features, finest)  # (B, C, H / 4, W / 4)
        return OneShotMaps(self.words(features).to(torch.float32), self.characters(features).to(torch.float32))


def build_one_shot(config: Mapping[str, Any]) -> OneShot:
    """Build the network from a card's `config` (lists stand for tuples)."""
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in config.items()}
    return OneShot(OneShotConfig(**values))
