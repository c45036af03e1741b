"""CTC prefix beam search, with a language model's opinion mixed in while searching.

Source:
    Hannun et al., "First-pass large vocabulary continuous speech recognition using bi-directional recurrent DNNs",
    2014, algorithm 1; shallow fusion as in Gulcehre et al., 2015.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import nlargest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.charset import Charset
from models.errors import ShapeError
from models.language.mixture import LanguageModel


@dataclass(frozen=True)
class BeamOptions:
    """How wide the search is and what it weighs: log P of the picture + alpha · log P of the text + beta · length.

    Attributes:
        beams: texts kept after each step.
        alpha: weight of the language model; 0 searches without one.
        beta: reward for each character, against the language model's taste for short texts.
        min_prob: classes below this probability in a step do not lengthen a text there, and no text is begun that
            has less than its square of the best one's probability.
    """

    beams: int = 8
    alpha: float = 0.0
    beta: float = 0.0
    min_prob: float = 1e-3


@dataclass(frozen=True)
class BeamText:
    """One text that the search ended with.

    Attributes:
        ids: class ids, without blanks.
        log_prob: log-probability over the alignments that stayed in the beam; at most the exact one.
        score: what texts are ordered by: `log_prob` and, where there is a model, its share.
    """

    ids: tuple[int, ...]
    text: str
    log_prob: float
    score: float


class _Prefix:
    """A text begun, shared by all its continuations."""

    __slots__ = ("bonus", "children", "id", "length", "parent", "state")

    def __init__(self, parent: "_Prefix | None", class_id: int, state: Any, bonus: float) -> None:
        self.parent, self.id, self.state, self.bonus = parent, class_id, state, bonus
        self.length: int = 0 if parent is None else parent.length + 1
        self.children: dict[int, _Prefix] = {}

    def list_ids(self) -> tuple[int, ...]:
        """Class ids from the first character on."""
        ids: list[int] = []
        prefix: _Prefix | None = self
        while prefix is not None and prefix.parent is not None:
            ids.append(prefix.id)
            prefix = prefix.parent
        return tuple(reversed(ids))


class BeamSearch:
    """Prefix beam search with one charset, one set of options and, if wanted, a language model."""

    def __init__(self, charset: Charset, options: BeamOptions, model: LanguageModel | None = None) -> None:
        self.charset, self.options = charset, options
        self.model = model if options.alpha else None

    def search(self, log_probs: NDArray[np.float32]) -> list[BeamText]:
        """Find the best texts of one crop.

        Probabilities are rescaled in each step, so that long crops do not underflow.

        Args:
            log_probs: (T, K) normalised; class 0 is the blank.

        Returns:
            At most `beams` different texts, the best first.

        Raises:
            ShapeError: K is not len(charset) + 1.
        """
        T, K = log_probs.shape
        if len(self.charset) + 1 != K:
            raise ShapeError(f"log-probabilities have {K} classes, charset needs {len(self.charset) + 1}")
        root = _Prefix(None, 0, None if self.model is None else self.model.start(), 0.0)
        beam: dict[_Prefix, list[float]] = {root: [1.0, 0.0]}
        log_scale = 0.0
        for probs, classes in _list_steps(log_probs, self.options.min_prob):
            grown = self._grow(beam, probs, classes)
            top = max(blank + glyph for blank, glyph in grown.values())
            if top <= 0.0:  # a step of which no kept text can be part
                return self._finish(beam, log_scale - math.inf)
            log_scale += math.log(top)
            kept = self._prune(grown)
            beam = {prefix: [mass[0] / top, mass[1] / top] for prefix, mass in kept}
        return self._finish(beam, log_scale)

    def _grow(
        self, beam: dict[_Prefix, list[float]], probs: list[float], classes: list[int]
    ) -> dict[_Prefix, list[float]]:
        """One step: for each text the probability that it ends in a blank, and in its last character."""
        grown: dict[_Prefix, list[float]] = {}
        least = self.options.min_prob**2
        for prefix, (blank, glyph) in beam.items():
            mass = grown.setdefault(prefix, [0.0, 0.0])
            mass[0] += (blank + glyph) * probs[0]
            if prefix.parent is not None:
                mass[1] += glyph * probs[prefix.id]
            for class_id in classes:
                gained = (blank if class_id == prefix.id else blank + glyph) * probs[class_id]
                child = prefix.children.get(class_id)
                if child is None:
                    if gained < least:
                        continue
                    child = self._lengthen(prefix, class_id)
                grown.setdefault(child, [0.0, 0.0])[1] += gained
        return grown

    def _lengthen(self, prefix: _Prefix, class_id: int) -> _Prefix:
        state, bonus = None, self.options.beta * (prefix.length + 1)
        if self.model is not None and prefix.state is not None:
            state = self.model.advance(prefix.state, self.charset.characters[class_id - 1])
            bonus += self.options.alpha * self.model.log_prob(state, is_whole=False)
        child = _Prefix(prefix, class_id, state, bonus)
        prefix.children[class_id] = child
        return child

    def _prune(self, grown: dict[_Prefix, list[float]]) -> list[tuple[_Prefix, list[float]]]:
        possible = [(prefix, mass) for prefix, mass in grown.items() if mass[0] + mass[1] > 0.0]
        if len(possible) <= self.options.beams:
            return possible
        return nlargest(
            self.options.beams, possible, key=lambda item: math.log(item[1][0] + item[1][1]) + item[0].bonus
        )

    def _finish(self, beam: dict[_Prefix, list[float]], log_scale: float) -> list[BeamText]:
        texts = []
        for prefix, mass in beam.items():
            ids = prefix.list_ids()
            log_prob = min(0.0, math.log(mass[0] + mass[1]) + log_scale)
            score = log_prob + self.options.beta * len(ids)
            if self.model is not None and prefix.state is not None:
                score += self.options.alpha * self.model.log_prob(prefix.state)
            texts.append(BeamText(ids, self.charset.decode(ids), log_prob, score))
        return sorted(texts, key=lambda text: -text.score)


def _list_steps(log_probs: NDArray[np.float32], min_prob: float) -> Iterator[tuple[list[float], list[int]]]:
    """The probabilities of each step, and the classes that may lengthen a text there."""
    probs = np.exp(log_probs.astype(np.float64))
    worth = probs[:, 1:] >= min_prob
    for row, is_worth in zip(probs, worth, strict=True):
        yield row.tolist(), (np.flatnonzero(is_worth) + 1).tolist()
