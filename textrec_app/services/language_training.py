"""Make the character model that readings are weighed with, and the cloze model that `abinet_s` asks."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from models.charset import PRINTABLE_ASCII, Charset
from models.language.character_model import SYMBOLS, CharacterModel
from models.language.files import TASK, save_language
from models.weights import WeightCard, card_path
from textrec_app.data.synthesis.texts import TextSource
from textrec_app.errors import InputError, NotFoundError
from textrec_app.pipeline.language_counting import LanguageOptions, count_language
from textrec_app.services.training import find_commit
from textrec_app.training.cloze_language import CLOZE_RECIPES, ClozeTask, ClozeTexts, train_cloze
from textrec_app.training.language_texts import collect_language_texts, read_word_files


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


@dataclass(frozen=True)
class ClozeResult:
    """What was trained and written.

    Attributes:
        state: "finished", "paused" (minutes over), or why it was stopped.
        metrics: of held-back texts: accuracy and bits of each character filled in from the others.
    """

    state: str
    checkpoint: Path
    step: int
    megabytes: float
    metrics: dict[str, float]


def train_language(
    wordlists: Path | None, out: Path, options: LanguageOptions | None = None, version: str = "1"
) -> LanguageResult:
    """Count a model from a folder of word lists and write it as `out/language.safetensors` with its card.

    Raises:
        InputError: no folder was named, it is missing, or it has nothing to count.
    """
    wordlists = _check_folder(wordlists)
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


def train_cloze_language(
    recipe_name: str,
    wordlists: Path | None,
    out: Path,
    minutes: float | None = None,
    on_progress: Callable[[dict[str, object]], None] = lambda line: None,
    should_stop: Callable[[], str | None] = lambda: None,
) -> ClozeResult:
    """Train a cloze model on a folder of word lists, or go on; writes `out/language_cloze.safetensors` with its card.

    Args:
        minutes: length of this sitting, in which the learning rate falls to its end; None counts the recipe's steps.

    Raises:
        InputError: no folder was named, it is missing, or has nothing to learn from.
        NotFoundError: there is no such recipe.
    """
    if recipe_name not in CLOZE_RECIPES:
        known = ", ".join(("base", *CLOZE_RECIPES))
        raise NotFoundError(f"there is no recipe {recipe_name!r} for the language; choose one of {known}")
    folder = _check_folder(wordlists)
    recipe = CLOZE_RECIPES[recipe_name]
    recipe = replace(recipe, fit=replace(recipe.fit, minutes_schedule=minutes))
    found = read_word_files(folder)
    source = TextSource(found.words or found.running, found.running)
    texts = ClozeTexts(source, Charset(PRINTABLE_ASCII), recipe.network.max_length)
    card = WeightCard(
        name="english",
        version="1",
        task=TASK,
        architecture="",
        data=[{"name": name} for name in found.files],
        commit=find_commit(),
        created_utc=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    path, result = train_cloze(ClozeTask(texts, recipe), out, card, minutes, "auto", should_stop, on_progress)
    return ClozeResult(result.state, path, result.step, round(path.stat().st_size / 1e6, 2), result.metrics)


def _check_folder(wordlists: Path | None) -> Path:
    if wordlists is None or not wordlists.is_dir():
        missing = "" if wordlists is None else f"There is no folder {wordlists}. "
        raise InputError(f"{missing}Name a folder with word lists: --wordlists DIR.")
    return wordlists
