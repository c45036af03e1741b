"""From decoded texts to the values of a reading: character bounds, other characters, other texts."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from models.recognition.ctc import DecodedText
from textrec_app.domain import Alternative, CropCharacter


def build_characters(
    decoded: DecodedText, steps: int, places: Sequence[Sequence[tuple[str, float]]] | None = None
) -> tuple[CropCharacter, ...]:
    """One value for each character of a decoded text.

    Args:
        steps: how many steps its spans count over the crop's width.
        places: for each character the likeliest ones at its place; its own is left out.
    """
    bounds = span_bounds(decoded.spans, steps)
    others: Sequence[Sequence[tuple[str, float]]] = places or [()] * len(bounds)
    return tuple(
        CropCharacter(
            text,
            probability,
            start / steps,
            end / steps,
            tuple(Alternative(*pair) for pair in near if pair[0] != text)[: max(0, len(near) - 1)],
        )
        for text, probability, (start, end), near in zip(decoded.text, decoded.char_probs, bounds, others, strict=True)
    )


def share_confidence(confidence: float, others: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Probabilities of other texts from their likelihoods relative to the chosen one.

    They keep these proportions to the chosen text's confidence where that leaves room for them, and share the rest
    of 1 otherwise.
    """
    shares = [confidence * min(likelihood, 1.0) for _, likelihood in others]
    scale = min(1.0, (1.0 - confidence) / max(sum(shares), 1e-9))
    return [(text, share * scale) for (text, _), share in zip(others, shares, strict=True)]


def span_bounds(spans: Sequence[tuple[int, int]], steps: int) -> list[tuple[float, float]]:
    """Widen CTC's narrow spans to character widths: neighbours meet half-way, ends keep a typical half width.

    Args:
        spans: first and last-plus-one step of each character, rising.
        steps: number of steps of the crop.

    Returns:
        (start, end) in steps for each character; they do not overlap and lie in [0, steps].
    """
    if not spans:
        return []
    centres = [(first + last) / 2 for first, last in spans]
    pitch = float(np.median(np.diff(centres))) if len(centres) > 1 else float(steps) * 0.8
    half = min(pitch * 0.5, steps / 2)
    middles = [(left + right) / 2 for left, right in pairwise(centres)]
    limit = [max(half, (right - left) / 2) for left, right in spans]
    bounds = []
    for index, centre in enumerate(centres):
        start = middles[index - 1] if index else 0.0
        end = middles[index] if index < len(middles) else float(steps)
        reach = max(limit[index], half * 1.25)
        bounds.append((max(start, centre - reach, 0.0), min(end, centre + reach, float(steps))))
    return bounds
