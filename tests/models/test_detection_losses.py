import pytest
import torch
from torch.nn import functional

from models.detection.losses import bernoulli_divergence, craft_loss, hard_negative_mean


def slow_reference(losses: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> float:
    """Sort and sum in plain Python."""
    positives: list[float] = []
    negatives: list[float] = []
    for loss, target, weight in zip(losses.flatten(), targets.flatten(), weights.flatten(), strict=True):
        if weight > 0:
            (positives if target > 0.1 else negatives).append(float(loss * weight))
    negatives.sort(reverse=True)
    worst = negatives[: 3 * len(positives) if positives else 500]
    total = sum(positives) / len(positives) if positives else 0.0
    return total + (sum(worst) / len(worst) if worst else 0.0)


@pytest.mark.parametrize("share_of_text", [0.0, 0.05, 0.6, 1.0])
def test_matches_a_slow_reference(share_of_text):
    generator = torch.Generator().manual_seed(3)
    losses = torch.rand(40, 30, generator=generator)
    targets = (torch.rand(40, 30, generator=generator) < share_of_text).float()
    weights = torch.randint(0, 3, (40, 30), generator=generator) / 2
    expected = slow_reference(losses, targets, weights)
    assert float(hard_negative_mean(losses, targets, weights)) == pytest.approx(expected, rel=1e-5)


def test_more_positives_than_thrice_the_negatives_is_no_error():
    targets = torch.ones(8, 8)
    targets[0, 0] = 0
    assert torch.isfinite(hard_negative_mean(torch.rand(8, 8), targets, torch.ones(8, 8)))


def test_ignored_pixels_change_nothing_and_get_no_gradient():
    logits = torch.zeros(1, 2, 8, 8, requires_grad=True)
    targets = torch.zeros(1, 2, 8, 8)
    weights = torch.zeros(1, 8, 8)
    loss = craft_loss(logits, targets, weights)
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_an_empty_batch_costs_nothing():
    logits = torch.zeros(0, 2, 8, 8, requires_grad=True)
    loss = craft_loss(logits, torch.zeros(0, 2, 8, 8), torch.zeros(0, 8, 8))
    loss.backward()
    assert loss.item() == 0


def test_a_perfect_prediction_of_soft_targets_costs_nothing():
    targets = torch.tensor([0.2, 0.5, 0.9, 0.04])
    assert bernoulli_divergence(targets.logit(), targets).abs().max() < 1e-6
    assert (bernoulli_divergence(targets.logit() + 1, targets) > 0.01).all()


def test_gradient_is_that_of_cross_entropy():
    logits = torch.randn(5, dtype=torch.float64, requires_grad=True)
    targets = torch.tensor([0.0, 0.1, 0.5, 0.9, 1.0], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: bernoulli_divergence(x, targets), logits)
    ours = torch.autograd.grad(bernoulli_divergence(logits, targets).sum(), logits)[0]
    plain = functional.binary_cross_entropy_with_logits(logits, targets, reduction="sum")
    torch.testing.assert_close(ours, torch.autograd.grad(plain, logits)[0])


def test_each_picture_counts_the_same():
    logits, targets = torch.zeros(2, 2, 16, 16), torch.zeros(2, 2, 16, 16)
    targets[0, :, :8] = 1  # much text in one, a speck in the other
    targets[1, :, 0, 0] = 1
    weights = torch.ones(2, 16, 16)
    alone = [craft_loss(logits[i : i + 1], targets[i : i + 1], weights[i : i + 1]) for i in range(2)]
    torch.testing.assert_close(craft_loss(logits, targets, weights), sum(alone) / 2)
