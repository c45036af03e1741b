"""A folder with two installed fonts, which spares tests looking at all of them."""

from pathlib import Path

from textrec_app.data.synthesis.fonts import list_system_fonts


def link_fonts(folder: Path) -> Path | None:
    """Link two plain fonts into a new folder; None where the system has no such."""
    folder.mkdir(parents=True)
    plain = [path for path in list_system_fonts() if path.name in ("DejaVuSans.ttf", "DejaVuSerif.ttf")]
    plain = plain or [path for path in list_system_fonts() if "Sans" in path.name or "Serif" in path.name]
    for number, path in enumerate(plain[:2]):
        (folder / f"{number}{path.suffix}").symlink_to(path)
    return folder if plain else None
