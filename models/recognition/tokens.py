"""Texts from logits of one step a character: the same record as CTC decoding gives."""

import math
from itertools import pairwise

from torch import Tensor

from models.charset import Charset
from models.errors import ShapeError
from models.recognition.ctc import DecodedText
from models.tokenizers import END

TOKEN_SPAN_STEPS = 1000  # tokens do not say where they stand: spans are even shares of the width


def token_greedy_decode(logits: Tensor, charset: Charset) -> list[DecodedText]:
    """Read one text per crop: the likeliest class of each step up to the first end.

    A text that does not end is cut at T - 1 characters. The log-probability counts the end as well,
    whatever probability it has there.

    Args:
        logits: (B, T, K) float, unnormalised; class 0 is the end.
        charset: the characters that classes 1..K-1 stand for, in order.

    Returns:
        B texts in batch order; spans are even shares of `TOKEN_SPAN_STEPS`.

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
    ends = log_probs[..., END].tolist()
    return [_decoded(row, tops, end, charset) for row, tops, end in zip(ids.tolist(), top.tolist(), ends, strict=True)]


def even_spans(count: int) -> tuple[tuple[int, int], ...]:
    """Even shares of `TOKEN_SPAN_STEPS`, rising, without overlap."""
    edges = [round(index * TOKEN_SPAN_STEPS / max(1, count)) for index in range(count + 1)]
    return tuple(pairwise(edges))


def _decoded(ids: list[int], log_probs: list[float], ends: list[float], charset: Charset) -> DecodedText:
    length = ids.index(END) if END in ids else len(ids) - 1
    total = sum(log_probs[:length]) + ends[length]
    text = charset.decode(ids[:length])
    probs = tuple(math.exp(value) for value in log_probs[:length])
    return DecodedText(text, min(0.0, total), probs, even_spans(length))
