"""Randomness of batched effects: numbers on the device, decisions about the batch on the host."""

import random

import torch
from torch import Tensor


class Dice:
    """Draws everything that a batch needs from one seed.

    How many rows an effect touches is decided on the host, so that no kernel waits for a count;
    which rows, and how strongly, is drawn on the device.
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        """Begin at a seed; the numbers depend on it and on the kind of device."""
        self.device = device
        self._generator = torch.Generator(device=device).manual_seed(seed)
        self._plan = random.Random(seed)

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        """Uniform numbers, float32."""
        return torch.rand(shape, generator=self._generator, device=self.device) * (high - low) + low

    def normal(self, *shape: int, std: float = 1.0) -> Tensor:
        """Normal numbers about 0, float32."""
        return torch.randn(shape, generator=self._generator, device=self.device) * std

    def signs(self, *shape: int) -> Tensor:
        """-1 or 1, float32."""
        return (self.uniform(*shape) < 0.5).float() * 2 - 1

    def integers(self, *shape: int, high: int) -> Tensor:
        """Whole numbers from 0 to high - 1, int64."""
        return torch.randint(high, shape, generator=self._generator, device=self.device)

    def rows(self, count: int, share: float) -> Tensor:
        """A share of `count` rows, in random order: (k,) int64, k rounded at random, perhaps 0."""
        wanted = min(count, int(count * share + self._plan.random()))
        return self.permutation(count)[:wanted]

    def permutation(self, count: int) -> Tensor:
        """All rows in random order: (count,) int64."""
        return torch.randperm(count, generator=self._generator, device=self.device)

    def split(self, count: int, shares: list[float]) -> list[Tensor]:
        """All rows in random order, cut into parts of about these shares (they sum to 1)."""
        cuts, total = [], 0.0
        for share in shares[:-1]:
            total += share
            cuts.append(min(count, int(count * total + self._plan.random())))
        return list(torch.tensor_split(self.permutation(count), cuts))

    def number(self, low: float, high: float) -> float:
        """One number for the whole batch or a part of it."""
        return self._plan.uniform(low, high)

    def whole(self, low: int, high: int) -> int:
        """One whole number from low to high, both included."""
        return self._plan.randint(low, high)
