"""The training loop: exact resume, stopping, averaging, schedules."""

import json
import math
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from textrec_app.training.averaging import WeightAverage
from textrec_app.training.fit import StopCheck, fit
from textrec_app.training.recipes import FitRecipe, get_recognizer_recipe, learning_rate_factor

RECIPE = FitRecipe(
    "test", steps=12, batch_size=4, learning_rate=1e-2, warmup_steps=2, precision="no", evaluate_every=4, save_every=3
)


class LineTask:
    """Learns y = 2x from batches that depend on the step alone; dropout makes it need the generator's state."""

    def __init__(self) -> None:
        torch.manual_seed(7)
        self.network: nn.Module = nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.5), nn.Linear(8, 1))
        self.seen: list[int] = []

    def batch(self, step: int, process: int, processes: int) -> Tensor:
        """Four numbers."""
        return torch.randn(4, 1, generator=torch.Generator().manual_seed(step))

    def loss(self, network: nn.Module, batch: Tensor, device: torch.device) -> tuple[Tensor, int]:
        """Squared error."""
        return (network(batch) - 2 * batch).square().mean(), len(batch)

    def evaluate(self, network: nn.Module, device: torch.device, should_stop: object) -> dict[str, float]:
        """Minus the error on fixed points."""
        points = torch.linspace(-1, 1, 5)[:, None]
        with torch.inference_mode():
            return {"score": -float((network(points) - 2 * points).square().mean())}


def _stop_after(calls: int) -> StopCheck:
    left = iter(range(calls))
    return lambda: None if next(left, None) is not None else "cancelled"


def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    whole = fit(LineTask(), RECIPE, tmp_path / "whole", device="cpu")
    first = fit(LineTask(), RECIPE, tmp_path / "parts", device="cpu", should_stop=_stop_after(4))
    assert (first.state, first.step) == ("cancelled", 5)
    second = fit(LineTask(), RECIPE, tmp_path / "parts", device="cpu")
    assert (second.state, second.step) == ("finished", 12)
    for name, tensor in whole.average.items():
        torch.testing.assert_close(second.average[name], tensor, rtol=0, atol=0)
    for name, tensor in whole.best.items():
        torch.testing.assert_close(second.best[name], tensor, rtol=0, atol=0)


class WorseningTask(LineTask):
    """Is best when it is measured first."""

    def __init__(self) -> None:
        super().__init__()
        self.measured = 0

    def evaluate(self, network: nn.Module, device: torch.device, should_stop: object) -> dict[str, float]:
        """Less at each call."""
        self.measured += 1
        return {"score": 1.0 / self.measured}


def test_the_metrics_are_those_of_the_weights_that_ship(tmp_path: Path) -> None:
    task = WorseningTask()
    result = fit(task, RECIPE, tmp_path, device="cpu")
    assert task.measured > 1
    assert result.metrics == {"score": 1.0}
    again = fit(WorseningTask(), RECIPE, tmp_path, device="cpu")  # nothing is left to do, the state knows
    assert again.metrics == {"score": 1.0}


def test_a_finished_run_is_not_trained_further(tmp_path: Path) -> None:
    done = fit(LineTask(), RECIPE, tmp_path, device="cpu")
    again = fit(LineTask(), RECIPE, tmp_path, device="cpu")
    assert again.step == done.step
    assert again.samples == done.samples == 48


def test_minutes_pause_the_run_with_a_state_to_go_on_from(tmp_path: Path) -> None:
    paused = fit(LineTask(), RECIPE, tmp_path, device="cpu", minutes=0.0)
    assert (paused.state, paused.step) == ("paused", 1)
    assert (tmp_path / "state" / "latest").read_text() == "step-1"


def test_an_unfinished_save_is_ignored(tmp_path: Path) -> None:
    fit(LineTask(), RECIPE, tmp_path, device="cpu", should_stop=_stop_after(3))
    (tmp_path / "state" / ".step-9.part").mkdir()
    (tmp_path / "state" / ".step-9.part" / "tensors.safetensors").write_bytes(b"half")
    assert fit(LineTask(), RECIPE, tmp_path, device="cpu").state == "finished"


def test_progress_lines_tell_what_happens(tmp_path: Path) -> None:
    told: list[dict[str, object]] = []
    fit(LineTask(), RECIPE, tmp_path, device="cpu", on_progress=told.append)
    lines = [json.loads(line) for line in (tmp_path / "progress.jsonl").read_text().splitlines()]
    assert lines == told
    assert [line["event"] for line in lines][:2] == ["start", "step"]
    assert [line["step"] for line in lines if line["event"] == "evaluation"] == [4, 8, 12]
    assert lines[-1]["event"] == "end"
    assert all(0.0 <= line["progress"] <= 1.0 for line in lines)


def test_the_average_follows_the_network() -> None:
    network = nn.Linear(1, 1, bias=False)
    network.weight.data.fill_(0.0)
    average = WeightAverage(network, decay=0.9)
    network.weight.data.fill_(1.0)
    for _ in range(300):
        average.update(network)
    assert float(average.tensors["weight"]) == pytest.approx(1.0, abs=1e-3)
    with average.applied(network) as averaged:
        assert averaged.get_parameter("weight").item() == float(average.tensors["weight"])
    assert network.weight.item() == 1.0


def test_the_learning_rate_warms_up_then_falls_as_a_cosine() -> None:
    assert learning_rate_factor(0.0, 0, RECIPE) == pytest.approx(0.5)
    assert learning_rate_factor(0.0, 5, RECIPE) == pytest.approx(1.0)
    assert learning_rate_factor(0.5, 50, RECIPE) == pytest.approx(0.505)
    assert learning_rate_factor(2.0, 50, RECIPE) == pytest.approx(0.01)


def test_minutes_replace_steps_in_a_schedule() -> None:
    recipe = get_recognizer_recipe("adapt", minutes=5)
    assert recipe.fit.minutes_schedule == 5
    assert math.isclose(recipe.fit.learning_rate, get_recognizer_recipe("adapt").fit.learning_rate)
