"""Where the attention of all characters together says that there is ink."""

from torch import Tensor

from models.glyph.steps import at_least_float32, check_shape, mark_real_steps, stretch_attention

SLOPE = 70.0
CENTRE = 0.1


def saliency(attention: Tensor, lengths: Tensor, mask: Tensor, slope: float = SLOPE, centre: float = CENTRE) -> Tensor:
    """Ink that some character attends to.

    S_sal(x, y) = clip(sum_{t<L} psi(a^_t(x)) S_m(x, y), 0, 1) with psi(a) = sigma(slope (a - centre)) and a^_t the
    attention interpolated to the picture's width. psi(0) = .00091, psi(.05) = .0293, psi(.1) = .5, psi(.2) = .99909.

    Args:
        attention: (B, S, T) float, rows sum to 1.
        lengths: (B,) integer, the steps of each text that take part.
        mask: (B, 1, H, W) the segmentation's ink in [0, 1]; no gradient goes to it.
        slope: how sharply attention counts as looking.
        centre: attention that counts half.

    Returns:
        (B, 1, H, W) in [0, 1], at least float32. 0 everywhere for a text of no character.

    Raises:
        ShapeError: attention, lengths and mask are not of the same batch.

    Source:
        SIGA (CVPR 2023), S_sal; METHODS section 1.3 (SIGA_S of the original code: slope 85, centre .08).
    """
    B, S, T = attention.shape
    check_shape("lengths", lengths, (B,))
    check_shape("mask", mask, (B, 1, *mask.shape[-2:]))
    looked = ((stretch_attention(attention, mask.shape[-1]) - centre) * slope).sigmoid()  # (B, S, W)
    columns = (looked * mark_real_steps(lengths, S)[:, :, None]).sum(dim=1)  # (B, W)
    return (columns[:, None, None] * at_least_float32(mask.detach())).clamp(0.0, 1.0)
