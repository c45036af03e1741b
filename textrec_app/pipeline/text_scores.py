"""What the two kinds of logits know of a text: likely texts, the probability of any text, where its characters lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from models.charset import Charset
from models.language.mixture import LanguageModel
from models.recognition.beam import BeamOptions, BeamSearch
from models.recognition.ctc import DecodedText, compute_text_log_probs
from models.recognition.ctc_alignment import align_text, top_characters
from models.recognition.tokens import even_spans

Look = NDArray[np.float32]
"""(T, K) normalised log-probabilities of one look at a crop; class 0 is the blank, or the end of the text."""

Ranked = tuple[tuple[str, float], ...]

TOP_CLASSES = 4


@dataclass(frozen=True)
class GlyphOpinion:
    """What the glyph head says of one crop.

    Attributes:
        decoded: its own text, read greedily.
        look: (S, K) log-probabilities of each place's characters up to the first end.
        maps: (S', h, w) in [0, 1], glyph attention of each place, S' at least the text's length; (0, h, w) of a network
            without glyph maps.
    """

    decoded: DecodedText
    look: Look
    maps: NDArray[np.float32]


class TextScores(Protocol):
    """Candidates, probabilities and places of texts on a look."""

    def search(self, look: Look) -> list[str]:
        """Likely texts, the best first."""

    def measure(self, texts: Sequence[str], look: Look) -> NDArray[np.float64]:
        """(n,) log-probability of each text, -inf where it cannot be."""

    def align(self, look: Look, text: str, log_prob: float) -> DecodedText:
        """The text with the probabilities and spans of its characters."""

    def top_characters(self, look: Look, decoded: DecodedText, count: int) -> list[Ranked]:
        """For each place at most `count` characters with their probabilities."""


class CtcTexts:
    """Scores for networks that emit a class for each step of width."""

    def __init__(self, charset: Charset, options: BeamOptions, model: LanguageModel | None) -> None:
        self.charset = charset
        self._search = BeamSearch(charset, options, model)

    def search(self, look: Look) -> list[str]:
        """What stays in the beam."""
        return [text.text for text in self._search.search(look)]

    def measure(self, texts: Sequence[str], look: Look) -> NDArray[np.float64]:
        """Over all alignments."""
        ids = [self.charset.encode(text) for text in texts]
        return np.array(compute_text_log_probs(torch.from_numpy(look)[None].expand(len(ids), -1, -1), ids))

    def align(self, look: Look, text: str, log_prob: float) -> DecodedText:
        """On the best alignment."""
        return align_text(look, self.charset.encode(text), log_prob, self.charset)

    def top_characters(self, look: Look, decoded: DecodedText, count: int) -> list[Ranked]:
        """The highest probability in a character's span."""
        return top_characters(look, decoded, self.charset, count)


class TokenTexts:
    """Scores for networks that emit a class for each character; places are taken as independent of each other."""

    def __init__(self, charset: Charset, options: BeamOptions) -> None:
        self.charset, self.beams = charset, options.beams

    def search(self, look: Look) -> list[str]:
        """The most probable sequences of classes up to the first end."""
        open_texts: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
        ended: list[tuple[float, tuple[int, ...]]] = []
        for row in look:
            classes = np.argsort(-row, kind="stable")[:TOP_CLASSES].tolist()
            grown = [
                (total + float(row[class_id]), (*ids, class_id)) for total, ids in open_texts for class_id in classes
            ]
            kept = nlargest(self.beams, grown)
            ended += [(total, ids[:-1]) for total, ids in kept if ids[-1] == 0]
            open_texts = [(total, ids) for total, ids in kept if ids[-1] != 0]
        return [self.charset.decode(ids) for _, ids in nlargest(self.beams, ended)]

    def measure(self, texts: Sequence[str], look: Look) -> NDArray[np.float64]:
        """The product over the characters and the end."""
        totals = []
        for text in texts:
            ids = [*self.charset.encode(text), 0]
            fits = len(ids) <= len(look)
            totals.append(float(look[range(len(ids)), ids].sum()) if fits else -np.inf)
        return np.array(totals)

    def measure_begun(self, texts: Sequence[str], look: Look) -> NDArray[np.float64]:
        """Like `measure`, where a look ends with its own text: of what stands behind that end it says nothing."""
        encoded = [[*self.charset.encode(text), 0][: len(look)] for text in texts]
        return np.array([float(look[range(len(ids)), ids].sum()) for ids in encoded])

    def align(self, look: Look, text: str, log_prob: float) -> DecodedText:
        """Spans are even shares of the width."""
        ids = self.charset.encode(text)[: len(look)]
        probs = np.exp(look[range(len(ids)), ids]).tolist() + [0.0] * (len(text) - len(ids))
        return DecodedText(text, log_prob, tuple(probs), even_spans(len(text)))

    def top_characters(self, look: Look, decoded: DecodedText, count: int) -> list[Ranked]:
        """The place's own distribution."""
        places: list[Ranked] = []
        for row in np.exp(look[: len(decoded.text), 1:]):
            best = np.argsort(-row, kind="stable")[:count].tolist()
            places.append(tuple((self.charset.characters[index], float(row[index])) for index in best))
        return places + [()] * (len(decoded.text) - len(places))
