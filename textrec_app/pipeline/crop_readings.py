"""From decoded texts to the values of a reading: character bounds, glyph boxes, other characters, other texts."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from models.recognition.ctc import DecodedText
from textrec_app.domain import Alternative, CropCharacter, HeadReading
from textrec_app.pipeline.glyph_places import Maps, character_width, measure_sharpness, place_characters
from textrec_app.pipeline.text_scores import GlyphOpinion


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


def place_glyphs(characters: Sequence[CropCharacter], maps: Maps) -> tuple[tuple[CropCharacter, ...], float]:
    """Characters with the boxes of their glyphs, where glyph attention found them near their columns.

    Args:
        characters: of the text that was chosen, with their columns.
        maps: (S, h, w) in [0, 1], glyph attention of each place.

    Returns:
        The characters, and the mean sharpness of their maps, in [0, 1]; a character without a map counts 0.
    """
    boxes = place_characters(maps, [(character.start_rel, character.end_rel) for character in characters])
    placed = tuple(
        character
        if box is None
        else replace(character, start_rel=box.left, end_rel=box.right, rows_rel=(box.top, box.bottom))
        for character, box in zip(characters, boxes, strict=True)
    )
    sharp = measure_sharpness(maps[: len(characters)], character_width(boxes, len(characters)))
    return placed, sum(sharp) / max(1, len(characters))


def describe_heads(greedy: DecodedText, opinion: GlyphOpinion | None) -> dict[str, HeadReading]:
    """What each head says by itself: "fast", and "glyph" where it was asked."""
    said = {"fast": greedy} if opinion is None else {"fast": greedy, "glyph": opinion.decoded}
    return {
        head: HeadReading(decoded.text, decoded.log_prob, math.exp(min(0.0, decoded.log_prob)))
        for head, decoded in said.items()
    }


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
