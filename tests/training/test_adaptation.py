"""Adapting weights: what moves, what stays, and what is believed of crops without labels."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from models.registry import create_network
from models.weights import load_card, load_tensors
from tests.support.recognizers import NAMES, create_small
from textrec_app.data.crop_pool import CropPool, pool_in_memory
from textrec_app.data.word_batches import WeightedPool
from textrec_app.training.adaptation import adapt_recognizer, blend, choose_tuned, distillation_loss, hold_norms
from textrec_app.training.recipes import Adaptation, RecognizerRecipe, get_recognizer_recipe
from textrec_app.training.recognizer import RecognizerRun, train_recognizer

GLYPHS = (
    ("decoder_width", 16),
    ("sequence_width", 16),
    ("embedding_width", 8),
    ("pyramid_width", 16),
    ("glyph_width", 16),
    ("widths", (8, 8, 16, 32)),
    ("depths", (1, 1, 1, 1)),
    ("heads", 2),
    ("global_blocks", 1),
    ("max_length", 8),
)
WORDS = ("TEN", "NET", "EAT", "TEA", "ANT", "TAN")


def drawn(text: str) -> np.ndarray:
    image = np.full((40, 24 * len(text) + 16, 3), 230, np.uint8)
    cv2.putText(image, text, (8, 31), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (20, 20, 20), 2, cv2.LINE_AA)
    return image


def pool() -> CropPool:
    return pool_in_memory((drawn(word), word) for word in WORDS)


def recipe(share: float = 1.0) -> RecognizerRecipe:
    tiny = replace(get_recognizer_recipe("tiny"), network=GLYPHS, architecture="siga_s", max_width_px=256)
    fit = replace(tiny.fit, steps=6, evaluate_every=6, learning_rate=1e-3)
    return replace(tiny, fit=fit, adaptation=Adaptation(share=share))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    begun = replace(recipe(), adaptation=None)
    run = RecognizerRun(tmp_path_factory.mktemp("base"), begun, [WeightedPool(pool(), 1.0)], device="cpu")
    return train_recognizer(run).checkpoint


def adapt(base: Path, out: Path, share: float = 1.0) -> dict[str, Tensor]:
    run = RecognizerRun(out, recipe(share), [WeightedPool(pool(), 1.0)], base=base, device="cpu")
    result = adapt_recognizer(run, WeightedPool(pool(), 1.0), lambda: None)
    assert result.state == "finished"
    return load_tensors(result.checkpoint, load_card(result.checkpoint))


def test_only_the_top_moves_and_the_glyph_branch_and_the_norms_stay(base: Path, tmp_path: Path) -> None:
    before, after = load_tensors(base, load_card(base)), adapt(base, tmp_path)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved
    assert {name.split(".")[0] for name in moved} <= {"trunk", "head"}
    assert not any(name.startswith(("trunk.stem", "trunk.low", "trunk.middle")) for name in moved)
    assert not any("running_" in name for name in moved)


def test_a_share_of_the_way_keeps_the_rest(base: Path, tmp_path: Path) -> None:
    before = load_tensors(base, load_card(base))
    whole, half = adapt(base, tmp_path / "whole"), adapt(base, tmp_path / "half", share=0.5)
    far = sum(float((whole[name].float() - before[name].float()).norm()) for name in before)
    near = sum(float((half[name].float() - before[name].float()).norm()) for name in before)
    assert near == pytest.approx(far / 2, rel=0.15)  # both are rounded as they are shipped


def test_blending_meets_both_ends() -> None:
    before, after = {"w": torch.zeros(3), "n": torch.tensor(1)}, {"w": torch.ones(3), "n": torch.tensor(5)}
    assert torch.equal(blend(before, after, 0.0)["w"], torch.zeros(3))
    assert torch.equal(blend(before, after, 1.0)["w"], torch.ones(3))
    assert torch.allclose(blend(before, after, 0.25)["w"], torch.full((3,), 0.25))
    assert int(blend(before, after, 0.25)["n"]) == 5


def test_distillation_is_the_divergence_of_each_column() -> None:
    generator = torch.Generator().manual_seed(3)
    logits, wanted = (torch.randn(2, 5, 7, generator=generator, dtype=torch.float64) for _ in range(2))
    slow = 0.0
    for image in range(2):
        for column in range(5):
            old, new = wanted[image, column].softmax(0), logits[image, column].softmax(0)
            slow += float((old * (old / new).log()).sum())
    assert float(distillation_loss(logits, wanted)) == pytest.approx(4.0 * slow / 10, rel=1e-5)
    assert float(distillation_loss(wanted, wanted)) == pytest.approx(0.0, abs=1e-6)
    assert float(distillation_loss(logits[:0], wanted[:0])) == 0.0


def test_the_gradient_of_distillation() -> None:
    generator = torch.Generator().manual_seed(4)
    logits = torch.randn(1, 3, 4, generator=generator, requires_grad=True)
    wanted = torch.randn(1, 3, 4, generator=generator)
    distillation_loss(logits, wanted).backward()
    expected = 4.0 * (logits.detach().softmax(-1) - wanted.softmax(-1)) / 3
    assert logits.grad is not None
    assert torch.allclose(logits.grad, expected, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_every_architecture_has_something_to_tune(name: str) -> None:
    names = [key for key, _ in create_small(name).named_parameters()]
    top, everything = (choose_tuned(names, Adaptation(tuned=part)) for part in ("top", "all"))
    assert set(top) <= set(everything) <= set(names)
    assert any("head" in key for key in top) or top == names


def test_norms_keep_their_statistics_in_training() -> None:
    network = create_network("conv_attention_ctc", {"classes": 5, "widths": [8, 8, 8, 16], "depths": [1, 1, 1, 1]})
    network.train()
    hold_norms(network)
    before = {key: value.clone() for key, value in network.state_dict().items() if "running" in key}
    network(torch.randn(2, 3, 32, 64))
    assert all(torch.equal(before[key], network.state_dict()[key]) for key in before)
