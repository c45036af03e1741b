"""A run on disk: everything needed to go on exactly where it stopped, written so that a kill cannot spoil it.

RUN/state/step-N/{tensors.safetensors, state.json} and RUN/state/latest, which names the newest whole one.
"""

import json
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.optim import Optimizer

LATEST = "latest"


@dataclass
class RunState:
    """Numbers of a run that change while it trains.

    Attributes:
        step: optimizer steps done.
        trained_s: seconds spent training, over all sittings.
        samples: samples seen over all processes.
        best_score, best_step, best_metrics: the best validation so far.
        tail_updates: steps whose weights are averaged equally, at the end of a schedule that has a tail.
    """

    step: int = 0
    trained_s: float = 0.0
    samples: int = 0
    best_score: float = -1.0
    best_step: int = 0
    best_metrics: dict[str, float] = field(default_factory=dict)
    tail_updates: int = 0
    recipe: dict[str, Any] = field(default_factory=dict)


def save_run_state(run_dir: Path, state: RunState, weights: dict[str, dict[str, Tensor]], optimizer: Optimizer) -> None:
    """Write a whole new state, switch to it, then drop the older ones.

    Args:
        weights: the state dictionaries "network", "average" and "best".
    """
    root = run_dir / "state"
    target = root / f"step-{state.step}"
    temporary = root / f".step-{state.step}.part"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    tensors = {f"{kind}.{name}": tensor for kind, named in weights.items() for name, tensor in named.items()}
    tensors |= _optimizer_tensors(optimizer)
    tensors["random.torch"] = torch.get_rng_state()
    save_file(
        {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()},
        temporary / "tensors.safetensors",
    )
    numbers = vars(state) | {"random_python": random.getstate()}
    (temporary / "state.json").write_text(json.dumps(numbers), encoding="utf-8")
    shutil.rmtree(target, ignore_errors=True)
    temporary.replace(target)
    pointer = root / f".{LATEST}.part"
    pointer.write_text(target.name, encoding="utf-8")
    pointer.replace(root / LATEST)
    for old in root.glob("step-*"):
        if old != target:
            shutil.rmtree(old, ignore_errors=True)


@dataclass(frozen=True)
class SavedRun:
    """A state read back."""

    state: RunState
    network: dict[str, Tensor]
    average: dict[str, Tensor]
    best: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    random_torch: Tensor
    random_python: Any


def find_run_state(run_dir: Path) -> SavedRun | None:
    """The newest whole state of a run, or None where it has not saved one."""
    pointer = run_dir / "state" / LATEST
    if not pointer.is_file():
        return None
    folder = pointer.parent / pointer.read_text(encoding="utf-8").strip()
    tensors = load_file(folder / "tensors.safetensors")
    numbers = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    version, internal, gauss = numbers.pop("random_python")
    return SavedRun(
        state=RunState(**numbers),
        network=_below(tensors, "network."),
        average=_below(tensors, "average."),
        best=_below(tensors, "best."),
        optimizer=_below(tensors, "optimizer."),
        random_torch=tensors["random.torch"],
        random_python=(version, tuple(internal), gauss),
    )


def restore_optimizer(optimizer: Optimizer, tensors: dict[str, Tensor]) -> None:
    """Give an optimizer its moments back; parameter groups keep what the recipe says."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, key = name.split(".", 1)
        state.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def restore_randomness(saved: SavedRun) -> None:
    """Put the process's random generators back where they were."""
    torch.set_rng_state(saved.random_torch)
    random.setstate(saved.random_python)


def _optimizer_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    state = optimizer.state_dict()["state"]
    return {
        f"optimizer.{index}.{key}": torch.as_tensor(value)
        for index, values in state.items()
        for key, value in values.items()
    }


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
