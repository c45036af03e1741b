"""Networks by name: one dictionary, no magic."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from models.detection.craft import build_craft
from models.detection.one_shot import build_one_shot
from models.errors import WeightsError
from models.language.cloze_model import build_cloze
from models.recognition.abinet import build_abinet_s
from models.recognition.conv_attention_ctc import build_conv_attention_ctc
from models.recognition.parseq import build_parseq
from models.recognition.siga import build_siga_r, build_siga_s, build_siga_t
from models.recognition.svtr_ctc import build_svtr_ctc
from models.recognition.vitstr_columns import build_vitstr_columns

Builder = Callable[[Mapping[str, Any]], nn.Module]

RECOGNIZERS: dict[str, Builder] = {
    "abinet_s": build_abinet_s,
    "conv_attention_ctc": build_conv_attention_ctc,
    "parseq": build_parseq,
    "siga_r": build_siga_r,
    "siga_s": build_siga_s,
    "siga_t": build_siga_t,
    "svtr_ctc": build_svtr_ctc,
    "vitstr_columns": build_vitstr_columns,
}
DETECTORS: dict[str, Builder] = {"craft": build_craft, "one_shot": build_one_shot}
LANGUAGES: dict[str, Builder] = {"cloze": build_cloze}
BUILDERS: dict[str, Builder] = {**RECOGNIZERS, **DETECTORS, **LANGUAGES}


def create_network(architecture: str, config: Mapping[str, Any]) -> nn.Module:
    """Build an untrained network.

    Raises:
        WeightsError: the architecture is unknown to this version, or does not have such a setting.
    """
    if architecture not in BUILDERS:
        known = ", ".join(sorted(BUILDERS))
        raise WeightsError(f"this version does not know the architecture {architecture!r}; it knows {known}")
    try:
        return BUILDERS[architecture](config)
    except TypeError as error:
        raise WeightsError(f"{architecture} does not fit its settings: {error}") from error
