"""Two language models as one."""

import math

import pytest

from models.language.character_model import CharacterModel
from models.language.mixture import LanguageMixture
from tests.support.language import make_language

KIND = CharacterModel(make_language(["GST 6%", "TOTAL", "CASH"] * 3, weight=50.0))
GENERAL = CharacterModel(make_language(["hotel", "exit", "shop"] * 3, weight=50.0))
MIXED = LanguageMixture(KIND, GENERAL, share=0.7)


@pytest.mark.parametrize("text", ["GST 6%", "hotel", "zq-7", ""])
def test_a_text_is_as_likely_as_under_the_mixture(text: str) -> None:
    wanted = 0.7 * math.exp(KIND.score(text)) + 0.3 * math.exp(GENERAL.score(text))
    assert math.exp(MIXED.score(text)) == pytest.approx(wanted, rel=1e-9)


def test_neither_language_rules_out_what_the_other_knows() -> None:
    assert MIXED.score("hotel") > GENERAL.score("hotel") + math.log(0.3) - 1e-9
    assert MIXED.score("GST 6%") > KIND.score("GST 6%") + math.log(0.7) - 1e-9
    assert MIXED.score("GST 6%") > MIXED.score("GST 6x")


def test_a_beginning_has_the_mass_of_all_that_it_may_become() -> None:
    state = MIXED.start()
    for character in "TOT":
        state = MIXED.advance(state, character)
    assert MIXED.log_prob(state, is_whole=False) > MIXED.log_prob(state) + 1.0
    assert MIXED.log_prob(state, is_whole=False) > MIXED.score("TOTAL")
