"""Pictures to class ids in one graph: normalisation, network and greedy decoding, without a loop over data."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

NO_CHARACTER = -1


class GreedyReading(NamedTuple):
    """What a graph says.

    Attributes:
        logits: (B, T, K) float32; a text's probability and its calibrated confidence are computed from these.
        ids: (B, T) int64, the characters' classes 1..K-1 from the left, then -1.
        char_probs: (B, T) float32 in [0, 1] for each of `ids`, then 0.
        lengths: (B,) int64, characters of each text.
    """

    logits: Tensor
    ids: Tensor
    char_probs: Tensor
    lengths: Tensor


class ReadingGraph(nn.Module):
    """A recognizer with its preprocessing in front and its decoding behind."""

    def __init__(self, network: nn.Module, emits: str, preprocessing: Mapping[str, Any]) -> None:
        super().__init__()
        self.network, self.emits = network, emits
        mean, std = (torch.tensor(preprocessing[key], dtype=torch.float32) for key in ("mean", "std"))
        self.register_buffer("mean", mean.view(1, 3, 1, 1) * 255.0)
        self.register_buffer("scale", 1.0 / (std.view(1, 3, 1, 1) * 255.0))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(B, 32, W, 3) uint8 RGB to the fields of `GreedyReading`."""
        pictures = (images.permute(0, 3, 1, 2).float() - self.get_buffer("mean")) * self.get_buffer("scale")
        logits = self.network(pictures).float()
        collapse = collapse_ctc if self.emits == "ctc" else cut_at_end
        return GreedyReading(logits, *collapse(logits))


def collapse_ctc(logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Best path with repeats merged and blanks dropped: a scatter in place of a loop.

    Args:
        logits: (B, T, K) float; class 0 is the blank.

    Returns:
        `ids`, `char_probs` (the highest within each run) and `lengths` of `GreedyReading`.
    """
    B, T, _ = logits.shape
    probs, path = logits.softmax(dim=-1).max(dim=-1)  # each (B, T)
    before = torch.cat([torch.zeros_like(path[:, :1]), path[:, :-1]], dim=1)
    is_character = path != 0
    begins = is_character & (path != before)
    count = begins.long().cumsum(dim=1)
    place = torch.where(is_character, count - 1, T)  # what is no character goes to a column that is cut off
    ids = path.new_full((B, T + 1), NO_CHARACTER).scatter(1, place, path)
    char_probs = probs.new_zeros((B, T + 1)).scatter_reduce(1, place, probs, "amax")
    return ids[:, :T], char_probs[:, :T], count[:, -1]


def cut_at_end(logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The likeliest class of each step up to the first end; a text that does not end has T - 1 characters.

    Args:
        logits: (B, T, K) float; class 0 is the end.

    Returns:
        `ids`, `char_probs` and `lengths` of `GreedyReading`.
    """
    B, T, _ = logits.shape
    probs, path = logits.softmax(dim=-1).max(dim=-1)
    steps = torch.arange(T, device=logits.device)
    is_said = ((path == 0).long().cumsum(dim=1) == 0) & (steps < T - 1)
    ids = torch.where(is_said, path, NO_CHARACTER)
    return ids, torch.where(is_said, probs, 0.0), is_said.long().sum(dim=1)
