"""CTC: loss against enumeration of alignments, decoding, text probability."""

import itertools
import math

import pytest
import torch

from models.charset import Charset
from models.errors import ShapeError
from models.recognition.ctc import compute_ctc_loss, compute_text_log_probs, ctc_greedy_decode

CHARSET = Charset("AB")


def _path_logits(path: list[int], classes: int = 3, sharp: float = 20.0) -> torch.Tensor:
    logits = torch.zeros(1, len(path), classes)
    for step, index in enumerate(path):
        logits[0, step, index] = sharp
    return logits


def _collapsed(path: tuple[int, ...]) -> list[int]:
    merged = [key for key, _ in itertools.groupby(path)]
    return [index for index in merged if index]


def _slow_text_prob(logits: torch.Tensor, text: list[int]) -> float:
    probs = logits.softmax(-1)[0]
    total = 0.0
    for path in itertools.product(range(probs.shape[1]), repeat=probs.shape[0]):
        if _collapsed(path) == text:
            total += math.prod(float(probs[step, index]) for step, index in enumerate(path))
    return total


@pytest.mark.parametrize(
    ("path", "text"),
    [([1, 1, 0, 1], "AA"), ([1, 1, 1, 1], "A"), ([0, 0, 0, 0], ""), ([1, 2, 0, 2], "ABB"), ([0, 2, 2, 0], "B")],
)
def test_repeats_merge_before_blanks_drop(path: list[int], text: str) -> None:
    assert ctc_greedy_decode(_path_logits(path), CHARSET)[0].text == text


def test_spans_point_at_the_steps_of_each_character() -> None:
    decoded = ctc_greedy_decode(_path_logits([0, 1, 1, 0, 2]), CHARSET)[0]
    assert decoded.spans == ((1, 3), (4, 5))
    assert all(probability > 0.99 for probability in decoded.char_probs)


def test_text_probability_equals_the_sum_over_alignments() -> None:
    logits = torch.randn(1, 5, 3, generator=torch.Generator().manual_seed(3))
    for text in ([], [1], [1, 1], [1, 2], [2, 1, 2]):
        expected = _slow_text_prob(logits, text)
        found = math.exp(compute_text_log_probs(logits.log_softmax(-1), [text])[0])
        assert found == pytest.approx(expected, rel=1e-4)


def test_loss_equals_minus_log_probability_over_length() -> None:
    logits = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(4))
    targets = [[1, 2], [2]]
    expected = [-math.log(_slow_text_prob(logits[i : i + 1], targets[i])) / len(targets[i]) for i in range(2)]
    assert float(compute_ctc_loss(logits, targets)) == pytest.approx(sum(expected) / 2, rel=1e-4)
    weights = torch.tensor([1.0, 3.0])
    weighted = (expected[0] + 3 * expected[1]) / 4
    assert float(compute_ctc_loss(logits, targets, weights)) == pytest.approx(weighted, rel=1e-4)


def test_loss_gradient_matches_finite_differences() -> None:
    logits = torch.randn(1, 4, 3, generator=torch.Generator().manual_seed(5)).requires_grad_()
    (gradient,) = torch.autograd.grad(compute_ctc_loss(logits, [[1, 2]]), logits)
    step = 1e-2
    for index in range(3):
        nudge = torch.zeros_like(logits)
        nudge[0, 1, index] = step
        rise = compute_ctc_loss(logits.detach() + nudge, [[1, 2]]) - compute_ctc_loss(logits.detach() - nudge, [[1, 2]])
        assert float(rise) / (2 * step) == pytest.approx(float(gradient[0, 1, index]), abs=2e-3)


def test_degenerate_batches_give_finite_losses() -> None:
    assert float(compute_ctc_loss(torch.zeros(0, 4, 3), [])) == 0.0
    assert float(compute_ctc_loss(torch.zeros(1, 2, 3), [[1, 1, 1]])) == 0.0  # needs five steps, has two
    assert math.isfinite(float(compute_ctc_loss(torch.zeros(1, 2, 3), [[]])))


def test_a_charset_of_another_size_is_refused() -> None:
    with pytest.raises(ShapeError, match="4 classes"):
        ctc_greedy_decode(torch.zeros(1, 2, 4), CHARSET)


def test_decoding_nothing_gives_nothing() -> None:
    assert ctc_greedy_decode(torch.zeros(0, 4, 3), CHARSET) == []
