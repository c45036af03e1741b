"""What the segmentation of ink learns from: the clusters of the crop's grey values."""

import torch
from torch import Tensor
from torch.nn import functional

from models.glyph.steps import at_least_float32, check_shape

INK = 1
NO_MASK = 255


def segmentation_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Binary cross-entropy of the ink logits against the pseudo-masks, mean over the pixels that have one.

    L_ins = -1/N sum [s log sigma(z) + (1 - s) log(1 - sigma(z))] over the N pixels with s in {0, 1}, computed from
    the logits z: fed with probabilities instead, it could not fall below ln(1 + 1/e) = 0.3133.

    Args:
        logits: (B, 1, H, W) float.
        masks: (B, 1, H, W) uint8: 0 background, 1 ink, 255 no mask here (a whole crop or single pixels).

    Returns:
        Scalar, at least float32; 0 where no pixel has a mask.

    Raises:
        ShapeError: the masks are not as large as the logits.

    Source:
        SIGA (CVPR 2023), L_ins; METHODS section 1.3 with its FIX (BCE with logits).
    """
    check_shape("masks", masks, tuple(logits.shape))
    logits = at_least_float32(logits)
    counted = masks != NO_MASK
    losses = functional.binary_cross_entropy_with_logits(logits, (masks == INK).to(logits.dtype), reduction="none")
    return torch.where(counted, losses, 0.0).sum() / counted.sum().clamp(min=1)
