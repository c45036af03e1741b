"""Attention between two sequences, and a pre-norm transformer block."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Attention(nn.Module):
    """Multi-head attention from queries to a source whose keys and values can be kept."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.projection = nn.Linear(width, width)

    def keys(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of a source (B, S, D), each (B, heads, S, D / heads)."""
        B, S, D = source.shape
        both = self.key_value(source).view(B, S, 2, self.heads, D // self.heads)
        key, value = both.permute(2, 0, 3, 1, 4)
        return key, value

    def forward(self, queries: Tensor, keys: tuple[Tensor, Tensor], visible: Tensor | None = None) -> Tensor:
        """Attend.

        Args:
            queries: (B, Q, D).
            keys: of `keys`, for S places.
            visible: bool, True may be seen, broadcast to (B, heads, Q, S); each query sees at least one place.

        Returns:
            (B, Q, D).
        """
        B, N, D = queries.shape
        query = self._heads(queries)
        if query.device.type == "cpu" and torch.is_grad_enabled():
            mixed = _attend_in_steps(query, *keys, visible)
        else:
            mixed = functional.scaled_dot_product_attention(query, *keys, attn_mask=visible)
        return self.projection(mixed.transpose(1, 2).reshape(B, N, D))

    def weights(self, queries: Tensor, keys: tuple[Tensor, Tensor]) -> Tensor:
        """Share of each source place in each answer, mean of the heads: (B, Q, S), rows sum to 1."""
        query = self._heads(queries)
        scores = query @ keys[0].transpose(-1, -2) * query.shape[-1] ** -0.5
        return scores.softmax(dim=-1).mean(dim=1)

    def _heads(self, queries: Tensor) -> Tensor:
        B, N, D = queries.shape
        return self.query(queries).view(B, N, self.heads, D // self.heads).transpose(1, 2)


class TransformerBlock(nn.Module):
    """Pre-norm self-attention and a two-layer MLP."""

    def __init__(self, width: int, heads: int, ratio: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = build_mlp(width, ratio)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, S, D) to the same shape."""
        normed = self.attention_norm(tokens)
        tokens = tokens + self.dropout(self.attention(normed, self.attention.keys(normed)))
        return tokens + self.dropout(self.mlp(self.mlp_norm(tokens)))

    def weights(self, tokens: Tensor) -> Tensor:
        """Where each token looks: (B, S, S), rows sum to 1."""
        normed = self.attention_norm(tokens)
        return self.attention.weights(normed, self.attention.keys(normed))


def _attend_in_steps(query: Tensor, key: Tensor, value: Tensor, visible: Tensor | None) -> Tensor:
    """What `scaled_dot_product_attention` computes; its gradient takes a processor five times as long."""
    scores = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
    if visible is not None:
        scores = scores.masked_fill(~visible, float("-inf"))
    return scores.softmax(dim=-1).to(value.dtype) @ value


def build_mlp(width: int, ratio: int) -> nn.Sequential:
    """Two layers with a hidden one `ratio` times as wide."""
    return nn.Sequential(nn.Linear(width, ratio * width), nn.GELU(), nn.Linear(ratio * width, width))
