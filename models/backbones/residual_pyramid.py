"""A light convolutional backbone for dense tasks: features at a quarter to a thirty-second of the picture.

Dense 3x3 convolutions only: on the processors this runs on, depthwise ones are several times slower
per multiplication. Four by four pixels are folded into channels first, so that no convolution runs at
full or half resolution, where memory traffic would cost more than arithmetic.
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

FINEST_STRIDE = 4
COARSEST_STRIDE = 32


class ResidualBlock(nn.Module):
    """Two dense 3x3 convolutions with batch norm around a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = build_convolution(channels, channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        return functional.relu(features + self.norm(self.second(self.first(features))))


class ResidualPyramid(nn.Module):
    """Pictures to four maps of features.

    Args:
        widths: channels of the maps at strides 4, 8, 16 and 32.
        depths: residual blocks at each of them.
    """

    def __init__(self, widths: Sequence[int], depths: Sequence[int]) -> None:
        super().__init__()
        self.fold = nn.PixelUnshuffle(FINEST_STRIDE)
        inputs = 3 * FINEST_STRIDE**2
        stages: list[nn.Module] = []
        for index, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            enter = build_convolution(inputs, width, stride=1 if index == 0 else 2)
            stages.append(nn.Sequential(enter, *(ResidualBlock(width) for _ in range(depth))))
            inputs = width
        self.stages = nn.ModuleList(stages)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Compute the pyramid.

        Args:
            images: (B, 3, H, W) float; H and W multiples of 32.

        Returns:
            Features at strides 4, 8, 16 and 32, finest first.
        """
        features = self.fold(images)  # (B, 48, H / 4, W / 4)
        levels = []
        for stage in self.stages:
            features = stage(features)
            levels.append(features)
        return levels


def build_convolution(inputs: int, outputs: int, stride: int = 1, size: int = 3) -> nn.Sequential:
    """Assemble convolution, batch norm and ReLU."""
    convolution = nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))
