"""Find fonts and learn which characters each of them can draw."""

import logging
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from textrec_app.errors import InputError

logger = logging.getLogger(__name__)

PRINTABLE = "".join(chr(code) for code in range(33, 127))
BUILT_IN = ""
FONT_SUFFIXES = {".ttf", ".otf", ".ttc", ".pfb"}
SYSTEM_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path("/Library/Fonts"))
NO_LATIN_HINTS = ("symbol", "emoji", "dingbat", "wingding", "webding", "math", "music", "braille")
ICON_HINTS = ("icon", "awesome", "barcode", "cursor", "fallback", "standardsymbols", "d050000l")
PROBE_SIZE_PX = 20
SMALL_CAPITAL_LIKENESS = 0.9


@dataclass(frozen=True, slots=True)
class FontFace:
    """One font that can draw at least letters and digits.

    An empty path is the font that Pillow carries inside itself. A face whose small letters look like
    its capitals has `capitals_only`: whatever it draws reads as upper case.
    """

    path: str
    capitals_only: bool
    characters: frozenset[str]

    def covers(self, text: str) -> bool:
        """Tell whether every visible character of the text is in this font."""
        return self.characters.issuperset(text.replace(" ", ""))


class FontLibrary:
    """The fonts that a renderer draws with; it can be pickled for worker processes."""

    def __init__(self, faces: Iterable[FontFace]) -> None:
        """Keep the faces in the given order.

        Raises:
            InputError: there is no face.
        """
        self.faces = tuple(faces)
        if not self.faces:
            raise InputError("No usable font was found; name a folder with .ttf or .otf files.")

    @classmethod
    def find(cls, folder: Path | None = None, with_system: bool = False) -> "FontLibrary":
        """Collect fonts from a folder, else from the system, else the one inside Pillow.

        Args:
            folder: searched recursively; None searches the system.
            with_system: add the system's fonts to those of the folder.

        Raises:
            InputError: the folder is missing or has no usable font.
        """
        if folder is not None and not folder.is_dir():
            raise InputError(f"The font folder {folder} does not exist; name an existing folder.")
        paths = list_font_files(folder) if folder is not None else []
        if folder is None or with_system:
            paths += list_system_fonts()
        faces = list(_inspect_all(paths))
        if not faces and folder is None:
            faces = [FontFace(BUILT_IN, False, frozenset(PRINTABLE))]
        return cls(faces)

    def choose(self, generator: np.random.Generator, text: str) -> FontFace:
        """Draw a random face that covers the text, or any face after twenty tries."""
        for _ in range(20):
            face = self.faces[int(generator.random() * len(self.faces))]
            if face.covers(text):
                return face
        covering = [face for face in self.faces if face.covers(text)]
        return covering[0] if covering else face


def list_font_files(folder: Path) -> list[Path]:
    """List font files below a folder, sorted by path."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in FONT_SUFFIXES)


def list_system_fonts(language: str | None = None) -> list[Path]:
    """List installed font files through fontconfig, else from the usual folders, sorted by path.

    Args:
        language: only fonts that fontconfig knows to write this language, like "ja"; without fontconfig, all.
    """
    pattern = f":lang={language}" if language else ":"
    try:
        reply = subprocess.run(["fc-list", pattern, "file"], capture_output=True, text=True, check=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return sorted(path for root in SYSTEM_FOLDERS for path in list_font_files(root))
    paths = {Path(line.split(":")[0].strip()) for line in reply.stdout.splitlines() if line}
    return sorted(path for path in paths if path.suffix.lower() in FONT_SUFFIXES)


@lru_cache(maxsize=1024)
def load_font(path: str, size_px: int) -> ImageFont.FreeTypeFont:
    """Open a font at an em size; an empty path is Pillow's own font.

    Raises:
        InputError: the file cannot be read as a font.
    """
    if path == BUILT_IN:
        font = ImageFont.load_default(size_px)
        if not isinstance(font, ImageFont.FreeTypeFont):
            raise InputError("Pillow was built without FreeType; install the wheel from the index.")
        return font
    try:
        return ImageFont.truetype(path, size_px, layout_engine=ImageFont.Layout.BASIC)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is not a readable font; remove it from the folder.") from error


def _inspect_all(paths: Iterable[Path]) -> Iterator[FontFace]:
    seen: set[bytes] = set()
    for path in paths:
        if any(hint in path.name.lower() for hint in NO_LATIN_HINTS + ICON_HINTS):
            continue
        face = _inspect(str(path))
        if face is None:
            continue
        looks = _draw(load_font(face.path, PROBE_SIZE_PX), "Hag5&").tobytes()
        if looks not in seen:
            seen.add(looks)
            yield face


def _inspect(path: str) -> FontFace | None:
    """Probe one file; None when it is broken or lacks letters or digits."""
    try:
        font = load_font(path, PROBE_SIZE_PX)
        missing = _draw(font, "\uffff")
        if any(_is_missing(font, character, missing) for character in "AgMz07"):
            return None
        characters = frozenset(c for c in PRINTABLE if not _is_missing(font, c, missing))
    except (InputError, OSError, ValueError) as error:
        logger.info("font skipped: %s", error)
        return None
    if not all(c in characters for c in PRINTABLE if c.isalnum()):
        return None
    return FontFace(path, _is_capitals_only(path), characters)


def _draw(font: ImageFont.FreeTypeFont, text: str) -> np.ndarray:
    canvas = Image.new("L", (PROBE_SIZE_PX * 3 * len(text), PROBE_SIZE_PX * 4))
    ImageDraw.Draw(canvas).text((PROBE_SIZE_PX, PROBE_SIZE_PX * 2.5), text, 255, font, anchor="ls")
    return np.asarray(canvas)


def _is_missing(font: ImageFont.FreeTypeFont, character: str, missing: np.ndarray) -> bool:
    ink = _draw(font, character)
    return not ink.any() or np.array_equal(ink, missing)


def _is_capitals_only(path: str) -> bool:
    """Tell whether small letters have the shapes of capitals, at any size."""
    font = load_font(path, PROBE_SIZE_PX * 2)
    likeness = [_compare_shapes(font, letter, letter.upper()) for letter in "aegr"]
    return min(likeness) > SMALL_CAPITAL_LIKENESS


def _compare_shapes(font: ImageFont.FreeTypeFont, first: str, second: str) -> float:
    shapes = []
    for character in (first, second):
        ink = Image.new("L", (PROBE_SIZE_PX * 6, PROBE_SIZE_PX * 6))
        start = (PROBE_SIZE_PX * 2, PROBE_SIZE_PX * 4)
        ImageDraw.Draw(ink).text(start, character, 255, font, anchor="ls")
        tight = np.asarray(ink.crop(ink.getbbox()))
        shapes.append(cv2.resize(tight, (24, 24), interpolation=cv2.INTER_AREA).ravel().astype(float))
    return float(np.corrcoef(shapes[0], shapes[1])[0, 1])
