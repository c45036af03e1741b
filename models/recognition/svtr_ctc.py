"""SVTRv2-like: local mixing by convolution, then global attention over a grid that keeps its height, CTC.

The grid keeps 4 rows (H / 8) until its very end, where each row is first put into reading order by
itself and each column then chooses among its rows. There are no absolute positions: convolutions with
their padding say what is beside what, at every width.

Source:
    SVTRv2 (METHODS section 8); numbers of blocks and widths are ours, for processors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from models.errors import WeightsError
from models.recognition.attention import TransformerBlock, build_mlp
from models.recognition.conv_attention_ctc import ResidualBlock
from models.recognition.ctc import DecodedText
from models.recognition.ctc_network import CtcNetwork
from models.recognition.guidance import build_guidance
from models.recognition.text_network import ColumnFeatures
from models.recognition.vision_transformer import check_crops


@dataclass(frozen=True)
class SvtrCtcConfig:
    """Shape of the network.

    Attributes:
        widths: channels of the stem and the three stages.
        local_blocks: blocks of local mixing in the three stages; they come first.
        global_blocks: attention blocks over the whole grid in the three stages.
        mixing: "dense3" (two dense 3x3 convolutions, fast on processors) or "grouped5" (one 5x5 of groups
            and an MLP, as published).
        group_width: channels of a group of "grouped5".
        ratio: hidden width of the MLPs over their own.
        guidance: weight of a decoder's loss in training; 0 has no such branch.
    """

    classes: int = 96
    widths: tuple[int, int, int, int] = (32, 64, 128, 256)
    local_blocks: tuple[int, int, int] = (2, 4, 0)
    global_blocks: tuple[int, int, int] = (0, 1, 2)
    mixing: str = "dense3"
    group_width: int = 32
    ratio: int = 2
    dropout: float = 0.0
    guidance: float = 0.0


class GroupedBlock(nn.Module):
    """A grouped 5x5 convolution and a pointwise MLP, each around a shortcut."""

    def __init__(self, channels: int, group_width: int, ratio: int) -> None:
        super().__init__()
        groups = max(1, channels // group_width)
        self.mixing = nn.Conv2d(channels, channels, 5, padding=2, groups=groups, bias=False)
        self.mixing_norm = nn.BatchNorm2d(channels)
        self.mlp = build_mlp(channels, ratio)
        self.mlp_norm = nn.LayerNorm(channels)

    def forward(self, grid: Tensor) -> Tensor:
        """(B, C, R, T) to the same shape."""
        grid = grid + functional.silu(self.mixing_norm(self.mixing(grid)))
        channels_last = grid.permute(0, 2, 3, 1)
        return (channels_last + self.mlp(self.mlp_norm(channels_last))).permute(0, 3, 1, 2)


class Stage(nn.Module):
    """Local blocks on the grid, then attention over all its places."""

    def __init__(self, config: SvtrCtcConfig, index: int) -> None:
        super().__init__()
        width = config.widths[index + 1]
        self.local = nn.Sequential(*(_build_local(config, width) for _ in range(config.local_blocks[index])))
        heads = max(1, width // 32)
        count = config.global_blocks[index]
        blocks = [TransformerBlock(width, heads, config.ratio, config.dropout) for _ in range(count)]
        self.attention = nn.Sequential(*blocks)

    def forward(self, grid: Tensor) -> Tensor:
        """(B, C, R, T) to the same shape."""
        grid = self.local(grid)
        if not len(self.attention):
            return grid
        size = grid.shape[2:]
        places = self.attention(grid.flatten(2).transpose(1, 2))  # (B, R * T, C)
        return places.transpose(1, 2).unflatten(2, size)


class RowMerging(nn.Module):
    """Feature rearrangement: attention along each row, then each column weighs its rows."""

    def __init__(self, width: int, ratio: int, dropout: float) -> None:
        super().__init__()
        self.row_block = TransformerBlock(width, max(1, width // 32), ratio, dropout)
        self.score = nn.Linear(width, 1)
        self.value = nn.Linear(width, width)

    def forward(self, grid: Tensor) -> ColumnFeatures:
        """(B, C, R, T) to columns, the share of each row in them, and the rows' attention weighed so."""
        rows = grid.permute(0, 2, 3, 1)  # (B, R, T, C)
        mixed = self.row_block(rows.flatten(0, 1)).view(rows.shape)
        shares = self.score(mixed).softmax(dim=1)  # (B, R, T, 1)
        columns = (shares * self.value(mixed)).sum(dim=1)  # (B, T, C)
        return ColumnFeatures(columns, shares.squeeze(-1), columns.new_zeros(0))

    def attention(self, grid: Tensor) -> Tensor:
        """Where each step looks along each row: (B, R, T, T), rows sum to 1."""
        rows = grid.permute(0, 2, 3, 1)  # (B, R, T, C)
        return self.row_block.weights(rows.flatten(0, 1)).unflatten(0, rows.shape[:2])


class SvtrCtc(CtcNetwork):
    """Crops to CTC logits, one step for four pixels of width."""

    def __init__(self, config: SvtrCtcConfig) -> None:
        super().__init__()
        stem, low, middle, high = config.widths
        self.stem = nn.Sequential(
            *_downsampling(3, stem, (2, 2)), nn.SiLU(), *_downsampling(stem, low, (2, 2)), nn.SiLU()
        )  # 8 rows, W / 4
        self.low = Stage(config, 0)
        self.to_middle = nn.Sequential(*_downsampling(low, middle, (2, 1)))  # 4 rows, W / 4
        self.middle = Stage(config, 1)
        self.to_high = nn.Sequential(*_downsampling(middle, high, (1, 1)))
        self.high = Stage(config, 2)
        self.merging = RowMerging(high, config.ratio, config.dropout)
        self.norm = nn.LayerNorm(high)
        self.head = nn.Linear(high, config.classes)
        self.guidance = build_guidance(config.guidance, config.classes, high)

    def columns(self, images: Tensor) -> Tensor:
        """See `CtcNetwork.columns`."""
        normed: Tensor = self.norm(self.merging(self._grid(images)).columns)
        return normed

    def features(self, images: Tensor) -> ColumnFeatures:
        """Columns, their shares of the rows, and the rows' attention weighed by those shares."""
        grid = self._grid(images)
        merged = self.merging(grid)
        table = (merged.row_weights[..., None] * self.merging.attention(grid)).sum(dim=1)
        return merged._replace(attention=table)

    def character_maps(self, image: Tensor, decoded: DecodedText) -> Tensor:
        """Where a character's steps looked in each row, weighed by the rows' shares; see `TextNetwork`."""
        grid = self._grid(image)
        shares = self.merging(grid).row_weights[0].float()  # (R, T)
        table = self.merging.attention(grid)[0].float()  # (R, T, T)
        looked = shares[..., None] * table
        maps = looked.new_zeros(len(decoded.spans), *shares.shape)
        for number, (first, last) in enumerate(decoded.spans):
            maps[number] = looked[:, first:last].mean(dim=1)
        return maps

    def _grid(self, images: Tensor) -> Tensor:
        """(B, D, 4, W / 4) places before the rows are merged."""
        check_crops(images, 4)
        grid = self.middle(self.to_middle(self.low(self.stem(images))))
        merged: Tensor = self.high(self.to_high(grid))
        return merged


def build_svtr_ctc(config: Mapping[str, Any]) -> SvtrCtc:
    """Build the network from a card's `config` (lists stand for tuples).

    Raises:
        WeightsError: there is no such mixing.
    """
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in config.items()}
    return SvtrCtc(SvtrCtcConfig(**values))


def _build_local(config: SvtrCtcConfig, width: int) -> nn.Module:
    if config.mixing == "dense3":
        return ResidualBlock(width)
    if config.mixing == "grouped5":
        return GroupedBlock(width, config.group_width, config.ratio)
    raise WeightsError(f"there is no local mixing {config.mixing!r}; choose dense3 or grouped5")


def _downsampling(inputs: int, outputs: int, stride: tuple[int, int]) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(outputs)
