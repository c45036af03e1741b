"""What is believed of crops that nobody labeled: readings, weighed once more by what their kind of pictures says.

A text is judged by a model counted from the texts of the other half, so that no reading speaks for itself.

Source:
    METHODS sections 9 (no empty pseudo-labels, no preference for short words) and 10.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from models.charset import Charset
from textrec_app.pipeline.choosing import ADAPTED, TextChooser
from textrec_app.pipeline.kind_language import count_kind, fold_of
from textrec_app.pipeline.recognition import Recognizer

SURE_ENOUGH = 0.9
COUNTED_FROM = 0.5
BATCH = 64
TWIN_WEIGHT = 1.5
TWIN_LENGTH = 5


@dataclass(frozen=True)
class Believed:
    """A crop's text as it is learnt from.

    Attributes:
        key: of the group of near-duplicates that the crop belongs to; those speak for their text only once.
        confidence: in [0, 1].
        is_label: a person gave the text; it is taken as it is.
    """

    key: str
    text: str
    confidence: float
    is_label: bool = False


def weigh_again(
    recognizer: Recognizer,
    found: Sequence[Believed],
    load: Callable[[int], np.ndarray],
    should_stop: Callable[[], str | None] = lambda: None,
) -> list[Believed]:
    """Read the unsure ones again with a language model of their kind.

    Args:
        recognizer: the one that read them; it is not changed.
        found: labels and readings of one kind of pictures.
        load: the crop (H, W, 3) uint8 RGB of an index into `found`.
        should_stop: asked at each batch; what was not read by then stays as it was.

    Returns:
        The same crops in order; where the readings are too few to count a model from, all as they were.
    """
    weighed = list(found)
    for fold in (0, 1):
        others = [it for it in list_witnesses(found) if fold_of(it.key) != fold]
        model = count_kind([it.text for it in others], [it.confidence for it in others])
        if model is None:
            continue
        chooser = TextChooser(Charset(recognizer.card.charset), recognizer.network.emits, model, ADAPTED)
        reader = recognizer.with_chooser(chooser)
        doubtful = [
            index
            for index, it in enumerate(found)
            if fold_of(it.key) == fold and not it.is_label and it.confidence < SURE_ENOUGH
        ]
        for start in range(0, len(doubtful), BATCH):
            if should_stop():
                return weighed
            chunk = doubtful[start : start + BATCH]
            for index, reading in zip(chunk, reader.read([load(index) for index in chunk]), strict=True):
                weighed[index] = replace(found[index], text=reading.text, confidence=reading.confidence)
    return weighed


def list_witnesses(found: Iterable[Believed]) -> list[Believed]:
    """One for each text of each group of near-duplicates, the surest, of those that are believed at all."""
    best: dict[tuple[str, str], Believed] = {}
    for it in found:
        known = best.get((it.key, it.text))
        if it.text and it.confidence >= COUNTED_FROM and (known is None or it.confidence > known.confidence):
            best[it.key, it.text] = it
    return list(best.values())


def doubt_near_twins(found: Sequence[Believed], sure: float) -> list[Believed]:
    """Believe no unsure reading that differs in one character from a text which is read surely again and again.

    "775-457", read doubtfully where others say "775-45Y" for sure, teaches the network its own mistake. Texts shorter
    than five characters are left alone: among those one character is what tells them apart.

    Args:
        sure: confidence from which on a reading speaks for its text.
    """
    weights: dict[str, float] = {}
    for it in found:
        if it.is_label or it.confidence >= sure:
            weights[it.text] = weights.get(it.text, 0.0) + it.confidence
    twins = [text for text, weight in weights.items() if weight >= TWIN_WEIGHT and len(text) >= TWIN_LENGTH]
    doubtful = [
        index
        for index, it in enumerate(found)
        if not it.is_label and it.confidence < sure and it.text not in weights and len(it.text) >= TWIN_LENGTH
    ]
    if not twins or not doubtful:
        return list(found)
    texts = [found[index].text for index in doubtful]
    distances = cdist(texts, twins, scorer=Levenshtein.distance, score_cutoff=1)
    kept = list(found)
    for index, row in zip(doubtful, distances, strict=True):
        if row.min() <= 1:
            kept[index] = replace(found[index], confidence=0.0)
    return kept


def limit_repeats(found: Sequence[Believed], most: int) -> list[int]:
    """Indices of which no text comes more than `most` times, the surest of each; labels are all kept."""
    order = sorted(range(len(found)), key=lambda index: -found[index].confidence)
    seen: dict[str, int] = {}
    kept = []
    for index in order:
        text = found[index].text
        seen[text] = seen.get(text, 0) + 1
        if found[index].is_label or seen[text] <= most:
            kept.append(index)
    return sorted(kept)
