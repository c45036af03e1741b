"""ABINet's vision model over the shared trunk: every place of the text asks where it stands, all at once.

Source:
    Fang et al., CVPR 2021 (2103.06495), section 3.1; METHODS section 5.1. Where this differs: the trunk keeps the
    crop's shape and has four rows; places are told how many characters the fast path has seen (as in `siga_s`).
"""

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional

from models.glyph.counting import count_characters
from models.recognition.vision_transformer import sinusoids

STRIDES = ((1, 2), (2, 2), (2, 2))


class Glimpses(NamedTuple):
    """What each place of the text saw.

    Attributes:
        features: (B, S, D).
        attention: (B, S, R, T), sums to 1 over rows and columns.
    """

    features: Tensor
    attention: Tensor


class PositionKeys(nn.Module):
    """A small U-Net that makes a key of each place of a grid, so that keys know of the whole line."""

    def __init__(self, width: int, key_width: int) -> None:
        super().__init__()
        inputs = (width, key_width, key_width)
        self.down = nn.ModuleList(
            _convolution(channels, key_width, stride) for channels, stride in zip(inputs, STRIDES, strict=True)
        )
        self.up = nn.ModuleList(_convolution(key_width, key_width, 1) for _ in STRIDES[1:])
        self.last = nn.Conv2d(key_width, width, 3, padding=1)

    def forward(self, grid: Tensor) -> Tensor:
        """(B, D, R, T) to the same shape."""
        sizes, kept = [grid.shape[2:]], []
        features = grid
        for layer in self.down:
            features = layer(features)
            kept.append(features)
            sizes.append(features.shape[2:])
        for layer, skipped in zip(self.up, reversed(kept[:-1]), strict=True):
            raised = functional.interpolate(features, size=skipped.shape[2:], mode="nearest")
            features = layer(raised) + skipped
        whole = functional.interpolate(features, size=sizes[0], mode="nearest")
        keys: Tensor = self.last(whole)
        return keys


class PositionAttention(nn.Module):
    """A vector for each place of the text, whatever stands at the others."""

    places: Tensor

    def __init__(self, width: int, key_width: int, steps: int) -> None:
        super().__init__()
        self.counts = nn.Linear(steps + 1, width, bias=False)
        nn.init.normal_(self.counts.weight, std=0.5)  # as loud as the columns, which are normalised
        self.keys = PositionKeys(width, key_width)
        self.query = nn.Linear(width, width)
        self.register_buffer("places", sinusoids(steps, width), persistent=False)

    def forward(self, grid: Tensor, fast: Tensor, steps: int) -> Glimpses:
        """Look for the first `steps` places of the text.

        Args:
            grid: (B, D, R, T) features.
            fast: (B, T, K) logits of the fast path, moved to where the letters stand; nothing is learnt through them.
        """
        width = grid.shape[1]
        counted = self.counts(count_characters(fast, len(self.places)).to(grid.dtype))  # (B, T, D)
        keys = self.keys(grid + counted.transpose(1, 2)[:, :, None].to(grid.dtype)).flatten(2)  # (B, D, R T)
        scores = self.query(self.places[:steps]) @ keys * width**-0.5  # (B, S, R T)
        shares = scores.float().softmax(dim=-1)
        features = shares.to(grid.dtype) @ grid.flatten(2).transpose(1, 2)
        return Glimpses(features, shares.unflatten(2, grid.shape[2:]))


def _convolution(inputs: int, outputs: int, stride: int | tuple[int, int]) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.SiLU())
