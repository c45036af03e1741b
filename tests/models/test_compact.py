"""Compact storing: a quarter of float32, half a step of error, and nobody notices when loading."""

import pytest
import torch
from safetensors.torch import load_file

from models.compact import SCALE_SUFFIX, compact_tensors, quantize_rows, restore_tensors
from models.errors import WeightsError
from models.registry import create_network
from models.weights import WeightCard, copy_weights, load_card, load_network, load_tensors, save_weights

CONFIG = {"classes": 96, "widths": [8, 16, 32, 64], "depths": [1, 1, 1, 1], "heads": 2}
ARCHITECTURE = "conv_attention_ctc"
CARD = WeightCard("small", "1", "recognizer", ARCHITECTURE, CONFIG)


@pytest.fixture
def tensors() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return create_network(ARCHITECTURE, CONFIG).state_dict()


@pytest.mark.parametrize("shape", [(64, 64), (32, 16, 3, 3), (5, 4, 3, 2, 60)])
@pytest.mark.parametrize("size", [1e-6, 0.05, 300.0])
def test_each_weight_is_within_half_a_step_of_its_row(shape, size):
    generator = torch.Generator().manual_seed(1)
    table = torch.randn(shape, generator=generator) * size
    table *= torch.rand(shape[0], generator=generator).view(-1, *[1] * (len(shape) - 1)) * 10  # rows of unlike size
    integers, scale = quantize_rows(table)
    restored = restore_tensors({"w": integers, "w" + SCALE_SUFFIX: scale})["w"]
    assert integers.dtype == torch.int8
    assert scale.dtype == torch.float16
    assert scale.shape == shape[:1]
    error = (restored - table).abs().flatten(1).amax(dim=1)
    assert (error <= scale.float() / 2 * (1 + 1e-5)).all()
    if size > 1e-3:  # a float16 scale is exact to 1/1024 there
        assert (error <= table.abs().flatten(1).amax(dim=1) / 127 / 2 * 1.002).all()


def test_rows_of_nothing_stay_nothing():
    table = torch.zeros(64, 64)
    table[1] = 1e-9  # below what a float16 scale can say
    integers, scale = quantize_rows(table)
    restored = restore_tensors({"w": integers, "w" + SCALE_SUFFIX: scale})["w"]
    assert not restored[0].any()
    assert restored[1].abs().max() < 1e-7


def test_only_large_tables_of_floats_are_compact():
    tensors = {
        "table": torch.randn(64, 64),
        "half": torch.randn(64, 64).half(),
        "small": torch.randn(8, 8),
        "vector": torch.randn(10_000),
        "counts": torch.arange(10_000).view(100, 100),
        "broken": torch.full((64, 64), float("nan")),
        "huge": torch.full((64, 64), 1e30),
    }
    stored = compact_tensors(tensors)
    compacted = {name for name in tensors if name + SCALE_SUFFIX in stored}
    assert compacted == {"table", "half"}
    restored = restore_tensors(stored)
    assert restored.keys() == tensors.keys()
    for name in tensors.keys() - compacted:
        torch.testing.assert_close(restored[name], tensors[name], rtol=0, atol=0, equal_nan=True)


def test_compacting_twice_changes_nothing_more():
    table = torch.randn(64, 64, generator=torch.Generator().manual_seed(2))
    once = restore_tensors(compact_tensors({"w": table}))
    twice = restore_tensors(compact_tensors(once))
    torch.testing.assert_close(once["w"], twice["w"], rtol=1e-3, atol=0)


def test_a_network_loads_from_compact_weights_as_from_any(tmp_path, tensors):
    plain = save_weights(tmp_path / "plain", "small", tensors, CARD)
    compact = save_weights(tmp_path / "compact", "small", tensors, CARD, compact=True)
    assert compact.stat().st_size < plain.stat().st_size * 0.45
    network, card = load_network(compact)
    reference, _ = load_network(plain)
    assert card.architecture == ARCHITECTURE
    assert all(value.dtype == tensors[name].dtype for name, value in network.state_dict().items())
    images = torch.randn(2, 3, 32, 64, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        torch.testing.assert_close(network(images), reference(images), atol=0.05, rtol=0.05)
    assert tensors["blocks.0.qkv.weight"].dtype == torch.float32  # what was given is as it was


def test_the_file_says_what_is_compact_and_its_card_seals_it(tmp_path, tensors):
    path = save_weights(tmp_path, "small", tensors, CARD, compact=True)
    stored = load_file(path)
    scales = [name for name in stored if name.endswith(SCALE_SUFFIX)]
    assert scales
    assert all(stored[name.removesuffix(SCALE_SUFFIX)].dtype == torch.int8 for name in scales)
    copy = copy_weights(path, tmp_path / "copies", "other")
    assert load_card(copy).sha256 == load_card(path).sha256
    whole = load_tensors(copy, load_card(copy))
    assert whole.keys() == tensors.keys()
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(WeightsError, match="SHA-256"):
        load_tensors(path, load_card(path))


def test_half_floats_are_stored_and_read_as_before(tmp_path, tensors):
    half = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
    path = save_weights(tmp_path, "small", half, CARD)
    for name, tensor in load_tensors(path, load_card(path)).items():
        torch.testing.assert_close(tensor, half[name].float() if half[name].is_floating_point() else half[name])


@pytest.mark.parametrize(
    "broken",
    [
        {"w.int8_scale": torch.ones(4).half()},
        {"w": torch.ones(4, 4, dtype=torch.int8), "w.int8_scale": torch.ones(3).half()},
        {"w": torch.ones(4, 4), "w.int8_scale": torch.ones(4).half()},
    ],
)
def test_a_scale_without_its_table_is_told(tmp_path, broken):
    path = save_weights(tmp_path, "broken", broken, CARD)
    with pytest.raises(WeightsError, match=r"w\.int8_scale"):
        load_tensors(path, load_card(path))


def test_compact_tensors_are_not_made_compact_again():
    stored = compact_tensors({"w": torch.randn(64, 64)})
    with pytest.raises(WeightsError, match="already"):
        compact_tensors(stored)
