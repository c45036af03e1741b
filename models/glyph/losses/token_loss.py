"""Cross-entropy of a decoder that says one character after the other."""

from torch import Tensor
from torch.nn import functional

from models.glyph.steps import at_least_float32
from models.tokenizers import IGNORED


def token_loss(logits: Tensor, answers: Tensor, weights: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
    """Mean cross-entropy over all characters and ends.

    Args:
        logits: (B, S, K) float, S at least that of the answers.
        answers: (B, S) class ids, `IGNORED` where nothing is asked.
        weights: (B,) weight of each sample's answers, or None for equal ones.
        smoothing: pull towards uniform probabilities.

    Returns:
        A scalar; 0 where nothing is asked.
    """
    logits = at_least_float32(logits[:, : answers.shape[1]])
    losses = functional.cross_entropy(
        logits.transpose(1, 2), answers, ignore_index=IGNORED, reduction="none", label_smoothing=smoothing
    )
    counted = (answers != IGNORED).to(losses.dtype)
    if weights is not None:
        counted = counted * weights[:, None]
    return (losses * counted).sum() / counted.sum().clamp(min=1e-6)
