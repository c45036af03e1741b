"""SIGA reads on two paths from one look, leaves out what only training needs, and finds glyphs nobody showed it."""

import cv2
import numpy as np
import pytest
import torch

from models.glyph.loss_weights import GlyphLossWeights
from models.recognition.glyph_network import GlyphNetwork
from models.recognition.siga import SigaNetwork, end_after
from models.recognition.tokens import token_greedy_decode
from tests.support.recognizers import CHARSET, create_small
from textrec_app.data.glyph_masks import glyph_mask_kmeans

WORDS = ("TEN", "NET", "EAT", "TEA", "ANT", "TAN", "ANNE", "A")
SIGAS = ("siga_s", "siga_r", "siga_t")


def _create(name: str = "siga_s", **settings: object) -> SigaNetwork:
    network = create_small(name, **settings)
    assert isinstance(network, SigaNetwork)
    return network


def _draw() -> tuple[np.ndarray, np.ndarray]:
    """Dark words on light crops (B, 32, 64, 3) and the true centre column of each character, (B, 4), -1 for none."""
    crops, centres = np.full((len(WORDS), 32, 64, 3), 230, np.uint8), np.full((len(WORDS), 4), -1.0)
    for crop, word, own in zip(crops, WORDS, centres, strict=True):
        left = 3
        for place, letter in enumerate(word):
            width = cv2.getTextSize(letter, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 2)[0][0]
            cv2.putText(crop, letter, (left, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (20, 20, 20), 2, cv2.LINE_AA)
            own[place] = left + width / 2
            left += width + 3
    return crops, centres


def _to_tensor(crops: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 127.5 - 1.0


@pytest.mark.parametrize("name", SIGAS)
@pytest.mark.parametrize("width", [64, 256])
def test_one_pass_gives_the_fast_path_and_the_fused_reading(name: str, width: int) -> None:
    network = _create(name).eval()
    images = torch.randn(2, 3, 32, width)
    with torch.inference_mode():
        reading = network.read(images)
        torch.testing.assert_close(reading.ctc_logits, network(images))
    B, S, K = reading.logits.shape
    assert (2, len(CHARSET) + 1) == (B, K)
    assert 1 <= S <= network.max_length + 1
    torch.testing.assert_close(reading.attention.sum(dim=2), torch.ones(2, S))
    assert reading.glyph_attention.shape == (2, S, 16, width // 2)
    shares = reading.glyph_attention.sum(dim=1)
    assert 0.0 <= float(shares.min()) <= float(shares.max()) <= 1.0 + 1e-4


def test_reading_computes_neither_mask_nor_the_decoder_that_only_teaches() -> None:
    network = _create().eval()
    called: list[str] = []
    for name in ("segmentation", "decoder"):
        getattr(network, name).register_forward_hook(lambda *_, name=name: called.append(name))
    with torch.inference_mode():
        network.read(torch.randn(1, 3, 32, 64))
        assert called == []
        network.explain(torch.randn(1, 3, 32, 64), [[1, 2]])
    assert called == ["segmentation"]


def test_explaining_shows_given_texts_even_empty_and_too_long_ones() -> None:
    network = _create().eval()
    with torch.inference_mode():
        seen = network.explain(torch.randn(3, 3, 32, 96), [[1, 2, 3], [], [4] * 30])
    assert seen.mask.shape == (3, 1, 32, 96)
    assert 0.0 <= float(seen.mask.min()) <= float(seen.mask.max()) <= 1.0
    assert seen.attention.shape == (3, network.max_length + 1, 24)
    assert seen.glyph_attention.shape == (3, network.max_length + 1, 16, 48)


def test_without_glyph_branch_there_are_no_maps() -> None:
    network = _create("siga_s without glyphs").eval()
    with torch.inference_mode():
        reading = network.read(torch.randn(2, 3, 32, 64))
        seen = network.explain(torch.randn(2, 3, 32, 64), [[1], [2, 3]])
    assert reading.glyph_attention.shape == seen.glyph_attention.shape == (2, 0, 16, 32)
    assert seen.attention.shape == (2, 3, 16)


def test_a_fixed_trunk_and_its_fast_path_stay_to_the_bit() -> None:
    network = _create()
    network.is_trunk_fixed = True
    images, masks = torch.randn(4, 3, 32, 64), torch.randint(0, 2, (4, 1, 32, 64), dtype=torch.uint8)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    network.train()
    network(images, [[1], [2, 3], [4], []], None, masks).backward()
    optimizer.step()
    moved = {name for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])}
    assert not any(name.startswith(("trunk.", "head.")) for name in moved)
    assert {"segmentation.head.weight", "glyphs.head.weight", "decoder.head.weight"} <= moved


def test_an_unknown_mask_teaches_as_much_as_none() -> None:
    network = _create().eval()
    images, targets = torch.randn(2, 3, 32, 64), [[1, 2], [3]]
    unknown = torch.full((2, 1, 32, 64), 255, dtype=torch.uint8)
    torch.testing.assert_close(network(images, targets, None, unknown), network(images, targets))


def test_the_reading_does_not_depend_on_who_else_is_in_the_batch() -> None:
    network = _create().eval()
    images = torch.randn(5, 3, 32, 64)
    with torch.inference_mode():
        alone, together = network.read(images[2:3]), network.read(images)
    texts = token_greedy_decode(together.logits, CHARSET)[2], token_greedy_decode(alone.logits, CHARSET)[0]
    assert texts[0].text == texts[1].text


def test_a_reading_that_never_ends_is_ended_after_what_the_fast_path_saw() -> None:
    logits = torch.zeros(2, 6, 5)
    logits[..., 3] = 4.0  # always "E"
    texts = [one.text for one in token_greedy_decode(end_after(logits, torch.tensor([3, 5])), CHARSET)]
    assert texts == ["EE", "EEEE"]


def test_the_guide_teaches_the_decoder_that_reads() -> None:
    network = _create().eval()
    images, targets = torch.randn(2, 3, 32, 64, generator=torch.Generator().manual_seed(1)), [[1, 2], [3]]
    only = GlyphLossWeights(alignment=0.0, segmentation=0.0, slots=0.0, recognition=0.0, fast=0.0, guide=1.0)
    network.loss_weights = only
    network(images, targets).backward()
    assert network.glyphs is not None
    for decoder in (network.decoder, network.glyphs.decoder):
        assert decoder.to_keys.weight.grad is not None
        assert float(decoder.to_keys.weight.grad.abs().max()) > 0.0


def test_glyphs_are_found_by_words_alone() -> None:
    """Nobody says where a letter is: k-means gives ink, the words give the order, the maps must fall on the letters."""
    network = _create()
    crops, centres = _draw()
    masks = torch.from_numpy(np.stack([_mask(crop) for crop in crops]))[:, None]
    images, targets = _to_tensor(crops), [CHARSET.encode(word) for word in WORDS]
    optimizer = torch.optim.AdamW(network.parameters(), lr=4e-3, weight_decay=0.0)
    network.train()
    for step in range(220):
        network.loss_weights = GlyphLossWeights(guide=1.0 if step < 150 else 0.0)
        optimizer.zero_grad()
        network(images, targets, None, masks).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
    network.eval()
    with torch.inference_mode():
        texts = [one.text for one in token_greedy_decode(network.read(images).logits, CHARSET)]
        seen = network.explain(images, targets)
    assert texts == list(WORDS)
    intersection = ((seen.mask > 0.5) & (masks == 1)).sum() / ((seen.mask > 0.5) | (masks == 1)).sum()
    assert float(intersection) > 0.7
    columns = seen.glyph_attention.sum(dim=2)  # (B, S, W / 2)
    where = (columns * (2 * torch.arange(columns.shape[2]) + 1)).sum(dim=2) / columns.sum(dim=2)
    known = torch.from_numpy(centres[:, : where.shape[1]]) >= 0
    errors = (where[:, : centres.shape[1]] - torch.from_numpy(centres[:, : where.shape[1]]))[known].abs()
    assert float(errors.median()) < 5.0  # a letter is about 13 px wide
    assert float((errors > 13.0).double().mean()) < 0.1


def _mask(crop: np.ndarray) -> np.ndarray:
    mask = glyph_mask_kmeans(crop)
    assert mask is not None
    return mask


def test_every_siga_is_a_glyph_network() -> None:
    assert all(isinstance(create_small(name), GlyphNetwork) for name in SIGAS)
