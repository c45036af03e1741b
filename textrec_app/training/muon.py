"""Muon: momentum whose update is orthogonalised, for the matrices and filters of a network; AdamW for the rest.

An update in which all directions have the same size learns more from each sample than Adam's where
samples are what is short. Biases, norms, thin filters and the head stay with AdamW.

Source:
    Jordan et al. 2024 (Newton-Schulz orthogonalisation); Liu et al. 2025, 2502.16982 (update scaled to AdamW's size).
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
MOMENTUM = 0.95
ADAM_RMS = 0.2  # usual size of AdamW's update in units of the learning rate
LEAST_RANK = 16
HEADS = frozenset({"head", "embedding", "positions", "rows", "columns"})  # tables and outputs, whatever the network


class Muon(torch.optim.AdamW):
    """AdamW, but groups marked `"orthogonal": True` are updated by orthogonalised momentum.

    A filter (out, in, h, w) counts as the matrix (out, in * h * w). Learning rate and decoupled weight
    decay are in AdamW's scale for both.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # Fused AdamW looks out for overflows of fp16 itself; only it does, so the scaler has to, for both.
        self._step_supports_amp_scaling = False

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update all parameters that have a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        groups = self.param_groups
        for group in groups:
            if group.get("orthogonal"):
                for parameter in group["params"]:
                    if parameter.grad is not None:
                        self._update(parameter, parameter.grad, group)
        self.param_groups = [group for group in groups if not group.get("orthogonal")]
        try:
            super().step()
        finally:
            self.param_groups = groups
        return loss

    def _update(self, parameter: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if "momentum_buffer" not in state:
            state["step"] = torch.zeros(())  # AdamW wants one of every parameter when it loads a state
            state["momentum_buffer"] = torch.zeros_like(parameter)
        buffer = state["momentum_buffer"]
        buffer.lerp_(gradient, 1.0 - MOMENTUM)
        matrix = torch.lerp(gradient, buffer, MOMENTUM).flatten(1)  # Nesterov
        size = ADAM_RMS * max(matrix.shape) ** 0.5
        update = orthogonalise(matrix).to(parameter.dtype).view(parameter.shape)
        parameter.mul_(1.0 - group["lr"] * group["weight_decay"])
        parameter.add_(update, alpha=-group["lr"] * size)


def orthogonalise(matrix: Tensor) -> Tensor:
    """The semi-orthogonal matrix of the same row and column space, roughly.

    Args:
        matrix: (M, N) float.

    Returns:
        (M, N) bfloat16; its singular values lie between about 0.7 and 1.2.
    """
    a, b, c = COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    estimate = (matrix.T if tall else matrix).bfloat16()
    estimate = estimate / (estimate.norm() + 1e-7)
    for _ in range(ITERATIONS):
        gram = estimate @ estimate.T
        estimate = a * estimate + (b * gram + c * gram @ gram) @ estimate
    return estimate.T.contiguous() if tall else estimate


def group_for_muon(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Parameter groups: orthogonal ones, other matrices with decay, vectors without."""
    orthogonal, matrices, vectors = [], [], []
    for name, parameter in network.named_parameters():
        if parameter.ndim <= 1:
            vectors.append(parameter)
        elif HEADS & set(name.split(".")) or min(parameter.shape[0], parameter[0].numel()) < LEAST_RANK:
            matrices.append(parameter)
        else:
            orthogonal.append(parameter)
    return [
        {"params": orthogonal, "weight_decay": weight_decay, "orthogonal": True},
        {"params": matrices, "weight_decay": weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
