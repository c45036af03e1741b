"""What teaches each slot of the glyph attention its own character: overlap with its pseudo-label."""

from torch import Tensor

from models.errors import ShapeError
from models.glyph.steps import at_least_float32, check_shape, mark_real_steps

SMOOTH = 1.0


def slot_dice_loss(maps: Tensor, labels: Tensor, lengths: Tensor) -> Tensor:
    """Dice loss of each character's slot, mean over the characters of a text, then over the texts.

    L_dice = 1/B sum_b 1/L_b sum_{j<L_b} [1 - (2 sum w_j w*_j + 1) / (sum w_j + sum w*_j + 1)], sums over the places.
    Texts of no character count 0.

    Args:
        maps: (B, 1 + M, h, w) softmax over the channels; channel 0 is background, 1 + j the slot of character j.
        labels: (B, M, h, w) of `build_glyph_labels`, in [0, 1].
        lengths: (B,) integer, characters of each text; more than M counts as M.

    Returns:
        Scalar, at least float32; 0 for an empty batch.

    Raises:
        ShapeError: the labels do not fit the maps, or the lengths the batch.

    Source:
        SIGA (CVPR 2023), L_dice; METHODS section 1.3, with its guard for texts of no character.
    """
    B, channels, H, W = maps.shape
    if channels < 1:
        raise ShapeError("maps must have a channel for the background")
    check_shape("labels", labels, (B, channels - 1, H, W))
    check_shape("lengths", lengths, (B,))
    slots, wanted = at_least_float32(maps)[:, 1:], at_least_float32(labels)
    shared = (slots * wanted).sum(dim=(2, 3))  # (B, M)
    areas = slots.sum(dim=(2, 3)) + wanted.sum(dim=(2, 3))
    losses = 1.0 - (2.0 * shared + SMOOTH) / (areas + SMOOTH)
    real = mark_real_steps(lengths, channels - 1)
    per_text = (losses * real).sum(dim=1) / real.sum(dim=1).clamp(min=1)
    return per_text.sum() / max(1, B)
