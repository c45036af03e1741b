"""How well and how fast a checkpoint reads a set of crops in large batches, on the device at hand."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from models.charset import Charset
from models.recognition.text_network import TextNetwork
from models.weights import load_network
from textrec_app.data.buckets import batch_by_width, resize_to_bucket
from textrec_app.errors import InputError
from textrec_app.evaluation.metrics import compute_word_accuracy
from textrec_app.evaluation.protocols import pair_texts
from textrec_app.pipeline.devices import has_fast_bf16, pick_device
from textrec_app.training.recognizer import crops_to_tensor

GPU_BATCH = 512
CPU_BATCH = 32
MOST_PASSES = 20


@dataclass(frozen=True)
class ReadingSpeed:
    """Word accuracy by protocol, in [0, 1], and words a second, transfer and decoding included."""

    accuracy: dict[str, float]
    words_per_s: float


def measure_reading(
    checkpoint: Path, crops: Sequence[np.ndarray], texts: Sequence[str], device: str = "auto", least_s: float = 2.0
) -> ReadingSpeed:
    """Read all crops again and again for at least `least_s`; resizing is not counted.

    Args:
        crops: (H, W, 3) uint8 RGB each.
        texts: what they say.

    Raises:
        InputError: there are no crops, or the checkpoint is no recognizer.
    """
    place = pick_device(device)
    network, card = load_network(checkpoint, place)
    if not isinstance(network, TextNetwork) or not crops:
        raise InputError(f"{checkpoint.name} cannot be measured: it is no recognizer, or there are no crops.")
    network = network.to(memory_format=torch.channels_last).eval()
    size = GPU_BATCH if place.type == "cuda" else CPU_BATCH
    batches = list(batch_by_width([resize_to_bucket(crop) for crop in crops], lambda width: size))
    charset = Charset(card.charset)
    if place.type == "cuda":
        _read(network, charset, batches, place)
    began, passes, found = time.monotonic(), 0, dict[int, str]()
    while passes == 0 or (time.monotonic() - began < least_s and passes < MOST_PASSES):
        found = _read(network, charset, batches, place)
        passes += 1
    speed = passes * len(crops) / max(1e-9, time.monotonic() - began)
    read = [found[index] for index in range(len(crops))]
    accuracy = {}
    for protocol in ("alnum36", "exact"):
        pairs = pair_texts(texts, read, protocol)
        accuracy[protocol] = compute_word_accuracy(pairs.labels, pairs.predictions)
    return ReadingSpeed(accuracy, speed)


@torch.inference_mode()
def _read(
    network: TextNetwork, charset: Charset, batches: list[tuple[list[int], np.ndarray]], device: torch.device
) -> dict[int, str]:
    found: dict[int, str] = {}
    for indices, images in batches:
        with torch.autocast(device.type, torch.bfloat16, enabled=has_fast_bf16(device)):
            logits = network(crops_to_tensor(images, device))
        decoded = network.decode(logits.float().cpu(), charset)
        found |= {index: one.text for index, one in zip(indices, decoded, strict=True)}
    return found
