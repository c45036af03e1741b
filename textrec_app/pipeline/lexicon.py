"""A list of words that are preferred: the likeliest of them, or none."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from models.charset import Charset
from textrec_app.errors import InputError

MAX_COMPARED = 64
"""Entries whose probability is computed for one crop; of a longer list those nearest to what was read."""

OUTSIDE_MARGIN = 6.0
"""Natural logarithms by which a free reading must be likelier than every entry to be taken for no entry."""


@dataclass(frozen=True)
class Lexicon:
    """Words, each as it is to be returned; a crop may show it in upper case, lower case or as a title.

    Attributes:
        words: entries, each once.
        margin: natural logarithms by which the free reading must be likelier to win over the best entry.
    """

    words: tuple[str, ...]
    margin: float = OUTSIDE_MARGIN
    _lowered: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the entries.

        Raises:
            InputError: there are none.
        """
        if not self.words:
            raise InputError("The word list is empty. Write one word a line.")
        object.__setattr__(self, "_lowered", tuple(word.lower() for word in self.words))

    @classmethod
    def of(cls, words: Iterable[str]) -> "Lexicon":
        """From words or lines of text; spaces around them and repeats are dropped."""
        return cls(tuple(dict.fromkeys(word.strip() for word in words if word.strip())))

    @classmethod
    def load(cls, path: Path) -> "Lexicon":
        """Read a file with one word a line, UTF-8.

        Raises:
            InputError: it is missing, a folder, no text or may not be opened, or has no word.
        """
        try:
            return cls.of(path.read_text(encoding="utf-8-sig").splitlines())
        except FileNotFoundError:
            raise InputError(f"There is no file {path}. Name a file with one word a line.") from None
        except IsADirectoryError:
            raise InputError(f"{path} is a folder. Name a file with one word a line.") from None
        except UnicodeDecodeError:
            raise InputError(f"{path} is no text in UTF-8. Save it as UTF-8, one word a line.") from None
        except OSError as error:
            raise InputError(f"{path} cannot be opened ({error.strerror}). Check the path and permissions.") from None

    def has_readable(self, charset: Charset) -> bool:
        """Whether at least one entry can be read in one of the ways in which it may be written."""
        return any(_list_forms(word, charset) for word in self.words)

    def nearest(self, texts: Sequence[str], charset: Charset) -> dict[str, list[str]]:
        """Entries worth a closer look, each with the ways in which it may be written.

        Args:
            texts: what was read freely, the likeliest first.

        Returns:
            At most `MAX_COMPARED` entries, no way of writing twice; entries with characters that cannot be read are
            left out.
        """
        entries = self.words if len(self.words) <= MAX_COMPARED else self._find_near(texts)
        claimed = set(entries)  # a way of writing that is an entry of its own is no other entry's
        forms: dict[str, list[str]] = {}
        for entry in entries:
            written = [form for form in _list_forms(entry, charset) if form == entry or form not in claimed]
            claimed.update(written)
            if written:
                forms[entry] = written
        return forms

    def _find_near(self, texts: Sequence[str]) -> list[str]:
        share = -(-MAX_COMPARED // max(1, len(texts)))
        found: dict[str, None] = {}
        for text in texts or ("",):
            near = process.extract(text.lower(), self._lowered, scorer=Levenshtein.distance, limit=share)
            found.update((self.words[index], None) for _, _, index in near)
        return list(found)[:MAX_COMPARED]


def _list_forms(entry: str, charset: Charset) -> list[str]:
    """Ways of writing an entry that can be read; each has a place for each of its characters ("ß" as "SS" has not)."""
    forms = dict.fromkeys((entry, entry.upper(), entry.lower(), entry[:1].upper() + entry[1:].lower()))
    return [form for form in forms if charset.covers(form) and len(form) == len(entry)]
