"""What CTC recognizers share: one step for four pixels, a head, a loss with optional guidance."""

from abc import abstractmethod
from collections.abc import Sequence

from torch import Tensor, nn

from models.charset import Charset
from models.recognition.ctc import DecodedText, compute_ctc_loss, ctc_greedy_decode
from models.recognition.text_network import TextNetwork


class CtcNetwork(TextNetwork):
    """Columns of features to CTC logits.

    Attributes:
        head: from a column's features to the classes.
        guidance: a decoder that only training has, or None.
    """

    train_only = ("guidance.",)
    head: nn.Module
    guidance: nn.Module | None

    @abstractmethod
    def columns(self, images: Tensor) -> Tensor:
        """(B, W / 4, D) what the head reads; arguments as in `forward`."""

    def forward(
        self, images: Tensor, targets: Sequence[Sequence[int]] | None = None, weights: Tensor | None = None
    ) -> Tensor:
        """(B, W / 4, classes) logits, or the loss; see `TextNetwork.forward`."""
        columns = self.columns(images)
        logits: Tensor = self.head(columns)
        if targets is None:
            return logits
        loss = compute_ctc_loss(logits, targets, weights, self.label_smoothing)
        return loss if self.guidance is None else loss + self.guidance(columns, targets, weights)

    def decode(self, logits: Tensor, charset: Charset) -> list[DecodedText]:
        """Best path; see `ctc_greedy_decode`."""
        return ctc_greedy_decode(logits, charset)

    def span_steps(self, width: int) -> int:
        """One step for four pixels."""
        return width // 4
