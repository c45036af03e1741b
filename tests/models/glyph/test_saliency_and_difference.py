"""Ink that some character attends to, and the cost of ink that none does."""

import math

import pytest
import torch

from models.errors import ShapeError
from models.glyph.losses.difference_loss import difference_loss
from models.glyph.losses.saliency import saliency

WIDTH, HEIGHT = 20, 3


def interpolate_row(row: list[float], width: int) -> list[float]:
    """Linear interpolation between the centres of the columns, edges held."""
    values = []
    for x in range(width):
        place = min(max((x + 0.5) * len(row) / width - 0.5, 0.0), len(row) - 1)
        left = math.floor(place)
        right = min(left + 1, len(row) - 1)
        values.append(row[left] + (row[right] - row[left]) * (place - left))
    return values


def slow_saliency(attention: torch.Tensor, lengths: list[int], mask: torch.Tensor) -> list[float]:
    """Pixel by pixel in plain Python."""
    result = []
    for text, length, ink in zip(attention.tolist(), lengths, mask.tolist(), strict=True):
        wide = [interpolate_row(row, len(ink[0][0])) for row in text[:length]]
        for line in ink[0]:
            for x, value in enumerate(line):
                looked = sum(1 / (1 + math.exp(-70 * (row[x] - 0.1))) for row in wide)
                result.append(min(max(looked * value, 0.0), 1.0))
    return result


def slow_difference(seen: list[float], mask: torch.Tensor) -> float:
    losses = []
    for value, ink in zip(seen, mask.flatten().tolist(), strict=True):
        value = min(max(value, 1e-4), 1 - 1e-4)
        losses.append(-(ink * math.log(value) + (1 - ink) * math.log(1 - value)))
    return sum(losses) / len(losses)


def draw_case(batch: int, dtype: torch.dtype = torch.float32) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(batch)
    attention = (torch.randn(batch, 4, 14, generator=generator, dtype=dtype) * 0.5).softmax(-1)  # few places saturate
    return attention, (torch.rand(batch, 1, HEIGHT, WIDTH, generator=generator, dtype=dtype) > 0.5).to(dtype)


@pytest.mark.parametrize("lengths", [[4], [4, 2], [0, 1], [3, 7]])
def test_both_match_a_slow_reference(lengths):
    attention, mask = draw_case(len(lengths))
    seen = saliency(attention, torch.tensor(lengths), mask)
    expected = slow_saliency(attention, lengths, mask)
    assert seen.shape == mask.shape
    torch.testing.assert_close(seen.flatten(), torch.tensor(expected), atol=1e-5, rtol=1e-4)
    assert float(difference_loss(seen, mask)) == pytest.approx(slow_difference(expected, mask), rel=1e-4)


def test_a_single_column_of_attention_covers_the_width():
    seen = saliency(torch.ones(1, 1, 1), torch.tensor([1]), torch.ones(1, 1, 2, 6))
    assert (seen > 0.999).all()


@pytest.mark.parametrize(("attention", "seen"), [(0.0, 0.00091), (0.05, 0.0293), (0.1, 0.5), (0.2, 0.99909)])
def test_attention_counts_as_looking_by_the_known_curve(attention, seen):
    value = saliency(torch.full((1, 1, 4), attention), torch.tensor([1]), torch.ones(1, 1, 1, 8))
    assert value.max().item() == pytest.approx(seen, abs=6e-6 if attention != 0.05 else 5e-5)


def test_gradient_goes_to_the_attention_alone():
    attention, mask = draw_case(2, torch.float64)
    lengths = torch.tensor([4, 2])
    attention.requires_grad_()
    mask.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: difference_loss(saliency(x, lengths, mask), mask), attention)
    difference_loss(saliency(attention, lengths, mask), mask).backward()
    assert mask.grad is None
    assert attention.grad[0].any()
    assert not attention.grad[1, 2:].any()  # steps after the text


def test_unseen_ink_draws_the_attention():
    attention = torch.tensor([[[0.5, 0.5, 0.0, 0.0]]], requires_grad=True)
    mask = torch.zeros(1, 1, 4, 16)
    mask[..., 10:14] = 1
    difference_loss(saliency(attention, torch.tensor([1]), mask), mask).backward()
    assert (attention.grad[0, 0, 2:] < 0).all()  # more attention there would cost less


@pytest.mark.parametrize("lengths", [[], [0], [1], [0, 0]])
@pytest.mark.parametrize("ink", [0.0, 1.0])
def test_edges_are_finite_and_learn_nothing_wrong(lengths, ink):
    attention = torch.rand(len(lengths), 3, 4, requires_grad=True)
    mask = torch.full((len(lengths), 1, HEIGHT, WIDTH), ink)
    seen = saliency(attention, torch.tensor(lengths, dtype=torch.long), mask)
    loss = difference_loss(seen, mask)
    loss.backward()
    assert loss.shape == ()
    assert math.isfinite(loss.item())
    assert torch.isfinite(attention.grad).all()
    if ink == 0.0:
        assert not attention.grad.any()
        assert loss.item() < 2e-4


def test_a_text_of_no_step_keeps_its_axes():
    seen = saliency(torch.zeros(2, 0, 4), torch.tensor([0, 0]), torch.ones(2, 1, HEIGHT, WIDTH))
    assert seen.shape == (2, 1, HEIGHT, WIDTH)
    assert not seen.any()


def test_half_floats_are_computed_in_float32():
    attention, mask = draw_case(2)
    half = attention.bfloat16()
    seen = saliency(half, torch.tensor([4, 4]), mask.bfloat16())
    torch.testing.assert_close(seen, saliency(half.float(), torch.tensor([4, 4]), mask), rtol=0, atol=0)
    assert difference_loss(seen.bfloat16(), mask).dtype == torch.float32


def test_what_does_not_fit_is_refused():
    attention, mask = draw_case(2)
    with pytest.raises(ShapeError, match="lengths"):
        saliency(attention, torch.tensor([4]), mask)
    with pytest.raises(ShapeError, match="mask"):
        saliency(attention, torch.tensor([4, 4]), mask[:1])
    with pytest.raises(ShapeError, match="mask"):
        difference_loss(mask, mask[:, 0])
