"""Make the character model that readings are weighed with."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from models.language.character_model import SYMBOLS, CharacterModel
from models.language.files import TASK, save_language
from models.weights import WeightCard, card_path
from textrec_app.errors import InputError
from textrec_app.services.training import find_commit
from textrec_app.training.language import LanguageOptions, count_language
from textrec_app.training.language_texts import collect_language_texts


@dataclass(frozen=True)
class LanguageResult:
    """What was written.

    Attributes:
        texts: different texts that were counted.
        contexts: contexts that were kept.
        megabytes: of the safetensors file.
        bits_per_character: what the model needs for texts written as on signs; they are of its own making.
    """

    checkpoint: Path
    texts: int
    contexts: int
    megabytes: float
    bits_per_character: float


def train_language(
    wordlists: Path | None, out: Path, options: LanguageOptions | None = None, version: str = "1"
) -> LanguageResult:
    """Count a model from a folder of word lists and write it as `out/language.safetensors` with its card.

    Raises:
        InputError: no folder was named, it is missing, or it has nothing to count.
    """
    if wordlists is None or not wordlists.is_dir():
        missing = "" if wordlists is None else f"There is no folder {wordlists}. "
        raise InputError(f"{missing}Name a folder with word lists: --wordlists DIR.")
    options = options or LanguageOptions()
    texts = collect_language_texts(wordlists)
    tables = count_language(list(texts.weights), list(texts.weights.values()), texts.cased, options)
    bits = CharacterModel(tables).bits_per_character(texts.cased[:2000])
    card = WeightCard(
        name="english",
        version=version,
        task=TASK,
        architecture="",
        charset=SYMBOLS,
        recipe=asdict(options),
        data=[{"name": name} for name in texts.files],
        metrics={"bits_per_character": round(bits, 3), "contexts": len(tables.keys)},
        commit=find_commit(),
        created_utc=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    path = save_language(out, tables, card)
    size = (path.stat().st_size + card_path(path).stat().st_size) / 1e6
    return LanguageResult(path, len(texts.weights), len(tables.keys), round(size, 2), round(bits, 3))
