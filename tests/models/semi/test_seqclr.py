"""Contrast of the parts of words: a slow reference, gradients, windows over the width, and no undefined batch."""

import math

import pytest
import torch

from models.errors import ShapeError
from models.recognition.semi.options import ContrastOptions
from models.recognition.semi.seqclr import (
    band_instances,
    fixed_instances,
    frame_instances,
    nt_xent_loss,
    pool_instances,
    window_instances,
)


def slow_reference(first: torch.Tensor, second: torch.Tensor, temperature: float) -> float:
    """Vector by vector in plain Python: the instances of a word's other windows are negatives too."""
    vectors = [vector / vector.norm() for view in (first, second) for word in view for vector in word]
    half = len(vectors) // 2
    total = 0.0
    for index, vector in enumerate(vectors):
        positive = (index + half) % len(vectors)
        exps = [math.exp(float(vector @ other) / temperature) for other in vectors]
        total -= math.log(exps[positive] / (sum(exps) - exps[index]))
    return total / len(vectors)


def draw(shape: tuple[int, ...], seed: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@pytest.mark.parametrize("shape", [(3, 5, 8), (1, 5, 8), (4, 1, 3)])
@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_matches_a_slow_reference(shape: tuple[int, ...], temperature: float) -> None:
    first, second = draw(shape, 1), draw(shape, 2)
    expected = slow_reference(first, second, temperature)
    assert float(nt_xent_loss(first, second, temperature)) == pytest.approx(expected, rel=1e-5)


def test_gradient() -> None:
    first, second = draw((2, 3, 4), 1, torch.float64), draw((2, 3, 4), 2, torch.float64)
    assert torch.autograd.gradcheck(nt_xent_loss, (first.requires_grad_(), second.requires_grad_()))


def test_vectors_that_say_nothing_cost_what_the_methods_say() -> None:
    """ln(2 N 5 - 1): METHODS section 24 gives 8.019 for 304 words."""
    alike = torch.ones(304, 5, 4)
    assert float(nt_xent_loss(alike, alike)) == pytest.approx(8.019, abs=5e-4)
    assert float(nt_xent_loss(alike[:7], alike[:7])) == pytest.approx(math.log(2 * 7 * 5 - 1), rel=1e-5)


def test_an_untrained_network_begins_near_there() -> None:
    first, second = draw((16, 5, 4096), 1), draw((16, 5, 4096), 2)
    assert float(nt_xent_loss(first, second)) == pytest.approx(math.log(2 * 16 * 5 - 1), abs=0.1)


def test_views_that_agree_on_parts_that_differ_cost_nothing() -> None:
    parts = torch.eye(10).view(2, 5, 10)
    assert float(nt_xent_loss(parts, parts)) < 1e-3
    assert float(nt_xent_loss(parts, parts.flip(1))) > 5.0  # windows in the wrong order


@pytest.mark.parametrize("shape", [(0, 5, 8), (3, 0, 8)])
def test_no_instance_costs_nothing(shape: tuple[int, ...]) -> None:
    nothing = torch.zeros(shape, requires_grad=True)
    loss = nt_xent_loss(nothing, nothing)
    loss.backward()
    assert loss.item() == 0.0


def test_half_floats_are_summed_in_full_precision() -> None:
    first, second = draw((3, 5, 8), 1).bfloat16(), draw((3, 5, 8), 2).bfloat16()
    assert nt_xent_loss(first, second).dtype == torch.float32


def test_windows_lie_over_the_width_and_bands_over_the_rows() -> None:
    across = torch.arange(10.0).expand(1, 1, 4, 10)  # says its column
    down = torch.arange(4.0)[:, None].expand(1, 1, 4, 10)  # says its row
    assert window_instances(across, 5)[0, :, 0].tolist() == [0.5, 2.5, 4.5, 6.5, 8.5]
    assert window_instances(down, 5)[0, :, 0].tolist() == [1.5] * 5
    assert band_instances(down, 4)[0, :, 0].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert band_instances(across, 4)[0, :, 0].tolist() == [4.5] * 4


def test_other_ways_to_part_a_word() -> None:
    across = torch.arange(10.0).expand(1, 1, 4, 10)
    assert frame_instances(across)[0, :, 0].tolist() == list(range(10))
    assert fixed_instances(across, 4)[0, :, 0].tolist() == [1.5, 5.5, 8.5]
    counts = {
        5: ContrastOptions(),
        4: ContrastOptions(instances="bands", windows=4),
        10: ContrastOptions(instances="frames"),
        3: ContrastOptions(instances="fixed"),
    }
    for count, options in counts.items():
        assert pool_instances(across, options).shape == (1, count, 1)


def test_views_of_different_shapes_are_refused() -> None:
    with pytest.raises(ShapeError, match="alike"):
        nt_xent_loss(torch.zeros(2, 5, 3), torch.zeros(2, 4, 3))
