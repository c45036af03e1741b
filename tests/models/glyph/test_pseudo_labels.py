"""Where attention meets ink: maps for the slots of the glyph attention."""

import pytest
import torch

from models.errors import ShapeError
from models.glyph.pseudo_labels import build_glyph_labels


def slow_reference(attention: torch.Tensor, length: int, ink: torch.Tensor, slots: int, cut: float) -> torch.Tensor:
    """Of one text whose attention and ink already have the size of the maps."""
    steps, width = attention.shape
    labels = torch.zeros(slots, *ink.shape)
    for y in range(ink.shape[0]):
        for x in range(width):
            claims = [t for t in range(min(length, steps, slots)) if attention[t, x] > cut and ink[y, x] >= 0.4]
            for t in claims:
                labels[t, y, x] = 1 / len(claims)
    return labels


@pytest.mark.parametrize(("steps", "slots"), [(4, 4), (3, 6), (6, 3)])
def test_matches_a_slow_reference(steps, slots):
    generator = torch.Generator().manual_seed(steps)
    attention = torch.randn(3, steps, 10, generator=generator).mul(2).softmax(-1)
    mask = (torch.rand(3, 1, 4, 10, generator=generator) > 0.5).float()
    lengths = [steps, 2, 0]
    labels = build_glyph_labels(attention, torch.tensor(lengths), mask, (4, 10), slots)
    assert labels.shape == (3, slots, 4, 10)
    for text in range(3):
        expected = slow_reference(attention[text], lengths[text], mask[text, 0], slots, 0.05)
        torch.testing.assert_close(labels[text], expected)


def test_attention_and_ink_are_brought_to_the_size_of_the_maps():
    attention = torch.tensor([[[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]])
    mask = torch.zeros(1, 1, 8, 16)
    mask[..., 2:6, :] = 1
    labels = build_glyph_labels(attention, torch.tensor([2]), mask, (4, 8), 2)
    assert labels[0, 0, 1:3, :2].all()
    assert labels[0, 1, 1:3, 6:].all()
    assert not labels[0, :, 0].any()
    assert not labels[0, :, 3].any()
    assert not labels[0, 0, :, 4:].any()


def test_slots_that_overlap_share_the_place():
    attention = torch.tensor([[[0.6, 0.4, 0.0], [0.0, 0.5, 0.5]]])
    labels = build_glyph_labels(attention, torch.tensor([2]), torch.ones(1, 1, 1, 3), (1, 3), 4)
    assert labels[0, :, 0].tolist() == [[1.0, 0.5, 0.0], [0.0, 0.5, 1.0], [0.0] * 3, [0.0] * 3]


def test_sum_over_the_slots_is_nothing_or_one():
    attention = torch.rand(4, 7, 9, generator=torch.Generator().manual_seed(0))
    mask = torch.ones(4, 1, 32, 64)
    totals = build_glyph_labels(attention, torch.full((4,), 7), mask, (8, 16), 26).sum(dim=1)
    assert torch.all((totals - totals.round()).abs() < 1e-6)
    assert totals.max() < 1.001


@pytest.mark.parametrize("lengths", [[], [0], [1], [0, 30]])
def test_edges(lengths):
    attention = torch.ones(len(lengths), 3, 4)
    labels = build_glyph_labels(
        attention, torch.tensor(lengths, dtype=torch.long), torch.ones(len(lengths), 1, 8, 8), (4, 4), 26
    )
    assert labels.shape == (len(lengths), 26, 4, 4)
    for text, length in enumerate(lengths):
        assert bool(labels[text].any()) == (length > 0)
        assert not labels[text, min(length, 3) :].any()


def test_no_ink_has_no_label():
    assert not build_glyph_labels(torch.ones(1, 3, 4), torch.tensor([3]), torch.zeros(1, 1, 8, 8), (4, 4), 5).any()


def test_nothing_is_learnt_through_labels():
    attention = torch.rand(2, 3, 4, requires_grad=True)
    mask = torch.rand(2, 1, 8, 8, requires_grad=True)
    assert not build_glyph_labels(attention, torch.tensor([3, 2]), mask, (4, 4), 5).requires_grad


def test_lengths_of_another_batch_are_refused():
    with pytest.raises(ShapeError, match="lengths"):
        build_glyph_labels(torch.ones(2, 3, 4), torch.tensor([3]), torch.ones(2, 1, 8, 8), (4, 4), 5)
