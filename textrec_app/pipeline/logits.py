"""Running a recognizer: packed torch, plain torch or onnxruntime, whichever is there and faster."""

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from models.errors import WeightsError
from models.packing import can_pack, pack_network
from models.weights import WeightCard
from textrec_app.data.buckets import HEIGHT_PX
from textrec_app.errors import InputError
from textrec_app.pipeline.devices import has_fast_bf16
from textrec_app.pipeline.onnx_recognition import OnnxRunner, find_onnx_file, has_onnxruntime

logger = logging.getLogger(__name__)

Runtime = Literal["auto", "torch", "onnx"]
Precision = Literal["float32", "bfloat16"]
FEW_CROPS, MANY_CROPS = 4, 16  # up to FEW_CROPS at a time are timed with one crop, more with MANY_CROPS
TRIALS = 3
TRIAL_WIDTH_PX = 128


class LogitsRunner(Protocol):
    """Something that reads crops; calls must not overlap.

    Attributes:
        name: runtime and precision, as `bench` prints it.
    """

    name: str

    def run(self, images: np.ndarray) -> Tensor:
        """(B, 32, W, 3) uint8 RGB to (B, T, K) float32 logits on the CPU."""


class TorchRunner:
    """torch: the network packed on a CPU where it can be, else as it is, then in bfloat16 for batches."""

    def __init__(
        self, network: nn.Module, preprocessing: Mapping[str, Any], device: torch.device, precision: Precision
    ) -> None:
        self.name = f"torch {precision}"
        self._device, self._is_half = device, precision == "bfloat16"
        self._is_packed = device.type == "cpu" and can_pack(network)
        dtype = torch.bfloat16 if self._is_half else torch.float32
        self._network = pack_network(network, dtype) if self._is_packed else network
        mean, std = (torch.tensor(preprocessing[key], device=device).view(1, 3, 1, 1) for key in ("mean", "std"))
        self._mean, self._scale = mean * 255.0, 1.0 / (std * 255.0)

    def run(self, images: np.ndarray) -> Tensor:
        """See `LogitsRunner.run`."""
        tensor = torch.from_numpy(images).to(self._device).permute(0, 3, 1, 2)
        batch = (tensor.float() - self._mean) * self._scale
        mixed = self._is_half and not self._is_packed and len(images) > 1
        with torch.inference_mode(), torch.autocast(self._device.type, torch.bfloat16, enabled=mixed):
            return self._network(batch).float().cpu()


class FasterRunner:
    """Whichever of several runners is the fastest on this machine, for few crops and for many.

    Each is timed once, when the first such crops come.
    """

    def __init__(self, runners: Sequence[LogitsRunner]) -> None:
        self.name = " or ".join(runner.name for runner in runners)
        self._runners = tuple(runners)
        self._fastest: dict[bool, LogitsRunner] = {}

    def run(self, images: np.ndarray) -> Tensor:
        """See `LogitsRunner.run`."""
        are_few = len(images) <= FEW_CROPS
        if are_few not in self._fastest:
            crops = 1 if are_few else MANY_CROPS
            times = {runner: measure_run_s(runner, crops) for runner in self._runners}
            self._fastest[are_few] = min(times, key=lambda runner: times[runner])
            logger.info("reading %s crops with %s", "few" if are_few else "many", self._fastest[are_few].name)
        return self._fastest[are_few].run(images)


def measure_run_s(runner: LogitsRunner, crops: int) -> float:
    """Shortest seconds of a few runs over so many empty crops, after one to warm up."""
    images = np.zeros((crops, HEIGHT_PX, TRIAL_WIDTH_PX, 3), np.uint8)
    runner.run(images)
    times = []
    for _ in range(TRIALS):
        began = time.perf_counter()
        runner.run(images)
        times.append(time.perf_counter() - began)
    return min(times)


def create_runner(
    network: nn.Module, card: WeightCard, device: torch.device, weights: Path | None = None, runtime: Runtime = "auto"
) -> LogitsRunner:
    """The runner for a recognizer.

    Args:
        weights: where the weights lie; an ONNX file made from them lies beside.
        runtime: "auto" takes onnxruntime where it is installed, the ONNX file is there and it is faster.

    Raises:
        InputError: onnxruntime is demanded, but it or the file is missing.
        WeightsError: onnxruntime is demanded, but cannot use the file.
    """
    precision: Precision = "bfloat16" if has_fast_bf16(device) else "float32"
    if runtime == "torch" or (runtime == "auto" and device.type != "cpu"):
        return TorchRunner(network, card.preprocessing, device, precision)
    path = None if weights is None else find_onnx_file(weights, card)
    if path is None or not has_onnxruntime():
        if runtime == "onnx":
            raise InputError(_what_is_missing(path))
        return TorchRunner(network, card.preprocessing, device, precision)
    try:
        onnx = OnnxRunner(path, torch.get_num_threads())
    except WeightsError as error:
        if runtime == "onnx":
            raise
        logger.warning("reading with torch: %s", error)
        return TorchRunner(network, card.preprocessing, device, precision)
    if runtime == "onnx":
        return onnx
    return FasterRunner((onnx, TorchRunner(network, card.preprocessing, device, precision)))


def _what_is_missing(path: Path | None) -> str:
    if not has_onnxruntime():
        return "TEXTREC_RUNTIME is onnx, but onnxruntime is not installed: pip install -r requirements-onnx.txt."
    return "TEXTREC_RUNTIME is onnx, but these weights have no ONNX file" + (
        "; make it with `models export-onnx`." if path is None else "."
    )
