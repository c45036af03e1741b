"""Choosing between texts: sure paths stay, language decides between close ones, word lists are kept to."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.charset import PRINTABLE_ASCII, Charset
from models.language.character_model import CharacterModel
from models.recognition.beam import BeamOptions
from models.recognition.ctc import DecodedText, ctc_greedy_decode
from models.recognition.tokens import token_greedy_decode
from tests.support.language import make_language
from textrec_app.errors import InputError
from textrec_app.pipeline.choosing import Choice, ChoosingOptions, TextChooser
from textrec_app.pipeline.crop_readings import build_characters, share_confidence
from textrec_app.pipeline.lexicon import MAX_COMPARED, Lexicon
from textrec_app.pipeline.text_scores import GlyphOpinion, TokenTexts

CHARSET = Charset(PRINTABLE_ASCII)
MODEL = CharacterModel(make_language(["hotel", "hostel", "exit", "shop"] * 3, weight=50.0))


def write_steps(*places: dict[str, float], blanks: bool = True) -> NDArray[np.float32]:
    """A look whose steps have these characters with these probabilities; a sure blank after each place."""
    rows = []
    for place in places:
        row = np.full(len(CHARSET) + 1, 1e-6)
        for character, prob in place.items():
            row[CHARSET.encode(character)[0]] = prob
        rows.append(row)
        if blanks:
            rows.append(np.eye(1, len(row))[0] + 1e-6)
    if not blanks:
        rows.append(np.eye(1, len(CHARSET) + 1)[0] + 1e-6)
    probs = np.array(rows)
    return np.log(probs / probs.sum(axis=1, keepdims=True)).astype(np.float32)


def read_greedily(look: NDArray[np.float32]) -> DecodedText:
    return ctc_greedy_decode(torch.from_numpy(look)[None], CHARSET)[0]


HOTEL = write_steps({"h": 1.0}, {"c": 0.55, "o": 0.45}, {"t": 1.0}, {"e": 1.0}, {"l": 1.0})


def test_the_language_decides_between_close_texts() -> None:
    greedy = read_greedily(HOTEL)
    choice = TextChooser(CHARSET, "ctc", MODEL).choose(greedy, [HOTEL])
    assert greedy.text == "hctel"
    assert choice.decoded.text == "hotel"
    assert choice.decoded.char_probs[1] == pytest.approx(0.45, abs=0.01)  # the doubt stays visible
    assert choice.others[0][0] == "hctel"
    assert TextChooser(CHARSET, "ctc", None).choose(greedy, [HOTEL]).decoded.text == "hctel"


def test_a_sure_path_stays_whatever_the_language_says() -> None:
    look = write_steps({"h": 1.0}, {"c": 0.9, "o": 0.1}, {"t": 1.0}, {"e": 1.0}, {"l": 1.0})
    greedy = read_greedily(look)
    chooser = TextChooser(CHARSET, "ctc", MODEL)
    assert chooser.is_sure(greedy)
    chosen = chooser.choose(greedy, [look]).decoded
    assert (chosen.text, chosen.spans) == (greedy.text, greedy.spans)
    assert chosen.log_prob == pytest.approx(greedy.log_prob, abs=1e-4)
    assert chosen.char_probs == pytest.approx(greedy.char_probs, abs=1e-4)


def test_the_raw_score_of_a_weighed_text_rises_with_its_share() -> None:
    greedy, chooser = read_greedily(HOTEL), TextChooser(CHARSET, "ctc", MODEL)
    alone = Choice(greedy, (), (greedy.text,))
    rivalled = Choice(greedy, (("hotel", 1.0),), (greedy.text, "hotel"))
    assert chooser.raw_score(greedy, Choice(greedy)) == greedy.log_prob
    assert chooser.raw_score(greedy, rivalled) < chooser.raw_score(greedy, alone) <= 0.0


def test_a_code_is_not_turned_into_a_word() -> None:
    look = write_steps({"X": 0.9}, {"4": 0.6, "A": 0.4}, {"Q": 0.9}, {"9": 0.55, "g": 0.45}, {"Z": 0.9})
    assert TextChooser(CHARSET, "ctc", MODEL).choose(read_greedily(look), [look]).decoded.text == "X4Q9Z"


def test_a_second_look_can_change_the_choice() -> None:
    first = write_steps({"Q": 1.0}, {"7": 0.55, "1": 0.45})
    second = write_steps({"Q": 1.0}, {"7": 0.1, "1": 0.9})
    chooser = TextChooser(CHARSET, "ctc", None, ChoosingOptions())
    once = chooser.choose(read_greedily(first), [first])
    assert once.decoded.text == "Q7"
    assert not chooser.is_settled(once)
    assert chooser.choose(read_greedily(first), [first, second], known=once.candidates).decoded.text == "Q1"


def test_a_language_of_english_keeps_out_of_other_charsets() -> None:
    assert TextChooser(Charset("äöü"), "ctc", MODEL).model is None


def test_the_word_list_decides_and_keeps_its_own_spelling() -> None:
    chooser = TextChooser(CHARSET, "ctc", MODEL)
    choice = chooser.choose(read_greedily(HOTEL), [HOTEL], Lexicon.of(["Hostel", "HOTEL", "motel", "日本"]))
    assert choice.decoded.text == "HOTEL"
    assert len(choice.decoded.char_probs) == 5
    assert [text for text, _ in choice.others][:1] in (["Hostel"], ["motel"])


def test_a_text_that_is_clearly_not_in_the_list_is_read_freely() -> None:
    choice = TextChooser(CHARSET, "ctc", MODEL).choose(read_greedily(HOTEL), [HOTEL], Lexicon.of(["restaurant", "bar"]))
    assert choice.decoded.text == "hotel"


def test_of_a_long_list_the_nearest_entries_are_compared() -> None:
    words = [f"word{number:05d}" for number in range(3000)] + ["hotels", "hotel"]
    lexicon = Lexicon.of(words)
    near = lexicon.nearest(["hctel", "hotel"], CHARSET)
    assert len(near) <= MAX_COMPARED
    assert "hotel" in near
    assert TextChooser(CHARSET, "ctc", MODEL).choose(read_greedily(HOTEL), [HOTEL], lexicon).decoded.text == "hotel"


@pytest.mark.parametrize("words", [["hotel", "Hotel", "HOTEL"], ["HOTEL", "Hotel", "hotel"]])
def test_entries_that_differ_in_case_only_are_told_apart(words: list[str]) -> None:
    chooser = TextChooser(CHARSET, "ctc", MODEL)
    choice = chooser.choose(read_greedily(HOTEL), [HOTEL], Lexicon.of(words))
    assert choice.decoded.text == "hotel"
    assert sorted(text for text, _ in choice.others) == ["HOTEL", "Hotel"]


def test_a_way_of_writing_with_more_letters_than_the_entry_is_not_looked_for() -> None:
    look = write_steps(*[{character: 1.0} for character in "STRASSE"])
    choice = TextChooser(CHARSET, "ctc", MODEL).choose(read_greedily(look), [look], Lexicon.of(["Straße", "Strasse"]))
    assert choice.decoded.text == "Strasse"
    assert len(choice.decoded.char_probs) == 7
    assert Lexicon.of(["Straße"]).nearest(["STRASSE"], CHARSET) == {}


def test_word_lists_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("\ufeffHotel\n\n  Café \nHotel\n", encoding="utf-8")
    assert Lexicon.load(path).words == ("Hotel", "Café")
    with pytest.raises(InputError, match="empty"):
        Lexicon.of(["", " "])
    with pytest.raises(InputError, match="no file"):
        Lexicon.load(tmp_path / "absent.txt")
    with pytest.raises(InputError, match="is a folder"):
        Lexicon.load(tmp_path)
    with pytest.raises(InputError, match="cannot be opened"):
        Lexicon.load(path / "below")
    path.write_bytes(b"caf\xe9\n")
    with pytest.raises(InputError, match="UTF-8"):
        Lexicon.load(path)


def test_a_list_is_readable_where_one_word_is() -> None:
    assert Lexicon.of(["日本", "hotel"]).has_readable(CHARSET)
    assert not Lexicon.of(["日本", "страница"]).has_readable(CHARSET)


def test_tokens_are_chosen_among_the_likeliest_sequences() -> None:
    look = write_steps({"h": 1.0}, {"c": 0.55, "o": 0.45}, {"t": 1.0}, {"e": 1.0}, {"l": 1.0}, blanks=False)
    greedy = token_greedy_decode(torch.from_numpy(look)[None], CHARSET)[0]
    chooser = TextChooser(CHARSET, "tokens", MODEL)
    choice = chooser.choose(greedy, [look])
    assert (greedy.text, choice.decoded.text) == ("hctel", "hotel")
    assert chooser.scores.measure([greedy.text], look)[0] == pytest.approx(greedy.log_prob, abs=1e-3)
    assert [place[0][0] for place in chooser.scores.top_characters(look, choice.decoded, 2)] == list("hctel")
    assert chooser.choose(greedy, [look], Lexicon.of(["hostel", "motel", "a" * 30])).decoded.text in ("hotel", "motel")


def test_other_texts_share_the_confidence_that_is_left() -> None:
    shared = dict(share_confidence(0.6, [("a", 0.9), ("b", 0.5)]))
    assert sum(shared.values()) == pytest.approx(0.4)
    assert shared["a"] > shared["b"]
    assert share_confidence(0.9, [("a", 0.01)]) == [("a", pytest.approx(0.009))]


def test_other_characters_leave_out_the_one_that_was_read() -> None:
    decoded = read_greedily(HOTEL)
    places = TextChooser(CHARSET, "ctc").scores.top_characters(HOTEL, decoded, 3)
    characters = build_characters(decoded, len(HOTEL), places)
    assert characters[1].text == "c"
    assert characters[1].alternatives[0].text == "o"
    assert all(len(character.alternatives) <= 2 for character in characters)


def hear(text: str, prob: float) -> GlyphOpinion:
    """A glyph head that gives each character of a text this probability."""
    look = write_steps(*[{character: prob} for character in text], blanks=False)
    return GlyphOpinion(
        token_greedy_decode(torch.from_numpy(look)[None], CHARSET)[0], look, np.zeros((0, 16, 32), np.float32)
    )


def test_the_glyph_head_can_turn_the_choice_and_bring_a_text_of_its_own() -> None:
    look = write_steps({"Q": 1.0}, {"7": 0.55, "1": 0.45})
    greedy, chooser = read_greedily(look), TextChooser(CHARSET, "ctc", None, ChoosingOptions(glyph_weight=0.5))
    assert chooser.choose(greedy, [look]).decoded.text == "Q7"
    assert chooser.choose(greedy, [look], opinion=hear("Q1", 0.9)).decoded.text == "Q1"
    own = chooser.choose(greedy, [look], opinion=hear("Qz", 0.9))
    assert "Qz" in own.candidates
    deaf = TextChooser(CHARSET, "ctc", None, ChoosingOptions(glyph_weight=0.0))
    assert deaf.choose(greedy, [look], opinion=hear("Q1", 0.9)).decoded.text == "Q7"


def test_a_sure_path_is_doubted_where_the_glyph_head_differs() -> None:
    look = write_steps({"O": 1.0}, {"K": 0.95})
    greedy, chooser = read_greedily(look), TextChooser(CHARSET, "ctc", None)
    assert chooser.is_sure(greedy, hear("OK", 0.9))
    assert not chooser.is_sure(greedy, hear("CK", 0.9))
    taken = chooser.take(greedy, hear("OK", 0.9))
    chosen = chooser.choose(greedy, [look], opinion=hear("OK", 0.9))
    assert taken.decoded.log_prob == pytest.approx(chosen.decoded.log_prob, abs=1e-4)
    assert chooser.take(greedy).decoded is greedy


def test_of_what_stands_behind_its_own_end_the_glyph_head_says_nothing() -> None:
    opinion = hear("hote", 0.9)
    begun = TokenTexts(CHARSET, BeamOptions()).measure_begun(["hote", "hotel", "hotelzimmer", "h", ""], opinion.look)
    assert begun[0] == pytest.approx(opinion.decoded.log_prob, abs=1e-4)
    assert begun[1] == begun[2] < begun[0]
    assert np.isfinite(begun).all()
