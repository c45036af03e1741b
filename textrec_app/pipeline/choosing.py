"""Which text a crop says: candidates of a search, weighed by every look at the crop and by the language."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.charset import PRINTABLE_ASCII, Charset
from models.language.mixture import LanguageModel
from models.recognition.beam import BeamOptions
from models.recognition.ctc import DecodedText
from textrec_app.pipeline.lexicon import Lexicon
from textrec_app.pipeline.text_scores import CtcTexts, GlyphOpinion, Look, Ranked, TextScores, TokenTexts

LEAST_LOG_PROB = -60.0
"""A look that cannot see a text at all counts no worse than this, so that one bad look does not rule it out."""

READINGS_FOR_LEXICON = 4

WEIGHED_LOG_PROB = 0.25
"""How much a weighed text's own log-probability counts beside its share among the candidates; see docs/LOG.md."""


@dataclass(frozen=True)
class ChoosingOptions:
    """How texts are chosen; the numbers were chosen on held-back real words (docs/LOG.md).

    Attributes:
        sure_prob: a best path whose text has at least this probability is taken as it is.
        language_weight: alpha, weight of the character model.
        length_reward: beta, for each character.
        beams: texts that each search keeps.
        min_prob: classes below this do not lengthen a text.
        settled_share: a choice that has at least this share of what speaks for all its candidates is final;
            any other crop is looked at once more.
        glyph_weight: of the glyph head's log-probability where it has spoken; the fast path has the rest of 1.
    """

    sure_prob: float = 0.7
    language_weight: float = 0.4
    length_reward: float = 1.0
    beams: int = 6
    min_prob: float = 0.01
    settled_share: float = 0.6
    glyph_weight: float = 0.05


ADAPTED = ChoosingOptions(sure_prob=0.95)
"""For weights that know the vocabulary of a kind of pictures: it is asked about all but the surest best paths."""


@dataclass(frozen=True)
class Choice:
    """What was chosen, and what else the crop might say.

    Attributes:
        decoded: the text on the first look; its `log_prob` is the mean over the looks.
        others: other texts with their likelihood relative to the chosen one (1 is as likely), the best first.
        candidates: texts that were read freely, for the next look.
    """

    decoded: DecodedText
    others: Ranked = ()
    candidates: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """Share of the chosen text in what speaks for all candidates, in (0, 1]."""
        return 1.0 / (1.0 + sum(likelihood for _, likelihood in self.others))


class TextChooser:
    """Chooses texts for one network; the model of English takes part where the charset is printable ASCII."""

    def __init__(
        self,
        charset: Charset,
        emits: str,
        model: LanguageModel | None = None,
        options: ChoosingOptions | None = None,
    ) -> None:
        self.charset, self.options = charset, options or ChoosingOptions()
        self.model = model if set(charset.characters) <= set(PRINTABLE_ASCII) else None
        width = BeamOptions(
            beams=self.options.beams,
            alpha=self.options.language_weight if self.model else 0.0,
            beta=self.options.length_reward if self.model else 0.0,
            min_prob=self.options.min_prob,
        )
        self._tokens = TokenTexts(charset, width)
        self.scores: TextScores = CtcTexts(charset, width, self.model) if emits == "ctc" else self._tokens

    def is_sure(self, decoded: DecodedText, opinion: GlyphOpinion | None = None) -> bool:
        """Whether a best path needs no second thought: it is likely, and the glyph head, if it spoke, says the same."""
        agrees = opinion is None or opinion.decoded.text == decoded.text
        return agrees and bool(decoded.log_prob >= np.log(self.options.sure_prob))

    def is_settled(self, choice: Choice) -> bool:
        """Whether another look at the crop would hardly change the choice."""
        return choice.share >= self.options.settled_share

    def raw_score(self, greedy: DecodedText, choice: Choice, opinion: GlyphOpinion | None = None) -> float:
        """The logarithm, at most 0, that calibration turns into a confidence.

        It is the text's log-probability where the best path was taken as it is. Of a text that was weighed against
        others it is mostly its share among them, because the language has spoken for it too.
        """
        is_plain = self.is_sure(greedy, opinion) and choice.decoded.text == greedy.text
        if is_plain or not choice.candidates:
            return choice.decoded.log_prob
        return WEIGHED_LOG_PROB * choice.decoded.log_prob + float(np.log(choice.share))

    def take(self, greedy: DecodedText, opinion: GlyphOpinion | None = None) -> Choice:
        """The best path as it is, without looking for other texts."""
        if opinion is None:
            return Choice(greedy)
        spoken = self._join(np.array([greedy.log_prob]), [greedy.text], opinion)
        return Choice(replace(greedy, log_prob=float(spoken[0])))

    def choose(
        self,
        greedy: DecodedText,
        looks: Sequence[Look],
        lexicon: Lexicon | None = None,
        known: Sequence[str] = (),
        opinion: GlyphOpinion | None = None,
    ) -> Choice:
        """Choose the text of one crop.

        Args:
            greedy: best path of the first look; it is always a candidate.
            looks: one or more looks at the crop.
            lexicon: entries to choose from; a free reading wins only if it is far likelier than all of them.
            known: candidates that the earlier looks gave; only the last look is searched.
            opinion: what the glyph head says of the crop, if it was asked; its texts are candidates too.
        """
        own = [] if opinion is None else [opinion.decoded.text, *self._tokens.search(opinion.look)]
        texts = list(dict.fromkeys([greedy.text, *known, *self.scores.search(looks[-1]), *own]))
        log_probs = self._measure(texts, looks, opinion)
        scores = log_probs + self._weigh(texts)
        if lexicon is not None:
            best = np.argsort(-scores, kind="stable")[:READINGS_FOR_LEXICON].tolist()
            listed = self._choose_entry([texts[index] for index in best], looks, lexicon, opinion)
            if listed is not None and listed.decoded.log_prob >= float(log_probs[best[0]]) - lexicon.margin:
                return listed
        if self.is_sure(greedy, opinion):
            scores[0] = max(scores[0], float(scores.max()) + 1e-6)
        return self._conclude(texts, log_probs, scores, looks[0])

    def _measure(
        self, texts: Sequence[str], looks: Sequence[Look], opinion: GlyphOpinion | None
    ) -> NDArray[np.float64]:
        """(n,) log-probability of each text: mean over the looks, weighed against the glyph head's."""
        seen = np.mean([np.maximum(self.scores.measure(texts, look), LEAST_LOG_PROB) for look in looks], axis=0)
        return seen if opinion is None else self._join(seen, texts, opinion)

    def _join(self, seen: NDArray[np.float64], texts: Sequence[str], opinion: GlyphOpinion) -> NDArray[np.float64]:
        weight = self.options.glyph_weight
        said = np.maximum(self._tokens.measure_begun(texts, opinion.look), LEAST_LOG_PROB)
        return (1.0 - weight) * seen + weight * said

    def _weigh(self, texts: Sequence[str]) -> NDArray[np.float64]:
        if self.model is None:
            return np.zeros(len(texts))
        alpha, beta = self.options.language_weight, self.options.length_reward
        return np.array([alpha * self.model.score(text) + beta * len(text) for text in texts])

    def _choose_entry(
        self, read: Sequence[str], looks: Sequence[Look], lexicon: Lexicon, opinion: GlyphOpinion | None
    ) -> Choice | None:
        forms = lexicon.nearest(read, self.charset)
        entries = [entry for entry, written in forms.items() for _ in written]
        texts = [form for written in forms.values() for form in written]
        if not texts:
            return None
        log_probs = self._measure(texts, looks, opinion)
        best: dict[str, int] = {}
        for index in np.argsort(-log_probs, kind="stable").tolist():
            best.setdefault(entries[index], index)
        kept = list(best.values())
        choice = self._conclude([texts[index] for index in kept], log_probs[kept], log_probs[kept], looks[0])
        named = {texts[index]: entries[index] for index in kept}
        others = tuple((named[text], share) for text, share in choice.others)
        return Choice(replace(choice.decoded, text=named[choice.decoded.text]), others, tuple(read))

    def _conclude(
        self, texts: Sequence[str], log_probs: NDArray[np.float64], scores: NDArray[np.float64], look: Look
    ) -> Choice:
        order = np.argsort(-scores, kind="stable").tolist()
        first = order[0]
        decoded = self.scores.align(look, texts[first], float(log_probs[first]))
        others = tuple((texts[index], float(np.exp(scores[index] - scores[first]))) for index in order[1:])
        return Choice(decoded, others, tuple(texts))
