"""The texts that the character model is counted from: word frequencies, running text, and the patterns of signs."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from textrec_app.data.synthesis.texts import TextSource
from textrec_app.errors import InputError

WORD_POWER = 0.45
TOKEN_POWER = 0.6
TOKEN_WEIGHT = 2.0
PATTERN_WEIGHT = 3.0
LINE_WEIGHT = 1.5
MAX_WORD_LENGTH = 40


@dataclass(frozen=True)
class LanguageTexts:
    """What there is to count.

    Attributes:
        weights: how often each text is taken to be met, frequent words damped; texts are lower-cased.
        cased: texts written as on signs.
        files: names of the files that were used.
    """

    weights: dict[str, float]
    cased: list[str]
    files: list[str]


@dataclass(frozen=True)
class WordFiles:
    """What the files of a folder hold.

    Attributes:
        words: of lists with counts, as they are written there, the frequent first.
        running: consecutive tokens of running text.
        weights: damped counts of the words, lower-cased.
        files: names of the files that were used.
    """

    words: list[str]
    running: list[str]
    weights: dict[str, float]
    files: list[str]


def read_word_files(folder: Path) -> WordFiles:
    """Read lists with counts (`word count`) and running text.

    A list without counts is left out: it does not say how often a word is met, and MJSynth's holds the words of public
    test sets.

    Raises:
        InputError: the folder is missing, or has neither counts nor running text in ASCII.
    """
    weights: defaultdict[str, float] = defaultdict(float)
    words: list[str] = []
    running: list[str] = []
    files = []
    for path in sorted(folder.glob("*.txt")):
        rows = path.read_text(encoding="utf-8", errors="ignore").splitlines()
        counted = [row.split() for row in rows[:200]]
        if all(len(row) == 2 and row[1].isdigit() for row in counted if row):
            used = _add_counts(rows, weights)
            words += used
        elif any(len(row) > 2 for row in counted):
            used = [token for row in rows for token in row.split() if _is_usable(token)]
            running += used
        else:
            continue
        if used:
            files.append(path.name)
    if not words and not running:
        raise InputError(f"{folder} has no words with counts and no running text. Name a folder with word lists.")
    return WordFiles(words, running, dict(weights), files)


def collect_language_texts(folder: Path, seed: int = 0, patterns: int = 30_000, lines: int = 20_000) -> LanguageTexts:
    """Gather texts from a folder of word lists, see `read_word_files`.

    Args:
        patterns: prices, dates, telephone numbers, plates, addresses of the web that are made up.
        lines: short lines of running text, receipts and addresses that are made up.

    Raises:
        InputError: the folder is missing, or has neither counts nor running text in ASCII.
    """
    found = read_word_files(folder)
    weights: defaultdict[str, float] = defaultdict(float, found.weights)
    for token, count in Counter(token.lower() for token in found.running).items():
        weights[token] += TOKEN_WEIGHT * count**TOKEN_POWER
    source = TextSource(found.words or found.running, found.running)
    generator = np.random.default_rng(seed)
    for _ in range(patterns):
        weights[source.draw_number(generator).lower()] += PATTERN_WEIGHT
    for _ in range(patterns // 2):
        weights[source.draw_punctuated(generator).lower()] += PATTERN_WEIGHT
    for _ in range(lines):
        weights[source.draw_line(generator).lower()] += LINE_WEIGHT
    return LanguageTexts(dict(weights), [source.draw(generator) for _ in range(20_000)], found.files)


def _add_counts(rows: list[str], weights: defaultdict[str, float]) -> list[str]:
    words = []
    for row in rows:
        word, _, count = row.partition(" ")
        if _is_usable(word) and count.strip().isdigit():
            weights[word.lower()] += float(count) ** WORD_POWER
            words.append(word)
    return words


def _is_usable(token: str) -> bool:
    return token.isascii() and token.isprintable() and 0 < len(token) <= MAX_WORD_LENGTH
