"""What the character model promises: it sums to one, prefers words, and forbids nothing."""

import math
from pathlib import Path

import numpy as np
import pytest

from models.errors import WeightsError
from models.language.character_model import (
    BOUNDARY,
    N_SYMBOLS,
    SYMBOLS,
    CharacterModel,
    encode_symbols,
)
from models.language.files import load_language, save_language
from models.weights import PRETRAINED_DIR, WeightCard, card_path
from tests.support.language import make_language
from textrec_app.errors import InputError
from textrec_app.pipeline.language_counting import count_cases, count_language
from textrec_app.training.language_texts import collect_language_texts

WORDS = ["hotel", "hostel", "hot", "house", "exit", "4.99", "12:30"]


@pytest.fixture(scope="module")
def model() -> CharacterModel:
    return CharacterModel(make_language(WORDS))


def test_what_may_follow_sums_to_one(model: CharacterModel) -> None:
    for context in ((BOUNDARY,), tuple(encode_symbols("hot")), (BOUNDARY, *encode_symbols("ho")), (5, 9, 11, 2, 7)):
        row = model._row(context)
        assert len(row) == N_SYMBOLS
        assert sum(map(math.exp, row)) == pytest.approx(1.0, abs=1e-6)


def test_words_are_likelier_than_slips_and_slips_than_noise(model: CharacterModel) -> None:
    assert model.score("hotel") > model.score("hctel") + 2.0
    assert model.score("hctel") > model.score("qzxvk")


def test_a_text_of_no_language_loses_no_more_than_its_length_says(model: CharacterModel) -> None:
    same_length = [model.score(text) for text in ("X4Q9ZK", "7Q@XJ2", "ZZXWVQ")]
    assert max(same_length) - min(same_length) < 1.0
    assert min(same_length) > (len("X4Q9ZK") + 1) * -math.log(96) + math.log(0.2) - 0.1
    assert math.isfinite(model.score("日本"))


def test_the_beginning_of_a_text_has_the_mass_of_all_its_continuations(model: CharacterModel) -> None:
    state = model.start()
    for character in "hot":
        state = model.advance(state, character)
    assert model.log_prob(state, is_whole=False) > np.logaddexp(model.score("hot"), model.score("hotel"))
    assert model.log_prob(state) == pytest.approx(model.score("hot"))


def test_letters_keep_the_case_of_their_neighbours() -> None:
    model = CharacterModel(make_language(["HOTEL", "Hotel", "hotel", "EXIT", "Exit", "exit"]))
    assert model.score("HOTEL") > model.score("HOTEl")
    assert model.score("Hotel") > model.score("hOtel")
    assert count_cases(["AB", "ab"]).shape == (64,)


def test_a_model_comes_back_from_disk_as_it_was(tmp_path: Path, model: CharacterModel) -> None:
    path = save_language(tmp_path, model.tables, WeightCard("tiny", "1", "", ""))
    again = load_language(path)
    assert [again.score(word) for word in WORDS] == [model.score(word) for word in WORDS]
    card_path(path).write_text(card_path(path).read_text().replace('"language"', '"recognizer"'))
    with pytest.raises(WeightsError, match="not a character model"):
        load_language(path)


def test_the_shipped_model_is_small_and_knows_english() -> None:
    path = PRETRAINED_DIR / "language.safetensors"
    assert path.stat().st_size + card_path(path).stat().st_size <= 4_000_000
    model = load_language(path)
    assert model.score("COFFEE") > model.score("CQFFEE") + 5.0
    assert model.score("$4.99") > model.score("S4.99")
    assert set(model.tables.symbols.tolist()) <= set(range(N_SYMBOLS))
    assert len(SYMBOLS) == 69


def test_texts_come_from_counts_and_running_text_only(tmp_path: Path) -> None:
    (tmp_path / "counted.txt").write_text("the 1000\nhotel 10\nété 5\n", encoding="utf-8")
    (tmp_path / "running.txt").write_text("Rooms and breakfast in the old town\n" * 3, encoding="utf-8")
    (tmp_path / "lexicon.txt").write_text("leakedword\nanother\n", encoding="utf-8")
    texts = collect_language_texts(tmp_path, patterns=20, lines=20)
    assert texts.weights["the"] > texts.weights["hotel"] > 0
    assert "breakfast" in texts.weights
    assert "leakedword" not in texts.weights
    assert texts.files == ["counted.txt", "running.txt"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="word lists"):
        collect_language_texts(tmp_path / "empty")
    with pytest.raises(InputError, match="no texts"):
        count_language([], [], [])
