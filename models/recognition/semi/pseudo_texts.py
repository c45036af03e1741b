"""What a teacher says of crops without labels, and which of it is believed.

Source:
    METHODS section 9, adaptation of FixMatch to sequences: confidence includes the end; no empty texts; a root of the
    product takes away the preference for short texts.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from models.glyph.steps import at_least_float32
from models.language.cloze_model import count_steps
from models.recognition.ctc import DecodedText
from models.recognition.semi.options import Belief, Measure
from models.tokenizers import END


class PseudoTexts(NamedTuple):
    """Texts of one modality.

    Attributes:
        ids: (N, S) likeliest classes.
        log_probs: (N, S, K) of the teacher.
        lengths: (N,) steps of each text with its end; S of one that does not end.
        counted: (N, S) bool, steps up to the end: what a mean is over, believed or not.
        believed: (N, S) bool, steps that teach.
    """

    ids: Tensor
    log_probs: Tensor
    lengths: Tensor
    counted: Tensor
    believed: Tensor

    @property
    def kept(self) -> Tensor:
        """(N,) bool, texts of which any step teaches."""
        return self.believed.any(dim=1)

    def whole_texts(self) -> list[list[int]]:
        """Class ids of each text that is believed as a whole, its end left out; an empty list for any other."""
        is_whole = (self.believed == self.counted).all(dim=1).tolist()
        return [
            row[: length - 1] if whole else []
            for row, length, whole in zip(self.ids.tolist(), self.lengths.tolist(), is_whole, strict=True)
        ]


def read_pseudo_texts(logits: Tensor, belief: Belief) -> PseudoTexts:
    """A teacher's texts; no gradient flows into its logits (N, S, K)."""
    log_probs = at_least_float32(logits.detach()).log_softmax(dim=-1)
    top, ids = log_probs.max(dim=-1)
    lengths = count_steps(log_probs)
    counted = torch.arange(logits.shape[1], device=logits.device)[None] < lengths[:, None]
    has_ended = (ids == END).any(dim=1)
    is_text = has_ended & (ids[:, :1] != END).all(dim=1)
    confidence = step_confidence(top, counted, belief.measure)
    believed = counted & is_text[:, None] & (confidence >= belief.threshold)
    return PseudoTexts(ids, log_probs, lengths, counted, believed)


def read_fast_texts(logits: Tensor, steps: int, belief: Belief) -> PseudoTexts:
    """The best paths of a CTC head as texts of so many steps; a longer text is not believed.

    A character is as sure as its surest column; the end, which CTC does not say, is sure.

    Args:
        logits: (N, T, K); class 0 is the blank.
    """
    log_probs = at_least_float32(logits.detach()).log_softmax(dim=-1)
    tops, path = log_probs.max(dim=-1)
    begins = path.new_zeros(path.shape, dtype=torch.bool)
    begins[:, 1:] = path[:, 1:] != path[:, :-1]
    begins[:, :1] = True
    runs = begins.cumsum(dim=1) - 1  # (N, T) number of the run of equal classes
    surest = torch.full_like(tops, float("-inf")).scatter_reduce(1, runs, tops, "amax")
    is_character = begins & (path != END)
    places = is_character.cumsum(dim=1) - 1
    N, _, K = logits.shape
    ids = torch.full((N, steps), END, dtype=torch.long, device=logits.device)
    top = log_probs.new_zeros(N, steps)
    fits = is_character & (places < steps)
    row, column = fits.nonzero(as_tuple=True)
    place = places[row, column]
    ids[row, place], top[row, place] = path[row, column], surest[row, runs[row, column]]
    lengths = (is_character.sum(dim=1) + 1).clamp(max=steps)
    counted = torch.arange(steps, device=logits.device)[None] < lengths[:, None]
    is_text = (is_character.sum(dim=1) < steps) & (ids[:, 0] != END)
    confidence = step_confidence(top, counted, belief.measure)
    believed = counted & is_text[:, None] & (confidence >= belief.threshold)
    certain = functional.one_hot(ids, K).to(log_probs.dtype).clamp(min=1e-30).log()
    return PseudoTexts(ids, certain, lengths, counted, believed)


def step_confidence(top: Tensor, counted: Tensor, measure: Measure) -> Tensor:
    """(N, S) or (N, 1) confidence in [0, 1] of the likeliest classes.

    Args:
        top: (N, S) their log-probabilities.
        counted: (N, S) bool, steps of each text up to its end, that included; at least one in each row.
    """
    if measure == "character":
        return top.exp()
    if measure == "minimum":
        return top.masked_fill(~counted, 0.0).amin(dim=1, keepdim=True).exp()
    total = top.masked_fill(~counted, 0.0).sum(dim=1, keepdim=True)
    if measure == "normalised":
        total = total / counted.sum(dim=1, keepdim=True)
    return total.exp()


def text_confidence(decoded: DecodedText, measure: Measure, has_end: bool) -> float:
    """Confidence of a text that was read by either kind of head; an empty one has 0.

    Args:
        measure: "character" is as "minimum": a whole text is believed, or none of it.
        has_end: the log-probability includes that of an end, as tokens have it; CTC's is over all alignments.
    """
    if not decoded.text:
        return 0.0
    log_prob = min(0.0, decoded.log_prob)
    if measure == "word":
        return math.exp(log_prob)
    if measure == "normalised":
        return math.exp(log_prob / (len(decoded.text) + int(has_end)))
    least = min(decoded.char_probs)
    if not has_end:
        return least
    characters = sum(math.log(max(prob, 1e-30)) for prob in decoded.char_probs)
    return min(least, math.exp(min(0.0, log_prob - characters)))
