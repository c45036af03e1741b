"""The page's own HTML, CSS and JavaScript, kept as small files beside this one."""

from collections.abc import Sequence
from pathlib import Path

ASSETS_DIR = Path(__file__).with_name("assets")
STYLES = (
    "tokens.css",
    "layout.css",
    "plot.css",
    "changes.css",
    "read.css",
    "read_layers.css",
    "detail.css",
    "glyphs.css",
    "harvest.css",
    "review.css",
    "review_insight.css",
    "train.css",
    "models.css",
)
HEAD_SCRIPTS = ("core.js", "tabs.js", "outbox.js", "plot.js", "changes.js", "uploads.js")


def load_asset(name: str) -> str:
    """Text of one file of `assets/`."""
    return (ASSETS_DIR / name).read_text(encoding="utf-8")


def load_scripts(names: Sequence[str]) -> str:
    """Text of several scripts that run as one function, in order."""
    return "".join(load_asset(name) for name in names)


def load_styles() -> str:
    """All style sheets, in order."""
    return "\n".join(load_asset(name) for name in STYLES)


def load_head() -> str:
    """What goes into the page's head: the scripts that every tab shares, and the icon."""
    scripts = "\n".join(f"<script>{load_asset(name)}</script>" for name in HEAD_SCRIPTS)
    return f"{load_asset('head.html')}\n{scripts}"
