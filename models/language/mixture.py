"""Two language models as one: a text is as likely as it is under their mixture."""

import math
from dataclasses import dataclass
from typing import Any, Protocol


class LanguageModel(Protocol):
    """What a search asks of a model, character by character; see `CharacterModel`."""

    def start(self) -> Any:
        """The state before the first character."""

    def advance(self, state: Any, character: str) -> Any:
        """The state after one more character."""

    def log_prob(self, state: Any, is_whole: bool = True) -> float:
        """Log-probability of the text so far, whole or as a beginning."""

    def score(self, text: str) -> float:
        """Log-probability of a whole text."""


@dataclass(frozen=True)
class LanguageMixture:
    """P(text) = share * P(text | kind) + (1 - share) * P(text | general).

    Attributes:
        kind: of one kind of pictures, counted from few texts.
        general: of the language at large, so that texts unlike the kind's are not ruled out.
        share: prior probability that a text is of the kind, in (0, 1).
    """

    kind: LanguageModel
    general: LanguageModel
    share: float = 0.5

    def start(self) -> tuple[Any, Any]:
        """See `LanguageModel.start`."""
        return self.kind.start(), self.general.start()

    def advance(self, state: tuple[Any, Any], character: str) -> tuple[Any, Any]:
        """See `LanguageModel.advance`."""
        return self.kind.advance(state[0], character), self.general.advance(state[1], character)

    def log_prob(self, state: tuple[Any, Any], is_whole: bool = True) -> float:
        """See `LanguageModel.log_prob`."""
        one = math.log(self.share) + self.kind.log_prob(state[0], is_whole)
        other = math.log1p(-self.share) + self.general.log_prob(state[1], is_whole)
        return max(one, other) + math.log1p(math.exp(-abs(one - other)))

    def score(self, text: str) -> float:
        """See `LanguageModel.score`."""
        state = self.start()
        for character in text:
            state = self.advance(state, character)
        return self.log_prob(state)
