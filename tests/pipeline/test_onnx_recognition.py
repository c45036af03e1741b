"""The exported file in onnxruntime says what torch says; it is used only where it fits."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.errors import WeightsError
from models.export.onnx_file import export_onnx, onnx_card_path
from models.recognition.text_network import TextNetwork
from models.weights import load_card, load_network
from tests.support.checkpoints import save_tiny_recognizer
from tests.support.glyph_networks import save_tiny_siga
from textrec_app.data.buckets import BUCKET_WIDTHS_PX
from textrec_app.errors import InputError
from textrec_app.pipeline.logits import FasterRunner, TorchRunner, create_runner
from textrec_app.pipeline.onnx_recognition import OnnxRunner, find_onnx_file
from textrec_app.pipeline.recognition import Recognizer

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny recognizer with its ONNX file beside it."""
    path = save_tiny_recognizer(tmp_path_factory.mktemp("onnx"), "tiny")
    network, card = load_network(path)
    export_onnx(network, card, path.with_suffix(".onnx"))
    return path


def _images(crops: int, width: int) -> np.ndarray:
    return np.random.default_rng(width).integers(0, 256, (crops, 32, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("width", BUCKET_WIDTHS_PX)
def test_every_bucket_reads_as_in_torch(weights: Path, width: int) -> None:
    network, card = load_network(weights)
    images = _images(2, width)
    plain = TorchRunner(network, card.preprocessing, CPU, "float32").run(images)
    other = OnnxRunner(weights.with_suffix(".onnx"), 1).run(images)
    torch.testing.assert_close(other.log_softmax(-1), plain.log_softmax(-1), atol=1e-3, rtol=1e-4)


def test_texts_and_confidences_are_the_same(weights: Path) -> None:
    network, card = load_network(weights)
    assert isinstance(network, TextNetwork)
    crops = [_images(1, width)[0] for width in (64, 100, 300)]
    plain = Recognizer(network, card, CPU, TorchRunner(network, card.preprocessing, CPU, "float32")).read(crops)
    other = Recognizer.load(weights, "cpu", "onnx").read(crops)
    assert [reading.text for reading in other] == [reading.text for reading in plain]
    for left, right in zip(other, plain, strict=True):
        assert left.confidence == pytest.approx(right.confidence, abs=1e-3)
        assert left.log_prob == pytest.approx(right.log_prob, rel=1e-4, abs=1e-3)


def test_the_file_is_found_beside_its_weights_only_while_they_are_the_same(weights: Path, tmp_path: Path) -> None:
    card = load_card(weights)
    assert find_onnx_file(weights, card) == weights.with_suffix(".onnx")
    assert load_card(onnx_card_path(weights.with_suffix(".onnx"))).charset == card.charset
    assert find_onnx_file(weights, replace(card, sha256="0" * 64)) is None
    assert find_onnx_file(tmp_path / "none.safetensors", card) is None


def test_texts_of_a_persons_pictures_are_not_in_the_exported_card(weights: Path, tmp_path: Path) -> None:
    network, card = load_network(weights)
    export_onnx(network, replace(card, vocabulary=[["Jane Doe 4929", 3.0]]), tmp_path / "words.onnx")
    assert "Jane Doe" not in onnx_card_path(tmp_path / "words.onnx").read_text(encoding="utf-8")


def test_auto_takes_onnxruntime_and_torch_takes_torch(weights: Path) -> None:
    network, card = load_network(weights)
    assert isinstance(create_runner(network, card, CPU, weights, "auto"), OnnxRunner | FasterRunner)
    assert isinstance(create_runner(network, card, CPU, weights, "torch"), TorchRunner)


def test_of_two_heads_the_file_has_the_fast_one_and_auto_keeps_both(tmp_path: Path) -> None:
    path = save_tiny_siga(tmp_path)
    network, card = load_network(path)
    export_onnx(network, card, path.with_suffix(".onnx"))
    crop = _images(1, 120)[0]
    both, fast = (Recognizer.load(path, "cpu", runtime).read([crop])[0] for runtime in ("auto", "onnx"))
    assert (set(both.readings), set(fast.readings)) == ({"fast", "glyph"}, {"fast"})
    assert both.agreement is not None
    assert fast.agreement is None
    assert both.readings["fast"].text == fast.readings["fast"].text


def test_demanding_onnx_without_a_file_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="export-onnx"):
        Recognizer.load(save_tiny_recognizer(tmp_path), "cpu", "onnx")


def test_a_file_that_is_no_onnx_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="export it again"):
        OnnxRunner(path, 1)


def test_a_broken_file_beside_the_weights_does_not_end_reading(tmp_path: Path) -> None:
    path = save_tiny_recognizer(tmp_path)
    network, card = load_network(path)
    path.with_suffix(".onnx").write_bytes(b"nothing")
    onnx_card_path(path.with_suffix(".onnx")).write_text(card.to_json(), encoding="utf-8")
    assert isinstance(create_runner(network, card, CPU, path, "auto"), TorchRunner)
    with pytest.raises(WeightsError, match="export it again"):
        create_runner(network, card, CPU, path, "onnx")


class _Slow:
    """A runner of known slowness that says how often it was asked."""

    def __init__(self, name: str, seconds_a_crop: float, seconds_a_call: float) -> None:
        self.name, self.calls = name, 0
        self._crop_s, self._call_s = seconds_a_crop, seconds_a_call

    def run(self, images: np.ndarray) -> torch.Tensor:
        """Nothing, after a while."""
        self.calls += 1
        time.sleep(self._call_s + self._crop_s * len(images))
        return torch.zeros(len(images), images.shape[2] // 4, 3)


def test_the_faster_way_reads_few_crops_and_many_each() -> None:
    quick_to_start, quick_in_bulk = _Slow("a", 0.004, 0.0), _Slow("b", 0.0, 0.03)
    runner = FasterRunner((quick_to_start, quick_in_bulk))
    one, many = np.zeros((1, 32, 64, 3), np.uint8), np.zeros((20, 32, 64, 3), np.uint8)
    runner.run(one)
    runner.run(many)
    before = quick_to_start.calls, quick_in_bulk.calls
    runner.run(one)
    assert (quick_to_start.calls, quick_in_bulk.calls) == (before[0] + 1, before[1])
    runner.run(many)
    assert (quick_to_start.calls, quick_in_bulk.calls) == (before[0] + 1, before[1] + 1)
