"""What a recognizer's training begins from: nothing, a checkpoint, or the tensors of one that fit."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from models.charset import PRINTABLE_ASCII, Charset
from models.errors import WeightsError
from models.recognition.text_network import TRAINING_OPTIONS, TextNetwork
from models.registry import create_network
from models.weights import load_card, load_tensors
from textrec_app.training.recipes import RecognizerRecipe

logger = logging.getLogger(__name__)

TRUNKS = ("encoder.", "trunk.")  # where `parseq` and `siga_s` keep what `conv_attention_ctc` is up to its head


@dataclass(frozen=True)
class RecognizerStart:
    """A network ready to be trained.

    Attributes:
        architecture, config: rebuild it through `models.registry`.
        borrowed: number of tensors that came from the base; None where training begins from nothing.
    """

    network: TextNetwork
    charset: Charset
    architecture: str
    config: dict[str, Any]
    borrowed: int | None = None


def start_recognizer(recipe: RecognizerRecipe, base: Path | None, transfer: bool = False) -> RecognizerStart:
    """Build the network that a run trains.

    A base brings its own architecture, settings and charset; of the recipe's settings only those that
    change nothing but training are laid over it, and a branch that only training uses begins afresh.

    Args:
        transfer: the architecture and settings are the recipe's all the same, and the base only lends the
            tensors that fit by name and shape.

    Raises:
        WeightsError: the base is missing or altered, does not fit, or lends nothing.
    """
    torch.manual_seed(recipe.fit.seed)
    settings = dict(recipe.network)
    if base is None:
        config: dict[str, Any] = {"classes": len(PRINTABLE_ASCII) + 1, **settings}
        network = create_recognizer(recipe.architecture, config)
        return RecognizerStart(network, Charset(PRINTABLE_ASCII), recipe.architecture, config)
    card = load_card(base)
    tensors = load_tensors(base, card)
    charset = Charset(card.charset)
    if transfer:
        config = {"classes": len(charset) + 1, **settings}
        network = create_recognizer(recipe.architecture, config)
        borrowed = lend_tensors(network, tensors)
        if not any(tensor.ndim > 1 for tensor in borrowed.values()):
            raise WeightsError(f"{base.name} ({card.architecture}) has no matrix that fits {recipe.architecture}")
        logger.info("%d of %d tensors come from %s", len(borrowed), len(network.state_dict()), base.name)
        return RecognizerStart(network, charset, recipe.architecture, config, len(borrowed))
    same = recipe.architecture == card.architecture
    laid_over = {key: value for key, value in settings.items() if same and key in TRAINING_OPTIONS}
    config = {**card.config, **laid_over}
    network = create_recognizer(card.architecture, config)
    _load_all(network, tensors, base)
    return RecognizerStart(network, charset, card.architecture, config, len(tensors))


def create_recognizer(architecture: str, config: Mapping[str, Any]) -> TextNetwork:
    """Build an untrained recognizer.

    Raises:
        WeightsError: the architecture is unknown, or reads no text.
    """
    network = create_network(architecture, config)
    if not isinstance(network, TextNetwork):
        raise WeightsError(f"{architecture} is not a recognizer; choose an architecture that reads text")
    return network


def lend_tensors(network: TextNetwork, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copy the tensors whose name and shape fit; what is a trunk here may be an encoder there.

    Returns:
        What was copied, under the names here.
    """
    known = {_without_trunk(name): tensor for name, tensor in tensors.items()}
    fitting: dict[str, Tensor] = {}
    for name, own in network.state_dict().items():
        lent = tensors.get(name, known.get(_without_trunk(name)))
        if lent is not None and lent.shape == own.shape:
            fitting[name] = lent
    network.load_state_dict(fitting, strict=False)
    return fitting


def _without_trunk(name: str) -> str:
    for prefix in TRUNKS:
        name = name.removeprefix(prefix)
    return name


def _load_all(network: TextNetwork, tensors: Mapping[str, Tensor], base: Path) -> None:
    """Load every tensor of a base; only a branch of training may be without one."""
    own = network.state_dict()
    wrong = network.inference_tensors(own).keys() - tensors.keys() | tensors.keys() - own.keys()
    wrong |= {name for name in tensors.keys() & own.keys() if tensors[name].shape != own[name].shape}
    if wrong:
        raise WeightsError(f"{base.name} does not fit its own card: {', '.join(sorted(wrong)[:3])}")
    network.load_state_dict(tensors, strict=False)
