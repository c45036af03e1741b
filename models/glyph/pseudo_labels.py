"""Where each character's glyph probably is: what its attention meets of the ink."""

import torch
from torch import Tensor
from torch.nn import functional

from models.glyph.steps import at_least_float32, check_shape, mark_real_steps, stretch_attention

ATTENTION_CUT = 0.05
INK_CUT = 0.4


def build_glyph_labels(
    attention: Tensor,
    lengths: Tensor,
    mask: Tensor,
    size_hw: tuple[int, int],
    slots: int,
    cut: float = ATTENTION_CUT,
) -> Tensor:
    """One map per slot for the glyph attention to learn; nothing is learnt through it.

    w*_t(x, y) = 1[a^_t(x) > cut] 1[S_m(x, y) >= .4] for t < L, else 0; a^_t is the attention interpolated to w, S_m
    the mask resized bilinearly to (h, w). Where n slots claim a place, each has 1 / n of it.

    Args:
        attention: (B, S, T) float, rows sum to 1; step t is slot t.
        lengths: (B,) integer, characters of each text.
        mask: (B, 1, H, W) in {0, 1}, the ink.
        size_hw: h and w of the maps.
        slots: M; steps beyond it are left out, slots beyond S stay empty.

    Returns:
        (B, M, h, w) at least float32, in [0, 1]; its sum over the slots is 0 or 1. Detached.

    Raises:
        ShapeError: attention, lengths and mask are not of the same batch.

    Source:
        SIGA (CVPR 2023), S_gt; METHODS section 1.3: the raw interpolated attention is cut, not its sigmoid.
    """
    B, S, T = attention.shape
    check_shape("lengths", lengths, (B,))
    check_shape("mask", mask, (B, 1, *mask.shape[-2:]))
    with torch.no_grad():
        claimed = (stretch_attention(attention, size_hw[1]) > cut) & mark_real_steps(lengths, S)[:, :, None]
        ink = functional.interpolate(at_least_float32(mask), size=size_hw, mode="bilinear", align_corners=False)
        labels = (claimed[:, :slots, None] & (ink >= INK_CUT)).to(at_least_float32(attention).dtype)  # (B, S, h, w)
        shared = labels / labels.sum(dim=1, keepdim=True).clamp(min=1.0)
        missing = slots - shared.shape[1]
        return torch.cat([shared, shared.new_zeros(B, missing, *size_hw)], dim=1)
