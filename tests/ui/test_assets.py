"""The page's own files: no template may evaluate text, nothing is fetched from elsewhere."""

import re

import pytest

from textrec_app.ui.assets import ASSETS_DIR, load_head, load_styles

TEMPLATES = sorted(path.name for path in ASSETS_DIR.glob("*.html"))
SCRIPTS = sorted(path.name for path in ASSETS_DIR.glob("*.js"))


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_are_static(name: str) -> None:
    """Gradio evaluates `${…}` in a template even where a value brought it in; so no value goes into one."""
    text = (ASSETS_DIR / name).read_text(encoding="utf-8")
    assert not re.search(r"\$\{|\{\{|`|<script", text)


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_build_elements_without_markup_strings(name: str) -> None:
    text = (ASSETS_DIR / name).read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", text)


def test_nothing_comes_from_the_network() -> None:
    for text in (load_head(), load_styles(), *((ASSETS_DIR / name).read_text(encoding="utf-8") for name in SCRIPTS)):
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)
