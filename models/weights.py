"""Checkpoints on disk: NAME.safetensors beside NAME.json, the card that says all about it.

Only safetensors are read, and only when their SHA-256 is the one on the card.
"""

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from models.compact import compact_tensors, restore_tensors
from models.errors import WeightsError
from models.registry import create_network

PRETRAINED_DIR = Path(__file__).parent / "pretrained"


@dataclass(frozen=True)
class WeightCard:
    """Everything needed to rebuild a network and to judge it.

    Attributes:
        task: "recognizer" or "detector".
        architecture: name in `models.registry`; `config` are its settings.
        charset: ordered characters of a recognizer, "" otherwise.
        preprocessing: sizes and normalisation; they travel with the weights, never with the caller.
        calibration: `WordCalibration.to_dict()`, or empty.
        data: what the weights saw, by name and number.
        vocabulary: [text, weight] pairs met again and again in the pictures that the weights were adapted to; reading
            prefers what is like them. Empty for weights that were adapted to nothing.
        sha256: digest of the safetensors file.
        parent: "name@version" of the checkpoint that training began from, or "".
    """

    name: str
    version: str
    task: str
    architecture: str
    config: dict[str, Any] = field(default_factory=dict)
    charset: str = ""
    preprocessing: dict[str, Any] = field(default_factory=dict)
    calibration: dict[str, Any] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    data: list[Any] = field(default_factory=list)
    metrics: dict[str, Any] = field(default_factory=dict)
    vocabulary: list[Any] = field(default_factory=list)
    commit: str = ""
    parent: str = ""
    created_utc: str = ""
    license: str = "apache-2.0"
    sha256: str = ""

    def to_json(self) -> str:
        """The card as it is written to disk."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def compute_sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def card_path(weights_path: Path) -> Path:
    """Where the card of a weights file lies."""
    return weights_path.with_suffix(".json")


def save_weights(
    directory: Path, stem: str, tensors: dict[str, Tensor], card: WeightCard, compact: bool = False
) -> Path:
    """Write weights and card; each file appears whole or not at all.

    Args:
        tensors: a network's `state_dict()`; floats are stored as given (cast before to shrink).
        card: its `sha256` is filled in here.
        compact: stores large tables as int8, see `models.compact`; `load_tensors` gives them back as float32.

    Returns:
        The path of the safetensors file.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{stem}.safetensors"
    temporary = directory / f".{stem}.safetensors.part"
    stored = compact_tensors(tensors) if compact else tensors
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in stored.items()}, temporary)
    temporary.chmod(0o644)  # safetensors writes files that only their owner may read
    digest = compute_sha256(temporary)
    temporary_card = directory / f".{stem}.json.part"
    temporary_card.write_text(replace(card, sha256=digest).to_json(), encoding="utf-8")
    temporary.replace(path)
    temporary_card.replace(card_path(path))
    return path


def save_card(weights_path: Path, card: WeightCard) -> None:
    """Replace the card of existing weights, atomically."""
    temporary = weights_path.with_suffix(f".json.{os.getpid()}.part")
    temporary.write_text(card.to_json(), encoding="utf-8")
    temporary.replace(card_path(weights_path))


def copy_weights(weights_path: Path, directory: Path, stem: str) -> Path:
    """Copy weights and card under a new name, the card last, so that a card always has its whole weights.

    Returns:
        The path of the new safetensors file.

    Raises:
        WeightsError: the copy does not have the hash on the card; what lay at the new name stays.
    """
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / f"{stem}.safetensors"
    card = load_card(weights_path)
    temporary = directory / f".{target.name}.{os.getpid()}.part"
    try:
        shutil.copyfile(weights_path, temporary)
        if compute_sha256(temporary) != card.sha256:
            raise WeightsError(f"{weights_path.name} was altered, or is not what its card says; fetch it again")
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    save_card(target, card)
    return target


def load_card(weights_path: Path) -> WeightCard:
    """Read the card that lies beside a weights file.

    Raises:
        WeightsError: there is none, or it is not a card.
    """
    path = card_path(weights_path)
    if not path.is_file():
        raise WeightsError(f"{path.name} is missing: weights are only read with their card beside them")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        known = {item.name for item in fields(WeightCard)}
        return WeightCard(**{key: value for key, value in data.items() if key in known})
    except (ValueError, TypeError) as error:
        raise WeightsError(f"{path.name} is not a weight card ({error}); fetch the checkpoint again") from error


def is_stored_compact(weights_path: Path) -> bool:
    """Whether a weights file holds int8 tables, see `models.compact`."""
    with safe_open(weights_path, "pt") as stored:
        return any(stored.get_slice(name).get_dtype() == "I8" for name in list(stored.keys()))


def load_tensors(weights_path: Path, card: WeightCard) -> dict[str, Tensor]:
    """Read the tensors after checking their hash; half floats and compact tables come back as float32.

    Raises:
        WeightsError: missing, altered, not safetensors, or compact tables without their scales' shape.
    """
    if not weights_path.is_file():
        raise WeightsError(f"{weights_path.name} is missing; pull the checkpoint again or choose another")
    digest = compute_sha256(weights_path)
    if digest != card.sha256:
        raise WeightsError(
            f"{weights_path.name} has SHA-256 {digest[:12]}…, its card says {card.sha256[:12]}…; fetch it again"
        )
    try:
        tensors = load_file(weights_path)
    except SafetensorError as error:
        raise WeightsError(f"{weights_path.name} is not a safetensors file ({error})") from error
    whole = restore_tensors(tensors)
    return {name: tensor.float() if tensor.dtype == torch.float16 else tensor for name, tensor in whole.items()}


def load_network(weights_path: Path, device: str | torch.device = "cpu") -> tuple[nn.Module, WeightCard]:
    """Rebuild a network in evaluation mode from weights and card.

    Raises:
        WeightsError: the files are missing or altered, or the tensors do not fit the architecture.
    """
    card = load_card(weights_path)
    tensors = load_tensors(weights_path, card)
    network = create_network(card.architecture, card.config)
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise WeightsError(f"{weights_path.name} does not fit {card.architecture}: {error}") from error
    return network.to(device).eval(), card
