"""The gate's trials: how runs are spoiled, what they offer, and the table."""

from pathlib import Path

import numpy as np
import pytest

from docs.benchmarks.baselines.gate_kinds import restore_case
from docs.benchmarks.baselines.gate_runs import TRIALS, Trial, blend
from docs.benchmarks.baselines.poisons import POISONS, add_noise
from docs.benchmarks.gate_trials import Row, describe
from models.weights import load_card, load_tensors
from tests.support.checkpoints import save_tiny_recognizer
from textrec_app.evaluation.gate import PairedScores, compute_difference, judge

TEXTS = ["Total 12", "RM 4.50", "Cash", "Change", "Item 7", "Date 2018", "Thank You", "Hotel"]


def test_there_are_ten_good_and_twenty_spoiled_runs_of_ten_kinds_and_more() -> None:
    good = [trial for trial in TRIALS if trial.is_good]
    assert (len(good), len(TRIALS) - len(good)) == (10, 20)
    assert len({trial.lesson for trial in TRIALS if not trial.is_good}) == 11
    assert len({trial.name for trial in TRIALS}) == 30


@pytest.mark.parametrize("name", POISONS)
def test_a_poison_spoils_most_labels_and_does_so_the_same_way_each_time(name: str) -> None:
    spoiled = POISONS[name](TEXTS, np.random.default_rng(1))
    assert spoiled == POISONS[name](TEXTS, np.random.default_rng(1))
    assert len(spoiled) == len(TEXTS)
    able = [index for index, text in enumerate(TEXTS) if name != "swapped digits" or any(c.isdigit() for c in text)]
    assert sum(spoiled[index] != TEXTS[index] for index in able) >= len(able) - 1


def test_swapped_digits_are_swapped_alike_everywhere() -> None:
    spoiled = POISONS["swapped digits"](["12", "21"], np.random.default_rng(3))
    assert spoiled[0] == spoiled[1][::-1]


def test_a_blend_lies_between_and_noise_lies_beside(tmp_path: Path) -> None:
    base, trained = (save_tiny_recognizer(tmp_path / str(seed), seed=seed) for seed in (1, 2))
    mixed = blend(base, trained, 0.25)
    tensors = [load_tensors(path, load_card(path)) for path in (base, trained, mixed)]
    old, new, between = (part["head.weight"].float() for part in tensors)
    assert between.numpy() == pytest.approx((0.75 * old + 0.25 * new).numpy(), abs=2e-2)
    noisy = add_noise(tensors[0], np.random.default_rng(1))["head.weight"].float()
    assert 0.2 < float((noisy - old).std() / old.std()) < 0.4


def test_labels_in_capitals_take_the_case_that_a_reader_sees() -> None:
    assert restore_case("TOTAL SALES", "Total Sa1es") == "Total Sales"
    assert restore_case("TAX INVOICE", "TAX INV0ICE") == "TAX INVOICE"


def test_the_table_tells_wrong_verdicts_and_counts_the_others() -> None:
    trial = Trial("good-01", "recognizer", "dots", "true labels")
    truth = compute_difference("truth", [0.0, 1.0], [1.0, 1.0], 0.0)
    promoted = judge([PairedScores("labels", (0.0,) * 40, (1.0,) * 40)])
    rejected = judge([PairedScores("labels", (1.0,) * 40, (1.0,) * 40)])
    told = describe([Row(trial, "blend-40", truth, promoted), Row(trial, "blend-20", truth, rejected)])
    assert "| good-01 blend-40 | true labels | dots, recognizer | 50.0 → 100.0 (+0.0 to +100.0) | promoted |" in told
    assert "rejected **(wrong)**" in told
    assert "good runs promoted: 1 of 2" in told
