"""How likely a text is: a backed-off character model of lower-cased text beside a small model of upper and lower case.

Numbers only: sorted arrays that are looked up, no network. A share of the mass goes to texts of which nothing is
known (codes, plates, names), so that no text is ever ruled out.
"""

import math
import string
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SYMBOLS = string.digits + string.ascii_lowercase + string.punctuation + " "
BOUNDARY = 0
UNKNOWN = len(SYMBOLS) + 1
N_SYMBOLS = len(SYMBOLS) + 2
KEY_BITS = 7
ORDER = 6
CASE_CONTEXT = 3
START, UPPER, LOWER, OTHER = range(4)
UPPER_PART = 16
"""How finely probabilities are stored: steps of 1 / 16 of a natural logarithm."""

_IDS = {symbol: index + 1 for index, symbol in enumerate(SYMBOLS)}
_CACHED_CONTEXTS = 50_000


@dataclass(frozen=True)
class LanguageTables:
    """What counting leaves behind.

    Attributes:
        keys: (n,) int64, rising; one for each kept context, see `context_key`.
        starts: (n + 1,) int32, where each context's continuations begin in `symbols`.
        backoff: (n,) float16, share of each context's mass that its shorter context decides.
        symbols: (m,) uint8 continuations.
        costs: (m,) uint8, minus sixteen times the natural logarithm of the continuation's own share.
        case: (4 ** CASE_CONTEXT,) float32, probability that a letter is upper case after three kinds of character.
        known_share: prior probability that a text is language at all, in (0, 1).
    """

    keys: NDArray[np.int64]
    starts: NDArray[np.int32]
    backoff: NDArray[np.float16]
    symbols: NDArray[np.uint8]
    costs: NDArray[np.uint8]
    case: NDArray[np.float32]
    known_share: float = 0.8


@dataclass(frozen=True, slots=True)
class TextState:
    """A text begun: what the next character depends on, and how likely the text is so far.

    Attributes:
        context: the last symbols, at most ORDER - 1, the first one BOUNDARY while it is in reach.
        case: index of the last three kinds of character.
        log_known: log-probability of the text as language.
        length: characters so far.
    """

    context: tuple[int, ...]
    case: int
    log_known: float
    length: int


class CharacterModel:
    """Scores texts of any characters; those outside the 69 symbols count as one unknown symbol."""

    def __init__(self, tables: LanguageTables) -> None:
        self.tables = tables
        self._rows: dict[tuple[int, ...], array[float]] = {}
        log_upper, log_lower = np.log(tables.case), np.log1p(-tables.case.astype(np.float64))
        self._log_case = {True: log_upper.tolist(), False: log_lower.tolist()}
        self._log_share = math.log(tables.known_share)
        self._log_rest = math.log1p(-tables.known_share)

    def start(self) -> TextState:
        """The state before the first character."""
        return TextState((BOUNDARY,), 0, 0.0, 0)

    def advance(self, state: TextState, character: str) -> TextState:
        """The state after one more character."""
        lowered = character.lower()
        symbol = _IDS.get(lowered, UNKNOWN)
        log_prob = self._row(state.context)[symbol]
        kind = kind_of(character)
        if kind in (UPPER, LOWER):
            log_prob += self._log_case[kind == UPPER][state.case]
        context = (*state.context, symbol)[-(ORDER - 1) :]
        return TextState(context, next_case(state.case, kind), state.log_known + log_prob, state.length + 1)

    def log_prob(self, state: TextState, is_whole: bool = True) -> float:
        """Log-probability of a text: language with the known share, else characters of no order.

        Args:
            state: of all its characters.
            is_whole: whether it ends here; a beginning has the mass of all that it may become.
        """
        known = self._log_share + state.log_known + (self._row(state.context)[BOUNDARY] if is_whole else 0.0)
        rest = self._log_rest + LOG_ANY * (state.length + is_whole)
        return max(known, rest) + math.log1p(math.exp(-abs(known - rest)))

    def score(self, text: str) -> float:
        """Log-probability of a whole text."""
        state = self.start()
        for character in text:
            state = self.advance(state, character)
        return self.log_prob(state)

    def bits_per_character(self, texts: Sequence[str]) -> float:
        """What the model needs for texts, the end of each counted as a character."""
        needed = -sum(self.score(text) for text in texts) / math.log(2.0)
        return needed / max(1, sum(len(text) + 1 for text in texts))

    def _row(self, context: tuple[int, ...]) -> "array[float]":
        """N_SYMBOLS log-probabilities of what follows a context."""
        row = self._rows.get(context)
        if row is None:
            if len(self._rows) >= _CACHED_CONTEXTS:
                self._rows.clear()
            row = array("d", np.log(self._probabilities(context)).tobytes())  # a list would take four times the memory
            self._rows[context] = row
        return row

    def _probabilities(self, context: tuple[int, ...]) -> NDArray[np.float64]:
        tables = self.tables
        probs = np.full(N_SYMBOLS, 1.0 / N_SYMBOLS)
        for length in range(len(context) + 1):
            key = context_key(context[len(context) - length :])
            place = int(np.searchsorted(tables.keys, key))
            if place == len(tables.keys) or tables.keys[place] != key:
                break
            probs *= float(tables.backoff[place])
            part = slice(tables.starts[place], tables.starts[place + 1])
            probs[tables.symbols[part]] += np.exp(tables.costs[part] / -float(UPPER_PART))
        return probs / probs.sum()


LOG_ANY = -math.log(len(string.printable) - 5)
"""Log-probability of each character (and of the end) of a text of which nothing is known: 95 characters and the end."""


def encode_symbols(text: str) -> list[int]:
    """Symbol numbers of a text, lower-cased; BOUNDARY is not added."""
    return [_IDS.get(character, UNKNOWN) for character in text.lower()]


def context_key(context: Iterable[int]) -> int:
    """One number for the symbols before a character, the nearest last; contexts of other lengths never share it."""
    key = 0
    for symbol in context:
        key = (key << KEY_BITS) | (symbol + 1)
    return key


def kind_of(character: str) -> int:
    """Whether a character is upper case, lower case, or neither."""
    if character.isupper():
        return UPPER
    return LOWER if character.islower() else OTHER


def next_case(case: int, kind: int) -> int:
    """The index of the last three kinds after one more; START fills what is before the text."""
    return (case * 4 + kind) % 4**CASE_CONTEXT
