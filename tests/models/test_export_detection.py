"""The graph of a detector's ONNX file: bytes in, the network's maps out (the file itself: tests/pipeline)."""

from pathlib import Path

import pytest
import torch

from models.detection.one_shot import OneShotMaps
from models.errors import WeightsError
from models.export.detection import DEFAULT_MEAN, DEFAULT_STD, DetectionGraph, name_outputs
from models.export.onnx_file import export_onnx
from models.registry import create_network
from models.weights import WeightCard
from textrec_app.pipeline.canvas import DetectionPreprocessing

TINY = {"widths": [8, 8, 16, 16], "depths": [1, 1, 1, 1], "up_widths": [8, 8, 8]}


def test_bytes_are_normalised_as_the_card_says() -> None:
    torch.manual_seed(0)
    network = create_network("craft", TINY).eval()
    graph = DetectionGraph(network, {"mean": [120.0, 110.0, 100.0], "std": [60.0, 55.0, 50.0]})
    images = torch.randint(0, 256, (2, 64, 96, 3), dtype=torch.uint8)
    normalised = (images.float() - torch.tensor([120.0, 110.0, 100.0])) / torch.tensor([60.0, 55.0, 50.0])
    (maps,) = graph(images)
    torch.testing.assert_close(maps, network(normalised.permute(0, 3, 1, 2)))


def test_outputs_have_the_names_of_their_fields() -> None:
    maps = torch.zeros(1)
    assert list(name_outputs(maps)) == ["maps"]
    assert list(name_outputs(OneShotMaps(maps, maps))) == ["words", "characters"]


def test_what_a_card_does_not_say_is_as_in_the_pipeline() -> None:
    own = DetectionPreprocessing()
    assert (own.mean, own.std) == (DEFAULT_MEAN, DEFAULT_STD)


def test_other_networks_are_not_exported(tmp_path: Path) -> None:
    card = WeightCard("l", "1", "language", "characters")
    with pytest.raises(WeightsError, match="only recognizers and detectors"):
        export_onnx(torch.nn.Identity(), card, tmp_path / "l.onnx")
