"""Signs of a spoiled candidate that need no label: what it does to the readings of crops that were held back.

Each check is a number, a limit and a sentence. Pure arithmetic and words. The limits were chosen on short real
trainings, good and spoiled ones: docs/benchmarks/gate_trials.py.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from textrec_app.evaluation.gate_changes import Reread
from textrec_app.evaluation.gate_edits import Edits, compute_divergence, find_edits

FEW = 2
MORE_EMPTY = 0.03
MORE_ALIKE = 0.05
FEWER_TEXTS = 0.7
LENGTHS = (0.85, 1.18)
CASE_DRIFT = 0.06
DIGIT_DRIFT = 0.08
KIND_DRIFT = 0.08
NEW_CHARACTERS = 0.04
SURE_OVERTURNED = 0.04
MANY_SAME_EXCHANGES = 0.4
LEAST_PLACES = 6
CERTAINTY_Z = 1.2816  # of a normal distribution: nine times in ten below


@dataclass(frozen=True)
class Check:
    """One look at the candidate; `sentence` says what was found, and where it failed, what that means.

    Attributes:
        value, limit: what was found, and from where on it fails (length: the limit that is nearer).
    """

    name: str
    passed: bool
    value: float
    limit: float
    sentence: str


@dataclass(frozen=True)
class HeldBack:
    """Readings of crops that nobody labeled, by both models."""

    crops: tuple[Reread, ...]

    @cached_property
    def old(self) -> list[str]:
        """The incumbent's readings."""
        return [crop.texts[0] for crop in self.crops]

    @cached_property
    def new(self) -> list[str]:
        """The candidate's readings."""
        return [crop.texts[1] for crop in self.crops]

    @cached_property
    def edits(self) -> Edits:
        """From the incumbent's to the candidate's."""
        return find_edits((old, new) for old, new in zip(self.old, self.new, strict=True) if old and new)


def run_checks(crops: Sequence[Reread]) -> tuple[Check, ...]:
    """All checks of held-back crops; none where there are no crops."""
    if not crops:
        return ()
    held = HeldBack(tuple(crops))
    return tuple(
        check(held)
        for check in (
            check_empty,
            check_alike,
            check_length,
            check_sure,
            check_case,
            check_digits,
            check_kinds,
            check_exchanges,
            check_characters,
        )
    )


def check_empty(held: HeldBack) -> Check:
    """Whether many more crops are read as nothing."""
    before, after = held.old.count(""), held.new.count("")
    n = len(held.crops)
    value, limit = (after - before) / n, max(MORE_EMPTY, FEW / n)
    return _check(
        "empty readings",
        value < limit,
        value,
        limit,
        f"It reads nothing in {after} of {n} held-back words, before in {before}",
        "it has forgotten how to read them",
    )


def check_alike(held: HeldBack) -> Check:
    """Whether different crops are read as the same text."""
    before, after, n = _most_common(held.old), _most_common(held.new), len(held.crops)
    distinct = [len({text for text in texts if text}) for texts in (held.old, held.new)]
    value, limit = (after[1] - before[1]) / n, max(MORE_ALIKE, (FEW + 1) / n)
    kept = distinct[1] / distinct[0] if distinct[0] else 1.0
    said = f"The commonest reading, {after[0]!r}, stands on {after[1]} of {n} held-back words, before on {before[1]}"
    said += f"; {distinct[1]} different texts, before {distinct[0]}"
    return _check(
        "all read alike",
        value < limit and kept >= FEWER_TEXTS,
        value,
        limit,
        said,
        "its readings collapse to few texts",
    )


def check_length(held: HeldBack) -> Check:
    """Whether readings became much shorter or longer altogether."""
    before, after = (sum(map(len, texts)) for texts in (held.old, held.new))
    value = after / before if before else 1.0
    low, high = LENGTHS
    meaning = "it reads only a part of each word" if value < 1 else "it puts in characters that are not there"
    return _check(
        "length",
        low <= value <= high,
        value,
        low if value < 1 else high,
        f"Its readings have {_percent(value)} of the characters of those before "
        f"({held.edits.inserted} put in, {held.edits.deleted} left out, {held.edits.exchanged.total()} exchanged)",
        meaning,
    )


def check_sure(held: HeldBack) -> Check:
    """Whether readings are overturned of which the incumbent is sure, whatever the view: these are nearly all right."""
    sure = [crop for crop in held.crops if crop.was_sure]
    overturned = sum(crop.is_changed for crop in sure)
    value = overturned / len(sure) if sure else 0.0
    least = _lower_bound(overturned, len(sure))
    return _check(
        "sure readings",
        least <= SURE_OVERTURNED,
        value,
        SURE_OVERTURNED,
        f"It reads {overturned} of the {len(sure)} held-back words differently of which the model in use is sure",
        "such readings are nearly always right, so most of these changes are wrong",
    )


def check_case(held: HeldBack) -> Check:
    """Whether letters change between small and capital."""
    letters = sum(count for character, count in held.edits.old_characters.items() if character.isalpha())
    turned = _count(held.edits, lambda old, new: old != new and old.lower() == new.lower())
    return _check_share(
        "case",
        turned,
        letters,
        CASE_DRIFT,
        f"It changes small letters into capitals or capitals into small ones in {turned} of {letters} places",
        "it has learned a wrong case",
    )


def check_digits(held: HeldBack) -> Check:
    """Whether digits become other digits."""
    digits = sum(count for character, count in held.edits.old_characters.items() if character.isdigit())
    turned = _count(held.edits, lambda old, new: old.isdigit() and new.isdigit())
    return _check_share(
        "digits",
        turned,
        digits,
        DIGIT_DRIFT,
        f"It reads another digit in {turned} of {digits} places",
        "it confuses digits",
    )


def check_kinds(held: HeldBack) -> Check:
    """Whether digits become letters, or letters digits."""
    places = sum(count for character, count in held.edits.old_characters.items() if character.isalnum())
    turned = _count(held.edits, lambda old, new: old.isdigit() != new.isdigit() and old.isalnum() and new.isalnum())
    return _check_share(
        "digits and letters",
        turned,
        places,
        KIND_DRIFT,
        f"It reads a letter for a digit or a digit for a letter in {turned} of {places} places",
        "it mixes up digits and letters",
    )


def check_exchanges(held: HeldBack) -> Check:
    """Whether one character is nearly everywhere read as a certain other one in words the incumbent was sure of."""
    sure = [crop for crop in held.crops if crop.was_sure]
    edits = find_edits(crop.texts for crop in sure)
    totals = edits.old_characters
    found = [(count / totals[old], old, new, count) for (old, new), count in edits.exchanged.items()]
    often = max((item for item in found if totals[item[1]] >= LEAST_PLACES), default=(0.0, "", "", 0))
    value, old, new, count = often
    said = f"In words that were read surely it reads {old!r} as {new!r} in {count} of {totals[old]} places"
    if not count:
        said = "In words that were read surely no character is read as another one again and again"
    return _check(
        "one character for another",
        value <= MANY_SAME_EXCHANGES,
        value,
        MANY_SAME_EXCHANGES,
        said,
        "it has learned to confuse them",
    )


def check_characters(held: HeldBack) -> Check:
    """Whether the characters are used in quite other shares."""
    value = compute_divergence(held.old, held.new)
    return _check(
        "characters used",
        value <= NEW_CHARACTERS,
        value,
        NEW_CHARACTERS,
        f"The characters it reads differ in their shares from those before by {value:.3f} (0 the same, 1 wholly other)",
        "its readings are no text of the same kind any more",
    )


def _check_share(name: str, count: int, places: int, limit: float, said: str, meaning: str) -> Check:
    value = count / places if places else 0.0
    return _check(name, _lower_bound(count, places) <= limit, value, limit, said, meaning)


def _check(name: str, passed: bool, value: float, limit: float, said: str, meaning: str) -> Check:
    return Check(name, passed, round(value, 4), round(limit, 4), f"{said}." if passed else f"{said}: {meaning}.")


def _lower_bound(count: int, places: int) -> float:
    """The share that is exceeded with 90 % certainty (Wilson's interval)."""
    if not count:
        return 0.0
    share, z = count / places, CERTAINTY_Z
    spread = z * math.sqrt(share * (1.0 - share) / places + (z / (2 * places)) ** 2)
    return (share + z * z / (2 * places) - spread) / (1.0 + z * z / places)


def _most_common(texts: Sequence[str]) -> tuple[str, int]:
    counted = Counter(text for text in texts if text).most_common(1)
    return counted[0] if counted else ("", 0)


def _count(edits: Edits, matches: Callable[[str, str], bool]) -> int:
    return sum(count for (old, new), count in edits.exchanged.items() if matches(old, new))


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"
