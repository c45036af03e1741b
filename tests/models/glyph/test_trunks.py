"""Every trunk gives strokes at three resolutions and the line as a sequence, at any width."""

import pytest
import torch

from models.backbones.conv_pyramid import ConvPyramid
from models.backbones.resnet45 import Resnet45, Resnet45Config
from models.backbones.vit_pyramid import VitPyramid, VitPyramidConfig
from models.errors import ShapeError, WeightsError
from models.glyph.pyramid import GlyphTrunk
from models.recognition.conv_attention_ctc import ConvAttentionCtcConfig
from models.recognition.siga import SigaConfig, SigaNetwork
from models.recognition.vision_transformer import PatchEncoder, PatchEncoderConfig

TRUNKS = ("conv", "resnet", "vit")
TINY = SigaConfig(sequence_width=16, decoder_width=16, embedding_width=8, pyramid_width=16, glyph_width=16)


def build_trunk(name: str) -> GlyphTrunk:
    torch.manual_seed(0)
    if name == "conv":
        return ConvPyramid(ConvAttentionCtcConfig(widths=(8, 8, 16, 16), depths=(1, 1, 1, 1), heads=2))
    if name == "resnet":
        return Resnet45(Resnet45Config(channels=(6, 8, 10, 12, 14), depths=(1, 1, 2, 1, 1), width=18))
    return VitPyramid(VitPyramidConfig(width=32, depth=5, ratio=2, map_channels=(4, 6, 8)))


@pytest.fixture(params=TRUNKS)
def trunk(request: pytest.FixtureRequest) -> GlyphTrunk:
    return build_trunk(request.param)


@pytest.mark.parametrize(("batch", "width"), [(1, 64), (2, 100), (1, 1024), (0, 64)])
def test_sizes(trunk, batch, width):
    pyramid = trunk.eval().pyramid(torch.randn(batch, 3, 32, width))
    fine, middle, coarse = trunk.channels
    assert pyramid.fine.shape == (batch, fine, 32, width)
    assert pyramid.middle.shape == (batch, middle, 16, width // 2)
    assert pyramid.coarse.shape == (batch, coarse, 8, width // 4)
    assert pyramid.columns.shape == (batch, width // 4, trunk.width)
    assert all(torch.isfinite(tensor).all() for tensor in pyramid)


def test_everything_learns_from_the_pyramid(trunk):
    pyramid = trunk.train().pyramid(torch.randn(2, 3, 32, 64))
    weighted = [(tensor * torch.randn_like(tensor)).sum() for tensor in pyramid]
    sum(weighted).backward()
    still = [name for name, value in trunk.named_parameters() if value.grad is None or not value.grad.any()]
    # a bias of all keys, or of all rows' scores, changes no softmax
    assert [name for name in still if not name.endswith(("key_value.bias", "qkv.bias", "row_score.bias"))] == []


def test_features_are_the_columns_and_where_they_come_from(trunk):
    images = torch.randn(2, 3, 32, 96)
    with torch.inference_mode():
        features = trunk.eval().features(images)
        torch.testing.assert_close(trunk.norm(features.columns), trunk.pyramid(images).columns, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(features.row_weights.sum(dim=1), torch.ones(2, 24))
    torch.testing.assert_close(features.attention.sum(dim=2), torch.ones(2, 24))


def test_a_crop_reads_the_same_in_any_company(trunk):
    images = torch.randn(3, 3, 32, 64)
    with torch.inference_mode():
        together, alone = trunk.eval().pyramid(images), trunk.pyramid(images[1:2])
    for whole, one in zip(together, alone, strict=True):
        torch.testing.assert_close(whole[1:2], one, atol=1e-5, rtol=1e-4)


def test_autocast_is_finite(trunk):
    with torch.autocast("cpu", torch.bfloat16):
        pyramid = trunk.train().pyramid(torch.randn(2, 3, 32, 64))
    assert all(torch.isfinite(tensor).all() for tensor in pyramid)


@pytest.mark.parametrize("shape", [(1, 3, 32, 66), (1, 3, 48, 64), (1, 1, 32, 64), (3, 32, 64)])
def test_what_is_no_crop_is_refused(trunk, shape):
    with pytest.raises(ShapeError, match="crops"):
        trunk.pyramid(torch.zeros(shape))


def test_siga_learns_and_reads_over_every_trunk(trunk):
    network = SigaNetwork(TINY, trunk)
    images = torch.randn(2, 3, 32, 64)
    masks = torch.randint(0, 2, (2, 1, 32, 64), dtype=torch.uint8)
    loss = network.train()(images, [[1, 2], [3]], None, masks)
    loss.backward()
    assert torch.isfinite(loss)
    with torch.inference_mode():
        reading = network.eval().read(images)
    assert reading.ctc_logits.shape == (2, 16, TINY.classes)
    assert reading.glyph_attention.shape[2:] == (16, 32)


def test_the_residual_trunk_halves_the_crop_only_twice_and_sees_strokes_before_it():
    trunk = build_trunk("resnet").eval()
    images = torch.zeros(1, 3, 32, 128)
    touched = images.clone()
    touched[..., 16, 64] = 5.0
    with torch.inference_mode():
        still, changed = trunk.pyramid(images), trunk.pyramid(touched)
    places = [(a - b).abs().amax(dim=1)[0].nonzero() for a, b in zip(still[:3], changed[:3], strict=True)]
    assert places[0].min(dim=0).values.tolist() == [15, 63]  # one 3x3 convolution
    assert places[0].max(dim=0).values.tolist() == [17, 65]
    reach = [
        int(found[:, 1].max() - found[:, 1].min()) / size for found, size in zip(places, (128, 64, 32), strict=True)
    ]
    assert reach[0] < reach[1] < reach[2] < 1


def test_taps_are_the_tokens_between_the_blocks():
    torch.manual_seed(0)
    encoder = PatchEncoder(PatchEncoderConfig((4, 4), 32, 3, 2)).eval()
    images = torch.randn(2, 3, 32, 64)
    with torch.inference_mode():
        memory, taps = encoder.tapped(images, (1, 3))
        torch.testing.assert_close(memory.tokens, encoder(images).tokens)
        torch.testing.assert_close(encoder.norm(taps[1]), memory.tokens)
        torch.testing.assert_close(encoder.blocks[2](encoder.blocks[1](taps[0])), taps[1])
    assert len(taps) == 2


def test_the_transformer_is_tapped_in_even_steps_and_needs_a_block_for_each():
    assert build_trunk("vit").after == (1, 2, 3)
    assert VitPyramid(VitPyramidConfig(width=32, depth=12, ratio=1)).after == (3, 6, 9)
    with pytest.raises(WeightsError, match="deeper"):
        VitPyramid(VitPyramidConfig(width=32, depth=3))


def test_the_transformer_takes_no_crop_beyond_its_places():
    with pytest.raises(ShapeError, match="1024"):
        build_trunk("vit").pyramid(torch.zeros(1, 3, 32, 1028))
