"""What every recognizer is to those who train it, read with it or explain it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from models.charset import Charset
from models.recognition.ctc import DecodedText

# Settings that no inference tensor depends on; a recipe may lay them over a base checkpoint's.
TRAINING_OPTIONS = frozenset({"decoding", "dropout", "guidance", "permutations", "refinements"})


class ColumnFeatures(NamedTuple):
    """What a trunk sees.

    Attributes:
        columns: (B, T, D) one vector for each step of width.
        row_weights: (B, R, T) share of each feature row in its column, sums to 1 over R.
        attention: (B, T, T) last global block's attention, mean of the heads; rows sum to 1.
    """

    columns: Tensor
    row_weights: Tensor
    attention: Tensor


class TextNetwork(nn.Module, ABC):
    """A recognizer of crops 32 px high.

    Class ids of characters are 1..N in the order of the charset; class 0 is the blank of CTC or the
    end of the text of tokens.

    Attributes:
        width_multiple: crops are (B, 3, 32, W) with W a multiple of this.
        emits: "ctc": T steps over the width; "tokens": T = longest text + 1, one step a character.
        train_only: prefixes of the parameters that only the training loss uses.
        label_smoothing: weight of the pull towards uniform probabilities in the training loss.
    """

    width_multiple: int = 4
    emits: Literal["ctc", "tokens"] = "ctc"
    train_only: tuple[str, ...] = ()
    label_smoothing: float = 0.0

    @abstractmethod
    def forward(
        self, images: Tensor, targets: Sequence[Sequence[int]] | None = None, weights: Tensor | None = None
    ) -> Tensor:
        """Read crops, or learn from them.

        Args:
            images: (B, 3, 32, W) float, normalised as the card says.
            targets: B lists of class ids 1..N; a text too long for the network adds nothing to the loss.
            weights: (B,) weight of each sample in the loss, or None for equal ones.

        Returns:
            Without targets (B, T, K) float logits of inference; with targets the scalar training loss,
            branches that only training has included (so that parallel training sees one `forward`).

        Raises:
            ShapeError: the crops are not 3 x 32 x a multiple of `width_multiple`.
        """

    @abstractmethod
    def decode(self, logits: Tensor, charset: Charset) -> list[DecodedText]:
        """One text per crop, greedy; spans are in 0..`span_steps(W)`.

        Raises:
            ShapeError: the logits do not have len(charset) + 1 classes.
        """

    @abstractmethod
    def span_steps(self, width: int) -> int:
        """Number of steps that the spans of `decode` count over the whole width of a crop of `width` px."""

    @abstractmethod
    def features(self, images: Tensor) -> ColumnFeatures:
        """The trunk's columns and where it looked; arguments as in `forward`."""

    @abstractmethod
    def character_maps(self, image: Tensor, decoded: DecodedText) -> Tensor:
        """Where the network looked for each character: nothing but its own numbers.

        Args:
            image: (1, 3, 32, W) float.
            decoded: what it read there.

        Returns:
            (N, R, C) float, at least 0, one grid of R rows and C columns over the crop for each character.
        """

    def inference_tensors(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """A state dictionary without what only training uses: what is shipped."""
        return {name: tensor for name, tensor in tensors.items() if not name.startswith(self.train_only or ("\0",))}


def inference_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that rebuild a network without its train-only branch."""
    return {key: value for key, value in config.items() if not key.startswith("guidance")}


def span_maps(features: ColumnFeatures, spans: Sequence[tuple[int, int]]) -> Tensor:
    """A span's mean attention over the columns, spread over the rows by the row weights.

    Args:
        features: of one crop.
        spans: first and last-plus-one step of each character.

    Returns:
        (N, R, T) float.
    """
    rows, table = features.row_weights[0].float(), features.attention[0].float()
    maps = rows.new_zeros(len(spans), *rows.shape)
    for number, (first, last) in enumerate(spans):
        maps[number] = rows * table[first:last].mean(dim=0)[None]
    return maps


def evidence_maps(places: Tensor, logits: Tensor, spans: Sequence[tuple[int, int]]) -> Tensor:
    """How much each place of a feature grid speaks for the character that is read in a span.

    Gradient times activation of the span's likeliest character that is no blank; what speaks against it is
    left out, and what lies farther away than the next characters hardly counts: that is context, not ink.

    Args:
        places: (1, D, R, C) features that `logits` were computed from, requiring their gradient.
        logits: (1, T, K) with class 0 as blank.
        spans: first and last-plus-one step of each character.

    Returns:
        (N, R, C) float.

    Source:
        Selvaraju et al., ICCV 2017 (Grad-CAM), place by place.
    """
    log_probs = logits[0].log_softmax(dim=-1)
    rows, columns = places.shape[2:]
    scale = columns / len(log_probs)
    pitch = scale * (spans[-1][1] - spans[0][0]) / max(1, len(spans) - 1) if spans else 1.0
    at = torch.arange(columns, device=places.device) + 0.5
    maps = places.new_zeros(len(spans), rows, columns)
    for number, (first, last) in enumerate(spans):
        (gradient,) = torch.autograd.grad(log_probs[first:last, 1:].max(), places, retain_graph=True)
        evidence = (gradient * places.detach()).sum(dim=1)[0].clamp(min=0.0)
        distance = (at - scale * (first + last) / 2) / max(pitch, 1.0)
        maps[number] = evidence * (-2.0 * distance**2).exp()
    return maps
