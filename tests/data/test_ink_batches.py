"""Ink at speed: the same glyphs as the careful way, packed into batches of one width."""

import pickle
from functools import lru_cache

import numpy as np
import pytest

from tests.support.faces import find_some_fonts
from textrec_app.data.buckets import BUCKET_WIDTHS_PX
from textrec_app.data.synthesis.glyphs import draw_line
from textrec_app.data.synthesis.ink_batches import CANVAS_HEIGHT_PX, InkSource, pack_inks
from textrec_app.data.synthesis.scene_texts import MAX_LINE_LENGTH, SceneTexts, recase_sign
from textrec_app.data.synthesis.sheets import GlyphSheet
from textrec_app.data.synthesis.texts import TextSource
from textrec_app.errors import InputError


@lru_cache(maxsize=1)
def make_source() -> InkSource:
    return InkSource(find_some_fonts(), SceneTexts(TextSource()))


@pytest.mark.parametrize("text", ["Hag5", "AVAToy", "a b.", "fjord!"])
def test_a_sheet_draws_what_a_line_draws(text: str) -> None:
    for face in find_some_fonts().faces[::6]:
        if not face.covers(text):
            continue
        sheet = GlyphSheet(face, 30)
        for spacing in (0.0, 2.5):
            quick, careful = sheet.draw(text, spacing), draw_line(face, text, 30, spacing)
            assert quick.boxes_xyxy.shape == careful.boxes_xyxy.shape
            assert np.abs(quick.boxes_xyxy - careful.boxes_xyxy).max() <= 1  # kerning of rare pairs may be left out
            if np.array_equal(quick.boxes_xyxy, careful.boxes_xyxy):
                assert np.array_equal(quick.ink, careful.ink)


def test_texts_are_those_of_streets() -> None:
    texts, generator = SceneTexts(TextSource()), np.random.default_rng(0)
    drawn = [texts.draw(generator) for _ in range(3000)]
    assert all(text.isascii() and text == text.strip() and 0 < len(text) <= MAX_LINE_LENGTH for text in drawn)
    words = [text for text in drawn if " " not in text]
    assert 0.93 < len(words) / len(drawn) < 0.99
    assert 4 <= np.median([len(word) for word in words]) <= 6
    letters = [word for word in words if word.isalpha() and len(word) > 1]
    assert 0.45 < np.mean([word.isupper() for word in letters]) < 0.65
    assert 0.04 < np.mean([any(c.isdigit() for c in word) for word in words]) < 0.25
    assert [recase_sign("Word", np.random.default_rng(seed)) for seed in range(9)].count("WORD") >= 2


def test_rare_words_hold_rare_triples() -> None:
    texts = SceneTexts(TextSource(["there", "other", "mother", "father", "xylqz"] * 5 + ["the", "then", "they"] * 40))
    generator = np.random.default_rng(1)
    plain = [texts.source.draw_plain(generator) for _ in range(300)].count("xylqz")
    rare = [texts.draw_rare(generator) for _ in range(300)].count("xylqz")
    assert rare > 2 * plain


def test_a_batch_depends_on_its_generator_alone_and_fits_its_width() -> None:
    source = make_source()
    for width_px in (64, 160, 512):
        first = source.draw_batch(np.random.default_rng([1, width_px]), width_px, 6)
        again = pickle.loads(pickle.dumps(source)).draw_batch(np.random.default_rng([1, width_px]), width_px, 6)
        other = source.draw_batch(np.random.default_rng([2, width_px]), width_px, 6)
        assert first.texts == again.texts != other.texts
        assert np.array_equal(first.inks, again.inks)
        assert first.inks.shape[:2] == (6, CANVAS_HEIGHT_PX)
        assert first.inks.dtype == np.uint8
    with pytest.raises(InputError, match="100 px"):
        source.draw_batch(np.random.default_rng(0), 100, 1)


def test_boxes_enclose_the_ink_and_extents_enclose_the_text() -> None:
    source, generator = make_source(), np.random.default_rng(4)
    words = [source.plan(generator, text) for text in ("Word", "II", "-", "two words", "W" * 40)]
    batch = pack_inks(words, 128)
    for ink, extent, boxes, text in zip(batch.inks, batch.extents, batch.boxes, batch.texts, strict=True):
        assert len(boxes) == len(text.replace(" ", ""))
        rows, columns = np.nonzero(ink)
        inside = np.zeros(len(rows), bool)
        for left, top, right, bottom in boxes:
            inside |= (columns >= left) & (columns <= right) & (rows >= top) & (rows <= bottom)
        assert inside.all()
        assert extent[0] <= columns.min()
        assert extent[2] >= columns.max()
        assert extent[3] - extent[1] >= 10, "a hyphen keeps the height of a letter"


def test_widths_are_measured_and_each_may_occur() -> None:
    shares = make_source().measure_widths(count=200)
    assert shares.shape == (len(BUCKET_WIDTHS_PX),)
    assert shares.sum() == pytest.approx(1)
    assert shares.min() > 0
    assert shares[:4].sum() > 0.6
