"""What draws the attention to all the ink: none may be left that no character looks at."""

import torch
from torch import Tensor

from models.glyph.steps import at_least_float32, check_shape

MARGIN = 1e-4


def difference_loss(saliency: Tensor, mask: Tensor) -> Tensor:
    """Binary cross-entropy of the saliency against the segmentation's ink, mean over all pixels.

    L_dif = -1/N sum [S_m log s + (1 - S_m) log(1 - s)], s = S_sal clamped to [1e-4, 1 - 1e-4]. Its gradient goes to
    the attention only. Written out because autocast forbids `binary_cross_entropy` on a GPU.

    Args:
        saliency: (B, 1, H, W) of `models.glyph.losses.saliency`, in [0, 1].
        mask: (B, 1, H, W) the ink in [0, 1]; taken as given.

    Returns:
        Scalar, at least float32; 0 for an empty batch.

    Raises:
        ShapeError: the mask is not as large as the saliency.

    Source:
        SIGA (CVPR 2023), L_dif; METHODS section 1.3 with its FIX (on clamped probabilities, S_m detached).
    """
    check_shape("mask", mask, tuple(saliency.shape))
    seen = at_least_float32(saliency).clamp(MARGIN, 1.0 - MARGIN)
    ink = mask.detach().to(seen.dtype)
    losses = -(ink * seen.log() + (1.0 - ink) * torch.log1p(-seen))
    return losses.sum() / max(1, losses.numel())
