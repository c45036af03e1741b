"""What texts of one kind of pictures are like, learnt from readings of them without any label.

Receipts say TOTAL, GST 6% and 12.50 again and again: a character model counted from what was read surely
corrects what was read badly. It is mixed with the general model, so that other texts are read as before.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

from models.language.character_model import CharacterModel
from models.language.mixture import LanguageMixture, LanguageModel
from textrec_app.pipeline.language import find_language
from textrec_app.pipeline.language_counting import LanguageOptions, count_language

KIND_OPTIONS = LanguageOptions(min_count=1.2, known_share=0.95)
KIND_SHARE = 0.7
MIN_TEXTS = 30
MIN_WEIGHT = 1.5
MIN_ENTRIES, MAX_ENTRIES = 12, 4000

Vocabulary = tuple[tuple[str, float], ...]


def list_vocabulary(texts: Sequence[str], weights: Sequence[float]) -> Vocabulary:
    """The texts, and the words in them, that were met again: what a checkpoint carries of a kind of pictures.

    What was met once only, as a name or a card number, is left out.

    Args:
        weights: how far each text can be believed, in [0, 1].

    Returns:
        (text, summed weight) pairs, the heaviest first, at most 4,000; empty where fewer than 30 texts were given, or
        fewer than 12 came again: so few say nothing of what other texts are like.
    """
    if len(texts) < MIN_TEXTS:
        return ()
    totals: dict[str, float] = defaultdict(float)
    met: Counter[str] = Counter()
    for text, weight in zip(texts, weights, strict=True):
        for part in {text, *text.split()}:
            totals[part] += weight
            met[part] += 1
    again = [(part, round(total, 2)) for part, total in totals.items() if met[part] > 1 and total >= MIN_WEIGHT]
    again.sort(key=lambda entry: (-entry[1], entry[0]))
    return tuple(again[:MAX_ENTRIES]) if len(again) >= MIN_ENTRIES else ()


def count_kind(texts: Sequence[str], weights: Sequence[float]) -> LanguageModel | None:
    """The general model mixed with one counted from these texts; None where they are too few to say anything."""
    return _mix(texts, weights) if len(texts) >= MIN_TEXTS else None


@lru_cache(maxsize=4)
def build_language(vocabulary: Vocabulary) -> LanguageModel | None:
    """The model that a checkpoint's vocabulary means; without one the general model alone, None without that."""
    if not vocabulary:
        return find_language()
    return _mix([text for text, _ in vocabulary], [weight for _, weight in vocabulary])


def read_vocabulary(entries: Iterable[Sequence[object]]) -> Vocabulary:
    """A card's `vocabulary` as it came from JSON."""
    return tuple((str(text), float(str(weight))) for text, weight in entries)


def fold_of(key: str) -> int:
    """0 or 1, always the same for a key: a text is judged by a model that was counted without its fold."""
    return hashlib.sha256(key.encode("utf-8")).digest()[0] % 2


def _mix(texts: Sequence[str], weights: Sequence[float]) -> LanguageModel:
    kind = CharacterModel(count_language(texts, weights, texts, KIND_OPTIONS))
    general = find_language()
    return kind if general is None else LanguageMixture(kind, general, KIND_SHARE)
