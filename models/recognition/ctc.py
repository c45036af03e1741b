"""Connectionist temporal classification: loss, best-path decoding, the probability of a whole text.

Source:
    Graves et al., ICML 2006; METHODS sections 11 and 24.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from models.charset import Charset
from models.errors import ShapeError


@dataclass(frozen=True)
class DecodedText:
    """One crop's best path.

    Attributes:
        text: repeats merged, blanks dropped.
        log_prob: natural logarithm of the text's probability over all its alignments, at most 0.
        char_probs: for each character the highest probability within its span.
        spans: for each character its first and last-plus-one step; spans do not overlap.
    """

    text: str
    log_prob: float
    char_probs: tuple[float, ...]
    spans: tuple[tuple[int, int], ...]


def compute_ctc_loss(
    logits: Tensor, targets: Sequence[Sequence[int]], weights: Tensor | None = None, smoothing: float = 0.0
) -> Tensor:
    """Mean over the batch of the CTC loss divided by target length.

    Args:
        logits: (B, T, K) float, unnormalised; class 0 is the blank.
        targets: B lists of class ids; a list too long for T steps adds nothing.
        weights: (B,) weight of each sample, or None for equal ones.
        smoothing: weight of the mean divergence of a step's probabilities from uniform ones; CTC's stand-in for
            label smoothing (Kim, Hori & Watanabe 2017).

    Returns:
        A scalar; 0 for an empty batch.

    Raises:
        ShapeError: there are not B targets.
    """
    B, T, K = logits.shape
    if len(targets) != B:
        raise ShapeError(f"{len(targets)} targets for a batch of {B}")
    if B == 0:
        return logits.sum()
    lengths = torch.tensor([len(target) for target in targets], device=logits.device)
    flat = torch.tensor([index for target in targets for index in target], device=logits.device, dtype=torch.long)
    log_probs = logits.float().log_softmax(dim=-1).transpose(0, 1)  # (T, B, K)
    steps = torch.full((B,), T, device=logits.device)
    losses = functional.ctc_loss(log_probs, flat, steps, lengths, reduction="none", zero_infinity=True)
    losses = losses / lengths.clamp(min=1)
    if smoothing:
        divergence = (log_probs.exp() * log_probs).sum(dim=-1) + math.log(K)  # (T, B), at least 0
        losses = (1.0 - smoothing) * losses + smoothing * divergence.mean(dim=0)
    if weights is None:
        return losses.mean()
    return (losses * weights).sum() / weights.sum().clamp(min=1e-6)


def ctc_greedy_decode(logits: Tensor, charset: Charset) -> list[DecodedText]:
    """Read one text per crop by best-path decoding.

    Repeats are merged first, then blanks dropped, so "AA_A" reads "AA".

    Args:
        logits: (B, T, K) float, unnormalised; class 0 is the blank.
        charset: the characters that classes 1..K-1 stand for, in order.

    Returns:
        B texts in batch order; a text may be empty.

    Raises:
        ShapeError: K is not len(charset) + 1.
    """
    B, T, K = logits.shape
    if len(charset) + 1 != K:
        raise ShapeError(f"logits have {K} classes, charset needs {len(charset) + 1}")
    if B == 0 or T == 0:
        return [DecodedText("", 0.0, (), ()) for _ in range(B)]
    log_probs = logits.float().log_softmax(dim=-1)
    top, ids = log_probs.max(dim=-1)
    paths = [_collapse(row, tops) for row, tops in zip(ids.tolist(), top.exp().tolist(), strict=True)]
    totals = compute_text_log_probs(log_probs, [[item[0] for item in path] for path in paths])
    return [
        DecodedText(
            charset.decode(item[0] for item in path),
            total,
            tuple(item[1] for item in path),
            tuple(item[2] for item in path),
        )
        for path, total in zip(paths, totals, strict=True)
    ]


def compute_text_log_probs(log_probs: Tensor, texts: Sequence[Sequence[int]]) -> list[float]:
    """Log-probability of each text over all alignments (the forward algorithm).

    Args:
        log_probs: (B, T, K) normalised; class 0 is the blank.
        texts: B lists of class ids, each of at most T steps with its needed blanks.
    """
    B, T, _ = log_probs.shape
    lengths = torch.tensor([len(text) for text in texts])
    flat = torch.tensor([index for text in texts for index in text], dtype=torch.long)
    losses = functional.ctc_loss(log_probs.transpose(0, 1).cpu(), flat, torch.full((B,), T), lengths, reduction="none")
    return [-max(0.0, value) for value in losses.tolist()]


def _collapse(ids: list[int], probs: list[float]) -> list[tuple[int, float, tuple[int, int]]]:
    """(class, highest probability, (first step, last step + 1)) of each run that is no blank."""
    runs: list[tuple[int, float, tuple[int, int]]] = []
    start = 0
    for step in range(1, len(ids) + 1):
        if step == len(ids) or ids[step] != ids[start]:
            if ids[start] != 0:
                runs.append((ids[start], max(probs[start:step]), (start, step)))
            start = step
    return runs
