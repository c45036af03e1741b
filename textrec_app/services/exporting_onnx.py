"""Checkpoints as ONNX files."""

from dataclasses import dataclass
from pathlib import Path

from models.export.onnx_file import export_onnx
from models.weights import load_card, load_network
from textrec_app.errors import InputError
from textrec_app.services.active_weights import TASKS
from textrec_app.services.checkpoints import list_checkpoints
from textrec_app.services.context import App
from textrec_app.services.evaluating import find_weights
from textrec_app.services.writing import prepare_folder, told_if_unwritable

SUFFIX = ".onnx"
DETECTOR = "detector"


@dataclass(frozen=True)
class OnnxExport:
    """What was written; `card` holds charset, preprocessing and calibration."""

    path: str
    card: str
    model: str
    megabytes: float


def export_checkpoint_onnx(app: App, model: str | None = None, out: Path | None = None) -> OnnxExport:
    """Write a recognizer or a detector as an ONNX file that takes bytes; see `models.export.onnx_file`.

    Args:
        model: a checkpoint's name, a task's name or a path; None means the recognizer in use.
        out: the file to write; None writes beside the weights, where reading finds and uses it.

    Raises:
        InputError: no network that can be exported, or the file's name does not end in .onnx, or the place cannot be
            written.
        NotFoundError: there is no such checkpoint.
        WeightsError: the weights are missing or altered, or a package is not installed.
    """
    weights = _find(app, model)
    task = load_card(weights).task
    if task not in TASKS:
        raise InputError(f"{weights.name} is a {task}, not a recognizer or a detector; only these are exported.")
    path = weights.with_suffix(SUFFIX) if out is None else out
    if path.suffix != SUFFIX:
        raise InputError(f"{path.name} does not end in {SUFFIX}. Name the file to write, as words{SUFFIX}.")
    if path.is_dir():
        raise InputError(f"{path} is a folder. Name a file in it.")
    prepare_folder(path.parent)
    network, card = load_network(weights)
    with told_if_unwritable(path):
        export_onnx(network, card, path)
    size = path.stat().st_size / 1e6
    return OnnxExport(str(path), f"{path}.json", f"{card.name}@{card.version}", round(size, 2))


def _find(app: App, model: str | None) -> Path:
    """The weights that a person means, of either task."""
    is_detector = model == DETECTOR or (model is not None and _task_of(app, model) == DETECTOR)
    return find_weights(app, DETECTOR if is_detector else "recognizer", model)


def _task_of(app: App, model: str) -> str | None:
    """The task of a known checkpoint's name."""
    views = (view for task in TASKS for view in list_checkpoints(app, task))
    return next((view.task for view in views if model in (view.name, view.name.rpartition("-shipped-")[0])), None)
