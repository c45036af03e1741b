"""What makes the slots of the glyph attention cover all ink together, whoever's it is."""

from torch import Tensor
from torch.nn import functional

from models.errors import ShapeError
from models.glyph.steps import at_least_float32, check_shape


def foreground_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Binary cross-entropy of "some slot" against "some pseudo-label", mean over all places.

    L_cel = -1/N sum [f* log f + (1 - f*) log(1 - f)], f = sum_j softmax(z)_{1+j} and f* = min(1, sum_j w*_j). The
    log-odds of f are logsumexp_j(z_{1+j}) - z_0, so no probability is ever formed and logged.

    Args:
        logits: (B, 1 + M, h, w) float, before the softmax; channel 0 is background; M at least 1.
        labels: (B, M, h, w) of `build_glyph_labels`, in [0, 1].

    Returns:
        Scalar, at least float32; 0 for an empty batch.

    Raises:
        ShapeError: the labels do not fit the logits, or there is no slot.

    Source:
        SIGA (CVPR 2023), L_cel in the paper's binary form, METHODS section 1.3. As in its 27-way form, ink that no
        slot claims is background: what may be clutter need not belong to a character.
    """
    B, channels, H, W = logits.shape
    if channels < 2:
        raise ShapeError(f"logits must have a background and at least one slot, not {channels} channels")
    check_shape("labels", labels, (B, channels - 1, H, W))
    scores = at_least_float32(logits)
    odds = scores[:, 1:].logsumexp(dim=1) - scores[:, 0]  # (B, h, w)
    wanted = at_least_float32(labels).sum(dim=1).clamp(max=1.0).to(odds.dtype)
    losses = functional.binary_cross_entropy_with_logits(odds, wanted, reduction="none")
    return losses.sum() / max(1, losses.numel())
