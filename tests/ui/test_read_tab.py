"""The Read tab's function and its endpoint, without a page."""

from pathlib import Path

import pytest

from tests.support.pictures import draw_word, to_png
from textrec_app.errors import InputError
from textrec_app.services.context import App
from textrec_app.ui.read_api import read_with_options
from textrec_app.ui.read_tab import show_reading

FOREIGN = "日本語\nстраница"


@pytest.fixture
def word(tmp_path: Path) -> str:
    path = tmp_path / "word.png"
    path.write_bytes(to_png(draw_word("Hotel")))
    return str(path)


def test_a_list_that_cannot_be_read_is_a_hint_beside_the_free_reading(app: App, word: str) -> None:
    plain, helped, foreign = (show_reading(app, word, True, words)[0] for words in ("", "Hotel", FOREIGN))
    assert (plain["hint"], helped["hint"]) == ("", "")
    assert "none of the words of the list, such as '日本語'" in foreign["hint"]
    assert foreign["regions"][0]["text"] == plain["regions"][0]["text"]


def test_a_program_is_told_that_its_list_cannot_be_read(app: App, word: str) -> None:
    with pytest.raises(InputError, match="none of the words"):
        read_with_options(app, word, True, FOREIGN, 0)
