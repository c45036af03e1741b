"""A folded decoder says what the plain one says."""

import pytest
import torch

from models.errors import WeightsError
from models.glyph.attention_decoder import AttentionDecoder
from models.glyph.folded_decoder import FoldedDecoder

CLASSES, WIDTH, STEPS = 12, 16, 7


def build(has_glyphs: bool, ends_early: bool = False) -> AttentionDecoder:
    torch.manual_seed(0)
    decoder = AttentionDecoder(CLASSES, 10, WIDTH, 6, STEPS, has_glyphs).eval()
    with torch.no_grad():
        decoder.head.bias[0] = 9.0 if ends_early else -9.0
    return decoder


@pytest.mark.parametrize("crops", [1, 3])
@pytest.mark.parametrize("columns", [1, 9])
@pytest.mark.parametrize("ends_early", [False, True])
def test_greedy_reading_is_the_same(crops, columns, ends_early):
    decoder = build(has_glyphs=True, ends_early=ends_early)
    folded = FoldedDecoder(decoder)
    line, glyphs = torch.randn(2 * crops, columns, 10), torch.randn(2 * crops, STEPS, 10)
    with torch.inference_mode():
        ours, plain = folded.decode(line, STEPS, glyphs), decoder.decode(line, STEPS, glyphs)
    for one, expected in zip(ours, plain, strict=True):
        torch.testing.assert_close(one, expected, atol=1e-5, rtol=1e-4)
    assert ours.logits.shape[1] == (1 if ends_early else STEPS)


def test_crops_that_end_are_left_and_the_others_read_on_as_they_would_alone():
    decoder = build(has_glyphs=True)
    with torch.no_grad():
        decoder.head.weight *= 20
        decoder.head.bias[0] = 1.0
    crops, steps = 12, STEPS
    line, glyphs = torch.randn(2 * crops, 9, 10) * 2, torch.randn(2 * crops, steps, 10) * 2
    with torch.inference_mode():
        ours, plain = FoldedDecoder(decoder).decode(line, steps, glyphs), decoder.decode(line, steps, glyphs)
    ends = (plain.logits.argmax(dim=-1) == 0).long()
    first = torch.where(ends.any(dim=1), ends.argmax(dim=1), steps - 1)
    last = first.view(2, crops).amax(dim=0)
    assert last.unique().numel() > 2  # they end at different steps
    assert ours.logits.shape == plain.logits.shape
    for row in range(2 * crops):
        kept = slice(0, int(last[row % crops]) + 1)
        for one, expected in zip(ours, plain, strict=True):
            torch.testing.assert_close(one[row, kept], expected[row, kept], atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(ours.attention.sum(dim=2), torch.ones(2 * crops, ours.attention.shape[1]))
    assert not ours.logits[int(last.argmin()), -1].any()


def test_given_texts_are_read_as_before_and_the_decoder_stays_as_it_is():
    decoder = build(has_glyphs=True)
    before = {name: value.clone() for name, value in decoder.state_dict().items()}
    line, glyphs, context = torch.randn(2, 9, 10), torch.randn(2, STEPS, 10), torch.randint(0, CLASSES, (2, 4))
    with torch.inference_mode():
        folded = FoldedDecoder(decoder)
        folded.decode(line, STEPS, glyphs)
        for one, expected in zip(folded(line, context, glyphs), decoder(line, context, glyphs), strict=True):
            torch.testing.assert_close(one, expected, atol=0, rtol=0)
    assert all(torch.equal(value, before[name]) for name, value in decoder.state_dict().items())


def test_what_has_no_glyphs_is_not_folded():
    with pytest.raises(WeightsError, match="glyphs"):
        FoldedDecoder(build(has_glyphs=False))
