"""A character model on disk: one safetensors file and its card, as every other weight."""

from pathlib import Path

import torch
from torch import Tensor

from models.errors import WeightsError
from models.language.character_model import CharacterModel, LanguageTables
from models.weights import WeightCard, load_card, load_tensors, save_weights

TASK = "language"
ARCHITECTURE = "character_ngram"
_TENSORS = ("keys", "starts", "backoff", "symbols", "costs", "case")


def save_language(directory: Path, tables: LanguageTables, card: WeightCard, stem: str = TASK) -> Path:
    """Write tables and card.

    Args:
        card: its task, architecture and config are filled in here.

    Returns:
        The path of the safetensors file.
    """
    config = {"known_share": tables.known_share}
    whole = WeightCard(**{**vars(card), "task": TASK, "architecture": ARCHITECTURE, "config": config})
    tensors: dict[str, Tensor] = {name: torch.from_numpy(getattr(tables, name)) for name in _TENSORS}
    return save_weights(directory, stem, tensors, whole)


def load_language(path: Path) -> CharacterModel:
    """Read a character model.

    Raises:
        WeightsError: missing, altered, or weights of another task.
    """
    card = load_card(path)
    if card.task != TASK or card.architecture != ARCHITECTURE:
        raise WeightsError(f"{path.name} is a {card.task} ({card.architecture}), not a character model")
    tensors = load_tensors(path, card)
    missing = [name for name in _TENSORS if name not in tensors]
    if missing:
        raise WeightsError(f"{path.name} lacks {', '.join(missing)}; fetch it again")
    arrays = {name: tensors[name].numpy() for name in _TENSORS}
    return CharacterModel(LanguageTables(**arrays, known_share=float(card.config.get("known_share", 0.8))))
