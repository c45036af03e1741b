"""A small network of every architecture and setting that reads text."""

from typing import Any

import torch

from models.charset import Charset
from models.recognition.text_network import TextNetwork
from models.registry import create_network

CHARSET = Charset("ANET")
CONV = {"widths": [8, 16, 32, 64], "depths": [1, 1, 1, 1], "dropout": 0.0}
PLAIN = {"width": 64, "depth": 2, "dropout": 0.0}
GLYPHS = {"decoder_width": 16, "sequence_width": 16, "embedding_width": 8, "pyramid_width": 16, "glyph_width": 16}
LANGUAGE = {"language_width": 16, "language_depth": 1, "language_heads": 2, "key_width": 8}
NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "conv": ("conv_attention_ctc", {**CONV, "heads": 2}),
    "conv guided": ("conv_attention_ctc", {**CONV, "heads": 2, "guidance": 0.5}),
    "svtr": ("svtr_ctc", {"widths": [8, 16, 32, 64], "local_blocks": [1, 1, 0], "guidance": 0.5}),
    "svtr grouped": ("svtr_ctc", {"widths": [8, 16, 32, 64], "local_blocks": [1, 1, 0], "mixing": "grouped5"}),
    "parseq conv": ("parseq", {**CONV, "heads": 2, "decoder_width": 64, "max_length": 8}),
    "parseq vit": ("parseq", {**PLAIN, "encoder": "vit", "decoder_width": 64, "max_length": 8, "patch": [8, 8]}),
    "parseq at once": ("parseq", {**CONV, "heads": 2, "decoder_width": 64, "decoding": "nar", "refinements": 2}),
    "columns ctc": ("vitstr_columns", {**PLAIN, "patch": [32, 4]}),
    "columns 2 px": ("vitstr_columns", {**PLAIN, "patch": [32, 2]}),
    "patches 4x8": ("vitstr_columns", {**PLAIN, "patch": [4, 8], "depth": 1}),
    "columns tokens": ("vitstr_columns", {**PLAIN, "patch": [32, 8], "reader": "token_slice"}),
    "columns parseq": ("vitstr_columns", {**PLAIN, "patch": [32, 4], "reader": "parseq"}),
    "abinet_s": ("abinet_s", {**CONV, **LANGUAGE, "heads": 2, "max_length": 8}),
    "abinet_s once": ("abinet_s", {**CONV, **LANGUAGE, "heads": 2, "max_length": 8, "iterations": 1}),
    "siga_s": ("siga_s", {**CONV, **GLYPHS, "heads": 2, "max_length": 8}),
    "siga_s without glyphs": ("siga_s", {**CONV, **GLYPHS, "heads": 2, "max_length": 8, "glyphs": False}),
    "siga_r": ("siga_r", {**GLYPHS, "channels": [6, 8, 10, 12, 14], "depths": [1, 1, 2, 1, 1], "width": 18}),
    "siga_t": ("siga_t", {**GLYPHS, "width": 32, "depth": 4, "ratio": 2, "map_channels": [4, 6, 8]}),
}
NAMES = list(NETWORKS)


def create_small(name: str, **settings: object) -> TextNetwork:
    architecture, config = NETWORKS[name]
    torch.manual_seed(0)
    network = create_network(architecture, {**config, "classes": len(CHARSET) + 1, **settings})
    assert isinstance(network, TextNetwork)
    return network
