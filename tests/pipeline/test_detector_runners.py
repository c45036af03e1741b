"""A detector finds the same in torch, folded and in half precision, and in onnxruntime."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.errors import WeightsError
from models.export.detection import name_outputs
from models.export.onnx_file import export_onnx, onnx_card_path
from models.registry import create_network
from models.weights import WeightCard, load_network, save_weights
from tests.support.checkpoints import save_tiny_detector
from textrec_app.errors import InputError
from textrec_app.pipeline.canvas import DetectionPreprocessing
from textrec_app.pipeline.detection import Detector
from textrec_app.pipeline.detector_runners import OnnxDetectorRunner, TorchDetectorRunner, create_detector_runner

CPU = torch.device("cpu")
TINY: dict[str, Any] = {"widths": [8, 8, 16, 16], "depths": [1, 1, 1, 1], "up_widths": [8, 8, 8]}
CONFIGS: dict[str, dict[str, Any]] = {"craft": TINY, "one_shot": {**TINY, "dilations": [2], "head_width": 8}}
OUTPUTS = {"craft": ["maps"], "one_shot": ["words", "characters"]}
PREPROCESSING: dict[str, Any] = {"mean": (120.0, 110.0, 100.0), "std": (60.0, 55.0, 50.0), "far_ratio": 0.0}
SETTINGS = DetectionPreprocessing(**PREPROCESSING)


@pytest.fixture(scope="module", params=sorted(CONFIGS))
def weights(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector whose batch norms have learned something, with its ONNX file beside it."""
    torch.manual_seed(3)
    network = create_network(request.param, CONFIGS[request.param]).train()
    for _ in range(2):
        network(torch.randn(2, 3, 64, 64))
    card = WeightCard("d", "1", "detector", request.param, CONFIGS[request.param], preprocessing=PREPROCESSING)
    path = save_weights(tmp_path_factory.mktemp("onnx"), request.param, network.state_dict(), card)
    export_onnx(*load_network(path), path.with_suffix(".onnx"))
    return path


def draw_words(size_hw: tuple[int, int]) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 with a few words."""
    image = np.full((*size_hw, 3), (225, 222, 214), np.uint8)
    for row in range(30, size_hw[0], 40):
        cv2.putText(image, "Open daily", (8, row), cv2.FONT_HERSHEY_DUPLEX, 0.8, (30, 40, 60), 2, cv2.LINE_AA)
    return image


@pytest.mark.parametrize("shape", [(1, 32, 32), (1, 160, 96), (3, 64, 224)])
def test_the_file_and_torch_say_what_the_network_says(weights: Path, shape: tuple[int, int, int]) -> None:
    network, _ = load_network(weights)
    images = np.stack([np.roll(draw_words(shape[1:]), 5 * index, axis=0) for index in range(shape[0])])
    normalised = (torch.from_numpy(images).float() - torch.tensor(SETTINGS.mean)) / torch.tensor(SETTINGS.std)
    with torch.inference_mode():
        expected = name_outputs(network(normalised.permute(0, 3, 1, 2)))
    runners = (OnnxDetectorRunner(weights.with_suffix(".onnx"), 1), TorchDetectorRunner(network, SETTINGS, CPU))
    for runner in runners:
        said = runner.run(images)
        assert list(said) == list(expected) == OUTPUTS[weights.stem]
        for name, values in expected.items():
            assert said[name].dtype == np.float32
            torch.testing.assert_close(torch.from_numpy(said[name]), values, atol=1e-3, rtol=1e-3)


def test_half_precision_says_nearly_the_same(weights: Path) -> None:
    network, _ = load_network(weights)
    images = draw_words((96, 128))[None]
    plain = TorchDetectorRunner(network, SETTINGS, CPU).run(images)
    half = TorchDetectorRunner(network, SETTINGS, CPU, "bfloat16").run(images)
    for name, values in plain.items():
        assert half[name].dtype == np.float32
        assert np.abs(half[name] - values).max() < 0.05 * np.abs(values).max()


def test_regions_are_the_same_in_onnxruntime(weights: Path) -> None:
    image = draw_words((200, 300))
    network, card = load_network(weights)
    plain = Detector(network, card, "cpu", TorchDetectorRunner(network, SETTINGS, CPU)).look(image, 0.02)
    other = Detector.load(weights, "cpu", "onnx").look(image, 0.02)
    assert sorted(other.maps) == sorted(plain.maps)
    for name, values in plain.maps.items():
        assert np.abs(other.maps[name] - values).max() < 1e-3
    assert len(other.regions) == pytest.approx(len(plain.regions), rel=0.02)


def test_the_card_lies_beside_the_file_which_serves_only_its_own_weights(weights: Path) -> None:
    network, card = load_network(weights)
    path = onnx_card_path(weights.with_suffix(".onnx"))
    assert json.loads(path.read_text(encoding="utf-8"))["sha256"] == card.sha256
    assert isinstance(create_detector_runner(network, card, SETTINGS, CPU, weights, "onnx"), OnnxDetectorRunner)
    assert isinstance(create_detector_runner(network, card, SETTINGS, CPU, weights, "torch"), TorchDetectorRunner)
    with pytest.raises(InputError, match="export-onnx detector"):
        create_detector_runner(network, replace(card, sha256="0" * 64), SETTINGS, CPU, weights, "onnx")


def test_demanding_onnx_without_a_file_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="export-onnx detector"):
        Detector.load(save_tiny_detector(tmp_path), "cpu", "onnx")


def test_a_broken_file_beside_the_weights_does_not_end_finding(tmp_path: Path) -> None:
    path = save_tiny_detector(tmp_path)
    network, card = load_network(path)
    path.with_suffix(".onnx").write_bytes(b"nothing")
    onnx_card_path(path.with_suffix(".onnx")).write_text(card.to_json(), encoding="utf-8")
    assert isinstance(create_detector_runner(network, card, SETTINGS, CPU, path, "auto"), TorchDetectorRunner)
    with pytest.raises(WeightsError, match="export it again"):
        create_detector_runner(network, card, SETTINGS, CPU, path, "onnx")
