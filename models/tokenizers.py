"""Class ids with their special tokens: what a decoder of tokens reads and must say."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

END = 0  # end of the text; the class that a CTC head calls blank
IGNORED = -100  # a target that no loss counts: `torch.nn.functional.cross_entropy`'s own default


@dataclass(frozen=True)
class FramedTargets:
    """A batch of texts framed by specials, as wide as its longest usable text needs.

    Attributes:
        context: (B, S) ids a decoder may see: beginning, characters, padding; S = longest text + 1. Neither the
            end nor padding is ever context, both stand as padding.
        answers: (B, S) ids it must say: characters, end, `IGNORED`.
        usable: (B,) bool; a text longer than the limit is framed as nothing at all.
    """

    context: Tensor
    answers: Tensor
    usable: Tensor


def begin_id(classes: int) -> int:
    """Id of the beginning of a text, for a head of so many classes (characters and the end)."""
    return classes


def padding_id(classes: int) -> int:
    """Id of padding; an embedding table needs one row more than this."""
    return classes + 1


def frame_targets(
    targets: Sequence[Sequence[int]], classes: int, limit: int, device: torch.device | None = None
) -> FramedTargets:
    """Frame texts for training with tokens.

    Args:
        targets: B lists of class ids 1..classes - 1.
        classes: characters and the end.
        limit: longest text that is learnt from.
    """
    usable = [len(target) <= limit for target in targets]
    longest = max((len(target) for target, fits in zip(targets, usable, strict=True) if fits), default=0)
    context, answers = [], []
    for target, fits in zip(targets, usable, strict=True):
        known = list(target) if fits else []
        missing = longest - len(known)
        context.append([begin_id(classes), *known, *[padding_id(classes)] * missing])
        answers.append([*known, END, *[IGNORED] * missing] if fits else [IGNORED] * (longest + 1))
    shape = (len(targets), longest + 1)
    return FramedTargets(
        torch.tensor(context, dtype=torch.long, device=device).view(shape),
        torch.tensor(answers, dtype=torch.long, device=device).view(shape),
        torch.tensor(usable, dtype=torch.bool, device=device),
    )
