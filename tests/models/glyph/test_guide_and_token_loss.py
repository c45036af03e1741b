"""Attention drawn to another alignment, and the cross-entropy of decoders."""

import math

import pytest
import torch

from models.glyph.losses.guide_loss import guide_loss
from models.glyph.losses.token_loss import token_loss
from models.tokenizers import IGNORED


def slow_guide(attention: torch.Tensor, occupancy: torch.Tensor) -> float:
    total, characters = 0.0, 0.0
    for text, wanted in zip(attention.tolist(), occupancy.tolist(), strict=True):
        for row, places in zip(text, wanted, strict=False):
            total -= sum(share * math.log(max(seen, 1e-6)) for share, seen in zip(places, row, strict=True))
            characters += sum(places)
    return total / max(1.0, characters)


def slow_token(logits: torch.Tensor, answers: torch.Tensor, weights: list[float], smoothing: float) -> float:
    total, counted = 0.0, 0.0
    for text, said, weight in zip(logits.tolist(), answers.tolist(), weights, strict=True):
        for row, answer in zip(text, said, strict=False):
            if answer == IGNORED:
                continue
            norm = math.log(sum(math.exp(value) for value in row))
            costs = [norm - value for value in row]
            total += weight * ((1 - smoothing) * costs[answer] + smoothing * sum(costs) / len(costs))
            counted += weight
    return total / max(counted, 1e-6)


def draw_alignment(dtype: torch.dtype = torch.float32) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    attention = torch.randn(2, 4, 6, generator=generator, dtype=dtype).softmax(-1)
    occupancy = torch.randn(2, 3, 6, generator=generator, dtype=dtype).mul(2).softmax(-1)
    occupancy[1, 1:] = 0  # a text of one character
    return attention, occupancy


def test_guide_matches_a_slow_reference():
    attention, occupancy = draw_alignment()
    assert float(guide_loss(attention, occupancy)) == pytest.approx(slow_guide(attention, occupancy), rel=1e-5)


def test_guide_gradient_leads_to_the_alignment_alone():
    attention, occupancy = draw_alignment()
    same = torch.cat([occupancy, attention[:, 3:]], dim=1)
    assert guide_loss(same, occupancy) < guide_loss(attention, occupancy)
    wide, wanted = draw_alignment(torch.float64)
    assert torch.autograd.gradcheck(lambda x: guide_loss(x, wanted), wide.requires_grad_())
    attention.requires_grad_()
    guide_loss(attention, occupancy).backward()
    assert not attention.grad[1, 1:].any()  # no such character
    assert not attention.grad[:, 3:].any()  # the end


@pytest.mark.parametrize("shape", [(0, 3, 6), (2, 0, 6), (2, 3, 6)])
def test_guide_without_alignment_costs_nothing(shape):
    attention = torch.full((shape[0], 4, 6), 1 / 6, requires_grad=True)
    loss = guide_loss(attention, torch.zeros(shape))
    loss.backward()
    assert loss.item() == 0
    assert not attention.grad.any()


def draw_answers(dtype: torch.dtype = torch.float32) -> tuple[torch.Tensor, torch.Tensor]:
    logits = torch.randn(3, 5, 7, generator=torch.Generator().manual_seed(4), dtype=dtype)
    answers = torch.tensor([[1, 2, 3, 0], [6, 0, IGNORED, IGNORED], [IGNORED] * 4])
    return logits, answers


@pytest.mark.parametrize("weights", [None, [1.0, 0.5, 2.0], [0.0, 1.0, 0.0]])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_token_loss_matches_a_slow_reference(weights, smoothing):
    logits, answers = draw_answers()
    loss = token_loss(logits, answers, None if weights is None else torch.tensor(weights), smoothing)
    assert float(loss) == pytest.approx(slow_token(logits, answers, weights or [1.0] * 3, smoothing), rel=1e-5)


def test_token_gradient_goes_to_what_is_asked_alone():
    logits, answers = draw_answers(torch.float64)
    logits.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: token_loss(x, answers, torch.tensor([1.0, 0.5, 2.0]), 0.1), logits)
    token_loss(logits, answers).backward()
    asked = torch.cat([answers != IGNORED, torch.zeros(3, 1, dtype=torch.bool)], dim=1)
    assert logits.grad[asked].any(dim=-1).all()
    assert not logits.grad[~asked].any()


@pytest.mark.parametrize("batch", [0, 2])
def test_nothing_asked_costs_nothing(batch):
    logits = torch.randn(batch, 3, 7, requires_grad=True)
    loss = token_loss(logits, torch.full((batch, 2), IGNORED))
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()


def test_a_new_head_begins_at_the_logarithm_of_its_classes():
    assert float(token_loss(torch.zeros(2, 3, 95), torch.ones(2, 3, dtype=torch.long))) == pytest.approx(
        4.554, abs=1e-3
    )
