"""Recognizers that find glyphs: two readings of a crop, and where each character's strokes lie."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Literal, NamedTuple

from torch import Tensor

from models.charset import Charset
from models.glyph.loss_weights import GlyphLossWeights
from models.recognition.ctc import DecodedText, ctc_greedy_decode
from models.recognition.text_network import TextNetwork

MASKLESS = 255  # pixels of a mask that no loss counts


class GlyphReading(NamedTuple):
    """What reading needs, from one pass over the trunk.

    Attributes:
        ctc_logits: (B, W / 4, K) of the fast path; class 0 is the blank.
        logits: (B, S, K) of the fused reading, S at most max_length + 1; class 0 is the end. What follows an end
            means nothing.
        attention: (B, S, W / 4) implicit attention of each step, rows sum to 1.
        glyph_attention: (B, S, 16, W / 2) in [0, 1], share of the t-th glyph in each place; (B, 0, 16, W / 2) of a
            network without glyph branch.
    """

    ctc_logits: Tensor
    logits: Tensor
    attention: Tensor
    glyph_attention: Tensor


class GlyphExplanation(NamedTuple):
    """What a network sees of given texts.

    Attributes:
        mask: (B, 1, 32, W) probability of ink.
        attention: (B, S, W / 4) implicit attention, S = longest text + 1, with the texts forced on the decoder.
        glyph_attention: as in `GlyphReading`.
    """

    mask: Tensor
    attention: Tensor
    glyph_attention: Tensor


class GlyphNetwork(TextNetwork):
    """A recognizer with a CTC head as fast path and a glyph branch.

    Attributes:
        max_length: characters of the longest text that the glyph branch reads.
        loss_weights: of the training loss.
        is_trunk_fixed: training leaves trunk and fast path as they are (their norms too).
    """

    emits: Literal["ctc", "tokens"] = "ctc"
    max_length: int
    loss_weights: GlyphLossWeights
    is_trunk_fixed: bool

    @abstractmethod
    def forward(
        self,
        images: Tensor,
        targets: Sequence[Sequence[int]] | None = None,
        weights: Tensor | None = None,
        masks: Tensor | None = None,
    ) -> Tensor:
        """The fast path's logits, or the training loss; see `TextNetwork.forward`.

        Args:
            masks: (B, 1, 32, W) uint8 pseudo-masks: 0 background, 1 ink, 255 unknown; None learns no masks.
        """

    @abstractmethod
    def read(self, images: Tensor) -> GlyphReading:
        """Read crops (B, 3, 32, W) on both paths; nothing that only training or explaining needs is computed."""

    @abstractmethod
    def explain(self, images: Tensor, targets: Sequence[Sequence[int]]) -> GlyphExplanation:
        """What the network sees where crops say the given texts.

        Args:
            images: as in `forward`.
            targets: B lists of class ids; what is longer than `max_length` is cut.
        """

    def decode(self, logits: Tensor, charset: Charset) -> list[DecodedText]:
        """Best path of the fast path; see `ctc_greedy_decode`."""
        return ctc_greedy_decode(logits, charset)

    def span_steps(self, width: int) -> int:
        """One step for four pixels."""
        return width // 4
