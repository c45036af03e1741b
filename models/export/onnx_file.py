"""Writing networks as ONNX files that take bytes: recognizers give class ids and logits, detectors their maps."""

import copy
import importlib.util
import os
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from models.backbones.residual_pyramid import COARSEST_STRIDE
from models.errors import WeightsError
from models.export.detection import DetectionGraph, name_outputs
from models.export.reading import GreedyReading, ReadingGraph
from models.folding import fold_batch_norms
from models.recognition.parseq import Parseq
from models.recognition.text_network import TextNetwork
from models.weights import WeightCard

OPSET = 18
DETECTOR = "detector"
PACKAGES = ("onnx", "onnxscript")
MOST_CROPS, MOST_WIDTH_PX = 4096, 8192
EXAMPLE_CROPS, EXAMPLE_WIDTH_PX = 2, 128
MOST_PICTURES, MOST_SIDE_PX = 64, 16384
EXAMPLE_PICTURES, EXAMPLE_SIZE_HW = 2, (96, 128)


def export_onnx(network: nn.Module, card: WeightCard, path: Path) -> None:
    """Write NAME.onnx and NAME.onnx.json, the card: charset, preprocessing, calibration, SHA-256 of the weights.

    The card's vocabulary, texts of a person's pictures, is left out: such files are made to be passed on.

    The graph takes `images`, uint8 RGB. That of a recognizer takes (B, 32, W, 3) for any B and any W that the network
    reads, and gives the fields of `GreedyReading`. A network that says one character after the other is exported so
    that it says all at once and refines that, which needs no loop over data. That of a detector takes (B, H, W, 3) for
    any B and sides that are multiples of 32, and gives the network's own outputs, (B, C, h, w) float32: "maps" of
    `craft`, the fields of `OneShotMaps` of `one_shot`.

    Raises:
        WeightsError: neither a recognizer nor a detector, or a package that the export needs is not installed.

    Source:
        METHODS section 3.7: export without data-dependent loops.
    """
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise WeightsError(f"the export needs {' and '.join(missing)}: pip install -r requirements-onnx.txt")
    if not isinstance(network, TextNetwork) and card.task != DETECTOR:
        raise WeightsError(f"{card.name} is a {card.task}; only recognizers and detectors are exported")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        program = _trace_reading(network, card) if isinstance(network, TextNetwork) else _trace_detection(network, card)
        if program is None:
            raise WeightsError(f"{card.architecture} could not be written as ONNX")
        program.save(temporary, external_data=False)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    onnx_card_path(path).write_text(replace(card, vocabulary=[]).to_json(), encoding="utf-8")


def onnx_card_path(path: Path) -> Path:
    """Where the card of an ONNX file lies."""
    return path.with_name(f"{path.name}.json")


def prepare_for_export(network: TextNetwork) -> nn.Module:
    """A copy that reads without loops over data, its batch norms folded."""
    prepared = copy.deepcopy(network).cpu().eval()
    if isinstance(prepared, Parseq):
        prepared.plan = replace(prepared.plan, decoding="nar")
    return fold_batch_norms(prepared)


def _trace_reading(network: TextNetwork, card: WeightCard) -> torch.onnx.ONNXProgram | None:
    graph = ReadingGraph(prepare_for_export(network), network.emits, card.preprocessing).eval()
    crops = torch.export.Dim("crops", min=1, max=MOST_CROPS)
    steps = torch.export.Dim("steps", min=2, max=MOST_WIDTH_PX // network.width_multiple)
    return torch.onnx.export(
        graph,
        (torch.zeros(EXAMPLE_CROPS, 32, EXAMPLE_WIDTH_PX, 3, dtype=torch.uint8),),
        dynamo=True,
        verbose=False,
        opset_version=OPSET,
        input_names=["images"],
        output_names=list(GreedyReading._fields),
        dynamic_shapes=({0: crops, 2: network.width_multiple * steps},),
    )


def _trace_detection(network: nn.Module, card: WeightCard) -> torch.onnx.ONNXProgram | None:
    prepared = fold_batch_norms(network).cpu()
    height, width = EXAMPLE_SIZE_HW
    with torch.inference_mode():
        names = list(name_outputs(prepared(torch.zeros(1, 3, height, width))))
    pictures = torch.export.Dim("pictures", min=1, max=MOST_PICTURES)
    rows, columns = (torch.export.Dim(name, min=1, max=MOST_SIDE_PX // COARSEST_STRIDE) for name in ("rows", "columns"))
    return torch.onnx.export(
        DetectionGraph(prepared, card.preprocessing).eval(),
        (torch.zeros(EXAMPLE_PICTURES, height, width, 3, dtype=torch.uint8),),
        dynamo=True,
        verbose=False,
        opset_version=OPSET,
        input_names=["images"],
        output_names=names,
        dynamic_shapes=({0: pictures, 1: COARSEST_STRIDE * rows, 2: COARSEST_STRIDE * columns},),
    )
