import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.support.faces import find_some_fonts
from textrec_app.data.synthesis.fonts import BUILT_IN, FontLibrary, load_font
from textrec_app.data.synthesis.glyphs import draw_glyph, draw_line
from textrec_app.data.synthesis.warps import ShapedInk, bend, boxes_to_quads, expand_quads, keep_straight
from textrec_app.errors import InputError

HARD_TEXTS = ("fjord", "Wafting", "(jQ@%)", "_y'gW;", "AVATAR", "f")


def fill_quads(quads: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """Mark the pixels whose centre lies in a quad: exact half planes, no rasteriser."""
    rows, columns = np.mgrid[: size_hw[0], : size_hw[1]]
    inside = np.zeros(size_hw, bool)
    for quad in quads:
        own = np.ones(size_hw, bool)
        for (ax, ay), (bx, by) in zip(quad, np.roll(quad, -1, axis=0), strict=True):
            own &= (bx - ax) * (rows - ay) - (by - ay) * (columns - ax) >= -1e-3
        inside |= own
    return inside


@pytest.mark.parametrize("text", HARD_TEXTS)
def test_whole_ink_of_every_glyph_is_drawn_and_boxed(text: str) -> None:
    for face in find_some_fonts().faces:
        for character in text:
            if character not in face.characters:
                continue
            canvas = Image.new("L", (48 * 8, 48 * 8))
            ImageDraw.Draw(canvas).text((150, 200), character, 255, load_font(face.path, 48), anchor="ls")
            glyph = draw_glyph(face.path, 48, character)
            assert glyph.ink.sum() == np.asarray(canvas).sum(dtype=np.int64), (face.path, character)
        if not face.covers(text):
            continue
        line = draw_line(face, text, 48)
        assert len(line.boxes_xyxy) == len(text)
        inside = fill_quads(boxes_to_quads(line.boxes_xyxy), line.ink.shape)
        assert not line.ink[~inside].any(), face.path
        assert not line.ink[[0, -1]].any()
        assert not line.ink[:, [0, -1]].any()


@pytest.mark.parametrize("angle_rad", [-2.5, -1.5, -0.4, 0.4, 1.5, 2.5])
def test_bent_ink_stays_in_its_quads_and_reads_on(angle_rad: float) -> None:
    for face in find_some_fonts().faces[::4]:
        shaped = bend(draw_line(face, "Waffle jig", 40), angle_rad)
        inside = fill_quads(shaped.quads, shaped.ink.shape)
        assert not (shaped.ink[~inside] > 10).any(), face.path
        assert shaped.ink[inside].any()
        steps = np.diff(shaped.quads.mean(axis=1)[:, 0])
        assert np.all(steps > 0) or abs(angle_rad) > 2


def test_bending_keeps_the_amount_of_ink() -> None:
    face = find_some_fonts().faces[0]
    line = draw_line(face, "CENTRAL STATION", 40)
    for angle_rad in (-1.0, 1.0):
        ratio = bend(line, angle_rad).ink.sum() / line.ink.sum()
        assert 0.85 < ratio < 1.15


def test_straight_line_keeps_ink_and_order() -> None:
    line = draw_line(find_some_fonts().faces[0], "left right", 30)
    shaped = keep_straight(line)
    assert isinstance(shaped, ShapedInk)
    assert np.array_equal(shaped.ink, line.ink)
    assert len(shaped.quads) == len("leftright")
    assert np.all(np.diff(shaped.quads[:, 0, 0]) > 0)


def test_spacing_moves_characters_apart() -> None:
    face = find_some_fonts().faces[0]
    narrow, wide = draw_line(face, "wide", 30), draw_line(face, "wide", 30, spacing_px=12)
    assert wide.ink.shape[1] - narrow.ink.shape[1] == pytest.approx(36, abs=2)


def test_expanding_quads_moves_each_side_outwards() -> None:
    quad = np.array([[[10, 10], [30, 10], [35, 20], [15, 20]]], np.float32)
    grown = expand_quads(quad, 2.0)
    assert grown[0, :2, 1] == pytest.approx([8, 8])
    assert grown[0, 2:, 1] == pytest.approx([22, 22])
    assert fill_quads(grown, (40, 50)).sum() > fill_quads(quad, (40, 50)).sum()


def test_broken_files_are_skipped_and_empty_folders_refused(tmp_path) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    with pytest.raises(InputError, match="No usable font"):
        FontLibrary.find(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        FontLibrary.find(tmp_path / "nowhere")


def test_library_skips_symbol_fonts_and_finds_capitals() -> None:
    library = find_some_fonts()
    assert library.faces[0].path == BUILT_IN
    for face in library.faces:
        assert face.covers("The quick brown fox 0123456789")


def test_without_installed_fonts_pillow_lends_its_own(monkeypatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("textrec_app.data.synthesis.fonts.SYSTEM_FOLDERS", ())
    library = FontLibrary.find()
    assert [face.path for face in library.faces] == [BUILT_IN]
    assert draw_line(library.faces[0], "Text", 32).ink.any()
