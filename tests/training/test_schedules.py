"""Schedules and averaging of a recipe: shape, exact resume, the mean of the tail."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from textrec_app.training.averaging import WeightAverage
from textrec_app.training.fit import StopCheck, fit
from textrec_app.training.recipes import FitRecipe, Schedule, learning_rate_factor

RECIPE = FitRecipe(
    "test", steps=12, batch_size=4, learning_rate=1e-2, warmup_steps=2, precision="no", evaluate_every=100, save_every=5
)


class LineTask:
    """Learns y = 2x from batches that depend on the step alone."""

    def __init__(self) -> None:
        torch.manual_seed(7)
        self.network: nn.Module = nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.5), nn.Linear(8, 1))

    def batch(self, step: int, process: int, processes: int) -> Tensor:
        """Four numbers."""
        return torch.randn(4, 1, generator=torch.Generator().manual_seed(step))

    def loss(self, network: nn.Module, batch: Tensor, device: torch.device) -> tuple[Tensor, int]:
        """Squared error."""
        return (network(batch) - 2 * batch).square().mean(), len(batch)

    def evaluate(self, network: nn.Module, device: torch.device, should_stop: object) -> dict[str, float]:
        """Nothing to measure."""
        return {}


def _stop_after(calls: int) -> StopCheck:
    left = iter(range(calls))
    return lambda: None if next(left, None) is not None else "stopped"


def test_stable_stays_at_the_peak_and_falls_at_the_end() -> None:
    recipe = replace(RECIPE, schedule="stable", decay_share=0.2)
    factors = [learning_rate_factor(done, 50, recipe) for done in (0.0, 0.4, 0.8, 0.85, 0.95, 1.0)]
    assert factors[:3] == pytest.approx([1.0, 1.0, 1.0])
    assert factors[3] == pytest.approx(1 - 0.99 * 0.5)
    assert factors == sorted(factors, reverse=True)
    assert factors[-1] == pytest.approx(0.01)


def test_stable_without_a_fall_never_leaves_the_peak() -> None:
    recipe = replace(RECIPE, schedule="stable", decay_share=0.0)
    assert {learning_rate_factor(done, 50, recipe) for done in (0.0, 0.5, 1.0)} == {1.0}
    assert learning_rate_factor(0.0, 0, recipe) == pytest.approx(0.5)


def test_one_cycle_rises_then_falls() -> None:
    recipe = replace(RECIPE, schedule="one_cycle", rise_share=0.1)
    factors = [learning_rate_factor(done, 0, recipe) for done in (0.0, 0.05, 0.1, 0.5, 1.0)]
    assert factors[0] == pytest.approx(0.04)
    assert factors[2] == pytest.approx(1.0)
    assert factors[0] < factors[1] < factors[2] > factors[3] > factors[4]


@pytest.mark.parametrize("schedule", ["stable", "one_cycle"])
def test_a_run_in_two_sittings_is_the_run_in_one(tmp_path: Path, schedule: Schedule) -> None:
    recipe = replace(RECIPE, schedule=schedule, decay_share=0.5, tail_share=0.5)
    whole = fit(LineTask(), recipe, tmp_path / "whole", device="cpu")
    fit(LineTask(), recipe, tmp_path / "parts", device="cpu", should_stop=_stop_after(8))
    parts = fit(LineTask(), recipe, tmp_path / "parts", device="cpu")
    assert parts.step == whole.step == 12
    for name, tensor in whole.average.items():
        torch.testing.assert_close(parts.average[name], tensor, rtol=0, atol=0)


def test_the_tail_is_a_plain_mean() -> None:
    network = nn.Linear(1, 1, bias=False)
    average = WeightAverage(network, decay=0.9)
    values = [5.0, 1.0, 2.0, 6.0]
    for count, value in enumerate(values):
        network.weight.data.fill_(value)
        average.update(network, tail_updates=count)
    assert float(average.tensors["weight"]) == pytest.approx(3.0)


def test_without_a_decay_the_last_weights_ship(tmp_path: Path) -> None:
    task = LineTask()
    result = fit(task, replace(RECIPE, ema_decay=0.0), tmp_path, device="cpu")
    for name, tensor in task.network.state_dict().items():
        torch.testing.assert_close(result.average[name], tensor)
