"""Where the characters of a given text lie in a crop that CTC read: the best alignment of just this text."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.charset import Charset
from models.recognition.ctc import DecodedText


def align_text(log_probs: NDArray[np.float32], ids: Sequence[int], log_prob: float, charset: Charset) -> DecodedText:
    """Lay a text over the steps of a crop.

    Args:
        log_probs: (T, K) normalised; class 0 is the blank.
        ids: class ids of the text, without blanks.
        log_prob: log-probability of the text over all its alignments; it is handed on.

    Returns:
        The text with its spans and, for each character, its highest probability in its span. A text that has no
        alignment in T steps gets spans of equal width and probabilities of 0.
    """
    T = len(log_probs)
    text = charset.decode(ids)
    path = _best_path(log_probs, ids)
    if path is None:
        edges = np.linspace(0, T, len(ids) + 1).astype(int).tolist()
        even = tuple((first, max(first + 1, last)) for first, last in pairwise(edges))
        return DecodedText(text, log_prob, (0.0,) * len(ids), even)
    spans: list[tuple[int, int]] = []
    probs: list[float] = []
    for position, class_id in enumerate(ids):
        steps = np.flatnonzero(path == 2 * position + 1)
        spans.append((int(steps[0]), int(steps[-1]) + 1))
        probs.append(float(np.exp(log_probs[steps[0] : steps[-1] + 1, class_id].max())))
    return DecodedText(text, log_prob, tuple(probs), tuple(spans))


def top_characters(
    log_probs: NDArray[np.float32], decoded: DecodedText, charset: Charset, count: int
) -> list[tuple[tuple[str, float], ...]]:
    """The likeliest characters at each place of a text, with the highest probability that each has in the span.

    Args:
        log_probs: (T, K) that `decoded` was read from.
        count: characters for each place.

    Returns:
        For each character of the text at most `count` pairs, the likeliest first; the blank is no character.
    """
    places = []
    for first, last in decoded.spans:
        probs = np.exp(log_probs[first:last, 1:].max(axis=0))
        best = np.argsort(-probs, kind="stable")[:count].tolist()
        places.append(tuple((charset.characters[index], float(probs[index])) for index in best))
    return places


def _best_path(log_probs: NDArray[np.float32], ids: Sequence[int]) -> NDArray[np.int64] | None:
    """(T,) place of each step in "blank, character, blank, character, …, blank"; None where the text does not fit."""
    T = len(log_probs)
    states = np.zeros(2 * len(ids) + 1, np.int64)
    states[1::2] = ids
    may_skip = np.zeros(len(states), bool)
    may_skip[3::2] = states[3::2] != states[1:-2:2]
    if T == 0:
        return None
    emitted = log_probs[:, states].astype(np.float64)  # (T, S)
    best = np.full(len(states), -np.inf)
    best[:2] = emitted[0, :2]
    moves = np.zeros((T, len(states)), np.int8)
    for step in range(1, T):
        options = np.full((3, len(states)), -np.inf)
        options[0] = best
        options[1, 1:] = best[:-1]
        options[2, 2:] = np.where(may_skip[2:], best[:-2], -np.inf)
        moves[step] = options.argmax(axis=0)
        best = options.max(axis=0) + emitted[step]
    place = len(states) - 1 - int(len(states) > 1 and best[-2] > best[-1])
    if not np.isfinite(best[place]):
        return None
    path = np.zeros(T, np.int64)
    for step in range(T - 1, -1, -1):
        path[step] = place
        place -= int(moves[step, place])
    return path
