import cv2
import numpy as np
import pytest

from tests.support.faces import find_some_fonts, make_scene_renderer
from textrec_app.data.synthesis.backgrounds import draw_texture, load_backgrounds
from textrec_app.data.synthesis.scenes import RenderedScene, SceneRenderer
from textrec_app.data.synthesis.texts import TextSource
from textrec_app.errors import InputError


@pytest.fixture(scope="module")
def scenes() -> list[RenderedScene]:
    renderer = make_scene_renderer()
    return [renderer.render(np.random.default_rng(seed)) for seed in range(40)]


def test_scenes_hold_words_of_many_sizes_and_turns(scenes: list[RenderedScene]) -> None:
    quads = np.array([word.quad for scene in scenes for word in scene.words])
    heights = np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1)
    edges = quads[:, 1] - quads[:, 0]
    turns = np.degrees(np.arctan2(edges[:, 1], edges[:, 0]))
    assert len(quads) > 200
    assert heights.min() < 14
    assert heights.max() > 50
    assert np.abs(turns).max() > 20
    assert np.median(np.abs(turns)) < 10


def test_words_lie_inside_the_picture_and_carry_their_characters(scenes: list[RenderedScene]) -> None:
    for scene in scenes:
        height, width = scene.glyph_mask.shape
        assert scene.image.shape == (height, width, 3)
        for word in scene.words:
            assert " " not in word.text
            assert word.character_quads.shape == (len(word.text), 4, 2)
            assert word.quad.min() > -12
            assert (word.quad.max(axis=0) < (width + 12, height + 12)).all()


def test_words_do_not_overlap(scenes: list[RenderedScene]) -> None:
    for scene in scenes:
        taken = np.zeros(scene.glyph_mask.shape, np.uint8)
        for word in scene.words:
            own = np.zeros_like(taken)
            middle = word.quad.mean(axis=0)
            core = np.rint(middle + (word.quad - middle) * 0.9).astype(np.int32)
            cv2.fillConvexPoly(own, core, 1)
            assert (own & taken).sum() <= 0.1 * own.sum() + 4, word.text
            taken |= own


def test_all_ink_of_a_scene_lies_in_character_and_word_quads(scenes: list[RenderedScene]) -> None:
    for scene in scenes:
        for quads in (
            [word.quad for word in scene.words],
            [quad for word in scene.words for quad in word.character_quads],
        ):
            inside = np.zeros(scene.glyph_mask.shape, np.uint8)
            for quad in quads:
                cv2.fillConvexPoly(inside, np.rint(quad * 16).astype(np.int32), 1, cv2.LINE_8, 4)
            assert not (scene.glyph_mask & ~inside & 1).any()


def test_some_scenes_have_no_text_and_then_no_ink(scenes: list[RenderedScene]) -> None:
    empty = [scene for scene in scenes if not scene.words]
    assert 0 < len(empty) < len(scenes) / 4
    assert not any(scene.glyph_mask.any() for scene in empty)


def test_same_seed_same_scene() -> None:
    renderer = make_scene_renderer()
    first, second = (renderer.render(np.random.default_rng(5)) for _ in range(2))
    assert first.image.tobytes() == second.image.tobytes()
    assert [word.text for word in first.words] == [word.text for word in second.words]


def test_textures_are_pictures_with_structure() -> None:
    generator = np.random.default_rng(1)
    for _ in range(12):
        texture = draw_texture(generator, (80, 120))
        assert texture.shape == (80, 120, 3)
        assert texture.dtype == np.uint8
        assert texture.std() > 1


def test_photo_folder_is_read_and_wrong_material_refused(tmp_path) -> None:
    with pytest.raises(InputError, match="No readable picture"):
        load_backgrounds(tmp_path)
    picture = np.random.default_rng(0).integers(0, 255, (90, 2400, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "thin.png"), picture[:40])
    (tmp_path / "torn.jpg").write_bytes(b"torn")
    with pytest.raises(InputError, match="No readable picture"):
        load_backgrounds(tmp_path)
    cv2.imwrite(str(tmp_path / "photo.png"), picture[:, :1300])
    assert [photo.shape for photo in load_backgrounds(tmp_path)] == [(83, 1200, 3)]
    with pytest.raises(InputError, match="sides"):
        SceneRenderer(find_some_fonts(), TextSource(), [picture], size_px=(640, 512))
