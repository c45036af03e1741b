"""Ink logits against pseudo-masks: cross-entropy from logits, without what has no mask."""

import math

import pytest
import torch

from models.errors import ShapeError
from models.glyph.losses.segmentation_loss import segmentation_loss


def slow_reference(logits: torch.Tensor, masks: torch.Tensor) -> float:
    """Pixel by pixel in plain Python."""
    losses = []
    for logit, mask in zip(logits.flatten().tolist(), masks.flatten().tolist(), strict=True):
        if mask == 255:
            continue
        probability = 1 / (1 + math.exp(-logit))
        losses.append(-math.log(probability if mask == 1 else 1 - probability))
    return sum(losses) / len(losses) if losses else 0.0


def draw_masks(seed: int, shape: tuple[int, ...]) -> torch.Tensor:
    """0, 1 and 255 in equal shares."""
    generator = torch.Generator().manual_seed(seed)
    return torch.tensor([0, 1, 255], dtype=torch.uint8)[torch.randint(0, 3, shape, generator=generator)]


@pytest.mark.parametrize("batch", [1, 3])
def test_matches_a_slow_reference(batch):
    logits = torch.randn(batch, 1, 6, 9, generator=torch.Generator().manual_seed(1)) * 3
    masks = draw_masks(2, (batch, 1, 6, 9))
    masks[-1] = 255  # a degenerate crop is left out as a whole
    assert float(segmentation_loss(logits, masks)) == pytest.approx(slow_reference(logits, masks), rel=1e-5)


def test_gradient():
    logits = torch.randn(2, 1, 3, 4, dtype=torch.float64, requires_grad=True)
    masks = draw_masks(4, (2, 1, 3, 4))
    assert torch.autograd.gradcheck(lambda x: segmentation_loss(x, masks), logits)
    (gradient,) = torch.autograd.grad(segmentation_loss(logits, masks), logits)
    assert not gradient[masks == 255].any()
    assert gradient[masks != 255].all()


def test_a_right_prediction_passes_the_floor_of_the_double_softmax():
    masks = draw_masks(5, (1, 1, 8, 8)).clamp(max=1)
    logits = (masks.float() * 2 - 1) * 20
    assert float(segmentation_loss(logits, masks)) < 1e-6
    trap = torch.nn.functional.cross_entropy(torch.tensor([[0.0, 1.0]]), torch.tensor([1]))
    assert float(trap) == pytest.approx(0.313262, abs=1e-6)  # what probabilities in place of logits stop at
    assert float(segmentation_loss(-logits, masks)) > 1.313262


@pytest.mark.parametrize("batch", [0, 2])
def test_nothing_with_a_mask_costs_nothing(batch):
    logits = torch.randn(batch, 1, 4, 4, requires_grad=True)
    loss = segmentation_loss(logits, torch.full((batch, 1, 4, 4), 255, dtype=torch.uint8))
    loss.backward()
    assert loss.shape == ()
    assert loss.item() == 0
    assert not logits.grad.any()


def test_all_background_is_learnt():
    logits = torch.zeros(1, 1, 4, 4, requires_grad=True)
    loss = segmentation_loss(logits, torch.zeros(1, 1, 4, 4, dtype=torch.uint8))
    loss.backward()
    assert loss.item() == pytest.approx(math.log(2))
    assert (logits.grad > 0).all()


def test_half_floats_are_computed_in_float32():
    logits = torch.full((1, 1, 64, 64), 7.0, dtype=torch.bfloat16)
    loss = segmentation_loss(logits, torch.ones(1, 1, 64, 64, dtype=torch.uint8))
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(math.log1p(math.exp(-7)), rel=1e-4)


def test_masks_of_another_size_are_refused():
    with pytest.raises(ShapeError, match="masks"):
        segmentation_loss(torch.zeros(2, 1, 4, 4), torch.zeros(2, 4, 4, dtype=torch.uint8))
