"""Every recognizer keeps the promises of `TextNetwork`: shapes at all widths, loss, reading, maps, what is shipped."""

import pytest
import torch

from models.errors import ShapeError, WeightsError
from models.recognition.glyph_network import GlyphNetwork
from models.recognition.text_network import inference_config
from models.registry import create_network
from tests.support.recognizers import CHARSET, NAMES, NETWORKS, create_small

BUCKETS = (64, 96, 128, 160, 192, 256, 320, 384, 512, 640, 768, 1024)


@pytest.mark.parametrize("name", NAMES)
def test_every_bucket_gives_logits_that_decode_within_the_crop(name: str) -> None:
    network = create_small(name).eval()
    for width in BUCKETS:
        with torch.inference_mode():
            logits = network(torch.randn(2, 3, 32, width))
        assert logits.shape[0::2] == (2, len(CHARSET) + 1)
        if network.emits == "ctc":
            assert logits.shape[1] == network.span_steps(width) == width // network.width_multiple
        for decoded in network.decode(logits, CHARSET):
            edges = [edge for span in decoded.spans for edge in span]
            assert edges == sorted(edges)
            assert all(0 <= edge <= network.span_steps(width) for edge in edges)
            assert len(decoded.spans) == len(decoded.char_probs) == len(decoded.text)
            assert decoded.log_prob <= 0.0


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_learns(name: str) -> None:
    network = create_small(name)
    masks = [torch.ones(3, 1, 32, 64, dtype=torch.uint8)] if isinstance(network, GlyphNetwork) else []
    network(torch.randn(3, 3, 32, 64), [[1, 2], [3], [4, 4, 1]], None, *masks).backward()
    assert [key for key, parameter in network.named_parameters() if parameter.grad is None] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_of_weight_zero_teaches_nothing(name: str) -> None:
    network = create_small(name).eval()  # batch norm would mix the samples
    images = torch.randn(2, 3, 32, 64, generator=torch.Generator().manual_seed(1))
    texts = [[1, 2, 3], [4, 3, 2]]
    torch.manual_seed(3)
    weighted = network(images, texts, torch.tensor([1.0, 0.0]))
    torch.manual_seed(3)
    torch.testing.assert_close(weighted, network(images[:1], texts[:1]), atol=1e-4, rtol=1e-3)
    torch.manual_seed(3)
    assert not torch.allclose(weighted, network(images, texts), atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_a_text_too_long_for_the_network_teaches_nothing(name: str) -> None:
    network = create_small(name).eval()
    loss = network(torch.randn(2, 3, 32, 64), [[1] * 60, [2] * 70])
    loss.backward()
    assert float(loss.detach()) == pytest.approx(0.0, abs=1e-6)
    assert all(bool(p.grad.isfinite().all()) for p in network.parameters() if p.grad is not None)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_shipped_reads_the_same_without_the_branch(name: str) -> None:
    network = create_small(name).eval()
    architecture, config = NETWORKS[name]
    shipped = create_network(architecture, inference_config({**config, "classes": len(CHARSET) + 1})).eval()
    shipped.load_state_dict(network.inference_tensors(network.state_dict()))  # strict
    assert not any("guidance" in key for key in shipped.state_dict())
    images = torch.randn(2, 3, 32, 96)
    with torch.inference_mode():
        torch.testing.assert_close(shipped(images), network(images))


@pytest.mark.parametrize("name", NAMES)
def test_a_crop_reads_the_same_alone_and_in_a_batch(name: str) -> None:
    network = create_small(name).eval()
    images = torch.randn(3, 3, 32, 64)
    with torch.inference_mode():
        alone, together = network(images[1:2]), network(images)[1:2]
    torch.testing.assert_close(together[:, : alone.shape[1]], alone, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_features_are_shares(name: str) -> None:
    features = create_small(name).eval().features(torch.randn(2, 3, 32, 96))
    T = features.columns.shape[1]
    torch.testing.assert_close(features.row_weights.sum(dim=1), torch.ones(2, T))
    torch.testing.assert_close(features.attention.sum(dim=2), torch.ones(2, T))
    assert features.attention.shape == (2, T, T)


@pytest.mark.parametrize("name", NAMES)
def test_other_shapes_are_refused(name: str) -> None:
    network = create_small(name)
    for shape in ((1, 3, 31, 64), (1, 1, 32, 64), (1, 3, 32, 65)):
        with pytest.raises(ShapeError, match="3, 32"):
            network(torch.zeros(shape))


@pytest.mark.parametrize("architecture", ["conv_attention_ctc", "svtr_ctc", "parseq", "vitstr_columns"])
def test_default_shapes_have_about_six_million_parameters_at_most(architecture: str) -> None:
    network = create_network(architecture, {"classes": 96})
    assert sum(parameter.numel() for parameter in network.parameters()) <= 6_100_000


@pytest.mark.parametrize(
    ("architecture", "config", "words"),
    [
        ("parseq", {"encoder": "swin"}, "conv or vit"),
        ("svtr_ctc", {"mixing": "none"}, "dense3 or grouped5"),
        ("vitstr_columns", {"reader": "rnn"}, "ctc, token_slice or parseq"),
    ],
)
def test_unknown_settings_name_the_known_ones(architecture: str, config: dict[str, str], words: str) -> None:
    with pytest.raises(WeightsError, match=words):
        create_network(architecture, config)
