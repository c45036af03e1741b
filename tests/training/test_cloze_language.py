"""Pre-training the language model on text: it learns, held-back texts stay hidden, misspellings keep within bounds."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.charset import PRINTABLE_ASCII, Charset
from models.language.cloze_model import ClozeConfig, ClozeModel
from models.tokenizers import IGNORED
from models.weights import load_network
from textrec_app.data.synthesis.texts import TextSource
from textrec_app.errors import InputError, NotFoundError
from textrec_app.services.language_training import train_cloze_language
from textrec_app.training.cloze_language import (
    CLOZE_RECIPES,
    ClozeBatch,
    ClozeTask,
    ClozeTexts,
    frame_cloze,
    is_held_back,
    measure_cloze,
    mutate,
)

CHARSET = Charset(PRINTABLE_ASCII)
CPU = torch.device("cpu")


def test_held_back_texts_are_never_drawn_in_any_case() -> None:
    texts = ClozeTexts(TextSource(), CHARSET, 25)
    generator = np.random.default_rng(0)
    learnt = {texts.draw(generator) for _ in range(300)}
    kept = set(texts.held_back(40))
    assert not any(is_held_back(text) for text in learnt)
    assert all(is_held_back(text.upper()) and is_held_back(text.lower()) for text in kept)
    assert all(0 < len(text) <= 25 for text in learnt | kept)


def test_a_batch_holds_texts_of_like_length() -> None:
    texts = ClozeTexts(TextSource(), CHARSET, 25)
    spans = []
    for seed in range(8):
        lengths = [len(text) for text in texts.draw_alike(16, np.random.default_rng(seed))]
        assert len(lengths) == 16
        spans.append(max(lengths) - min(lengths))
    assert np.mean(spans) < 12


def test_texts_are_framed_with_one_end_that_counts() -> None:
    batch = ClozeBatch([[1, 2, 3], [4]], [[1, 2, 3], [4, 5]])
    probs, lengths, answers = frame_cloze(batch, 7, CPU)
    assert probs.argmax(dim=-1).tolist() == [[1, 2, 3, 0], [4, 0, 0, 0]]
    assert lengths.tolist() == [4, 2]
    assert answers.tolist() == [[1, 2, 3, 0], [4, 5, 0, IGNORED]]


def test_misspellings_are_one_to_three_edits_within_bounds() -> None:
    generator = np.random.default_rng(0)
    changed = [mutate([1, 2, 3, 4], 7, 5, generator) for _ in range(200)]
    assert all(1 <= len(ids) <= 5 and all(0 < one < 7 for one in ids) for ids in changed)
    assert len({len(ids) for ids in changed}) >= 4
    assert mutate([1], 7, 1, generator)[0] > 0


def test_it_learns_to_fill_in_a_letter() -> None:
    recipe = CLOZE_RECIPES["cloze_tiny"]
    recipe = replace(recipe, network=ClozeConfig(width=32, depth=1, heads=2, dropout=0.0))
    words = ["hotel", "river", "bank", "exit"]
    ids = [CHARSET.encode(word) for word in words]
    torch.manual_seed(0)
    model = ClozeModel(recipe.network)
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    before = measure_cloze(model, ids, CPU)
    probs, lengths, answers = frame_cloze(ClozeBatch(ids, ids), 96, CPU)
    for _ in range(60):
        model.train()
        logits = model(probs, lengths).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), answers.flatten(), ignore_index=IGNORED)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    after = measure_cloze(model, ids, CPU)
    assert before["bits_per_character"] > 5.0
    assert after["character_accuracy"] > 0.9
    assert after["bits_per_character"] < 1.0
    wrong = [[*CHARSET.encode("x"), *text[1:]] for text in ids]
    assert measure_cloze(model, ids, CPU, wrong)["character_accuracy"] < after["character_accuracy"]
    assert measure_cloze(model, [], CPU) == {"character_accuracy": 0.0, "bits_per_character": 0.0}


def test_a_batch_is_a_function_of_its_step() -> None:
    task = ClozeTask(ClozeTexts(TextSource(), CHARSET, 25), replace(CLOZE_RECIPES["cloze_tiny"], mutations=0.5))
    assert task.batch(2, 0, 1) == task.batch(2, 0, 1)
    assert task.batch(2, 0, 1) != task.batch(3, 0, 1)


def test_the_service_writes_a_model_with_its_card(tmp_path: Path) -> None:
    folder = tmp_path / "words"
    folder.mkdir()
    words = ["hotel", "hostel", "river", "house", "exit", "bank", "market", "street", "station", "museum"] * 3
    (folder / "en.txt").write_text("\n".join(f"{word} {9 + index}" for index, word in enumerate(words)))
    (folder / "mjsynth.txt").write_text("secret\n" * 300)
    result = train_cloze_language("cloze_tiny", folder, tmp_path / "run")
    network, card = load_network(result.checkpoint)
    assert isinstance(network, ClozeModel)
    assert (result.state, card.task, card.architecture) == ("finished", "language", "cloze")
    assert [one["name"] for one in card.data] == ["en.txt"]  # a list without counts holds words of test sets
    assert set(result.metrics) >= {"character_accuracy", "bits_per_character", "accuracy_beside_an_error"}
    assert json.loads(result.checkpoint.with_suffix(".json").read_text())["recipe"]["mutations"] == 0.0


def test_wrong_use_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="choose one of base, cloze"):
        train_cloze_language("none", tmp_path, tmp_path / "run")
    with pytest.raises(InputError, match="--wordlists"):
        train_cloze_language("cloze", None, tmp_path / "run")
