"""Spoiled weights of the shipped recognizer: both models read real drawn words, and the gate sees no label."""

import string
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from docs.benchmarks.baselines.poisons import POISONS, add_noise
from models.charset import Charset
from models.recognition.text_network import TextNetwork
from models.weights import PRETRAINED_DIR, WeightCard, load_card, load_network, load_tensors, save_weights
from tests.support.pictures import draw_word
from textrec_app.evaluation.gate_changes import PairScores
from textrec_app.services import gating
from textrec_app.services.gate_witnesses import GateReader, score_texts
from textrec_app.services.gating import FrozenSet, SetReadings

BASE = PRETRAINED_DIR / "recognizer_ctc.safetensors"
WORDS = ("Total", "Cash", "Item", "Date", "Room", "Hotel", "Parkway", "Exit", "Taxi", "Museum", "Garden", "Station")
TEXTS = [*WORDS, *(f"{17 * index % 89 + 10}.{index % 7}{index % 9}" for index in range(12))]
Spoil = Callable[[WeightCard, dict[str, Tensor]], dict[str, Tensor]]


@pytest.fixture(scope="module")
def held_back() -> FrozenSet:
    crops = tuple(draw_word(text, size_px=22 + index % 8, seed=index) for index, text in enumerate(TEXTS))
    return FrozenSet("agreement", tuple(map(str, range(len(crops)))), ("",) * len(crops), ("",) * len(crops), crops)


def exchange(pairs: dict[str, str]) -> Spoil:
    """The head reads one character as another, everywhere."""

    def spoil(card: WeightCard, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        order = list(range(len(card.charset) + 1))
        for old, new in pairs.items():
            order[card.charset.index(new) + 1] = card.charset.index(old) + 1
        return {name: tensor[order] if name.startswith("head.") else tensor for name, tensor in tensors.items()}

    return spoil


def read_nothing(card: WeightCard, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    tensors["head.bias"][0] += 60.0
    return tensors


def read_always(card: WeightCard, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    tensors["head.weight"].zero_()
    tensors["head.bias"].zero_()
    tensors["head.bias"][card.charset.index("T") + 1] = 9.0
    return tensors


def explode(card: WeightCard, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """What too high a learning rate leaves behind: weights many times as large as they were."""
    generator = torch.Generator().manual_seed(1)
    return {
        name: tensor + 3.0 * tensor.std() * torch.randn(tensor.shape, generator=generator)
        if tensor.is_floating_point() and tensor.ndim > 1
        else tensor
        for name, tensor in tensors.items()
    }


def blur_weights(card: WeightCard, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return add_noise(tensors, np.random.default_rng(2))


LETTERS = dict(zip(string.ascii_letters, string.ascii_letters.swapcase(), strict=True))
NEXT_DIGIT = dict(zip(string.digits, string.digits[1:] + "0", strict=True))
SPOILED: dict[str, tuple[Spoil, str]] = {
    "no text": (read_nothing, "forgotten how to read"),
    "one text": (read_always, "collapse to few texts"),
    "wrong case": (exchange(LETTERS), "wrong case"),
    "swapped digits": (exchange(NEXT_DIGIT), "confuses digits"),
    "noise weights": (blur_weights, "sure"),
    "exploded": (explode, "sure"),
    "as it was": (lambda card, tensors: tensors, "No measurable gain"),
}


@pytest.fixture(scope="module")
def readings(held_back: FrozenSet, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[SetReadings]]:
    card, paths = load_card(BASE), []
    for name, (spoil, _) in SPOILED.items():
        folder = tmp_path_factory.mktemp(name.replace(" ", "_"))
        paths.append(save_weights(folder, "recognizer", spoil(card, load_tensors(BASE, card)), card))
    found = gating.read_candidates([held_back], BASE, paths, "cpu")
    return dict(zip(SPOILED, found, strict=True))


@pytest.mark.parametrize("name", SPOILED)
def test_spoiled_weights_are_rejected_without_a_label_and_the_reason_is_said(
    name: str, readings: dict[str, list[SetReadings]]
) -> None:
    found = gating.judge_readings(readings[name])
    assert not found.promoted
    assert any(SPOILED[name][1] in reason for reason in found.reasons), found.reasons


def test_a_collapsed_model_agrees_with_itself_and_is_rejected_all_the_same(
    readings: dict[str, list[SetReadings]],
) -> None:
    found = gating.judge_readings(readings["one text"])
    assert found.after["agreement"] == 1.0 > found.before["agreement"]
    assert not found.promoted


@pytest.mark.parametrize("name", POISONS)
def test_a_model_that_learned_spoiled_labels_by_heart_is_rejected(
    name: str, held_back: FrozenSet, readings: dict[str, list[SetReadings]]
) -> None:
    """The candidate's readings are the incumbent's, spoiled; what the incumbent makes of them is its own."""
    honest = readings["as it was"][0]
    learned = POISONS[name]([texts[0] for texts in honest.before], np.random.default_rng(5))
    network, card = load_network(BASE)
    assert isinstance(network, TextNetwork)
    reader = GateReader(network, Charset(card.charset), torch.device("cpu"))
    doubts = score_texts(reader, held_back.crops, learned)
    scores = tuple(
        PairScores((one.incumbent[0], doubt), (-6.0, -0.1)) for one, doubt in zip(honest.scores, doubts, strict=True)
    )
    spoiled = replace(honest, after=tuple((text,) * 4 for text in learned), scores=scores)

    found = gating.judge_readings([spoiled])

    assert not found.promoted
    assert any("is sure" in reason for reason in found.reasons)


def test_mistakes_of_which_the_incumbent_is_unsure_may_be_put_right(readings: dict[str, list[SetReadings]]) -> None:
    """The noisy model as incumbent, the shipped one as candidate: the same readings, seen from the other side."""
    noisy = readings["noise weights"][0]
    swapped = tuple(PairScores(one.candidate[::-1], one.incumbent[::-1], one.language[::-1]) for one in noisy.scores)
    found = gating.judge_readings([replace(noisy, before=noisy.after, after=noisy.before, scores=swapped)])
    assert found.sets[-1].delta > 0
