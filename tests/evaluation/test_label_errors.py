"""How probable a label is under a network, and in what a reading differs from it."""

import math

import pytest
import torch

from textrec_app.evaluation.label_errors import DIFFERENCES, classify_difference, compute_label_log_probs


@pytest.mark.parametrize(
    ("label", "reading", "difference"),
    [
        ("Shop", "Shop", "same"),
        ("PLEASEDRIVE", "PLEASE DRIVE", "spaces"),
        ("PAYLESS", "Payless", "case"),
        ("112009", "11.20.09", "punctuation"),
        ("Youve", "YOU'VE", "case and punctuation"),
        ("wiht", "with", "substantive"),
        ("word", "", "substantive"),
        ("", "!", "punctuation"),
    ],
)
def test_a_difference_is_named_by_the_least_that_explains_it(label: str, reading: str, difference: str) -> None:
    assert classify_difference(label, reading) == difference
    assert difference in DIFFERENCES


def test_ctc_sums_over_all_alignments() -> None:
    probs = torch.tensor([[[0.5, 0.3, 0.2], [0.6, 0.3, 0.1]]])
    found = compute_label_log_probs("ctc", probs.log(), [[1]])
    assert math.exp(found[0]) == pytest.approx(0.3 * 0.6 + 0.5 * 0.3 + 0.3 * 0.3, abs=1e-5)
    assert compute_label_log_probs("ctc", probs.log(), [[1, 1]]) == [-math.inf]
    assert math.exp(compute_label_log_probs("ctc", probs.log(), [[]])[0]) == pytest.approx(0.3, abs=1e-5)


def test_tokens_count_the_end_and_must_fit() -> None:
    probs = torch.tensor([[[0.1, 0.9], [0.8, 0.2]]])
    found = compute_label_log_probs("tokens", probs.log(), [[1]])
    assert math.exp(found[0]) == pytest.approx(0.9 * 0.8, abs=1e-5)
    assert compute_label_log_probs("tokens", probs.log(), [[1, 1]]) == [-math.inf]
