"""A run's state as one file that travels: exact where it may be large, in half precision where it may not.

A bundle is a zip of `state.json`, `tensors.safetensors` and `progress.jsonl`. "exact" is the state as the loop wrote
it. "compact" holds weights and average as float16 and Adam's moments as bfloat16. "weights" has no moments: the
warm-up of the next schedule gathers them anew. Only "exact" keeps the best weights; the others take them from the
checkpoint that lies beside.
"""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from models.compact import restore_tensors
from textrec_app.errors import InputError
from textrec_app.training.run_state import LATEST

STATE_FILE, TENSORS_FILE, PROGRESS_FILE = "state.json", "tensors.safetensors", "progress.jsonl"
LEVELS = ("exact", "compact", "weights")
_HALF_BYTES = {"exact": 4.0, "compact": 2.0, "weights": 2.0}
_KINDS = {
    "exact": ("network.", "average.", "best.", "optimizer.", "random."),
    "compact": ("network.", "average.", "optimizer.", "random."),
    "weights": ("network.", "average.", "random."),
}


def find_state_folder(run_dir: Path) -> Path | None:
    """The folder of a run's newest whole state."""
    pointer = run_dir / "state" / LATEST
    if not pointer.is_file():
        return None
    return pointer.parent / pointer.read_text(encoding="utf-8").strip()


def find_state_step(run_dir: Path) -> int:
    """Steps of a run's newest whole state; -1 where there is none."""
    folder = find_state_folder(run_dir)
    return -1 if folder is None else int(json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))["step"])


def write_bundle(run_dir: Path, target: Path, limit_bytes: int) -> str:
    """Write the newest state of a run as exactly as the limit allows.

    Returns:
        Its level: "exact", "compact" or "weights".

    Raises:
        InputError: the run has no state, or even its weights are over the limit.
    """
    folder = find_state_folder(run_dir)
    if folder is None:
        raise InputError(f"{run_dir} holds no state of a run. Name the --out of a training that has saved one.")
    tensors = load_file(folder / TENSORS_FILE)
    rest = sum(path.stat().st_size for path in (folder / STATE_FILE, run_dir / PROGRESS_FILE) if path.is_file()) + 1000
    sizes = {level: rest + sum(_size(name, tensor, level) for name, tensor in tensors.items()) for level in LEVELS}
    level = next((level for level in LEVELS if sizes[level] <= limit_bytes), "")
    if not level:
        needed = sizes["weights"] / 2**20
        raise InputError(f"The state needs {needed:.0f} MiB and has {limit_bytes / 2**20:.0f}. Leave the state out.")
    numbers = json.loads((folder / STATE_FILE).read_text(encoding="utf-8")) | {"level": level}
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f".{target.name}.tensors")
    save_file({n: _reduced(n, t, level) for n, t in tensors.items() if n.startswith(_KINDS[level])}, scratch)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        archive.write(scratch, TENSORS_FILE)
        archive.writestr(STATE_FILE, json.dumps(numbers))
        if (run_dir / PROGRESS_FILE).is_file():
            archive.write(run_dir / PROGRESS_FILE, PROGRESS_FILE, zipfile.ZIP_DEFLATED)
    scratch.unlink()
    return level


def read_bundle_state(bundle: Path) -> dict[str, Any]:
    """The numbers of a bundle's state, its step among them.

    Raises:
        InputError: it is no bundle.
    """
    try:
        with zipfile.ZipFile(bundle) as archive:
            return dict(json.loads(archive.read(STATE_FILE)))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise InputError(f"{bundle} holds no state of a run ({error}). Copy it again.") from error


def unpack_bundle(bundle: Path, run_dir: Path, checkpoint: Path | None) -> None:
    """Make a bundle the state of a run; what the run had before is dropped.

    Args:
        checkpoint: the best weights, for bundles that do not hold them; None takes the average.

    Raises:
        InputError: it is no bundle.
    """
    numbers = read_bundle_state(bundle)
    level = numbers.pop("level")
    root = run_dir / "state"
    shutil.rmtree(root, ignore_errors=True)
    folder = root / f"step-{numbers['step']}"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(bundle) as archive:
        archive.extract(TENSORS_FILE, folder)
        if PROGRESS_FILE in archive.namelist():
            archive.extract(PROGRESS_FILE, run_dir)
    if level != "exact":
        path = folder / TENSORS_FILE
        best = restore_tensors(load_file(checkpoint)) if checkpoint is not None else {}
        whole = _widened(load_file(path), best)
        save_file(whole, path)
    (folder / STATE_FILE).write_text(json.dumps(numbers), encoding="utf-8")
    (root / LATEST).write_text(folder.name, encoding="utf-8")


def _size(name: str, tensor: Tensor, level: str) -> int:
    if not name.startswith(_KINDS[level]):
        return 0
    each = _HALF_BYTES[level] if tensor.is_floating_point() else tensor.element_size()
    return int(tensor.numel() * each) + 200


def _reduced(name: str, tensor: Tensor, level: str) -> Tensor:
    if level == "exact" or tensor.dtype != torch.float32 or tensor.numel() == 1:
        return tensor
    return tensor.to(torch.bfloat16 if name.startswith("optimizer.") else torch.float16)


def _widened(tensors: dict[str, Tensor], best: dict[str, Tensor]) -> dict[str, Tensor]:
    """All in float32 again, with the best weights from the checkpoint, what it lacks from the average."""
    whole = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
    for name, tensor in list(whole.items()):
        if name.startswith("average."):
            own = name.removeprefix("average.")
            found = best.get(own)
            whole[f"best.{own}"] = tensor.clone() if found is None else found.to(tensor.dtype)
    return whole
