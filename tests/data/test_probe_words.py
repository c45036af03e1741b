"""Words to measure on: the same for one seed, of the kind that was asked for, with true ink and places."""

from functools import lru_cache

import cv2
import numpy as np
import pytest
import torch

from models.charset import PRINTABLE_ASCII
from tests.support.faces import find_some_fonts
from textrec_app.data.synthesis.backgrounds import load_backgrounds
from textrec_app.data.synthesis.ink_batches import InkSource
from textrec_app.data.synthesis.scene_texts import SceneTexts
from textrec_app.data.synthesis.texts import TextSource
from textrec_app.data.word_effects.probe_words import PROBE_SETS, ProbeWord, render_probe_words, spoil_focus
from textrec_app.data.word_effects.surfaces import PhotoBank
from textrec_app.errors import InputError

COUNT = 40


@lru_cache(maxsize=1)
def make_material() -> tuple[InkSource, PhotoBank]:
    bank = PhotoBank(load_backgrounds(count=2), torch.device("cpu"))
    return InkSource(find_some_fonts(), SceneTexts(TextSource())), bank


@lru_cache(maxsize=8)
def draw(name: str, count: int = COUNT, seed: int = 0) -> list[ProbeWord]:
    return render_probe_words(name, count, *make_material(), PRINTABLE_ASCII, seed)


@pytest.mark.parametrize("name", PROBE_SETS)
def test_a_word_knows_its_ink_and_its_characters(name: str) -> None:
    words = draw(name)
    assert len(words) == COUNT
    for word in words:
        height, width = word.glyph_mask.shape
        assert word.image.shape == (32, width, 3)
        assert height == 32
        assert word.image.dtype == word.glyph_mask.dtype == np.uint8
        assert set(np.unique(word.glyph_mask)) == {0, 1}, "even a hairline has ink"
        assert 3 <= len(word.text) <= 20
        assert " " not in word.text
        assert set(word.text) <= set(PRINTABLE_ASCII)
        assert word.quads.shape == (len(word.text), 4, 2)
        centres = word.quads[:, :, 0].mean(axis=1)
        assert (np.diff(centres) > 0).mean() > 0.8, "characters follow each other from left to right"


@pytest.mark.parametrize("name", PROBE_SETS)
def test_the_ink_lies_in_the_characters(name: str) -> None:
    inside = total = 0
    for word in draw(name):
        allowed = np.zeros(word.glyph_mask.shape, np.uint8)
        for quad in word.quads:
            cv2.fillConvexPoly(allowed, np.rint(quad).astype(np.int32), 1)
        allowed = cv2.dilate(allowed, np.ones((7, 7), np.uint8))
        inside += int((word.glyph_mask & allowed).sum())
        total += int(word.glyph_mask.sum())
    assert inside / total > 0.97


def test_seeds_decide() -> None:
    again = render_probe_words("straight", COUNT, *make_material(), PRINTABLE_ASCII, 0)
    assert all(np.array_equal(one.image, other.image) for one, other in zip(draw("straight"), again, strict=True))
    assert all(np.array_equal(one.quads, other.quads) for one, other in zip(draw("straight"), again, strict=True))
    other = draw("straight", COUNT, 1)
    assert [word.text for word in other] != [word.text for word in again]


def test_only_curved_words_bend() -> None:
    def measure_bend(word: ProbeWord) -> float:
        """How far the middle of a long word's characters lies off the line through its ends, in pixels."""
        x, y = word.quads[:, 2:].mean(axis=1).T  # on the baseline, about
        straight = np.interp(x, [x[0], x[-1]], [y[0], y[-1]])
        return float(np.median(np.abs(y - straight)[1:-1]))

    bends = {name: [measure_bend(word) for word in draw(name) if len(word.text) > 4] for name in PROBE_SETS}
    assert np.median(bends["curved"]) > 1.5 * np.median(bends["straight"])
    assert np.median(bends["curved"]) > 1.5


def test_blurred_words_have_lost_their_edges() -> None:
    def measure_edges(words: list[ProbeWord]) -> float:
        slopes = [cv2.Laplacian(cv2.cvtColor(word.image, cv2.COLOR_RGB2GRAY), cv2.CV_32F).std() for word in words]
        return float(np.median(slopes))

    assert measure_edges(draw("blurred")) < 0.6 * measure_edges(draw("straight"))


def test_a_bad_lens_keeps_a_plain_crop_plain() -> None:
    plain = np.full((32, 64, 3), 120, np.uint8)
    seen = spoil_focus(plain, np.random.default_rng(0))
    assert seen.shape == plain.shape
    assert abs(float(seen.mean()) - 120) < 2


def test_letters_come_from_the_charset() -> None:
    capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    assert all(set(word.text) <= set(capitals) for word in render_probe_words("curved", 6, *make_material(), capitals))
    with pytest.raises(InputError, match="No text"):
        render_probe_words("straight", 1, *make_material(), "")


def test_sets_are_named() -> None:
    with pytest.raises(InputError, match="straight, curved, blurred"):
        render_probe_words("wavy", 1, *make_material(), PRINTABLE_ASCII)
