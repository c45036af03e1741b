"""How crops without labels are learnt from: typed, with defaults that were measured (docs/LOG.md)."""

from dataclasses import dataclass
from itertools import product
from typing import Literal

from models.recognition.abinet import Modality

Head = Literal["fast", "vision", "language", "fusion"]  # the modalities, and the CTC head of the fast path
MODALITIES: tuple[Modality, ...] = ("vision", "language", "fusion")
Pair = tuple[Head, Head]
MODALITY_WISE: tuple[Pair, ...] = tuple((each, each) for each in MODALITIES)
FUSION_TEACHES_ALL: tuple[Pair, ...] = tuple(("fusion", each) for each in MODALITIES)
FAST_TEACHES_ALL: tuple[Pair, ...] = tuple(("fast", each) for each in MODALITIES)
ALL_PAIRS: tuple[Pair, ...] = tuple(product(MODALITIES, MODALITIES))

Measure = Literal["character", "word", "normalised", "minimum"]


@dataclass(frozen=True)
class Belief:
    """When a teacher's text is believed.

    Attributes:
        threshold: confidence from which on; 0 believes every text. An empty text, or one without an end, never is.
        measure: "character": each character by itself; "word": the product of all, ends included, which favours short
            texts; "normalised": its root by the number of steps; "minimum": the least sure step.
    """

    threshold: float = 0.0
    measure: Measure = "normalised"


@dataclass(frozen=True)
class ConsistencyOptions:
    """What the weak view's reading teaches the strong view's.

    Attributes:
        pairs: (teacher, student). The best reader should teach: heads that read worse than the fast path got worse by
            their own texts and better by its (docs/LOG.md). As a teacher the fast path has hard targets only; as a
            student it learns the believed texts by CTC, without context.
        target: "hard" likeliest characters, or "soft" probabilities.
        divergence: "ce" or "kl"; they differ by the teacher's entropy, so by no gradient, and not at all where it is
            hard.
        weight: of the sum over the pairs beside the supervised loss.
        ema_decay: the teacher is a moving average of the student; 0: the same network without gradient.
    """

    pairs: tuple[Pair, ...] = FAST_TEACHES_ALL
    target: Literal["hard", "soft"] = "hard"
    divergence: Literal["ce", "kl"] = "ce"
    belief: Belief = Belief()
    weight: float = 1.0
    ema_decay: float = 0.0


@dataclass(frozen=True)
class ContrastOptions:
    """How two views of a crop are drawn together, see `seqclr`.

    Attributes:
        instances: "windows" over the width, "frames" (each column), "fixed" windows of `frames_each` columns, or
            "bands" (of rows: what the reference code does).
        windows: of "windows" and "bands".
    """

    weight: float = 1.0
    temperature: float = 0.1
    instances: Literal["windows", "frames", "fixed", "bands"] = "windows"
    windows: int = 5
    frames_each: int = 4


@dataclass(frozen=True)
class SemiOptions:
    """All of it; None leaves a part out.

    Attributes:
        unlabeled_share: of the crops of a batch.
        train_trunk: else the trunk stays as it is, and only what stands on it learns.
    """

    consistency: ConsistencyOptions | None = ConsistencyOptions()
    contrast: ContrastOptions | None = None
    unlabeled_share: float = 0.5
    train_trunk: bool = True
