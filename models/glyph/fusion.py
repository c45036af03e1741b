"""Two descriptions of one character weighed against each other.

Source:
    METHODS section 1.1.6: z = sigmoid(W [a; b]); out = z tanh(a) + (1 - z) tanh(b).
"""

import torch
from torch import Tensor, nn


class GatedFusion(nn.Module):
    """Attention-based character fusion (ACFM)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gate = nn.Linear(2 * width, width)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Two (..., D) to (..., D)."""
        share = torch.sigmoid(self.gate(torch.cat([first, second], dim=-1)))
        fused: Tensor = share * torch.tanh(first) + (1.0 - share) * torch.tanh(second)
        return fused
