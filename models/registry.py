"""Networks by name: one dictionary, no magic."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from models.detection.craft import build_craft
from models.errors import WeightsError
from models.recognition.conv_attention_ctc import build_conv_attention_ctc

BUILDERS: dict[str, Callable[[Mapping[str, Any]], nn.Module]] = {
    "conv_attention_ctc": build_conv_attention_ctc,
    "craft": build_craft,
}


def create_network(architecture: str, config: Mapping[str, Any]) -> nn.Module:
    """Build an untrained network.

    Raises:
        WeightsError: the architecture is unknown to this version.
    """
    if architecture not in BUILDERS:
        known = ", ".join(sorted(BUILDERS))
        raise WeightsError(f"this version does not know the architecture {architecture!r}; it knows {known}")
    return BUILDERS[architecture](config)
