"""The stand-in of CTC for label smoothing."""

import math

import pytest
import torch

from models.recognition.ctc import compute_ctc_loss


def _logits(scale: float) -> torch.Tensor:
    return scale * torch.randn(2, 6, 5, generator=torch.Generator().manual_seed(0))


def test_it_is_ctc_plus_the_divergence_from_uniform() -> None:
    logits, targets = _logits(2.0), [[1, 2], [3]]
    probs = logits.double().softmax(dim=-1)
    divergence = torch.stack(
        [sum(p * math.log(p * 5) for p in step.tolist()) + torch.zeros(()) for step in probs.flatten(0, 1)]
    ).mean()
    expected = 0.9 * compute_ctc_loss(logits, targets) + 0.1 * divergence
    assert float(compute_ctc_loss(logits, targets, smoothing=0.1)) == pytest.approx(float(expected), rel=1e-5)


def test_uniform_probabilities_cost_nothing_more() -> None:
    flat, targets = torch.zeros(2, 6, 5), [[1, 2], [3]]
    assert float(compute_ctc_loss(flat, targets, smoothing=0.2)) == pytest.approx(
        0.8 * float(compute_ctc_loss(flat, targets)), rel=1e-5
    )


def test_its_gradient_is_right() -> None:
    logits = _logits(1.0).double().requires_grad_()

    def loss(values: torch.Tensor) -> torch.Tensor:
        log_probs = values.log_softmax(dim=-1)
        return 0.1 * ((log_probs.exp() * log_probs).sum(dim=-1) + math.log(5)).mean()

    plain = torch.autograd.grad(0.9 * compute_ctc_loss(logits, [[1], [2]]), logits)[0]
    extra = torch.autograd.grad(loss(logits), logits)[0]
    both = torch.autograd.grad(compute_ctc_loss(logits, [[1], [2]], smoothing=0.1), logits)[0]
    torch.testing.assert_close(both, plain + extra, rtol=1e-4, atol=1e-6)
