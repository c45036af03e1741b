"""Writing a recognizer as an ONNX file that reads: pictures in, class ids and logits out."""

import copy
import importlib.util
import os
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from models.errors import WeightsError
from models.export.reading import GreedyReading, ReadingGraph
from models.packing import fold_batch_norms
from models.recognition.parseq import Parseq
from models.recognition.text_network import TextNetwork
from models.weights import WeightCard

OPSET = 18
PACKAGES = ("onnx", "onnxscript")
MOST_CROPS, MOST_WIDTH_PX = 4096, 8192
EXAMPLE_CROPS, EXAMPLE_WIDTH_PX = 2, 128


def export_onnx(network: nn.Module, card: WeightCard, path: Path) -> None:
    """Write NAME.onnx and NAME.onnx.json, the card: charset, preprocessing, calibration, SHA-256 of the weights.

    The graph takes `images`, (B, 32, W, 3) uint8 RGB for any B and any W that the network reads, and gives the
    fields of `GreedyReading`. A network that says one character after the other is exported so that it says all
    at once and refines that, which needs no loop over data.

    Raises:
        WeightsError: not a recognizer, or a package that the export needs is not installed.

    Source:
        METHODS section 3.7: export without data-dependent loops.
    """
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise WeightsError(f"the export needs {' and '.join(missing)}: pip install -r requirements-onnx.txt")
    if not isinstance(network, TextNetwork):
        raise WeightsError(f"{card.name} is a {card.task}; only recognizers are exported")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        _write_graph(network, card, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    onnx_card_path(path).write_text(card.to_json(), encoding="utf-8")


def onnx_card_path(path: Path) -> Path:
    """Where the card of an ONNX file lies."""
    return path.with_name(f"{path.name}.json")


def prepare_for_export(network: TextNetwork) -> nn.Module:
    """A copy that reads without loops over data, its batch norms folded."""
    prepared = copy.deepcopy(network).cpu().eval()
    if isinstance(prepared, Parseq):
        prepared.plan = replace(prepared.plan, decoding="nar")
    return fold_batch_norms(prepared)


def _write_graph(network: TextNetwork, card: WeightCard, path: Path) -> None:
    graph = ReadingGraph(prepare_for_export(network), network.emits, card.preprocessing).eval()
    crops = torch.export.Dim("crops", min=1, max=MOST_CROPS)
    steps = torch.export.Dim("steps", min=2, max=MOST_WIDTH_PX // network.width_multiple)
    program = torch.onnx.export(
        graph,
        (torch.zeros(EXAMPLE_CROPS, 32, EXAMPLE_WIDTH_PX, 3, dtype=torch.uint8),),
        dynamo=True,
        verbose=False,
        opset_version=OPSET,
        input_names=["images"],
        output_names=list(GreedyReading._fields),
        dynamic_shapes=({0: crops, 2: network.width_multiple * steps},),
    )
    if program is None:
        raise WeightsError(f"{card.architecture} could not be written as ONNX")
    program.save(path, external_data=False)
