"""Fonts and renderers for tests: a spread of what is installed, else the font inside Pillow."""

from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from textrec_app.data.synthesis.backgrounds import load_backgrounds
from textrec_app.data.synthesis.fonts import BUILT_IN, PRINTABLE, FontFace, FontLibrary, list_system_fonts
from textrec_app.data.synthesis.scenes import SceneRenderer
from textrec_app.data.synthesis.texts import TextSource
from textrec_app.data.synthesis.words import WordRenderer
from textrec_app.errors import InputError

MOST_FACES = 40


@lru_cache(maxsize=1)
def find_some_fonts() -> FontLibrary:
    """Inspect up to forty installed fonts, spread over the sorted list, plus Pillow's own."""
    paths = list_system_fonts()
    built_in = FontFace(BUILT_IN, False, frozenset(PRINTABLE))
    with TemporaryDirectory() as folder:
        for index, path in enumerate(paths[:: max(1, len(paths) // MOST_FACES)]):
            (Path(folder) / f"{index:03d}{path.suffix}").symlink_to(path)
        try:
            links = FontLibrary.find(Path(folder)).faces
        except InputError:
            links = ()
        faces = [FontFace(str(Path(f.path).resolve()), f.capitals_only, f.characters) for f in links]
    return FontLibrary([built_in, *faces])


@lru_cache(maxsize=1)
def make_word_renderer() -> WordRenderer:
    """Make a renderer with some fonts, the built-in words and two textures."""
    return WordRenderer(find_some_fonts(), TextSource(), load_backgrounds(count=2))


@lru_cache(maxsize=1)
def make_scene_renderer() -> SceneRenderer:
    """Make a renderer of small scenes with the same material."""
    return SceneRenderer(find_some_fonts(), TextSource(), load_backgrounds(count=3), size_px=(256, 384))
