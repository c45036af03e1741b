"""What is written in streets: mostly one short word in capitals, at times a number, seldom a line."""

import string
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from textrec_app.data.synthesis.texts import TextSource
from textrec_app.data.synthesis.vocabulary import BRAND_ENDS, BRAND_STARTS, DEFAULT_WORDS, SIGN_WORDS

LETTERS_AND_DIGITS = string.ascii_uppercase + string.digits
FREQUENT_WORDS = 12_000
RARITY_TRIALS = 6
LEXICON_SAMPLE = 20_000
MAX_LINE_LENGTH = 60


class SceneTexts:
    """Draws texts with the case, length and kinds that labels of street pictures have; it can be pickled."""

    def __init__(self, source: TextSource) -> None:
        """Keep the source of words; names are its running tokens that begin with one capital."""
        self.source = source
        names = {token.strip(string.punctuation) for token in source.running}
        self._names = tuple(sorted(name for name in names if name.isalpha() and name.istitle() and len(name) > 2))

    def draw(self, generator: np.random.Generator) -> str:
        """Draw one text; about one in twenty-five holds spaces."""
        if generator.random() < 0.04:
            return self.draw_line(generator)
        return self.draw_word(generator)

    def draw_word(self, generator: np.random.Generator) -> str:
        """Draw one text of 1 to 24 characters without spaces."""
        while True:
            chance = generator.random()
            kind = next(kind for kind, limit in _WORD_KINDS if chance < limit)
            text = kind(self, generator) or "A"
            if generator.random() < _count_on(len(text)):
                return text

    def draw_line(self, generator: np.random.Generator) -> str:
        """Draw several words, at most 60 characters."""
        if generator.random() < 0.35:
            return self.source.draw_line(generator)
        count = 2 + int(generator.random() ** 1.6 * 8)
        if generator.random() < 0.5:
            words = self.source.draw_running(generator, count)
        else:
            words = [self.draw_word(generator) for _ in range(count)]
        text = " ".join(words)
        chance = generator.random()
        text = text.upper() if chance < 0.4 else text.title() if chance < 0.55 else text
        return text if len(text) <= MAX_LINE_LENGTH else text[:MAX_LINE_LENGTH].rsplit(" ", 1)[0]

    def draw_rare(self, generator: np.random.Generator) -> str:
        """Draw the word of a few whose rarest letter triple is rarest: what language models get wrong."""
        known = self.source.words
        words = [known[int(generator.random() * len(known))] for _ in range(RARITY_TRIALS)]
        return min(words, key=self._count_rarest)

    def draw_name(self, generator: np.random.Generator) -> str:
        """Draw a name of a person, a place or an invented brand."""
        if self._names and generator.random() < 0.65:
            return self._names[int(generator.random() * len(self._names))]
        text = _pick(generator, BRAND_STARTS) + _pick(generator, BRAND_ENDS)
        return text.capitalize()

    @cached_property
    def _triples(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        for word in self.source.words[:LEXICON_SAMPLE]:
            counts.update(_list_triples(word))
        return counts

    def _count_rarest(self, word: str) -> int:
        return min((self._triples[triple] for triple in _list_triples(word)), default=1 << 30)


def _count_on(length: int) -> float:
    """How many of the words of a length are kept: half the words on streets have at most five letters."""
    return 1.0 if length <= 5 else max(0.12, 1.0 - 0.15 * (length - 5))


def recase_sign(text: str, generator: np.random.Generator) -> str:
    """Write as signs do: upper 53 %, title 26 %, lower 18 %, as it is 2 %, mixed 1 %."""
    chance = generator.random()
    if chance < 0.53:
        return text.upper()
    if chance < 0.79:
        return text[:1].upper() + text[1:].lower()
    if chance < 0.97:
        return text.lower()
    if chance < 0.99:
        return text
    return "".join(c.upper() if generator.random() < 0.5 else c.lower() for c in text)


def _pick(generator: np.random.Generator, options: Sequence[str]) -> str:
    return options[int(generator.random() * len(options))]


def _list_triples(word: str) -> list[str]:
    low = word.lower()
    return [low[start : start + 3] for start in range(len(low) - 2)]


def _frequent(texts: SceneTexts, generator: np.random.Generator) -> str:
    words = texts.source.words
    position = int(generator.random() ** 2.5 * min(len(words), FREQUENT_WORDS))
    return recase_sign(words[position], generator)


def _any_word(texts: SceneTexts, generator: np.random.Generator) -> str:
    return recase_sign(texts.source.draw_plain(generator), generator)


def _sign(_texts: SceneTexts, generator: np.random.Generator) -> str:
    words = SIGN_WORDS if generator.random() < 0.75 else DEFAULT_WORDS
    return recase_sign(_pick(generator, words), generator)


def _name(texts: SceneTexts, generator: np.random.Generator) -> str:
    text = texts.draw_name(generator)
    return text.upper() if generator.random() < 0.5 else text


def _rare(texts: SceneTexts, generator: np.random.Generator) -> str:
    return recase_sign(texts.draw_rare(generator), generator)


def _digits(_texts: SceneTexts, generator: np.random.Generator) -> str:
    count = 1 + int(generator.random() ** 1.8 * 5)
    return "".join(_pick(generator, string.digits) for _ in range(count))


def _code(_texts: SceneTexts, generator: np.random.Generator) -> str:
    """Floors, seats, unit numbers and codes, such as B2, 04-17, L1, 62-03, A4."""
    chance = generator.random()
    first = "".join(_pick(generator, string.digits) for _ in range(1 + int(generator.random() * 3)))
    second = "".join(_pick(generator, string.digits) for _ in range(1 + int(generator.random() * 3)))
    if chance < 0.35:
        return _pick(generator, string.ascii_uppercase) + first
    if chance < 0.6:
        return first + _pick(generator, "--./:") + second
    if chance < 0.75:
        return first + _pick(generator, string.ascii_uppercase)
    return _pick(generator, ("#", "[", "(", "$", "-", "S$")) + first + _pick(generator, ("", "]", ")", ".50", "%"))


def _random_letters(_texts: SceneTexts, generator: np.random.Generator) -> str:
    letters = LETTERS_AND_DIGITS if generator.random() < 0.5 else string.ascii_letters
    count = 1 + int(generator.random() ** 1.3 * 9)
    return "".join(_pick(generator, letters) for _ in range(count))


def _other(texts: SceneTexts, generator: np.random.Generator) -> str:
    return texts.source.draw_word(generator)


def _number(texts: SceneTexts, generator: np.random.Generator) -> str:
    return texts.source.draw_number(generator)[:24]


def _punctuated(texts: SceneTexts, generator: np.random.Generator) -> str:
    word = recase_sign(texts.source.draw_plain(generator), generator)
    if generator.random() < 0.75:
        return word + _pick(generator, (".", ",", "!", ":", "?", "'S", "'s", "...", ")", "&", "-", '"', ";"))
    return _pick(generator, ("(", "'", '"', "-", "&", "#", "@", "*")) + word


Kind = Callable[[SceneTexts, np.random.Generator], str]
# Each kind up to its limit on a scale of 0 to 1.
_WORD_KINDS: tuple[tuple[Kind, float], ...] = (
    (_frequent, 0.25),
    (_any_word, 0.41),
    (_sign, 0.57),
    (_name, 0.69),
    (_rare, 0.74),
    (_digits, 0.80),
    (_code, 0.825),
    (_random_letters, 0.865),
    (_other, 0.915),
    (_number, 0.935),
    (_punctuated, 1.01),
)
