"""What keeps the attention of two characters of a word apart."""

import torch
from torch import Tensor

from models.glyph.steps import at_least_float32, check_shape, mark_real_steps


def orthogonality_loss(attention: Tensor, lengths: Tensor) -> Tensor:
    """Mean squared overlap of the attention of every two characters of a text.

    L_cor = 1/B sum_b 2 / (L_b (L_b - 1)) sum_{i<j<L_b} (a_i . a_j)^2, in [0, 1] for rows that sum to 1. Texts of
    less than two characters have no pair and count 0; the mean is over all B, so that it does not grow with the batch.

    Args:
        attention: (B, S, T) float.
        lengths: (B,) integer, the steps of each text that take part.

    Returns:
        Scalar, at least float32; 0 for an empty batch.

    Raises:
        ShapeError: there is not one length for each text.

    Source:
        SIGA (CVPR 2023), L_cor; METHODS section 1.3 with its FIX (dot products, mean over pairs and batch).
    """
    B, S, T = attention.shape
    check_shape("lengths", lengths, (B,))
    with torch.autocast(attention.device.type, enabled=False):
        rows = at_least_float32(attention) * mark_real_steps(lengths, S)[:, :, None]  # (B, S, T)
        overlaps = (rows @ rows.transpose(1, 2)).square()  # (B, S, S)
    total = overlaps.triu(diagonal=1).sum(dim=(1, 2))  # (B,)
    counted = lengths.clamp(min=0, max=S).to(total.dtype)
    pairs = counted * (counted - 1) / 2
    return (total / pairs.clamp(min=1)).sum() / max(1, B)
