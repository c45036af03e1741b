"""FixMatch for texts, for any recognizer: the weak view's text, if it is believed, labels the strong view.

Source:
    Sohn et al., NeurIPS 2020 (2001.07685); METHODS section 9 with its adaptation to sequences. A network's own training
    loss does the rest: where it decodes step by step the text is its context, a CTC head needs none.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from models.charset import Charset
from models.recognition.ctc import DecodedText
from models.recognition.glyph_network import GlyphNetwork
from models.recognition.semi.options import Belief
from models.recognition.semi.pseudo_texts import text_confidence
from models.recognition.text_network import TextNetwork
from models.recognition.tokens import token_greedy_decode


class FixMatchLoss(NamedTuple):
    """The scalar, and which texts taught.

    Attributes:
        texts: of the kept crops.
        kept: (N,) bool.
    """

    loss: Tensor
    texts: list[str]
    kept: Tensor


def fixmatch_loss(
    student: TextNetwork, charset: Charset, strong: Tensor, readings: list[tuple[DecodedText, bool]], belief: Belief
) -> FixMatchLoss:
    """The student's loss on the strong views whose texts are believed; the others count as 0 in the mean.

    Args:
        strong: (N, 3, 32, W).
        readings: of `read_weakly`, one for each crop.
    """
    confidences = [text_confidence(decoded, belief.measure, has_end) for decoded, has_end in readings]
    texts = [decoded.text for decoded, _ in readings]
    kept = torch.tensor(
        [bool(text.strip()) and sure >= belief.threshold for text, sure in zip(texts, confidences, strict=True)],
        dtype=torch.bool,
    )
    chosen = [text for text, keep in zip(texts, kept.tolist(), strict=True) if keep]
    if not chosen:
        return FixMatchLoss(student(strong).float().sum() * 0.0 if len(strong) else strong.sum(), [], kept)
    targets = [charset.encode(text) for text in chosen]
    loss = student(strong[kept.to(strong.device)], targets) * (len(chosen) / len(texts))
    return FixMatchLoss(loss, chosen, kept)


@torch.no_grad()
def read_weakly(teacher: TextNetwork, charset: Charset, weak: Tensor) -> list[tuple[DecodedText, bool]]:
    """What a teacher reads in evaluation mode, and whether an end is part of its probability.

    A network of two heads is asked for its fused reading. The teacher's mode is restored: it may be the student.
    """
    if not len(weak):
        return []
    was_training = teacher.training
    teacher.eval()
    if isinstance(teacher, GlyphNetwork):
        readings = [(decoded, True) for decoded in token_greedy_decode(teacher.read(weak).logits, charset)]
    else:
        readings = [(decoded, teacher.emits == "tokens") for decoded in teacher.decode(teacher(weak), charset)]
    teacher.train(was_training)
    return readings
