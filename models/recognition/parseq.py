"""PARSeq: a picture encoder and a decoder that learned to read in any order.

Source:
    Bautista and Atienza, ECCV 2022; METHODS section 3.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from models.charset import Charset
from models.errors import WeightsError
from models.recognition.conv_attention_ctc import ConvAttentionCtcConfig, ConvTrunk
from models.recognition.ctc import DecodedText
from models.recognition.guidance import PlacedColumns
from models.recognition.parseq_decoder import PermutedDecoder, permuted_loss
from models.recognition.parseq_decoding import Decoding, DecodingPlan, cloze_context, decode_memory
from models.recognition.text_network import ColumnFeatures, TextNetwork
from models.recognition.tokens import TOKEN_SPAN_STEPS, token_greedy_decode
from models.recognition.vision_transformer import Memory, PatchEncoder, PatchEncoderConfig


@dataclass(frozen=True)
class ParseqConfig:
    """Shape of the network, and how it reads.

    Attributes:
        classes: characters plus one for the end (class 0).
        encoder: "conv" (the trunk of `conv_attention_ctc`) or "vit" (patches).
        max_length: characters of the longest text; longer ones are cut, and are not learnt from.
        decoding: "ar" says one character after the other, "nar" all at once.
        refinements: how often the whole is read again.
        permutations: reading orders drawn in training (K).
        patch, width, depth: of the encoder "vit".
        widths, depths, heads, local_blocks, global_blocks: of the encoder "conv".
    """

    classes: int = 96
    encoder: str = "conv"
    decoder_width: int = 128
    max_length: int = 25
    decoding: Decoding = "ar"
    refinements: int = 1
    permutations: int = 6
    dropout: float = 0.1
    patch: tuple[int, int] = (4, 8)
    width: int = 192
    depth: int = 6
    widths: tuple[int, int, int, int] = (32, 64, 128, 256)
    depths: tuple[int, int, int, int] = (1, 2, 4, 2)
    heads: int = 8
    local_blocks: int = 1
    global_blocks: int = 2


class ConvEncoder(ConvTrunk):
    """The convolutional trunk as an encoder: one row of columns, with their places added."""

    def __init__(self, config: ConvAttentionCtcConfig) -> None:
        super().__init__(config)
        self.placed = PlacedColumns(config.widths[-1])

    def forward(self, images: Tensor) -> Memory:
        """(B, 3, 32, W) to a memory of one row and W / 4 columns."""
        columns = self.placed(self.norm(self.features(images).columns))
        return Memory(columns, (1, columns.shape[1]))


class Parseq(TextNetwork):
    """Crops to one step a character; trained with permuted reading orders.

    Source:
        METHODS sections 3.2 to 3.5, with the corrections of 3.7.
    """

    emits = "tokens"

    def __init__(self, config: ParseqConfig) -> None:
        super().__init__()
        self.encoder, memory_width = _build_encoder(config)
        self.width_multiple = config.patch[1] if config.encoder == "vit" else 4
        self.permutations = config.permutations
        self.plan = DecodingPlan(config.decoding, config.refinements)
        self.decoder = PermutedDecoder(
            config.classes, memory_width, config.decoder_width, config.max_length, config.dropout
        )

    def forward(
        self, images: Tensor, targets: Sequence[Sequence[int]] | None = None, weights: Tensor | None = None
    ) -> Tensor:
        """(B, T, classes) logits, T at most max_length + 1, or the permuted loss; see `TextNetwork.forward`."""
        memory = self.encoder(images).tokens
        if targets is None:
            return decode_memory(self.decoder, memory, self.plan)
        return permuted_loss(self.decoder, memory, targets, weights, self.permutations, self.label_smoothing)

    def decode(self, logits: Tensor, charset: Charset) -> list[DecodedText]:
        """Greedy; see `token_greedy_decode`."""
        return token_greedy_decode(logits, charset)

    def span_steps(self, width: int) -> int:
        """The same for every width: tokens know no places."""
        return TOKEN_SPAN_STEPS

    def features(self, images: Tensor) -> ColumnFeatures:
        """The encoder's columns and where its last block looked."""
        return self.encoder.features(images)

    def character_maps(self, image: Tensor, decoded: DecodedText) -> Tensor:
        """Where the decoder looked in the picture for each character; see `TextNetwork.character_maps`."""
        tokens, (rows, columns) = self.encoder(image)
        memory = self.decoder.memory_keys(tokens)
        ids = decode_memory(self.decoder, tokens, self.plan).argmax(dim=-1)
        queries, context, visible = cloze_context(self.decoder, ids)
        weights = self.decoder.memory_weights(queries, context, memory, visible)[0, : len(decoded.text)]
        return weights.float().unflatten(1, (rows, columns))


def build_parseq(config: Mapping[str, Any]) -> Parseq:
    """Build the network from a card's `config` (lists stand for tuples)."""
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in config.items()}
    return Parseq(ParseqConfig(**values))


def _build_encoder(config: ParseqConfig) -> tuple[PatchEncoder | ConvEncoder, int]:
    if config.encoder == "vit":
        shape = PatchEncoderConfig(config.patch, config.width, config.depth, dropout=config.dropout)
        return PatchEncoder(shape), config.width
    if config.encoder != "conv":
        raise WeightsError(f"there is no encoder {config.encoder!r} for parseq; choose conv or vit")
    trunk = ConvAttentionCtcConfig(
        widths=config.widths,
        depths=config.depths,
        heads=config.heads,
        local_blocks=config.local_blocks,
        global_blocks=config.global_blocks,
        dropout=config.dropout,
    )
    return ConvEncoder(trunk), config.widths[-1]
