"""Exponential moving average of weights and float buffers."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class WeightAverage:
    """Follows a network; short histories are averaged over fewer steps."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self.tensors: dict[str, Tensor] = {
            name: tensor.detach().clone() for name, tensor in network.state_dict().items()
        }

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move towards the network's present weights; integer buffers are copied."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for name, tensor in network.state_dict().items():
            average = self.tensors[name]
            if average.is_floating_point():
                average.lerp_(tensor.to(average.dtype), 1.0 - decay)
            else:
                average.copy_(tensor)

    def load(self, tensors: dict[str, Tensor], updates: int) -> None:
        """Go on from averages saved after so many updates."""
        for name, tensor in tensors.items():
            self.tensors[name].copy_(tensor)
        self.updates = updates

    @contextmanager
    def applied(self, network: nn.Module) -> Iterator[nn.Module]:
        """The network with averaged weights; its own come back afterwards."""
        own = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
        network.load_state_dict(self.tensors)
        try:
            yield network
        finally:
            network.load_state_dict(own)
