"""Drawn dot-matrix codes: the same seed draws the same, everything that is written has dots, a kind can be narrow."""

import itertools

import numpy as np
import pytest

from docs.benchmarks.baselines.dot_fonts import FONTS, list_dots
from docs.benchmarks.baselines.dot_printing import draw_printer
from docs.benchmarks.baselines.dot_surfaces import SURFACES, draw_surface
from docs.benchmarks.baselines.dot_texts import draw_crop_text
from docs.benchmarks.drawn_kind import DrawnKind, draw_kind, write_kind
from textrec_app.data.recognition_sets import load_recognition_set


@pytest.mark.parametrize("font", FONTS.values(), ids=FONTS)
def test_the_glyphs_of_a_font_fill_their_grid_and_differ(font):
    drawn = {character: list_dots(font.name, character) for character in font.glyphs}
    for character, dots in drawn.items():
        assert all(0 <= column < font.columns and 0 <= row < font.rows for column, row in dots), character
    alike = [(a, b) for a, b in itertools.combinations(drawn, 2) if drawn[a] == drawn[b]]
    assert alike in ([], [("O", "0")])  # 5 x 7 dots leave no room for both
    assert set(list_dots(font.name, "0", slashed_zero=True)) > set(drawn["0"])
    assert list_dots(font.name, " ") == ()


def test_texts_have_a_glyph_for_every_character():
    generator = np.random.default_rng(0)
    texts = [draw_crop_text(generator) for _ in range(3000)]
    assert set("".join(texts)) - {" "} <= set(FONTS["small"].glyphs) & set(FONTS["large"].glyphs)
    assert max(map(len, texts)) <= 24
    assert all(any(map(str.isalnum, text)) for text in texts)
    assert len(set(texts)) > 1500


@pytest.mark.parametrize("surface", SURFACES)
def test_a_surface_is_a_picture_of_that_size(surface):
    picture = draw_surface(surface, (24, 90), np.random.default_rng(0))
    assert (picture.shape, picture.dtype) == ((24, 90, 3), np.float32)
    assert 0 <= picture.min() <= picture.max() <= 255


def test_the_same_seed_draws_the_same_crops_however_many():
    kind = DrawnKind(seed=3)
    few, more = list(draw_kind(kind, 3)), list(draw_kind(kind, 6))
    assert [text for _, text in few] == [text for _, text in more[:3]]
    assert all(np.array_equal(a, b) for (a, _), (b, _) in zip(few, more, strict=False))
    other = [text for _, text in draw_kind(DrawnKind(seed=3, offset=1), 6)]
    assert other != [text for _, text in more]


def test_a_narrow_kind_has_few_texts_and_other_pictures_at_another_offset():
    first, second = (list(draw_kind(DrawnKind(seed=5, offset=offset, printers=2, texts=3), 12)) for offset in (0, 1))
    assert len({text for _, text in first + second}) <= 3
    assert not any(np.array_equal(a, b) for (a, _), (b, _) in itertools.product(first, second))


def test_a_written_kind_is_a_labeled_folder(tmp_path):
    assert write_kind(tmp_path / "kind", DrawnKind(seed=2), 4) == 4
    assert [sample.text for sample in load_recognition_set(tmp_path / "kind")] == [
        text for _, text in draw_kind(DrawnKind(seed=2), 4)
    ]
    write_kind(tmp_path / "bare", DrawnKind(seed=2), 2, labeled=False)
    assert sorted(path.name for path in (tmp_path / "bare").iterdir()) == ["00000.png", "00001.png"]


def test_printers_differ():
    generator = np.random.default_rng(1)
    printers = [draw_printer(generator) for _ in range(60)]
    assert {printer.font for printer in printers} == set(FONTS)
    assert {printer.surface for printer in printers} == set(SURFACES)
