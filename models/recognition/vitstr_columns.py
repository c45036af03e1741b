"""A plain transformer over full-height columns, read in parallel; the patch and the head are settings.

Source:
    ViTSTR (Atienza, ICDAR 2021) and column patches; METHODS section 7.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from models.charset import Charset
from models.errors import WeightsError
from models.recognition.ctc import DecodedText, compute_ctc_loss, ctc_greedy_decode
from models.recognition.parseq import Parseq, ParseqConfig
from models.recognition.text_network import ColumnFeatures, TextNetwork, span_maps
from models.recognition.tokens import TOKEN_SPAN_STEPS, token_greedy_decode
from models.recognition.vision_transformer import PatchEncoder, PatchEncoderConfig
from models.tokenizers import IGNORED, frame_targets


@dataclass(frozen=True)
class VitstrColumnsConfig:
    """Shape of the network.

    Attributes:
        classes: characters plus class 0, the blank or the end.
        patch: height and width in px; height 32 makes columns.
        reader: "ctc" (a step for each column), "token_slice" (the first tokens are the characters) or
            "parseq" (a decoder).
        max_length: characters of the longest text, for the readers that are not CTC.
    """

    classes: int = 96
    patch: tuple[int, int] = (32, 4)
    width: int = 192
    depth: int = 12
    reader: str = "ctc"
    max_length: int = 25
    dropout: float = 0.0


class VitstrColumns(TextNetwork):
    """Encoder and one linear head; subclasses say what the head's steps mean."""

    def __init__(self, config: VitstrColumnsConfig) -> None:
        super().__init__()
        self.width_multiple = config.patch[1]
        shape = PatchEncoderConfig(config.patch, config.width, config.depth, dropout=config.dropout)
        self.encoder = PatchEncoder(shape)
        self.head = nn.Linear(config.width, config.classes)

    def features(self, images: Tensor) -> ColumnFeatures:
        """The encoder's columns and where its last block looked."""
        return self.encoder.features(images)


class VitstrCtc(VitstrColumns):
    """One CTC step for each column of patches; rows are averaged."""

    def forward(
        self, images: Tensor, targets: Sequence[Sequence[int]] | None = None, weights: Tensor | None = None
    ) -> Tensor:
        """(B, W / patch width, classes) logits, or the CTC loss; see `TextNetwork.forward`."""
        tokens, grid = self.encoder(images)
        logits = self.head(tokens.unflatten(1, grid).mean(dim=1))
        return logits if targets is None else compute_ctc_loss(logits, targets, weights, self.label_smoothing)

    def decode(self, logits: Tensor, charset: Charset) -> list[DecodedText]:
        """Best path; see `ctc_greedy_decode`."""
        return ctc_greedy_decode(logits, charset)

    def span_steps(self, width: int) -> int:
        """One step for each column of patches."""
        return width // self.width_multiple

    def character_maps(self, image: Tensor, decoded: DecodedText) -> Tensor:
        """The last block's attention of a character's steps; see `TextNetwork.character_maps`."""
        return span_maps(self.features(image), decoded.spans)


class VitstrTokens(VitstrColumns):
    """The first tokens are the characters, then the end.

    The end has a class of its own that is always learnt, an empty text included; what follows it is
    ignored by a target that is no class (ViTSTR's [GO] is both, METHODS section 7.1).
    """

    emits = "tokens"

    def __init__(self, config: VitstrColumnsConfig) -> None:
        super().__init__(config)
        self.classes, self.steps = config.classes, config.max_length + 1

    def forward(
        self, images: Tensor, targets: Sequence[Sequence[int]] | None = None, weights: Tensor | None = None
    ) -> Tensor:
        """(B, T, classes) logits, T the smaller of max_length + 1 and the number of patches, or the loss."""
        logits = self.head(self.encoder(images).tokens[:, : self.steps])
        if targets is None:
            return logits
        framed = frame_targets(targets, self.classes, logits.shape[1] - 1, logits.device)
        kept = logits[:, : framed.answers.shape[1]].float().transpose(1, 2)
        losses = functional.cross_entropy(
            kept, framed.answers, ignore_index=IGNORED, reduction="none", label_smoothing=self.label_smoothing
        )
        counted = (framed.answers != IGNORED).to(losses.dtype)
        if weights is not None:
            counted = counted * weights[:, None]
        return (losses * counted).sum() / counted.sum().clamp(min=1e-6)

    def decode(self, logits: Tensor, charset: Charset) -> list[DecodedText]:
        """Greedy; see `token_greedy_decode`."""
        return token_greedy_decode(logits, charset)

    def span_steps(self, width: int) -> int:
        """The same for every width: tokens know no places."""
        return TOKEN_SPAN_STEPS

    def character_maps(self, image: Tensor, decoded: DecodedText) -> Tensor:
        """The last block's attention of a character's token; see `TextNetwork.character_maps`."""
        table, (rows, columns) = self.encoder.attention(image)
        return table[0, : len(decoded.text)].float().unflatten(1, (rows, columns))


def build_vitstr_columns(config: Mapping[str, Any]) -> TextNetwork:
    """Build the network from a card's `config` (lists stand for tuples).

    Raises:
        WeightsError: there is no such reader.
    """
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in config.items()}
    shape = VitstrColumnsConfig(**values)
    if shape.reader == "parseq":
        return Parseq(_with_decoder(shape))
    readers = {"ctc": VitstrCtc, "token_slice": VitstrTokens}
    if shape.reader not in readers:
        raise WeightsError(f"there is no reader {shape.reader!r} for vitstr_columns; choose ctc, token_slice or parseq")
    return readers[shape.reader](shape)


def _with_decoder(shape: VitstrColumnsConfig) -> ParseqConfig:
    return ParseqConfig(
        classes=shape.classes,
        encoder="vit",
        decoder_width=shape.width,
        max_length=shape.max_length,
        dropout=shape.dropout,
        patch=shape.patch,
        width=shape.width,
        depth=shape.depth,
    )
