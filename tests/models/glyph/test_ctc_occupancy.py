"""The fast path's alignment against all paths, one by one."""

import itertools
import math

import pytest
import torch

from models.glyph.ctc_occupancy import compute_occupancy


def slow_occupancy(log_probs: torch.Tensor, target: list[int]) -> torch.Tensor:
    """Enumerate every path of T classes, keep those that collapse to the text."""
    steps, classes = log_probs.shape
    result = torch.zeros(len(target), steps, dtype=torch.float64)
    for path in itertools.product(range(classes), repeat=steps):
        text, owners, previous = [], [], 0
        for kind in path:
            if kind != 0 and kind != previous:
                text.append(kind)
            owners.append(len(text) - 1 if kind != 0 else None)
            previous = kind
        if text == target:
            probability = math.exp(sum(float(log_probs[step, kind]) for step, kind in enumerate(path)))
            for step, owner in enumerate(owners):
                if owner is not None:
                    result[owner, step] += probability
    return (result / result.sum(dim=1, keepdim=True).clamp(min=1e-30)).float()


@pytest.mark.parametrize("target", [[1], [1, 2], [2, 2], [1, 2, 1]])
def test_matches_all_paths(target):
    log_probs = torch.randn(1, 5, 3, generator=torch.Generator().manual_seed(len(target))).log_softmax(-1)
    occupancy, is_possible = compute_occupancy(log_probs, [target])
    assert is_possible.tolist() == [True]
    torch.testing.assert_close(occupancy[0], slow_occupancy(log_probs[0], target), atol=1e-4, rtol=1e-3)


def test_texts_of_unlike_length_in_one_batch_and_one_that_does_not_fit():
    log_probs = torch.randn(4, 5, 3, generator=torch.Generator().manual_seed(9)).log_softmax(-1)
    targets = [[1, 2, 1], [], [2], [1, 1, 1, 1]]  # the last one needs seven columns
    occupancy, is_possible = compute_occupancy(log_probs, targets)
    assert occupancy.shape == (4, 4, 5)
    assert is_possible.tolist() == [True, True, True, False]
    torch.testing.assert_close(occupancy[0, :3], slow_occupancy(log_probs[0], [1, 2, 1]), atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(occupancy[2, :1], slow_occupancy(log_probs[2], [2]), atol=1e-4, rtol=1e-3)
    assert not occupancy[0, 3:].any()
    assert not occupancy[1].any()
    assert not occupancy[3].any()


def test_no_text_at_all():
    occupancy, is_possible = compute_occupancy(torch.zeros(0, 5, 3), [])
    assert occupancy.shape == (0, 0, 5)
    assert is_possible.shape == (0,)
