"""Consistency between views: what a teacher reads in the weak view, a student shall read in the strong one.

Source:
    Aberdam et al., WACV 2022 (SemiMTR), section 3.3; METHODS sections 6.3 and 9: steps that are not believed count as
    0 in a mean over the whole batch.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from models.errors import ShapeError
from models.glyph.steps import at_least_float32
from models.recognition.abinet import AbinetSteps
from models.recognition.ctc import compute_ctc_loss
from models.recognition.semi.options import ConsistencyOptions, Head
from models.recognition.semi.pseudo_texts import PseudoTexts, read_fast_texts, read_pseudo_texts


class ConsistencyLoss(NamedTuple):
    """The scalar, and what it was made of.

    Attributes:
        kept_share: of the batch's texts, mean over the teachers; 0 of an empty batch.
        kept_length, read_length: mean steps of the kept texts and of all texts; apart where belief prefers a length.
    """

    loss: Tensor
    kept_share: float
    kept_length: float
    read_length: float


def consistency_loss(teacher: AbinetSteps, student: AbinetSteps, options: ConsistencyOptions) -> ConsistencyLoss:
    """Sum over the pairs of the mean over all of a student's iterations, times the weight.

    Args:
        teacher: of the weak views; its last iteration teaches.
        student: of the strong views of the same crops, with as many steps.
    """
    texts = {name: _texts_of(teacher, name, options) for name, _ in options.pairs}
    total = student.vision.new_zeros((), dtype=torch.float32)
    for name, pupil in options.pairs:
        if pupil == "fast":
            total = total + believed_ctc_loss(student.fast, texts[name].whole_texts())
        else:
            said = student.of(pupil)
            total = total + sum(text_loss(logits, texts[name], options) for logits in said) / len(said)
    kept = torch.cat([one.kept for one in texts.values()]) if texts else torch.zeros(0, dtype=torch.bool)
    lengths = torch.cat([one.lengths for one in texts.values()]).float() if texts else torch.zeros(0)
    return ConsistencyLoss(options.weight * total, _mean(kept.float()), _mean(lengths[kept]), _mean(lengths))


def text_loss(logits: Tensor, texts: PseudoTexts, options: ConsistencyOptions) -> Tensor:
    """Divergence of a student's logits (N, S, K) from a teacher's texts.

    Returns:
        A scalar: the sum over believed steps by the number of all steps of all texts; 0 without a text.

    Raises:
        ShapeError: teacher and student have different shapes.
    """
    if logits.shape != texts.log_probs.shape:
        raise ShapeError(f"the student says {tuple(logits.shape)}, the teacher {tuple(texts.log_probs.shape)}")
    log_probs = at_least_float32(logits).log_softmax(dim=-1)
    if options.target == "hard":
        losses = functional.nll_loss(log_probs.transpose(1, 2), texts.ids, reduction="none")
    else:
        losses = -(texts.log_probs.exp() * log_probs).sum(dim=-1)
        if options.divergence == "kl":
            losses = losses + (texts.log_probs.exp() * texts.log_probs).sum(dim=-1)
    return (losses * texts.believed).sum() / texts.counted.sum().clamp(min=1)


def believed_ctc_loss(logits: Tensor, texts: Sequence[Sequence[int]]) -> Tensor:
    """CTC loss of logits (N, T, K) on texts without context, empty ones counting as 0 in a mean over all N."""
    believed = torch.tensor([float(len(text) > 0) for text in texts], device=logits.device)
    return compute_ctc_loss(logits, texts, believed) * believed.mean() if len(texts) else logits.sum()


def _texts_of(teacher: AbinetSteps, name: Head, options: ConsistencyOptions) -> PseudoTexts:
    if name == "fast":
        return read_fast_texts(teacher.fast, teacher.vision.shape[1], options.belief)
    return read_pseudo_texts(teacher.of(name)[-1], options.belief)


def _mean(values: Tensor) -> float:
    return float(values.mean()) if len(values) else 0.0
