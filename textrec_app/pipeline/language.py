"""The character model that ships: loaded once, shared by all recognizers."""

from functools import lru_cache

from models.language.character_model import CharacterModel
from models.language.files import load_language
from models.weights import PRETRAINED_DIR

SHIPPED = PRETRAINED_DIR / "language.safetensors"


@lru_cache(maxsize=1)
def find_language() -> CharacterModel | None:
    """The shipped model; None where it was not installed.

    Raises:
        WeightsError: it was altered.
    """
    return load_language(SHIPPED) if SHIPPED.is_file() else None
