"""Orders in which a permuted autoregressive decoder learns to read, and what each position may then see.

Source:
    Bautista and Atienza, ECCV 2022 (PARSeq), section 3.2; METHODS sections 3.3, 3.7 and 24.
"""

import itertools

import torch
from torch import Tensor

ENUMERATED_LENGTH = 4  # up to here orders are drawn from all there are, without repetition


def draw_permutations(length: int, count: int, generator: torch.Generator | None = None) -> Tensor:
    """Draw reading orders in pairs of an order and its reverse; the first is left to right.

    The second says the end first, then reads from right to left, so that the length is also learnt
    without any context. In all other orders the end comes last.

    Args:
        length: characters of the batch's longest text.
        count: orders wanted, even; short texts do not have as many.
        generator: of randomness; None takes torch's own.

    Returns:
        (P, length + 2) positions: 0 is the beginning, 1..length the characters, length + 1 the end.
    """
    if length <= 1 or count <= 1:
        return torch.arange(length + 2)[None]
    bases = _draw_bases(length, max(1, count // 2), generator)  # (P / 2, length)
    orders = torch.stack([bases, bases.flip(1)], dim=1).flatten(0, 1)
    begin, end = torch.zeros(len(orders), 1, dtype=torch.long), torch.full((len(orders), 1), length + 1)
    whole = torch.cat([begin, orders, end], dim=1)
    whole[1, 1:] = torch.arange(length + 1, 0, -1)
    return whole


def query_mask(order: Tensor) -> Tensor:
    """What each answer may not see of the context.

    Args:
        order: (S + 1,) a row of `draw_permutations`.

    Returns:
        (S, S) bool, True is hidden; rows are the queries of characters 1.. and of the end, columns the
        context: beginning, then the characters.
    """
    return _visibility(order)[1:, :-1]


def content_mask(order: Tensor) -> Tensor:
    """What each context position may not see of the context: (S, S) bool, True is hidden."""
    hidden = _visibility(order)
    hidden.fill_diagonal_(False)
    return hidden[:-1, :-1]


def cloze_mask(steps: int, device: torch.device | None = None) -> Tensor:
    """Hide from each query its own character only: (steps, steps) bool, a tensor of its own at each call."""
    hidden = torch.zeros(steps, steps, dtype=torch.bool, device=device)
    index = torch.arange(steps - 1, device=device)
    hidden[index, index + 1] = True
    return hidden


def _visibility(order: Tensor) -> Tensor:
    """(S + 1, S + 1) bool over positions: True where the column comes later in the order, or is the row itself."""
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order), device=order.device)
    return rank[None, :] >= rank[:, None]


def _draw_bases(length: int, wanted: int, generator: torch.Generator | None) -> Tensor:
    """(bases, length) orders of 1..length, the identity first; no base is the reverse of another if enumerated."""
    identity = torch.arange(1, length + 1)
    if length > ENUMERATED_LENGTH:
        drawn = [torch.randperm(length, generator=generator) + 1 for _ in range(wanted - 1)]
        return torch.stack([identity, *drawn])
    every = itertools.permutations(range(1, length + 1))
    pool = torch.tensor([order for order in every if order[0] < order[-1]][1:], dtype=torch.long).view(-1, length)
    chosen = torch.randperm(len(pool), generator=generator)[: wanted - 1]
    return torch.cat([identity[None], pool[chosen]])
