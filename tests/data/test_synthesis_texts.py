import numpy as np
import pytest

from textrec_app.data.synthesis.texts import MAX_LINE_LENGTH, MAX_WORD_LENGTH, TextSource
from textrec_app.errors import InputError


@pytest.fixture(scope="module")
def texts() -> list[str]:
    generator = np.random.default_rng(3)
    source = TextSource()
    return [source.draw(generator) for _ in range(4000)]


def test_texts_are_printable_ascii_without_outer_spaces(texts: list[str]) -> None:
    assert all(text.isascii() and text.isprintable() for text in texts)
    assert all(text and text == text.strip() and len(text) <= MAX_LINE_LENGTH for text in texts)


def test_texts_hold_every_character_of_the_charset(texts: list[str]) -> None:
    assert {chr(code) for code in range(32, 127)} == set("".join(texts))


def test_texts_mix_cases_digits_and_lines(texts: list[str]) -> None:
    upper = sum(text.isalpha() and text.isupper() for text in texts) / len(texts)
    lines = sum(" " in text for text in texts) / len(texts)
    digits = sum(any(c.isdigit() for c in text) for text in texts) / len(texts)
    assert 0.2 < upper < 0.5
    assert 0.08 < lines < 0.2
    assert 0.1 < digits < 0.4


def test_same_generator_draws_same_texts() -> None:
    source = TextSource()
    first = [source.draw(np.random.default_rng(seed)) for seed in range(50)]
    assert first == [source.draw(np.random.default_rng(seed)) for seed in range(50)]


def test_words_have_no_spaces(texts: list[str]) -> None:
    generator = np.random.default_rng(4)
    source = TextSource(["alpha"], ["one", "two", "three"])
    words = [source.draw_word(generator) for _ in range(500)]
    assert all(" " not in word and 0 < len(word) <= MAX_WORD_LENGTH for word in words)


def test_lists_and_running_text_are_told_apart(tmp_path) -> None:
    (tmp_path / "list.txt").write_text("apple 120\npear 80\nBirne\nПример 7\n내가 5\n", encoding="utf-8")
    prose = "Running text has many words a line, and naïve ones are dropped.\n" * 3
    (tmp_path / "prose.txt").write_text(prose, encoding="utf-8")
    source = TextSource.load(tmp_path)
    assert source.words == ("apple", "pear", "Birne")
    assert source.running[:2] == ("Running", "text")
    assert "naïve" not in source.running


def test_missing_or_foreign_lists_are_refused(tmp_path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        TextSource.load(tmp_path / "nowhere")
    (tmp_path / "ko.txt").write_text("내가 5\n그 3\n", encoding="utf-8")
    with pytest.raises(InputError, match="ASCII"):
        TextSource.load(tmp_path)
