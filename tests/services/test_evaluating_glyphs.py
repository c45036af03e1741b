"""Rendered words seen by networks: what is painted where it stands is found there, and tiny networks are measured."""

from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest
import torch

from models.charset import PRINTABLE_ASCII, Charset
from models.registry import create_network
from tests.support.faces import find_some_fonts
from tests.support.glyph_networks import PaintedNetwork
from tests.support.recognizers import create_small
from textrec_app.data.synthesis.backgrounds import load_backgrounds
from textrec_app.data.synthesis.ink_batches import InkSource
from textrec_app.data.synthesis.scene_texts import SceneTexts
from textrec_app.data.synthesis.texts import TextSource
from textrec_app.data.word_effects.probe_words import ProbeWord, render_probe_words
from textrec_app.data.word_effects.surfaces import PhotoBank
from textrec_app.services.evaluating_glyphs import HeadSize, count_head_parameters, size_heads
from textrec_app.services.observing_glyphs import observe_words

CPU = torch.device("cpu")
CHARSET = Charset(PRINTABLE_ASCII)


@lru_cache(maxsize=1)
def draw_words() -> tuple[ProbeWord, ...]:
    source = InkSource(find_some_fonts(), SceneTexts(TextSource()))
    bank = PhotoBank(load_backgrounds(count=2), CPU)
    return tuple(render_probe_words("straight", 7, source, bank, "ANET", seed=3))


def make_even_word(text: str, width: int = 128) -> ProbeWord:
    """A word whose characters stand where `PaintedNetwork` looks, covered by ink all over."""
    pitch, left = 0.8 * width / len(text), 0.1 * width
    edges = left + pitch * np.arange(len(text) + 1) - 0.5
    quads = np.array([[[a, 4], [b, 4], [b, 28], [a, 28]] for a, b in pairwise(edges)], np.float32)
    generator = np.random.default_rng(0)
    image = generator.integers(0, 256, (32, width, 3), dtype=np.uint8)
    return ProbeWord(image, text, np.ones((32, width), np.uint8), quads)


def test_attention_that_lies_on_its_characters_does_not_drift() -> None:
    words = [make_even_word("HOTEL"), make_even_word("Inn", 64)]
    findings = observe_words(PaintedNetwork("HOTEL", "Hostel").eval(), CHARSET, words, CPU)
    assert [finding.label for finding in findings] == ["HOTEL", "Inn"]
    for finding in findings:
        assert finding.texts == {"fast": "HOTEL", "fused": "Hostel"}
        assert finding.mask_ious["network"] == 1.0  # it paints ink all over
        assert finding.alignments["glyph"].drift_share == 0.0
        assert finding.alignments["glyph"].mean_error < 0.1
        assert finding.alignments["implicit"].drift_share == 0.0
    assert findings[0].alignments["CTC"].drift_share == 0.0


def test_attention_of_another_word_drifts() -> None:
    shifted = make_even_word("HOTEL")
    moved = replace(shifted, quads=shifted.quads + np.array([20, 0], np.float32))
    finding = observe_words(PaintedNetwork("HOTEL", "HOTEL").eval(), CHARSET, [moved], CPU)[0]
    assert finding.alignments["glyph"].drift_share == 1.0
    assert finding.alignments["glyph"].mean_error == pytest.approx(20 / (0.8 * 128 / 5), abs=0.1)


def test_characters_beyond_the_longest_text_are_lost() -> None:
    network = create_small("siga_s", classes=len(CHARSET) + 1, max_length=2).eval()
    words = [word for word in draw_words() if len(word.text) > 3][:2]
    for word, finding in zip(words, observe_words(network, CHARSET, words, CPU), strict=True):
        assert finding.alignments["glyph"].lost == len(word.text) - 3  # one slot more, for the end
        assert finding.alignments["CTC"].lost == 0


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("siga_s", {"CTC", "implicit", "glyph"}),
        ("siga_s without glyphs", {"CTC", "implicit"}),
        ("conv", {"CTC", "evidence"}),
        ("parseq conv", {"evidence"}),
    ],
)
def test_every_network_shows_what_it_has(name: str, kinds: set[str]) -> None:
    network = create_small(name).eval()
    charset = Charset("ANET")
    findings = observe_words(network, charset, draw_words(), CPU)
    assert len(findings) == len(draw_words())
    for word, finding in zip(draw_words(), findings, strict=True):
        assert finding.label == word.text
        assert set(finding.alignments) == kinds
        assert all(len(alignment.errors) == len(word.text) for alignment in finding.alignments.values())
        assert all(0 <= iou <= 1 for iou in finding.mask_ious.values())
        assert ("network" in finding.mask_ious) == name.startswith("siga")
        assert set(finding.texts) == ({"fast", "fused"} if name.startswith("siga") else {"fast"})


def test_heads_are_counted() -> None:
    assert count_head_parameters(256, 27, with_biases=False) == 6_912  # METHODS 1.1.4: 6.9 k
    assert count_head_parameters(256, 6763, with_biases=False) == 1_731_328  # 1.7 M
    network = create_network("siga_s", {"classes": 96})
    assert size_heads(network) == HeadSize(glyph=(96 + 64 + 2) * 27, per_class=(96 + 64 + 2) * 6764)
    assert size_heads(create_small("siga_s without glyphs")) is None
    assert size_heads(create_small("conv")) is None


def test_counted_heads_are_those_of_the_network() -> None:
    network = create_small("siga_s")
    heads = ("glyphs.coarse.head.", "glyphs.middle.head.")
    counted = sum(tensor.numel() for name, tensor in network.named_parameters() if name.startswith(heads))
    sized = size_heads(network)
    assert sized is not None
    assert sized.glyph == counted
