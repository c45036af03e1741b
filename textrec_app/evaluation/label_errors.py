"""How much more probable a reading is than the label, and in what the two differ."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from models.recognition.ctc import compute_text_log_probs

DIFFERENCES = ("same", "charset", "too long", "spaces", "case", "punctuation", "case and punctuation", "substantive")


def compute_label_log_probs(emits: str, logits: Tensor, labels: Sequence[Sequence[int]]) -> list[float]:
    """Log-probability of each label under the rule of its network.

    Args:
        emits: "ctc" or "tokens", see `TextNetwork`.
        logits: (B, T, K) float, unnormalised.
        labels: B lists of class ids 1..K-1.

    Returns:
        B numbers of at most 0; minus infinity where the label does not fit into T steps.
    """
    log_probs = logits.float().log_softmax(dim=-1)
    if emits == "ctc":
        return compute_text_log_probs(log_probs, labels)
    return [_sum_tokens(row, ids) for row, ids in zip(log_probs, labels, strict=True)]


def classify_difference(label: str, reading: str) -> str:
    """Say in what a reading differs from the label: the first of `DIFFERENCES` that explains all of it.

    "charset" and "too long" are not found here: they come from the network.
    """
    if label == reading:
        return "same"
    if "".join(label.split()) == "".join(reading.split()):
        return "spaces"
    if label.casefold() == reading.casefold():
        return "case"
    left, right = ("".join(c for c in text if c.isalnum()) for text in (label, reading))
    if left == right:
        return "punctuation"
    return "case and punctuation" if left.casefold() == right.casefold() else "substantive"


def _sum_tokens(log_probs: Tensor, ids: Sequence[int]) -> float:
    """Sum over the label and the end that follows it; class 0 is the end."""
    T, _ = log_probs.shape
    if len(ids) >= T:
        return float("-inf")
    wanted = torch.tensor([*ids, 0])
    return -float(functional.nll_loss(log_probs[: len(wanted)].cpu(), wanted, reduction="sum"))
