"""Character models of a few words."""

from collections.abc import Sequence

from models.language.character_model import LanguageTables
from textrec_app.pipeline.language_counting import LanguageOptions, count_language


def make_language(words: Sequence[str], weight: float = 10.0) -> LanguageTables:
    """Count a model of words that are met equally often."""
    return count_language(words, [weight] * len(words), words, LanguageOptions(min_count=0.5))
