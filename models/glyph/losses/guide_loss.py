"""Attention drawn to where another head saw the same characters."""

from torch import Tensor

from models.glyph.steps import at_least_float32


def guide_loss(attention: Tensor, occupancy: Tensor) -> Tensor:
    """Cross-entropy of implicit attention against another alignment.

    L = -1/N sum_t sum_x g_t(x) log a_t(x) over the N characters that have an alignment.

    Args:
        attention: (B, S, T) rows sum to 1, S at least L.
        occupancy: (B, L, T) rows sum to 1, or are 0 where there is no such character.

    Returns:
        A scalar; 0 where no character is aligned.

    Source:
        Ours: SIGA's pseudo-labels need a rough alignment, which an attention decoder alone finds only after hundreds
        of thousands of crops, and which the CTC head beside it has for nothing.
    """
    looked = at_least_float32(attention[:, : occupancy.shape[1]]).clamp(min=1e-6).log()
    count = occupancy.sum(dim=(1, 2)).sum()
    return -(occupancy * looked).sum() / count.clamp(min=1.0)
