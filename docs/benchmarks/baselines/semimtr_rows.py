"""The rows of `docs.benchmarks.semimtr_matrix`."""

from dataclasses import dataclass

from models.recognition.semi.options import (
    ALL_PAIRS,
    FAST_TEACHES_ALL,
    FUSION_TEACHES_ALL,
    MODALITY_WISE,
    Belief,
    ConsistencyOptions,
    ContrastOptions,
    Pair,
    SemiOptions,
)

VISION_TEACHES_ALL: tuple[Pair, ...] = (("vision", "vision"), ("vision", "language"), ("vision", "fusion"))
LANGUAGE_TEACHES_ALL: tuple[Pair, ...] = (("language", "vision"), ("language", "language"), ("language", "fusion"))
TO_ALL = FUSION_TEACHES_ALL
FAST_TEACHES_FAST: Pair = ("fast", "fast")


@dataclass(frozen=True)
class Row:
    """One row of the table; `upper` trains the trunk's upper half too."""

    name: str
    options: SemiOptions
    upper: bool = False


def _only(name: str, options: ConsistencyOptions) -> Row:
    return Row(name, SemiOptions(options))


ROWS = (
    Row("supervised only", SemiOptions(None)),
    _only("fusion → all", ConsistencyOptions(TO_ALL)),
    _only("each → itself", ConsistencyOptions(MODALITY_WISE)),
    _only("vision → vision", ConsistencyOptions((("vision", "vision"),))),
    _only("language → language", ConsistencyOptions((("language", "language"),))),
    _only("fusion → fusion", ConsistencyOptions((("fusion", "fusion"),))),
    _only("fusion → all, soft KL", ConsistencyOptions(TO_ALL, "soft", "kl")),
    _only("fusion → all, threshold .5", ConsistencyOptions(TO_ALL, belief=Belief(0.5))),
    _only("fusion → all, threshold .9", ConsistencyOptions(TO_ALL, belief=Belief(0.9))),
    _only("fusion → all, EMA teacher .95", ConsistencyOptions(TO_ALL, ema_decay=0.95)),
    Row("upper: supervised only", SemiOptions(None), upper=True),
    Row("upper: SeqCLR", SemiOptions(None, ContrastOptions()), upper=True),
    Row("upper: fusion → all + fast path", SemiOptions(ConsistencyOptions((*TO_ALL, ("fusion", "fast")))), upper=True),
    _only("vision → all", ConsistencyOptions(VISION_TEACHES_ALL)),
    _only("language → all", ConsistencyOptions(LANGUAGE_TEACHES_ALL)),
    _only("all → all", ConsistencyOptions(ALL_PAIRS, weight=1 / 3)),
    _only("fusion → all, word product .9", ConsistencyOptions(TO_ALL, belief=Belief(0.9, "word"))),
    _only("fast path → all", ConsistencyOptions(FAST_TEACHES_ALL)),
    Row(
        "upper: fast path → all + itself", SemiOptions(ConsistencyOptions((*FAST_TEACHES_ALL, FAST_TEACHES_FAST))), True
    ),
    _only("fast path → all, threshold .9", ConsistencyOptions(FAST_TEACHES_ALL, belief=Belief(0.9))),
)
