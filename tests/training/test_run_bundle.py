"""A run's state in one file: exact where there is room, near where there is not."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from models.compact import compact_tensors
from textrec_app.errors import InputError
from textrec_app.training.fit import fit
from textrec_app.training.recipes import FitRecipe
from textrec_app.training.run_bundle import find_state_folder, find_state_step, unpack_bundle, write_bundle

RECIPE = FitRecipe("test", steps=6, batch_size=4, learning_rate=1e-2, warmup_steps=1, precision="no")


class SumTask:
    """Learns the sum of 40 numbers."""

    def __init__(self) -> None:
        torch.manual_seed(7)
        self.network: nn.Module = nn.Linear(40, 300)

    def batch(self, step: int, process: int, processes: int) -> Tensor:
        """Numbers of the step."""
        return torch.randn(4, 40, generator=torch.Generator().manual_seed(step))

    def loss(self, network: nn.Module, batch: Tensor, device: torch.device) -> tuple[Tensor, int]:
        """Squared error."""
        return (network(batch) - batch.sum(dim=1, keepdim=True)).square().mean(), len(batch)

    def evaluate(self, network: nn.Module, device: torch.device, should_stop: object) -> dict[str, float]:
        """None."""
        return {}


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    fit(SumTask(), RECIPE, tmp_path / "run", device="cpu")
    return tmp_path / "run"


def _tensors(run_dir: Path) -> dict[str, Tensor]:
    folder = find_state_folder(run_dir)
    assert folder is not None
    return load_file(folder / "tensors.safetensors")


def test_an_exact_bundle_is_the_state_itself(run_dir: Path, tmp_path: Path) -> None:
    assert write_bundle(run_dir, tmp_path / "bundle.zip", 10**7) == "exact"
    unpack_bundle(tmp_path / "bundle.zip", tmp_path / "other", None)
    assert find_state_step(tmp_path / "other") == 6
    before, after = _tensors(run_dir), _tensors(tmp_path / "other")
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert (tmp_path / "other" / "progress.jsonl").read_text() == (run_dir / "progress.jsonl").read_text()


@pytest.mark.parametrize(("limit", "level"), [(160_000, "compact"), (90_000, "weights")])
def test_a_small_bundle_is_near_and_can_be_trained_on(run_dir: Path, tmp_path: Path, limit: int, level: str) -> None:
    checkpoint = tmp_path / "best.safetensors"
    save_file({"weight": torch.full((300, 40), 0.25, dtype=torch.float16)}, checkpoint)
    assert write_bundle(run_dir, tmp_path / "bundle.zip", limit) == level
    assert (tmp_path / "bundle.zip").stat().st_size < limit
    unpack_bundle(tmp_path / "bundle.zip", tmp_path / "other", checkpoint)
    before, after = _tensors(run_dir), _tensors(tmp_path / "other")
    torch.testing.assert_close(after["network.weight"], before["network.weight"], rtol=1e-3, atol=1e-4)
    assert (after["best.weight"] == 0.25).all()
    assert torch.equal(after["best.bias"], after["average.bias"])
    assert any(name.startswith("optimizer.") for name in after) is (level == "compact")
    longer = FitRecipe("test", steps=9, batch_size=4, learning_rate=1e-2, precision="no")
    assert fit(SumTask(), longer, tmp_path / "other", device="cpu").step == 9


def test_best_weights_may_lie_in_a_compact_checkpoint(run_dir: Path, tmp_path: Path) -> None:
    checkpoint = tmp_path / "best.safetensors"
    best = torch.linspace(-1, 1, 300 * 40).reshape(300, 40)
    save_file(compact_tensors({"weight": best}), checkpoint)
    write_bundle(run_dir, tmp_path / "bundle.zip", 160_000)
    unpack_bundle(tmp_path / "bundle.zip", tmp_path / "other", checkpoint)
    torch.testing.assert_close(_tensors(tmp_path / "other")["best.weight"], best, rtol=0, atol=0.01)


def test_what_cannot_be_bundled_is_a_sentence(run_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Leave the state out"):
        write_bundle(run_dir, tmp_path / "bundle.zip", 100)
    with pytest.raises(InputError, match="holds no state"):
        write_bundle(tmp_path / "nothing", tmp_path / "bundle.zip", 10**7)
    (tmp_path / "broken.zip").write_bytes(b"PK")
    with pytest.raises(InputError, match="Copy it again"):
        unpack_bundle(tmp_path / "broken.zip", tmp_path / "other", None)
