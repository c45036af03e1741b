"""GLAN: where each character's strokes lie, and what they look like there.

Source:
    METHODS sections 1.1.4 (maps) and 1.1.5 (features). Channels count the reading order: 0 is background, t is the
    t-th character, whatever it is, so the head does not grow with the charset.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from models.glyph.feature_pyramid import build_stage

DROPOUT = 0.3


class Glyphs(NamedTuple):
    """One scale.

    Attributes:
        logits: (B, 1 + M, h, w) of background and slots, for a softmax over the channels.
        features: (B, S, D) what each of the first S slots looks like.
    """

    logits: Tensor
    features: Tensor


class GlyphAttention(nn.Module):
    """Maps and glyph features of one scale."""

    def __init__(self, map_width: int, stroke_width: int, slots: int, width: int, feature_width: int) -> None:
        super().__init__()
        self.slots = slots
        self.head = nn.Conv2d(map_width, 1 + slots, 1)
        self.describe = build_stage(stroke_width, width, 3)
        self.order = nn.LSTM(width, feature_width // 2, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, features: Tensor, strokes: Tensor, count: int, own: Tensor | None = None) -> Glyphs:
        """Find the first `count` glyphs.

        Args:
            features: (B, map_width, h, w) of the feature pyramid.
            strokes: (B, stroke_width, h, w) of the trunk.
            count: S, at most the number of slots.
            own: (B,) how many of them a crop may have, 1 to S, so that no crop is read by what its batch needs; None
                gives all S to each. Features beyond are 0.

        Returns:
            The maps of all slots, the features of the first S.
        """
        logits = self.head(features)
        weights = logits[:, 1 : 1 + count].flatten(2).float().softmax(dim=-1)  # over places, (B, S, h * w)
        strokes = self.describe(strokes).flatten(2).transpose(1, 2)  # (B, h * w, D)
        gathered = torch.bmm(weights.to(strokes.dtype), strokes)
        return Glyphs(logits, self.dropout(self._in_order(gathered, own)))

    def _in_order(self, gathered: Tensor, own: Tensor | None) -> Tensor:
        if own is None or bool((own == gathered.shape[1]).all()):
            ordered: Tensor = self.order(gathered)[0]
            return ordered
        packed = pack_padded_sequence(gathered, own.cpu(), batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.order(packed)[0], batch_first=True, total_length=gathered.shape[1])[0]
