"""Running a detector: folded torch or onnxruntime, as `pipeline.logits` does for recognizers."""

import logging
import time
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.detection.one_shot import InstanceHead
from models.errors import WeightsError
from models.export.detection import name_outputs
from models.folding import fold_batch_norms
from models.weights import WeightCard
from textrec_app.errors import InputError
from textrec_app.pipeline.canvas import DetectionPreprocessing
from textrec_app.pipeline.devices import has_fast_bf16
from textrec_app.pipeline.logits import Precision, Runtime, what_onnx_lacks
from textrec_app.pipeline.onnx_recognition import find_onnx_file, has_onnxruntime, open_session

logger = logging.getLogger(__name__)

TRIALS = 2
TRIAL_SIZE_HW = (320, 480)

Canvases = NDArray[np.uint8]
Outputs = dict[str, NDArray[np.float32]]


class DetectorRunner(Protocol):
    """Something that scores pictures.

    Attributes:
        name: runtime and precision, as `bench` prints it.
    """

    name: str

    def run(self, canvases: Canvases) -> Outputs:
        """(B, H, W, 3) uint8 RGB, sides multiples of 32, to what the network says, (B, C, h, w) float32 by name."""


class TorchDetectorRunner:
    """torch: a folded copy, in bfloat16 where the device is quick at it; what is regressed stays in float32."""

    def __init__(
        self,
        network: nn.Module,
        preprocessing: DetectionPreprocessing,
        device: torch.device,
        precision: Precision = "float32",
    ) -> None:
        self.name = f"torch {precision}"
        self._device = device
        self._dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
        folded = fold_batch_norms(network).to(self._dtype)
        for head in folded.modules():
            if isinstance(head, InstanceHead):
                head.register_module("score", _InFloat(head.score))
        self._network = folded.to(device).to(memory_format=torch.channels_last)
        mean, std = (torch.tensor(values, device=device) for values in (preprocessing.mean, preprocessing.std))
        self._shift, self._scale = -mean / std, 1.0 / std

    def run(self, canvases: Canvases) -> Outputs:
        """See `DetectorRunner.run`."""
        with torch.inference_mode():
            pictures = torch.from_numpy(canvases).to(self._device)
            normalised = torch.addcmul(self._shift, pictures, self._scale).to(self._dtype)
            outputs = name_outputs(self._network(normalised.permute(0, 3, 1, 2)))  # channels last in memory
        return {name: values.float().cpu().numpy() for name, values in outputs.items()}


class _InFloat(nn.Module):
    """A layer in float32 behind layers of less precision."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer.float()

    def forward(self, features: Tensor) -> Tensor:
        """Features of any precision to float32."""
        scored: Tensor = self.layer(features.float())
        return scored


class OnnxDetectorRunner:
    """A detector in onnxruntime, float32."""

    name = "onnx float32"

    def __init__(self, path: Path, threads: int) -> None:
        self._session = open_session(path, threads)
        self._names = [output.name for output in self._session.get_outputs()]

    def run(self, canvases: Canvases) -> Outputs:
        """See `DetectorRunner.run`."""
        values = self._session.run(self._names, {"images": np.ascontiguousarray(canvases)})
        return dict(zip(self._names, values, strict=True))


def create_detector_runner(
    network: nn.Module,
    card: WeightCard,
    preprocessing: DetectionPreprocessing,
    device: torch.device,
    weights: Path | None = None,
    runtime: Runtime = "auto",
) -> DetectorRunner:
    """The runner for a detector.

    Args:
        weights: where the weights lie; an ONNX file made from them lies beside.
        runtime: "auto" takes onnxruntime on a CPU where it is installed, the ONNX file is there and it is faster.

    Raises:
        InputError: onnxruntime is demanded, but it or the file is missing.
        WeightsError: onnxruntime is demanded, but cannot use the file.
    """
    own = TorchDetectorRunner(network, preprocessing, device, "bfloat16" if has_fast_bf16(device) else "float32")
    if runtime == "torch" or (runtime == "auto" and device.type != "cpu"):
        return own
    path = None if weights is None else find_onnx_file(weights, card)
    if path is None or not has_onnxruntime():
        if runtime == "onnx":
            raise InputError(what_onnx_lacks(path, "models export-onnx detector"))
        return own
    try:
        onnx = OnnxDetectorRunner(path, torch.get_num_threads())
    except WeightsError as error:
        if runtime == "onnx":
            raise
        logger.warning("finding words with torch: %s", error)
        return own
    if runtime == "onnx":
        return onnx
    return onnx if _measure_s(onnx) < _measure_s(own) else own


def _measure_s(runner: DetectorRunner) -> float:
    """Shortest seconds of a few runs over an empty canvas, after one to warm up."""
    canvases = np.zeros((1, *TRIAL_SIZE_HW, 3), np.uint8)
    runner.run(canvases)
    times = []
    for _ in range(TRIALS):
        began = time.perf_counter()
        runner.run(canvases)
        times.append(time.perf_counter() - began)
    return min(times)
