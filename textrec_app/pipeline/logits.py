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
from models.recognition.glyph_network import GlyphNetwork, GlyphReading
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
        with torch.inference_mode(), self._mixed(images):
            return self._network(self._normalised(images)).float().cpu()

    def read_glyphs(self, images: np.ndarray) -> GlyphReading:
        """Both readings of a `GlyphNetwork` in one pass, float32 on the CPU; argument as in `LogitsRunner.run`.

        Raises:
            WeightsError: the network has no glyph head.
        """
        if not isinstance(self._network, GlyphNetwork):
            raise WeightsError(f"{type(self._network).__name__} has no glyph head; read its logits alone")
        with torch.inference_mode(), self._mixed(images):
            reading = self._network.read(self._normalised(images))
        return GlyphReading(*(tensor.float().cpu() for tensor in reading))

    def _mixed(self, images: np.ndarray) -> torch.autocast:
        mixed = self._is_half and not self._is_packed and len(images) > 1
        return torch.autocast(self._device.type, torch.bfloat16, enabled=mixed)

    def _normalised(self, images: np.ndarray) -> Tensor:
        tensor = torch.from_numpy(images).to(self._device).permute(0, 3, 1, 2)
        return (tensor.float() - self._mean) * self._scale


class FastPathRunner:
    """The fast path alone of a network that has a glyph head too: what reading with both is compared to."""

    def __init__(self, runner: LogitsRunner) -> None:
        self.name = f"{runner.name}, fast path"
        self._runner = runner

    def run(self, images: np.ndarray) -> Tensor:
        """See `LogitsRunner.run`."""
        return self._runner.run(images)


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
        runtime: "auto" takes onnxruntime where it is installed, the ONNX file is there and it is faster; never for a
            network with a glyph head, of which the ONNX file has the fast path only.

    Raises:
        InputError: onnxruntime is demanded, but it or the file is missing.
        WeightsError: onnxruntime is demanded, but cannot use the file.
    """
    precision: Precision = "bfloat16" if has_fast_bf16(device) else "float32"
    if runtime == "torch" or (runtime == "auto" and (device.type != "cpu" or isinstance(network, GlyphNetwork))):
        return TorchRunner(network, card.preprocessing, device, precision)
    path = None if weights is None else find_onnx_file(weights, card)
    if path is None or not has_onnxruntime():
        if runtime == "onnx":
            raise InputError(what_onnx_lacks(path))
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


def what_onnx_lacks(path: Path | None, command: str = "models export-onnx") -> str:
    """Says why onnxruntime cannot be used, and what to do.

    Args:
        path: the ONNX file, if there is one.
        command: that makes it.
    """
    if not has_onnxruntime():
        return "TEXTREC_RUNTIME is onnx, but onnxruntime is not installed: pip install -r requirements-onnx.txt."
    return "TEXTREC_RUNTIME is onnx, but these weights have no ONNX file" + (
        f"; make it with `{command}`." if path is None else "."
    )
