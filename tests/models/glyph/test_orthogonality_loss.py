"""Overlap of the attention of two characters."""

import pytest
import torch

from models.errors import ShapeError
from models.glyph.losses.orthogonality_loss import orthogonality_loss


def slow_reference(attention: torch.Tensor, lengths: list[int]) -> float:
    """Pair by pair in plain Python."""
    rows = attention.tolist()
    total = 0.0
    for text, length in zip(rows, lengths, strict=True):
        length = min(length, len(text))
        overlaps = [
            sum(a * b for a, b in zip(text[i], text[j], strict=True)) ** 2
            for i in range(length)
            for j in range(i + 1, length)
        ]
        total += sum(overlaps) * 2 / (length * (length - 1)) if overlaps else 0.0
    return total / max(1, len(rows))


def draw_attention(shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> torch.Tensor:
    generator = torch.Generator().manual_seed(7)
    return (torch.randn(shape, generator=generator, dtype=dtype) * 2).softmax(-1)


@pytest.mark.parametrize("lengths", [[5, 3], [0, 1], [2, 9], [1, 5]])
def test_matches_a_slow_reference(lengths):
    attention = draw_attention((2, 5, 11))
    loss = orthogonality_loss(attention, torch.tensor(lengths))
    assert float(loss) == pytest.approx(slow_reference(attention, lengths), rel=1e-5, abs=1e-9)


def test_gradient():
    attention = draw_attention((3, 4, 5), torch.float64).requires_grad_()
    lengths = torch.tensor([4, 2, 1])
    assert torch.autograd.gradcheck(lambda x: orthogonality_loss(x, lengths), attention)
    (gradient,) = torch.autograd.grad(orthogonality_loss(attention, lengths), attention)
    assert gradient[1, :2].all()
    assert not gradient[1, 2:].any()  # steps after the text
    assert not gradient[2].any()  # one character has no pair


@pytest.mark.parametrize("batch", [0, 1, 2])
@pytest.mark.parametrize("length", [0, 1])
def test_no_pair_costs_nothing(batch, length):
    attention = draw_attention((batch, 4, 6)).requires_grad_()
    loss = orthogonality_loss(attention, torch.full((batch,), length))
    loss.backward()
    assert loss.shape == ()
    assert loss.item() == 0
    assert not attention.grad.any()


def test_characters_apart_cost_nothing_and_characters_in_one_place_cost_one():
    apart = torch.eye(4)[None]
    together = torch.eye(4)[:1].expand(4, 4)[None]
    lengths = torch.tensor([4])
    assert orthogonality_loss(apart, lengths).item() == 0
    assert orthogonality_loss(together, lengths).item() == pytest.approx(1)


def test_strength_does_not_grow_with_the_batch():
    attention, lengths = draw_attention((1, 5, 11)), torch.tensor([4])
    once = orthogonality_loss(attention, lengths)
    torch.testing.assert_close(orthogonality_loss(attention.repeat(8, 1, 1), lengths.repeat(8)), once)


def test_autocast_changes_nothing():
    attention, lengths = draw_attention((2, 5, 11)), torch.tensor([5, 4])
    with torch.autocast("cpu", torch.bfloat16):
        loss = orthogonality_loss(attention, lengths)
    torch.testing.assert_close(loss, orthogonality_loss(attention, lengths), rtol=0, atol=0)


def test_lengths_of_another_batch_are_refused():
    with pytest.raises(ShapeError, match="lengths"):
        orthogonality_loss(draw_attention((2, 5, 11)), torch.tensor([5]))
