"""Muon: orthogonal updates for matrices and filters, AdamW for the rest, exact resume."""

from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from models.registry import create_network
from textrec_app.training.fit import fit
from textrec_app.training.muon import Muon, group_for_muon, orthogonalise
from textrec_app.training.optimizers import create_optimizer
from textrec_app.training.recipes import FitRecipe

RECIPE = FitRecipe(
    "test",
    steps=12,
    batch_size=4,
    learning_rate=1e-2,
    warmup_steps=2,
    precision="no",
    evaluate_every=6,
    save_every=3,
    optimizer="muon",
)


@pytest.fixture(autouse=True)
def seed() -> None:
    """The same numbers in every run."""
    torch.manual_seed(3)


@pytest.mark.parametrize("shape", [(24, 60), (20, 90), (90, 20)])
def test_all_directions_come_out_of_about_the_same_size(shape: tuple[int, int]) -> None:
    skewed = torch.randn(shape) * torch.logspace(0, -1, shape[1])
    sizes = torch.linalg.svdvals(orthogonalise(skewed).float())
    assert sizes.shape[0] == min(shape)
    assert sizes.min() > 0.4
    assert sizes.max() < 1.4


def test_the_update_keeps_the_signs_of_the_directions() -> None:
    matrix = torch.randn(32, 48)
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    along = torch.diagonal(u.T @ orthogonalise(matrix).float() @ v.T)
    assert along.min() > 0.3


def test_a_gradient_of_zero_moves_nothing() -> None:
    layer = nn.Linear(32, 32, bias=False)
    before = layer.weight.detach().clone()
    optimizer = Muon([{"params": [layer.weight], "orthogonal": True, "weight_decay": 0.0}], lr=0.1)
    layer.weight.grad = torch.zeros_like(layer.weight)
    optimizer.step()
    torch.testing.assert_close(layer.weight.detach(), before, rtol=0, atol=0)


def test_heads_norms_and_thin_filters_stay_with_adam() -> None:
    network = create_network("conv_attention_ctc", {})
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    orthogonal, matrices, vectors = (
        {names[id(parameter)] for parameter in group["params"]} for group in group_for_muon(network, 0.02)
    )
    assert {"head.weight", "row_score.weight", "position.weight"} <= matrices
    assert {"head.bias", "norm.weight"} <= vectors
    assert all(".weight" in name for name in orthogonal)
    assert len(orthogonal) + len(matrices) + len(vectors) == len(names)


def test_it_learns_a_linear_map() -> None:
    goal, inputs = torch.randn(32, 32), torch.randn(256, 32)
    layer = nn.Sequential(nn.Linear(32, 32, bias=False))
    optimizer = create_optimizer(layer, replace(RECIPE, weight_decay=0.0))
    losses = []
    for step in range(80):
        for group in optimizer.param_groups:
            group["lr"] = 0.2 * (1 - step / 80)
        loss = (layer(inputs) - inputs @ goal).square().mean()
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < 0.05 * losses[0]


class SquareTask:
    """Learns to turn vectors; batches depend on the step alone."""

    def __init__(self) -> None:
        torch.manual_seed(7)
        self.network: nn.Module = nn.Sequential(nn.Linear(16, 32), nn.Dropout(0.5), nn.Linear(32, 16))

    def batch(self, step: int, process: int, processes: int) -> Tensor:
        """Four vectors."""
        return torch.randn(4, 16, generator=torch.Generator().manual_seed(step))

    def loss(self, network: nn.Module, batch: Tensor, device: torch.device) -> tuple[Tensor, int]:
        """Squared error."""
        return (network(batch) - batch.flip(1)).square().mean(), len(batch)

    def evaluate(self, network: nn.Module, device: torch.device, should_stop: object) -> dict[str, float]:
        """Nothing to say."""
        return {"score": 0.0}


def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    whole = fit(SquareTask(), RECIPE, tmp_path / "whole", device="cpu")
    words = iter([None] * 4)
    stopped = fit(SquareTask(), RECIPE, tmp_path / "parts", device="cpu", should_stop=lambda: next(words, "cancelled"))
    assert stopped.state == "cancelled"
    second = fit(SquareTask(), RECIPE, tmp_path / "parts", device="cpu")
    assert (second.state, second.step) == ("finished", 12)
    for name, tensor in whole.average.items():
        torch.testing.assert_close(second.average[name], tensor, rtol=0, atol=0)


def test_a_step_whose_gradients_overflowed_is_skipped() -> None:
    network = nn.Linear(24, 32)
    optimizer = Muon(group_for_muon(network, 0.0), lr=1e-2, fused=True)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    for gradient in (float("inf"), 1.0):
        network.weight.grad = torch.full_like(network.weight, gradient)
        network.bias.grad = torch.ones_like(network.bias)
        scaler.scale(torch.ones(()))
        scaler.unscale_(optimizer)
        scaler.step(optimizer)
        scaler.update()
        after = network.state_dict()
        assert all(torch.equal(after[name], before[name]) for name in before) == (gradient == float("inf"))
        assert all(tensor.isfinite().all() for tensor in after.values())


def test_a_run_that_changes_its_optimizer_begins_new_moments(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def create_task() -> SquareTask:
        task = SquareTask()
        task.network = nn.Sequential(OrderedDict(head=nn.Linear(16, 32), last=nn.Linear(32, 16)))
        return task

    fit(create_task(), replace(RECIPE, optimizer="adamw", steps=6), tmp_path, device="cpu")
    assert "begin anew" not in caplog.text
    assert fit(create_task(), RECIPE, tmp_path, device="cpu").step == RECIPE.steps
    assert "begin anew" in caplog.text  # groups hold the parameters in another order
