"""Exponential moving average of weights and float buffers."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class WeightAverage:
    """Follows a network; short histories are averaged over fewer steps."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self.tensors: dict[str, Tensor] = {
            name: tensor.detach().clone() for name, tensor in network.state_dict().items()
        }

    @torch.no_grad()
    def update(self, network: nn.Module, tail_updates: int = 0) -> None:
        """Move towards the network's present weights; integer buffers are copied.

        Args:
            tail_updates: if over 0, the average becomes the plain mean of the last so many weights.
        """
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        if tail_updates:
            decay = 1.0 - 1.0 / tail_updates
        new = network.state_dict()
        floats = [name for name, average in self.tensors.items() if average.is_floating_point()]
        move = get_ema_multi_avg_fn(decay)  # all tensors in one call: a GPU would wait for hundreds
        move([self.tensors[name] for name in floats], [new[name].to(self.tensors[name].dtype) for name in floats], 0)
        for name in self.tensors.keys() - floats:
            self.tensors[name].copy_(new[name])

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
