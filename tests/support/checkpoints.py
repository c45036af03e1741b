"""Tiny checkpoints: the real networks, small and hardly trained, so that tests load and read in milliseconds.

They read nonsense, but always the same nonsense for one seed, and other nonsense for another. The detector
takes the whole picture for one word.
"""

from pathlib import Path
from typing import Any

import torch

from models.charset import PRINTABLE_ASCII
from models.registry import create_network
from models.weights import WeightCard, save_weights

RECOGNIZER_CONFIG = {
    "classes": len(PRINTABLE_ASCII) + 1,
    "widths": [8, 8, 16, 16],
    "depths": [1, 1, 1, 1],
    "heads": 2,
    "local_blocks": 1,
    "global_blocks": 1,
}
DETECTOR_CONFIG = {"widths": [8, 8, 8, 8], "depths": [1, 1, 1, 1], "up_widths": [8, 8, 8]}
CALIBRATION = {
    "gamma": 0.0,
    "weight_log_prob": 0.05,
    "weight_min_char": 0.0,
    "bias": 3.0,
    "curve": [[0.5, 0.2], [0.9, 0.5], [0.99, 0.8]],
}


def save_tiny_recognizer(directory: Path, stem: str = "recognizer", seed: int = 0, **card: Any) -> Path:
    """Write recognizer weights and card; keyword arguments replace fields of the card."""
    generator = torch.Generator().manual_seed(seed)
    network = create_network("conv_attention_ctc", RECOGNIZER_CONFIG)
    tensors = network.state_dict()
    for name, tensor in tensors.items():
        if tensor.dtype == torch.float32 and "running" not in name and "num_batches" not in name:
            scale = 1.0 if tensor.ndim == 1 else (2.0 / max(tensor[0].numel(), 1)) ** 0.5
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * scale)
    tensors["head.weight"].mul_(4.0)  # differ from column to column, and be sure of it
    tensors["head.bias"].zero_()
    tensors["head.bias"][0] = -30.0  # never the blank
    fields = {
        "name": stem,
        "version": str(seed),
        "task": "recognizer",
        "architecture": "conv_attention_ctc",
        "config": RECOGNIZER_CONFIG,
        "charset": PRINTABLE_ASCII,
        "preprocessing": {"height": 32, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
        "calibration": CALIBRATION,
        "created_utc": "2026-01-01T00:00:00Z",
    } | card
    return save_weights(directory, stem, tensors, WeightCard(**fields))


def save_tiny_detector(directory: Path, stem: str = "detector", finds: bool = True) -> Path:
    """Write detector weights and card; it finds one word, the whole picture, or with `finds` false nothing."""
    tensors = create_network("craft", DETECTOR_CONFIG).state_dict()
    tensors["head.weight"].zero_()
    tensors["head.bias"].fill_(-6.0)
    if finds:
        tensors["head.bias"][: tensors["head.bias"].numel() // 2] = 6.0
    card = WeightCard(
        name=stem,
        version="1" if finds else "blind",
        task="detector",
        architecture="craft",
        config=DETECTOR_CONFIG,
        created_utc="2026-01-01T00:00:00Z",
    )
    return save_weights(directory, stem, tensors, card)
