"""A packed network says what the plain one says, and leaves it as it was."""

import pytest
import torch

from models.errors import WeightsError
from models.folding import fold_batch_norms
from models.packing import can_pack, pack_network
from models.recognition.glyph_network import GlyphNetwork
from models.registry import create_network

SMALL = {"classes": 96, "widths": [8, 8, 16, 16], "depths": [1, 1, 1, 1], "heads": 2}


SMALL_GLYPHS = {"decoder_width": 16, "sequence_width": 16, "pyramid_width": 16, "glyph_width": 16}


def settle(network: torch.nn.Module) -> torch.nn.Module:
    """Give batch norms statistics as after training."""
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean = torch.randn(module.num_features) * 0.2
            module.running_var = torch.rand(module.num_features) + 0.5
    return network.eval()


@pytest.fixture
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return settle(create_network("conv_attention_ctc", SMALL))


@pytest.fixture
def glyph_network() -> GlyphNetwork:
    torch.manual_seed(0)
    network = settle(create_network("siga_s", {**SMALL, **SMALL_GLYPHS}))
    assert isinstance(network, GlyphNetwork)
    return network


@pytest.mark.parametrize("width", [64, 160])
def test_folding_changes_nothing_but_rounding(network: torch.nn.Module, width: int) -> None:
    folded = fold_batch_norms(network)
    images = torch.randn(2, 3, 32, width)
    with torch.inference_mode():
        torch.testing.assert_close(folded(images), network(images), atol=1e-4, rtol=1e-4)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in folded.modules())
    assert any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.bfloat16, 2e-2)])
@pytest.mark.parametrize("crops", [1, 5])
def test_packed_probabilities_are_the_plain_ones(
    network: torch.nn.Module, dtype: torch.dtype, tolerance: float, crops: int
) -> None:
    assert can_pack(network)
    packed = pack_network(network, dtype)
    images = torch.randn(crops, 3, 32, 96)
    with torch.inference_mode():
        logits = packed(images)
        expected = network(images).softmax(-1)
    assert logits.dtype == torch.float32
    torch.testing.assert_close(logits.softmax(-1), expected, atol=tolerance, rtol=0.0)


def test_what_cannot_be_packed_is_told() -> None:
    detector = create_network("craft", {})
    assert not can_pack(detector)
    with pytest.raises(WeightsError, match="cannot be packed"):
        pack_network(detector)


@pytest.mark.parametrize("crops", [1, 5])
@pytest.mark.parametrize("width", [64, 160])
def test_a_packed_glyph_network_reads_the_same(glyph_network: GlyphNetwork, crops: int, width: int) -> None:
    assert can_pack(glyph_network)
    packed = pack_network(glyph_network)
    assert isinstance(packed, GlyphNetwork)
    images = torch.randn(crops, 3, 32, width)
    with torch.inference_mode():
        for ours, plain in zip(packed.read(images), glyph_network.read(images), strict=True):
            assert ours.dtype == torch.float32
            torch.testing.assert_close(ours, plain, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(packed(images), glyph_network(images), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.bfloat16, 3e-2)])
def test_a_packed_glyph_network_explains_the_same(
    glyph_network: GlyphNetwork, dtype: torch.dtype, tolerance: float
) -> None:
    packed = pack_network(glyph_network, dtype)
    assert isinstance(packed, GlyphNetwork)
    images, texts = torch.randn(2, 3, 32, 96), [[5, 6, 7], []]
    with torch.inference_mode():
        for ours, plain in zip(packed.explain(images, texts), glyph_network.explain(images, texts), strict=True):
            torch.testing.assert_close(ours.float(), plain, atol=tolerance, rtol=0.0)
        fast = packed.read(images).ctc_logits
        expected = glyph_network(images).softmax(-1)
    torch.testing.assert_close(fast.softmax(-1), expected, atol=tolerance, rtol=0.0)


def test_a_glyph_network_without_glyphs_is_packed_too() -> None:
    torch.manual_seed(0)
    plain = settle(create_network("siga_s", {**SMALL, **SMALL_GLYPHS, "glyphs": False}))
    assert isinstance(plain, GlyphNetwork)
    packed = pack_network(plain)
    assert isinstance(packed, GlyphNetwork)
    images = torch.randn(2, 3, 32, 64)
    with torch.inference_mode():
        for ours, expected in zip(packed.read(images), plain.read(images), strict=True):
            torch.testing.assert_close(ours, expected, atol=1e-4, rtol=1e-4)


def test_packing_leaves_a_glyph_network_as_it_was(glyph_network: GlyphNetwork) -> None:
    before = {name: value.clone() for name, value in glyph_network.state_dict().items()}
    pack_network(glyph_network)
    after = glyph_network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_glyph_networks_on_other_trunks_are_read_as_they_are() -> None:
    assert not can_pack(create_network("siga_t", {"width": 32, "depth": 4, "ratio": 1, **SMALL_GLYPHS}))
