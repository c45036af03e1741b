"""How many characters have begun so far: the reading order that the fast path knows at each column."""

import torch
from torch import Tensor
from torch.nn import functional


def count_characters(logits: Tensor, slots: int) -> Tensor:
    """Expected place in the reading order at each column, softly one of so many slots.

    s(x) = sum_{k>0} max(0, p_x(k) - p_{x-1}(k)) is about 1 where a character begins; c(x) = sum_{x'<=x} s(x'); slot m
    has max(0, 1 - |c(x) - m|). Nothing is learnt through it.

    Args:
        logits: (B, T, K) of the CTC head; class 0 is the blank.
        slots: M; columns before the first character are slot 0, more than M characters count as M.

    Returns:
        (B, T, M + 1) float32, at least 0, sums to 1 over the slots.

    Source:
        Ours: an attention decoder spends most of its training on learning to count.
    """
    with torch.no_grad():
        probs = logits.float().softmax(dim=-1)[..., 1:]
        begun = (probs - functional.pad(probs, (0, 0, 1, 0))[:, :-1]).clamp(min=0.0).sum(dim=-1).cumsum(dim=1)
        places = torch.arange(slots + 1, device=logits.device)
        return (1.0 - (begun.clamp(max=slots)[..., None] - places).abs()).clamp(min=0.0)
