"""Reading with a permuted decoder: step by step, all at once, and refined.

Source:
    Bautista and Atienza, ECCV 2022 (PARSeq), section 3.3; METHODS section 3.5.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from models.recognition.parseq_decoder import Keys, PermutedDecoder, begin_context
from models.recognition.permutations import cloze_mask
from models.tokenizers import END, begin_id

Decoding = Literal["ar", "nar"]


@dataclass(frozen=True)
class DecodingPlan:
    """How a memory is read.

    Attributes:
        decoding: "ar" says one character after the other, "nar" all at once.
        refinements: how often the whole is read again, each character from all others.
    """

    decoding: Decoding = "ar"
    refinements: int = 1


def decode_memory(decoder: PermutedDecoder, memory: Tensor, plan: DecodingPlan) -> Tensor:
    """Read pictures greedily.

    Args:
        memory: (B, N, memory_width).

    Returns:
        (B, T, classes) float logits; T is max_length + 1, or less where step by step every text has ended.
        What follows a text's end means nothing.
    """
    keys = decoder.memory_keys(memory)
    logits = _step_by_step(decoder, keys) if plan.decoding == "ar" else _at_once(decoder, keys)
    for _ in range(plan.refinements):
        logits = refine(decoder, keys, logits)
    return logits


def refine(decoder: PermutedDecoder, memory: Keys, logits: Tensor) -> Tensor:
    """Read again: each character from all others of the last reading.

    Args:
        memory: of `PermutedDecoder.memory_keys`.
        logits: (B, T, classes) of the last reading.

    Returns:
        (B, T, classes) float logits.
    """
    queries, context, visible = cloze_context(decoder, logits.argmax(dim=-1))
    return decoder(queries, context, memory, visible)


def cloze_context(decoder: PermutedDecoder, ids: Tensor) -> tuple[Tensor, Keys, Tensor]:
    """Queries (T,), context and visibility (B, 1, T, T) that show each query of a reading all but its own character.

    Args:
        ids: (B, T) class ids of the reading; nothing from its first end on is context.
    """
    B, T = ids.shape
    begin = begin_context(decoder, B, ids.device)
    context = torch.cat([begin, ids[:, :-1]], dim=1)  # (B, T)
    known = (context == END).cumsum(dim=1) == 0
    visible = ~cloze_mask(T, ids.device)[None] & known[:, None, :]
    return torch.arange(T, device=ids.device), decoder.context_keys(context), visible[:, None]


def _at_once(decoder: PermutedDecoder, memory: Keys) -> Tensor:
    begin = begin_context(decoder, memory[0].shape[0], memory[0].device)
    queries = torch.arange(decoder.max_length + 1, device=begin.device)
    return decoder(queries, decoder.context_keys(begin), memory, None)


def _step_by_step(decoder: PermutedDecoder, memory: Keys) -> Tensor:
    """Greedy steps; the keys of the context are kept from step to step."""
    B, device = memory[0].shape[0], memory[0].device
    said = torch.full((B, 1), begin_id(decoder.classes), dtype=torch.long, device=device)
    keys, values = decoder.context_keys(said)
    ended = torch.zeros(B, dtype=torch.bool, device=device)
    steps: list[Tensor] = []
    for place in range(decoder.max_length + 1):
        query = torch.tensor([place], device=device)
        steps.append(decoder(query, (keys, values), memory, None))  # (B, 1, classes)
        said = steps[-1][:, -1].argmax(dim=-1, keepdim=True)
        ended |= said[:, 0] == END
        if bool(ended.all()) or place == decoder.max_length:
            break
        more_keys, more_values = decoder.context_keys(said, first=place + 1)
        keys, values = torch.cat([keys, more_keys], dim=2), torch.cat([values, more_values], dim=2)
    return torch.cat(steps, dim=1)
