"""Decoding without loops against the slow reference."""

import pytest
import torch

from models.charset import PRINTABLE_ASCII, Charset
from models.export.reading import NO_CHARACTER, collapse_ctc, cut_at_end
from models.recognition.ctc import ctc_greedy_decode
from models.recognition.tokens import token_greedy_decode

CHARSET = Charset(PRINTABLE_ASCII)


def _logits(seed: int, sharpness: float) -> torch.Tensor:
    """Random steps with many blanks and repeats."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(6, 20, len(CHARSET) + 1, generator=generator)
    favoured = torch.randint(0, 4, (6, 20), generator=generator)
    return logits + sharpness * torch.nn.functional.one_hot(favoured, len(CHARSET) + 1)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("collapse", "decode"), [(collapse_ctc, ctc_greedy_decode), (cut_at_end, token_greedy_decode)])
def test_ids_and_probabilities_are_those_of_the_loop(collapse, decode, seed: int) -> None:
    logits = _logits(seed, 6.0)
    ids, char_probs, lengths = collapse(logits)
    assert ids.shape == char_probs.shape == (6, 20)
    for row, expected in enumerate(decode(logits, CHARSET)):
        length = int(lengths[row])
        assert CHARSET.decode(ids[row, :length].tolist()) == expected.text
        assert char_probs[row, :length].tolist() == pytest.approx(expected.char_probs, abs=1e-6)
        assert set(ids[row, length:].tolist()) <= {NO_CHARACTER}
        assert set(char_probs[row, length:].tolist()) <= {0.0}


def test_repeats_merge_before_blanks_are_dropped() -> None:
    path = torch.tensor([[1, 1, 0, 1, 2, 2, 0, 0]])
    ids, _, lengths = collapse_ctc(10.0 * torch.nn.functional.one_hot(path, 4).float())
    assert ids[0, : int(lengths[0])].tolist() == [1, 1, 2]


def test_nothing_but_blanks_is_an_empty_text() -> None:
    logits = torch.zeros(1, 5, 3)
    logits[..., 0] = 5.0
    for collapse in (collapse_ctc, cut_at_end):
        ids, _, lengths = collapse(logits)
        assert lengths.tolist() == [0]
        assert set(ids.flatten().tolist()) == {NO_CHARACTER}
