"""What to write: words, numbers, addresses, lines. All within printable ASCII and the space."""

import string
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from textrec_app.data.synthesis.vocabulary import (
    CODAS,
    CURRENCIES,
    DEFAULT_WORDS,
    DOMAINS,
    PUNCTUATED,
    RECEIPT_WORDS,
    STREETS,
    SYLLABLES,
    UNITS,
)
from textrec_app.errors import InputError

PUNCTUATION = string.punctuation
LETTERS = string.ascii_letters
ALPHABETS = (
    string.ascii_uppercase + string.digits,
    LETTERS + string.digits,
    LETTERS,
    PUNCTUATION + LETTERS + string.digits,
    string.ascii_lowercase,
)
MAX_WORD_LENGTH = 24
MAX_LINE_LENGTH = 40
RANK_FLATTENING = 0.35


class TextSource:
    """Draws texts at random from word lists, running text and patterns; it can be pickled."""

    def __init__(self, words: Sequence[str] = DEFAULT_WORDS, running: Sequence[str] = ()) -> None:
        """Keep the lists.

        Args:
            words: single words, the frequent first; the first are drawn somewhat more often.
            running: consecutive tokens of running text, for words and phrases as they occur.

        Raises:
            InputError: there are no words.
        """
        self.words = tuple(words)
        self.running = tuple(running)
        if not self.words:
            raise InputError("No ASCII words were found; name word lists with one word a line.")
        self._kinds, self._cumulative = _accumulate(WORD_KINDS)

    @classmethod
    def load(cls, folder: Path | None = None) -> "TextSource":
        """Read every .txt file of a folder; None uses the words that ship inside the code.

        A file with short lines is a word list (`word` or `word count`), any other is running text.
        Words outside ASCII are dropped.

        Raises:
            InputError: the folder is missing or has no ASCII word.
        """
        if folder is None:
            return cls()
        if not folder.is_dir():
            raise InputError(f"The word list folder {folder} does not exist; name an existing one.")
        words: list[str] = []
        running: list[str] = []
        for path in sorted(folder.glob("*.txt")):
            text = path.read_text(encoding="utf-8", errors="ignore")
            if _is_word_list(text):
                words += _read_word_list(text)
            else:
                running += [token for token in text.split() if _is_usable(token)]
        return cls(words, running)

    def draw(self, generator: np.random.Generator) -> str:
        """Draw one text of 1 to 40 characters; about one in six holds spaces."""
        if generator.random() < 0.15:
            return self.draw_line(generator)
        return self.draw_word(generator)

    def draw_word(self, generator: np.random.Generator) -> str:
        """Draw one text of 1 to 24 characters without spaces."""
        kind = self._kinds[int(np.searchsorted(self._cumulative, generator.random()))]
        text = kind(self, generator).replace(" ", "")[:MAX_WORD_LENGTH]
        return text or "A"

    def draw_line(self, generator: np.random.Generator) -> str:
        """Draw one text of several words, at most 40 characters, without outer spaces."""
        kind = LINE_KINDS[int(generator.random() * len(LINE_KINDS))]
        text = kind(self, generator)
        while len(text) > MAX_LINE_LENGTH and " " in text:
            text = text.rsplit(" ", 1)[0].rstrip()
        return text[:MAX_LINE_LENGTH].strip() or "A"

    def draw_number(self, generator: np.random.Generator) -> str:
        """Draw a number, price, date, telephone number or plate, without spaces."""
        kind = NUMBER_KINDS[int(generator.random() * len(NUMBER_KINDS))]
        return kind(self, generator).replace(" ", "")

    def draw_punctuated(self, generator: np.random.Generator) -> str:
        """Draw a word with punctuation, two joined words or an address on the web."""
        kind = PUNCTUATED_KINDS[int(generator.random() * len(PUNCTUATED_KINDS))]
        return kind(self, generator)[:MAX_WORD_LENGTH]

    def draw_plain(self, generator: np.random.Generator) -> str:
        """Draw one dictionary word, unchanged in case."""
        chance = generator.random()
        if self.running and chance < 0.3:
            return self.running[int(generator.random() * len(self.running))]
        if chance < 0.38:
            return _invent_word(generator)
        if chance < 0.7:
            position = generator.random() ** (1 / (1 - RANK_FLATTENING))
            return self.words[int(position * min(len(self.words), 30_000))]
        return self.words[int(generator.random() * len(self.words))]

    def draw_running(self, generator: np.random.Generator, count: int) -> list[str]:
        """Draw consecutive tokens of running text, else independent words."""
        if len(self.running) > count and generator.random() < 0.6:
            start = int(generator.random() * (len(self.running) - count))
            return list(self.running[start : start + count])
        return [self.draw_plain(generator) for _ in range(count)]


Kind = Callable[[TextSource, np.random.Generator], str]


def _is_usable(token: str) -> bool:
    return token.isascii() and token.isprintable() and 0 < len(token) <= MAX_WORD_LENGTH


def _is_word_list(text: str) -> bool:
    lines = text[:20_000].splitlines()[:200]
    return bool(lines) and all(len(line.split()) <= 2 for line in lines)


def _read_word_list(text: str) -> list[str]:
    words = (line.split()[0] for line in text.splitlines() if line.strip())
    return [word for word in words if _is_usable(word)]


def _pick(generator: np.random.Generator, options: Sequence[str]) -> str:
    return options[int(generator.random() * len(options))]


def _between(generator: np.random.Generator, low: int, high: int) -> int:
    return low + int(generator.random() * (high - low + 1))


def _digits(generator: np.random.Generator, count: int) -> str:
    return "".join(_pick(generator, string.digits) for _ in range(count))


def _invent_word(generator: np.random.Generator) -> str:
    count = _between(generator, 1, 4)
    return "".join(_pick(generator, SYLLABLES) for _ in range(count)) + _pick(generator, CODAS)


def recase(text: str, generator: np.random.Generator) -> str:
    """Write the text as signs do: UPPER 42 %, Title 27 %, lower 20 %, as it is 8 %, mixed 3 %."""
    chance = generator.random()
    if chance < 0.42:
        return text.upper()
    if chance < 0.69:
        return text[:1].upper() + text[1:].lower()
    if chance < 0.89:
        return text.lower()
    if chance < 0.97:
        return text
    return "".join(c.upper() if generator.random() < 0.5 else c.lower() for c in text)


def _word(source: TextSource, generator: np.random.Generator) -> str:
    return recase(source.draw_plain(generator), generator)


def _punctuated(source: TextSource, generator: np.random.Generator) -> str:
    word = _word(source, generator)
    weight = generator.random() ** 2
    return PUNCTUATED[int(weight * len(PUNCTUATED))].format(word)


def _joined(source: TextSource, generator: np.random.Generator) -> str:
    first, second = source.draw_plain(generator), source.draw_plain(generator)
    chance = generator.random()
    if chance < 0.4:
        return recase(first + _pick(generator, "--&/.+_'") + second, generator)
    if chance < 0.7:
        return first.capitalize() + second.capitalize()
    if chance < 0.85:
        return recase(_pick(generator, ("O'", "D'", "L'", "Mc", "e-", "X-", "Mac")) + first, generator)
    return recase(first, generator) + _pick(generator, ("24", "2", "4U", "99", "&Co", "1st", "2000", "+", "365"))


def _price(_source: TextSource, generator: np.random.Generator) -> str:
    whole = _between(generator, 0, 10 ** _between(generator, 1, 4))
    number = f"{whole:,}" if generator.random() < 0.3 else str(whole)
    cents = _pick(generator, (".00", ".50", ".99", "." + _digits(generator, 2), "", ",-", ".-"))
    prefix = _pick(generator, CURRENCIES)
    suffix = _pick(generator, ("", "", "", "%", "/-", "c", "*", "EUR", "+"))
    return prefix + number + cents + (suffix if not prefix else "")


def _number(_source: TextSource, generator: np.random.Generator) -> str:
    count = 1 + int(generator.random() ** 1.5 * 7)
    number = _digits(generator, count)
    chance = generator.random()
    if chance < 0.6:
        return number
    if chance < 0.75:
        return number + _pick(generator, UNITS)
    if chance < 0.85:
        return number + _pick(generator, "-/:.x") + _digits(generator, _between(generator, 1, 4))
    return _pick(generator, ("#", "No.", "No", "B", "A", "M", "+", "-", "x", "(", "~")) + number


def _date(_source: TextSource, generator: np.random.Generator) -> str:
    day, month = _between(generator, 1, 31), _between(generator, 1, 12)
    year = _between(generator, 1900, 2030)
    if generator.random() < 0.3:
        seconds = f":{_between(generator, 0, 59):02d}" if generator.random() < 0.4 else ""
        half = _pick(generator, ("", "", "am", "pm", "AM", "PM", "h"))
        return f"{_between(generator, 0, 23)}:{_between(generator, 0, 59):02d}{seconds}{half}"
    mark = _pick(generator, "//-.-.")
    short = str(year)[2:] if generator.random() < 0.3 else str(year)
    if generator.random() < 0.25:
        return f"{year}{mark}{month:02d}{mark}{day:02d}"
    return f"{day:02d}{mark}{month:02d}{mark}{short}" if generator.random() < 0.8 else str(year)


def _phone(_source: TextSource, generator: np.random.Generator) -> str:
    mark = _pick(generator, "-. -")
    head = _pick(generator, ("", "0", "+", "1" + mark, "+65" + mark, "(0)", "1-800-"))
    groups = [_digits(generator, _between(generator, 2, 4)) for _ in range(_between(generator, 2, 3))]
    if generator.random() < 0.15:
        groups[0] = f"({groups[0]})"
    return head + mark.join(groups)


def _plate(_source: TextSource, generator: np.random.Generator) -> str:
    letters = "".join(_pick(generator, string.ascii_uppercase) for _ in range(_between(generator, 1, 3)))
    tail = "".join(_pick(generator, string.ascii_uppercase) for _ in range(_between(generator, 0, 3)))
    mark = _pick(generator, ("", "", " ", "-", "-"))
    number = _digits(generator, _between(generator, 1, 4))
    if generator.random() < 0.3:
        return number + mark + letters
    return letters + mark + number + (mark + tail if tail else "")


def _url(source: TextSource, generator: np.random.Generator) -> str:
    name = source.draw_plain(generator).lower()[:10]
    if generator.random() < 0.3:
        name += source.draw_plain(generator).lower()[:6]
    domain = _pick(generator, DOMAINS)
    head = _pick(generator, ("www.", "www.", "http://", "", "https://", "WWW."))
    if generator.random() < 0.35:
        person = source.draw_plain(generator).lower()[:8]
        return f"{person}@{name}.{domain}"
    tail = _pick(generator, ("", "", "/", "/" + source.draw_plain(generator).lower()[:6]))
    text = f"{head}{name}.{domain}{tail}"
    return text.upper() if head == "WWW." else text


def _random_string(_source: TextSource, generator: np.random.Generator) -> str:
    letters = _pick(generator, ALPHABETS)
    count = 1 + int(generator.random() ** 1.3 * 11)
    return "".join(_pick(generator, letters) for _ in range(count))


def _single(_source: TextSource, generator: np.random.Generator) -> str:
    letters = _pick(generator, (string.digits, LETTERS, LETTERS, LETTERS + string.digits))
    return _pick(generator, letters) if generator.random() < 0.9 else _pick(generator, PUNCTUATION)


def _phrase(source: TextSource, generator: np.random.Generator) -> str:
    words = source.draw_running(generator, _between(generator, 2, 6))
    chance = generator.random()
    if chance < 0.4:
        return " ".join(words).upper()
    if chance < 0.65:
        return " ".join(word.capitalize() for word in words)
    text = " ".join(words)
    return text if chance < 0.9 else text[:1].upper() + text[1:] + _pick(generator, ".!?,:")


def _receipt_line(source: TextSource, generator: np.random.Generator) -> str:
    gap = " " * (1 if generator.random() < 0.6 else 2)
    chance = generator.random()
    label = _pick(generator, RECEIPT_WORDS)
    if chance < 0.35:
        return label + gap + _price(source, generator)
    if chance < 0.65:
        count, word = _between(generator, 1, 12), source.draw_plain(generator)
        item = f"{word} {source.draw_plain(generator)}"
        item = item.upper() if generator.random() < 0.8 else item.title()
        return f"{count}{_pick(generator, (' ', 'x ', ' x '))}{item}{gap}{_price(source, generator)}"
    if chance < 0.8:
        return f"{label} {_date(source, generator)} {_date(source, generator)}"
    number = _phone(source, generator) if generator.random() < 0.5 else _random_string(source, generator)
    return f"{label}{gap}{number}"


def _address(source: TextSource, generator: np.random.Generator) -> str:
    name = source.draw_plain(generator).capitalize()
    text = f"{_between(generator, 1, 400)}{_pick(generator, ('', ',', 'A', '/2'))} {name} {_pick(generator, STREETS)}"
    if generator.random() < 0.5:
        text += f", {_digits(generator, 5)} {source.draw_plain(generator).capitalize()}"
    return text.upper() if generator.random() < 0.4 else text


def _mixed_line(source: TextSource, generator: np.random.Generator) -> str:
    return " ".join(source.draw_word(generator) for _ in range(_between(generator, 2, 4)))


WORD_KINDS: tuple[tuple[Kind, float], ...] = (
    (_word, 0.63), (_punctuated, 0.09), (_joined, 0.05), (_price, 0.035), (_number, 0.055),
    (_date, 0.025), (_phone, 0.015), (_plate, 0.015), (_url, 0.025), (_random_string, 0.045),
    (_single, 0.02),
)  # fmt: skip
NUMBER_KINDS: tuple[Kind, ...] = (_number, _price, _price, _date, _phone, _plate)
PUNCTUATED_KINDS: tuple[Kind, ...] = (_punctuated, _punctuated, _punctuated, _joined, _url)
LINE_KINDS: tuple[Kind, ...] = (_phrase, _phrase, _receipt_line, _receipt_line, _address, _mixed_line, _phone)


@lru_cache(maxsize=4)
def _accumulate(kinds: tuple[tuple[Kind, float], ...]) -> tuple[tuple[Kind, ...], np.ndarray]:
    weights = np.cumsum([weight for _, weight in kinds])
    return tuple(kind for kind, _ in kinds), weights / weights[-1]
