"""Reading with onnxruntime from the files that `models export-onnx` writes; the package is optional."""

import importlib
import importlib.util
import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.errors import WeightsError
from models.export.onnx_file import onnx_card_path
from models.weights import WeightCard, load_card

logger = logging.getLogger(__name__)

PACKAGE = "onnxruntime"


def has_onnxruntime() -> bool:
    """Whether onnxruntime is installed."""
    return importlib.util.find_spec(PACKAGE) is not None


def find_onnx_file(weights: Path, card: WeightCard) -> Path | None:
    """The ONNX file beside the weights, if it was made from just these; None otherwise."""
    path = weights.with_suffix(".onnx")
    if not path.is_file() or not onnx_card_path(path).is_file():
        return None
    if load_card(onnx_card_path(path)).sha256 != card.sha256:
        logger.warning("%s was made from other weights and is not used; export it again", path.name)
        return None
    return path


class OnnxRunner:
    """A recognizer in onnxruntime, float32."""

    name = "onnx float32"

    def __init__(self, path: Path, threads: int) -> None:
        self._session = open_session(path, threads)

    def run(self, images: np.ndarray) -> Tensor:
        """(B, 32, W, 3) uint8 RGB to (B, T, K) float32 logits."""
        (logits,) = self._session.run(["logits"], {"images": np.ascontiguousarray(images)})
        return torch.from_numpy(logits)


def open_session(path: Path, threads: int) -> Any:
    """An onnxruntime session on the CPU; typed Any as the package is optional.

    Raises:
        WeightsError: the file cannot be used.
    """
    runtime = importlib.import_module(PACKAGE)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except _load_errors() as error:
        raise WeightsError(f"{path.name} cannot be read by onnxruntime ({error}); export it again") from error


def _load_errors() -> tuple[type[Exception], ...]:
    """What onnxruntime raises for a file that it cannot use."""
    state = importlib.import_module(f"{PACKAGE}.capi.onnxruntime_pybind11_state")
    return (state.Fail, state.InvalidGraph, state.InvalidProtobuf, state.NoSuchFile, state.RuntimeException)
