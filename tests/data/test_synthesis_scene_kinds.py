from functools import lru_cache

import cv2
import numpy as np
import pytest

from tests.support.faces import find_some_fonts
from textrec_app.data.synthesis.backgrounds import load_backgrounds
from textrec_app.data.synthesis.distractors import add_structures
from textrec_app.data.synthesis.scene_kinds import KINDS
from textrec_app.data.synthesis.scene_painting import SceneWord
from textrec_app.data.synthesis.scenes import RenderedScene, SceneRenderer, mark_faint
from textrec_app.data.synthesis.scripts import ScriptTexts, find_scripts, list_scripts
from textrec_app.data.synthesis.texts import TextSource
from textrec_app.errors import InputError

SIZE_PX = (300, 400)


@lru_cache(maxsize=16)
def render(kind: str, count: int) -> tuple[RenderedScene, ...]:
    renderer = SceneRenderer(find_some_fonts(), TextSource(), load_backgrounds(count=2), SIZE_PX, (kind,))
    return tuple(renderer.render(np.random.default_rng([3, index])) for index in range(count))


def measure_heights(scene: RenderedScene) -> np.ndarray:
    quads = np.stack([word.quad for word in scene.words])
    return np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1)


def list_upright_words(scenes: tuple[RenderedScene, ...]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Quad and centres of characters, in the quad's own frame (0 to 1), of words that run along their upper side."""
    found = []
    for scene in scenes:
        for word in scene.words:
            quad = word.quad.astype(np.float64)
            basis = np.stack([quad[1] - quad[0], quad[3] - quad[0]])
            centers = (word.character_quads.mean(axis=1) - quad[0]) @ np.linalg.pinv(basis)
            if len(word.text) > 3:
                found.append((quad, centers))
    return found


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "street"])
def test_ink_of_every_kind_lies_in_quads_inside_the_picture(kind: str) -> None:
    for scene in render(kind, 4):
        height, width = scene.glyph_mask.shape
        inside = np.zeros_like(scene.glyph_mask)
        for word in scene.words:
            assert word.character_quads.shape == (len(word.text), 4, 2)
            assert word.quad.min() > -12
            assert (word.quad.max(axis=0) < (width + 12, height + 12)).all()
            for quad in word.character_quads:
                cv2.fillConvexPoly(inside, np.rint(quad * 16).astype(np.int32), 1, cv2.LINE_8, 4)
        assert not (scene.glyph_mask & ~inside & 1).any()


def test_words_begin_at_their_own_top_left_however_they_are_turned() -> None:
    words = list_upright_words(render("street", 16))
    turns = [np.degrees(np.arctan2(*(quad[1] - quad[0])[::-1])) for quad, _ in words]
    assert {round(turn / 90) % 4 for turn in turns} == {0, 1, 2, 3}
    assert all(centers[-1, 0] > centers[0, 0] + 0.3 for _, centers in words)


def test_quads_run_clockwise() -> None:
    for scene in (*render("street", 16), *render("front", 4)):
        for word in scene.words:
            assert all(cv2.contourArea(quad, oriented=True) > 0 for quad in (word.quad, *word.character_quads))


def test_upright_letters_below_each_other_read_downwards() -> None:
    words = list_upright_words(render("stacks", 4))
    stacked = [centers for _, centers in words if np.ptp(centers[:, 1]) > 0.5 > 2 * np.ptp(centers[:, 0])]
    assert len(stacked) >= 3
    assert all((np.diff(centers[:, 1]) > 0).all() for centers in stacked)


def test_pages_are_dense_and_their_words_apart() -> None:
    scenes = render("page", 4)
    assert max(len(scene.words) for scene in scenes) > 60
    for scene in scenes:
        count = np.zeros(scene.glyph_mask.shape, np.uint8)
        for word in scene.words:
            middle = word.quad.mean(axis=0)
            own = np.zeros_like(count)
            cv2.fillConvexPoly(own, np.rint(middle + (word.quad - middle) * 0.8).astype(np.int32), 1)
            count += own
        assert (count > 1).sum() < 0.02 * (count > 0).sum()


def test_huge_words_and_close_views_fill_the_picture() -> None:
    posters = [measure_heights(scene).max() / scene.image.shape[0] for scene in render("poster", 8) if scene.words]
    assert max(posters) > 0.25
    for scene in render("close", 4):
        corners = np.concatenate([word.quad for word in scene.words])
        extent = np.ptp(corners, axis=0)
        assert (extent > 0.45 * np.array(scene.image.shape[1::-1])).all()


def test_empty_scenes_have_neither_words_nor_ink() -> None:
    for scene in render("empty", 4):
        assert not scene.words
        assert not scene.glyph_mask.any()


def test_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"moon.*receipt"):
        SceneRenderer(find_some_fonts(), TextSource(), load_backgrounds(count=1), kinds=("page", "moon"))


def test_same_seed_gives_the_same_page() -> None:
    again = SceneRenderer(find_some_fonts(), TextSource(), load_backgrounds(count=2), SIZE_PX, ("page",))
    assert again.render(np.random.default_rng([3, 0])).image.tobytes() == render("page", 4)[0].image.tobytes()


def test_scripts_write_runs_without_spaces_and_need_fonts_that_cover_them() -> None:
    generator = np.random.default_rng(0)
    for script in list_scripts():
        texts = ScriptTexts(script)
        words = [texts.draw_plain(generator) for _ in range(40)]
        assert all(0 < len(word) <= script.longest and " " not in word for word in words)
        assert len(texts.draw_running(generator, 8)) == (8 if script.has_spaces else 2)
    latin_only = {face.path for face in find_some_fonts().faces}
    for script, library in find_scripts(()):
        assert all(face.covers(script.alphabet) for face in library.faces)
        assert script.name not in ("chinese", "hangul") or not latin_only >= {face.path for face in library.faces}


def test_structures_change_a_picture_the_same_way_for_the_same_seed() -> None:
    pictures = [np.full((200, 260, 3), 120, np.float32) for _ in range(2)]
    for picture in pictures:
        add_structures(picture, np.random.default_rng(4), 12)
    assert np.array_equal(pictures[0], pictures[1])
    assert np.isfinite(pictures[0]).all()
    assert pictures[0].std() > 5


def test_words_that_nobody_sees_are_marked() -> None:
    picture = np.full((60, 200, 3), 128, np.uint8)
    cv2.putText(picture, "seen", (10, 40), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (250, 250, 250), 2)
    quads = [np.array([[x, 15], [x + 80, 15], [x + 80, 45], [x, 45]], np.float32) for x in (8, 110)]
    words = [SceneWord("word", quad, np.zeros((4, 4, 2), np.float32)) for quad in quads]
    assert [word.is_faint for word in mark_faint(picture, words)] == [False, True]
