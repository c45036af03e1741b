"""One two-stream decoder layer: queries of positions answer from the context and from a picture's memory.

It serves any encoder: a memory is (B, N, D) with positions already in it.

Source:
    Bautista and Atienza, ECCV 2022 (PARSeq), section 3.1; METHODS section 3.2.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.recognition.attention import Attention, build_mlp
from models.recognition.permutations import draw_permutations, query_mask
from models.tokenizers import IGNORED, begin_id, frame_targets, padding_id

Keys = tuple[Tensor, Tensor]
POSITION_SCALE = 0.02
ORDERS_WITH_END = 2  # left to right, and the one that says the end first


class PermutedDecoder(nn.Module):
    """Decoder of depth one; the context stream is never updated, so it needs no mask of its own.

    Attributes:
        classes: characters and the end (class 0).
        max_length: characters of the longest text.
    """

    def __init__(self, classes: int, memory_width: int, width: int, max_length: int, dropout: float) -> None:
        super().__init__()
        heads = max(1, width // 32)
        self.classes, self.max_length, self.scale = classes, max_length, width**0.5
        self.memory = nn.Linear(memory_width, width) if memory_width != width else nn.Identity()
        self.embedding = nn.Embedding(padding_id(classes) + 1, width)
        self.positions = nn.Parameter(torch.empty(max_length + 1, width))
        self.query_norm, self.context_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.context_attention = Attention(width, heads)
        self.memory_norm = nn.LayerNorm(width)
        self.memory_attention = Attention(width, heads)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = build_mlp(width, 4)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)
        self.dropout = nn.Dropout(dropout)
        nn.init.trunc_normal_(self.positions, std=POSITION_SCALE)
        nn.init.trunc_normal_(self.embedding.weight, std=POSITION_SCALE)

    def memory_keys(self, memory: Tensor) -> Keys:
        """Keys and values of a picture (B, N, memory_width), used by all steps."""
        return self.memory_attention.keys(self.memory(memory))

    def context_keys(self, ids: Tensor, first: int = 0) -> Keys:
        """Keys and values of context tokens (B, S), of which the first stands at place `first`.

        Place 0 is the beginning, which has no position; character j has that of query j - 1.
        """
        embedded = self.embedding(ids) * self.scale
        codes = functional.pad(self.positions, (0, 0, 1, 0))[first : first + ids.shape[1]]
        return self.context_attention.keys(self.context_norm(self.dropout(embedded + codes)))

    def forward(self, queries: Tensor, context: Keys, memory: Keys, visible: Tensor | None) -> Tensor:
        """Answer queries.

        Args:
            queries: (Q,) positions 0..max_length: 0 asks for the first character.
            context: of `context_keys`, S places.
            memory: of `memory_keys`.
            visible: bool, True may be seen, broadcast to (B, 1, Q, S); None: all is.

        Returns:
            (B, Q, classes) float logits.
        """
        asked = self._with_context(queries, context, visible)
        asked = asked + self.dropout(self.memory_attention(self.memory_norm(asked), memory))
        return self.head(self.norm(asked + self.dropout(self.mlp(self.mlp_norm(asked)))))

    def memory_weights(self, queries: Tensor, context: Keys, memory: Keys, visible: Tensor | None) -> Tensor:
        """Where each query looks in the memory: (B, Q, N), rows sum to 1; arguments as in `forward`."""
        asked = self._with_context(queries, context, visible)
        return self.memory_attention.weights(self.memory_norm(asked), memory)

    def _with_context(self, queries: Tensor, context: Keys, visible: Tensor | None) -> Tensor:
        asked = self.dropout(self.positions[queries].expand(context[0].shape[0], -1, -1))
        return asked + self.dropout(self.context_attention(self.query_norm(asked), context, visible))


def permuted_loss(
    decoder: PermutedDecoder,
    memory: Tensor,
    targets: Sequence[Sequence[int]],
    weights: Tensor | None = None,
    count: int = 6,
    smoothing: float = 0.0,
) -> Tensor:
    """Mean cross-entropy over all answers of all drawn reading orders; the picture is encoded once.

    The end is learnt in the first two orders only, from the whole text and from nothing. The orders are
    answered together: they differ in nothing but the mask.

    Args:
        memory: (B, N, memory_width).
        targets: B lists of class ids; a text longer than the decoder's limit adds nothing.
        weights: (B,) weight of each sample's answers, or None for equal ones.
        count: reading orders (K).
        smoothing: of the labels.

    Returns:
        A scalar; 0 where there is nothing to learn from.

    Source:
        METHODS section 3.3.
    """
    framed = frame_targets(targets, decoder.classes, decoder.max_length, memory.device)
    steps = framed.context.shape[1]
    orders = draw_permutations(steps - 1, count)
    hidden = torch.stack([query_mask(order) for order in orders]).to(memory.device)  # (P, S, S)
    known = framed.context != padding_id(decoder.classes)  # (B, S)
    visible = (~hidden.flatten(0, 1))[None] & known[:, None, :]  # (B, P * S, S)
    queries = torch.arange(steps, device=memory.device).repeat(len(orders))
    logits = decoder(queries, decoder.context_keys(framed.context), decoder.memory_keys(memory), visible[:, None])
    answers = _answers_of_orders(framed.answers, len(orders))  # (B, P * S)
    losses = functional.cross_entropy(
        logits.float().transpose(1, 2), answers, ignore_index=IGNORED, reduction="none", label_smoothing=smoothing
    )
    counted = (answers != IGNORED).to(losses.dtype)
    if weights is not None:
        counted = counted * weights[:, None]
    return (losses * counted).sum() / counted.sum().clamp(min=1e-6)


def _answers_of_orders(answers: Tensor, orders: int) -> Tensor:
    """(B, S) answers for each order: (B, orders * S), without the end after the first two."""
    without_end = answers.masked_fill(answers == 0, IGNORED)
    copies = [answers if order < ORDERS_WITH_END else without_end for order in range(orders)]
    return torch.cat(copies, dim=1)


def begin_context(decoder: PermutedDecoder, batch: int, device: torch.device) -> Tensor:
    """(B, 1) ids of the beginning."""
    return torch.full((batch, 1), begin_id(decoder.classes), dtype=torch.long, device=device)
