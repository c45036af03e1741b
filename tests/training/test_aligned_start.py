"""The aligned start: what columns are told, and that a small network learns from it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.weights import load_card
from textrec_app.data.synthesis.backgrounds import load_backgrounds
from textrec_app.data.synthesis.fonts import BUILT_IN, PRINTABLE, FontFace, FontLibrary
from textrec_app.data.synthesis.texts import TextSource
from textrec_app.data.synthesis.words import WordRenderer
from textrec_app.errors import InputError
from textrec_app.training.aligned_start import IGNORED, AlignedWords, align_recognizer, label_columns
from textrec_app.training.recipes import get_recognizer_recipe
from textrec_app.training.recognizer import RecognizerRun

SMALL = (("widths", (8, 8, 16, 32)), ("depths", (0, 1, 1, 1)), ("heads", 2), ("global_blocks", 1))


@pytest.fixture(scope="module")
def renderer() -> WordRenderer:
    built_in = FontLibrary([FontFace(BUILT_IN, False, frozenset(PRINTABLE))])
    return WordRenderer(built_in, TextSource.load(None), load_backgrounds(None))


def test_columns_show_the_middle_of_letters_and_blanks_between_them() -> None:
    labels = label_columns([5, 9], np.array([[0.1, 0.4], [0.6, 0.9]]), 20)
    assert labels[:2].tolist() == [0, 0]
    assert set(labels[4:6].tolist()) == {5}
    assert set(labels[8:12].tolist()) == {0}
    assert set(labels[14:16].tolist()) == {9}
    assert IGNORED in labels.tolist()


def test_equal_neighbours_have_a_blank_between_them() -> None:
    labels = label_columns([5, 5], np.array([[0.0, 0.5], [0.5, 1.0]]), 16)
    first, second = np.flatnonzero(labels == 5)[[0, -1]]
    assert 0 in labels[first:second].tolist()


@pytest.mark.parametrize("text", ["hello", "aa", "il.l"])
def test_reading_the_columns_gives_the_text(text: str) -> None:
    edges = np.linspace(0.05, 0.95, len(text) + 1)
    ids = [ord(character) for character in text]
    labels = label_columns(ids, np.stack([edges[:-1], edges[1:]], axis=1), 24)
    kept = [label for label in labels.tolist() if label != IGNORED]
    path = [label for number, label in enumerate(kept) if number == 0 or label != kept[number - 1]]
    assert "".join(chr(label) for label in path if label) == text


def test_batches_are_reproducible_and_say_where_letters_stand(renderer: WordRenderer) -> None:
    first, again = (AlignedWords(renderer, 4, 1, 1.0).batch(3) for _ in range(2))
    assert np.array_equal(first.images, again.images)
    assert first.texts == again.texts
    for text, extents in zip(first.texts, first.extents, strict=True):
        assert extents.shape == (len(text), 2)
        assert np.all(extents[:, 1] > extents[:, 0])


def test_it_learns_and_leaves_a_base_to_go_on_from(tmp_path: Path, renderer: WordRenderer) -> None:
    recipe = replace(get_recognizer_recipe("align"), network=SMALL)
    fit = replace(recipe.fit, steps=20, batch_size=4, precision="no", warmup_steps=4)
    lines: list[dict[str, float]] = []
    run = RecognizerRun(tmp_path, replace(recipe, fit=fit), [], device="cpu")
    result = align_recognizer(run, renderer, on_progress=lines.append)
    assert result.state == "finished"
    losses = [line["loss"] for line in lines if "loss" in line and line["step"] <= 10]
    assert losses[-1] < losses[0]
    assert load_card(result.checkpoint).recipe["aligned"] is True


def test_a_network_without_columns_is_a_sentence(tmp_path: Path, renderer: WordRenderer) -> None:
    recipe = replace(get_recognizer_recipe("align"), architecture="parseq", network=SMALL)
    with pytest.raises(InputError, match="no columns"):
        align_recognizer(RecognizerRun(tmp_path, recipe, [], device="cpu"), renderer)
