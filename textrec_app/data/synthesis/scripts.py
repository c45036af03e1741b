"""Writing of other scripts, where the machine has fonts for it; runs without spaces count as one word."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from textrec_app.data.synthesis.fonts import PROBE_SIZE_PX, FontFace, FontLibrary, list_system_fonts, load_font
from textrec_app.data.synthesis.texts import TextSource
from textrec_app.errors import InputError

N_PROBES = 10
MOST_FONTS = 60
MARKS = "\uff01\uff1f。、·-"


@dataclass(frozen=True, slots=True)
class Script:
    """A way of writing.

    Attributes:
        name: what it is called here.
        language: what fontconfig calls a language in it.
        alphabet: characters drawn alike often.
        has_spaces: words stand apart; else a line is one run.
        longest: characters of the longest word, or of the longest run on a sign.
    """

    name: str
    language: str
    alphabet: str
    has_spaces: bool
    longest: int

    @property
    def has_columns(self) -> bool:
        """It is also written in columns, and wide punctuation ends its runs."""
        return self.name in ("chinese", "japanese")


class ScriptTexts(TextSource):
    """Draws random words of one script through the same calls as the Latin source; it can be pickled."""

    def __init__(self, script: Script) -> None:
        """Keep the script."""
        super().__init__()
        self.script = script

    def draw_word(self, generator: np.random.Generator) -> str:
        """Draw a word or run, a few with digits."""
        if generator.random() < 0.1:
            return super().draw_number(generator)
        count = 1 + int(generator.random() ** 1.4 * self.script.longest)
        return self._draw(generator, count)

    def draw_line(self, generator: np.random.Generator) -> str:
        """Draw several words, or a longer run or two."""
        return " ".join(self.draw_running(generator, 2 + int(generator.random() * 4)))

    def draw_plain(self, generator: np.random.Generator) -> str:
        """Draw a word without digits."""
        return self._draw(generator, 1 + int(generator.random() * self.script.longest))

    def draw_running(self, generator: np.random.Generator, count: int) -> list[str]:
        """Draw words; without spaces, one run for about four words."""
        if self.script.has_spaces:
            return [self.draw_word(generator) for _ in range(count)]
        runs = max(1, count // 4)
        return [self._draw(generator, 3 + int(generator.random() * 14)) for _ in range(runs)]

    def _draw(self, generator: np.random.Generator, count: int) -> str:
        alphabet = self.script.alphabet
        text = "".join(alphabet[int(place * len(alphabet))] for place in generator.random(count))
        if self.script.has_spaces and generator.random() < 0.4:
            text = text[:1].upper() + text[1:].lower()
        elif self.script.has_columns and count > 3 and generator.random() < 0.2:
            text = text[:-1] + MARKS[int(generator.random() * len(MARKS))]
        return text


def find_scripts(faces: Iterable[FontFace]) -> tuple[tuple[Script, FontLibrary], ...]:
    """Pair each script with the fonts that can write it: those of the faces and those of the system.

    Args:
        faces: fonts that the caller draws Latin with.

    Returns:
        Scripts that at least one font covers, with up to about sixty installed fonts each; none on a machine with
        Latin fonts alone.
    """
    named = {face.path for face in faces if face.path}
    found = []
    for script in list_scripts():
        installed = [str(path) for path in list_system_fonts(script.language)]
        paths = sorted(named | set(installed[:: 1 + len(installed) // MOST_FONTS]))
        able = [FontFace(path, False, _list_characters(script)) for path in paths if _can_write(path, script.name)]
        if able:
            found.append((script, FontLibrary(able)))
    return tuple(found)


@lru_cache(maxsize=1)
def list_scripts() -> tuple[Script, ...]:
    """The scripts known here, with the common characters that the national standards list first."""
    hangul = _list_rows("euc_kr", range(0xB0, 0xC9))
    return (
        Script("chinese", "zh-cn", _list_rows("gb2312", range(0xB0, 0xD7)), False, 8),
        Script("japanese", "ja", _list_japanese(), False, 9),
        Script("hangul", "ko", hangul, True, 5),
        Script("cyrillic", "ru", _list_range(0x410, 0x44F), True, 10),
        Script("greek", "el", "".join(c for c in _list_range(0x391, 0x3C9) if c.isalpha() and c != "ς"), True, 9),
        Script("thai", "th", _list_range(0xE01, 0xE2E) + "ะาเแโใไ", False, 14),
    )


def _list_range(first: int, last: int) -> str:
    return "".join(chr(code) for code in range(first, last + 1))


def _list_rows(codec: str, rows: Sequence[int]) -> str:
    pairs = (bytes((row, cell)) for row in rows for cell in range(0xA1, 0xFF))
    return "".join(pair.decode(codec, errors="ignore") for pair in pairs)


def _list_japanese() -> str:
    """Kana half of the time, else common kanji."""
    kanji = _list_rows("euc_jp", range(0xB0, 0xD0))
    kana = "".join(c for c in _list_range(0x3042, 0x3093) + _list_range(0x30A2, 0x30F3) if c not in "ゎゐゑヮヰヱ")
    return kanji + kana * (len(kanji) // len(kana))


@lru_cache(maxsize=16)
def _list_characters(script: Script) -> frozenset[str]:
    latin = frozenset(chr(code) for code in range(33, 127))
    return latin | frozenset(script.alphabet) | frozenset(script.alphabet.upper()) | frozenset(MARKS)


@lru_cache(maxsize=8192)
def _can_write(path: str, name: str) -> bool:
    """Probe characters spread over the alphabet and a few Latin ones."""
    script = next(script for script in list_scripts() if script.name == name)
    step = max(1, len(script.alphabet) // N_PROBES)
    probes = script.alphabet[::step] + "Aa0" + ("\uff01。" if script.has_columns else "")
    if not Path(path).is_file():
        return False
    try:
        font = load_font(path, PROBE_SIZE_PX)
        missing = bytes(font.getmask("\uffff", mode="L"))
        inks = (bytes(font.getmask(probe, mode="L")) for probe in probes)
        return all(any(ink) and ink != missing for ink in inks)
    except (InputError, OSError, ValueError):
        return False
