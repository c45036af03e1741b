"""Where CTC sees each character of a text: the fast path's own alignment, for attention to begin with.

Source:
    Graves et al., ICML 2006, section 4.1 (forward and backward variables).
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

IMPOSSIBLE = -1e9


def compute_occupancy(log_probs: Tensor, targets: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Share of each column in each character, over all alignments of a text.

    Args:
        log_probs: (B, T, K) normalised; class 0 is the blank.
        targets: B lists of class ids.

    Returns:
        (B, L, T) float32 with L the longest text, rows of real characters sum to 1, all others are 0; and (B,) bool,
        False where the text cannot be aligned to so few columns (its rows are 0).
    """
    B, T, _ = log_probs.shape
    longest = max((len(target) for target in targets), default=0)
    states = _extend(targets, longest, log_probs.device)  # (B, S), S = 2 L + 1
    lengths = torch.tensor([len(target) for target in targets], device=log_probs.device)
    seen = log_probs.float().gather(2, states[:, None].expand(B, T, states.shape[1]))  # (B, T, S)
    may_skip = (states != 0) & (states != functional.pad(states, (2, 0))[:, :-2])
    forward = _run(seen, may_skip, _begin(states))
    ends = _end(states, lengths)
    may_skip_back = functional.pad(may_skip, (0, 2))[:, 2:]
    backward = _run(seen.flip(1).flip(2), may_skip_back.flip(1), ends.flip(1)).flip(1).flip(2)
    together = forward + backward - seen  # (B, T, S): probability of all paths through a state at a column
    total = together.logsumexp(dim=2)[:, :1]  # the same at each column
    is_possible = total[:, 0] > IMPOSSIBLE / 2
    gamma = (together - total[:, :, None]).exp()[:, :, 1::2].transpose(1, 2)  # (B, L, T)
    is_real = torch.arange(longest, device=states.device)[None] < lengths[:, None]
    gamma = torch.where((is_real & is_possible[:, None])[:, :, None], gamma, 0.0)
    return gamma / gamma.sum(dim=2, keepdim=True).clamp(min=1e-6), is_possible


def _extend(targets: Sequence[Sequence[int]], longest: int, device: torch.device) -> Tensor:
    """(B, 2 L + 1) classes with blanks between and around."""
    states = torch.zeros(len(targets), 2 * longest + 1, dtype=torch.long)
    for row, target in enumerate(targets):
        states[row, 1 : 2 * len(target) : 2] = torch.tensor(target, dtype=torch.long)
    return states.to(device)


def _begin(states: Tensor) -> Tensor:
    mask = torch.zeros_like(states, dtype=torch.bool)
    mask[:, :2] = True
    return mask


def _end(states: Tensor, lengths: Tensor) -> Tensor:
    index = torch.arange(states.shape[1], device=states.device)[None]
    last = 2 * lengths[:, None]
    return (index == last) | ((index == last - 1) & (lengths[:, None] > 0))


def _run(seen: Tensor, may_skip: Tensor, begin: Tensor) -> Tensor:
    """Forward variables (B, T, S) from emissions, states that may be reached from two before, states of the start."""
    _, T, _ = seen.shape
    reached = torch.where(begin, seen[:, 0], IMPOSSIBLE)
    found = [reached]
    for column in range(1, T):
        one = functional.pad(reached, (1, 0), value=IMPOSSIBLE)[:, :-1]
        two = torch.where(may_skip, functional.pad(reached, (2, 0), value=IMPOSSIBLE)[:, :-2], IMPOSSIBLE)
        reached = torch.stack([reached, one, two]).logsumexp(dim=0) + seen[:, column]
        found.append(reached)
    return torch.stack(found, dim=1)
