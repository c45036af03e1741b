"""What a network read and saw of rendered words, summed up for each set of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from textrec_app.evaluation.glyphs import Alignment, join_alignments
from textrec_app.evaluation.protocols import pair_texts

PROTOCOL = "alnum36"
ALL_SETS = "all"


@dataclass(frozen=True, slots=True)
class WordFinding:
    """One word.

    Attributes:
        label: what is written.
        texts: what each way of reading ("fast", "fused") said.
        mask_ious: IoU with the drawn ink of "k-means" and "network"; what a network does not find is left out.
        is_degenerate: k-means found no mask (its IoU is 0).
        alignments: of each kind of attention ("CTC", "implicit", "glyph", "evidence").
    """

    label: str
    texts: Mapping[str, str]
    mask_ious: Mapping[str, float]
    is_degenerate: bool
    alignments: Mapping[str, Alignment]


@dataclass(frozen=True, slots=True)
class AlignmentReport:
    """The characters of a set; see `Alignment`."""

    characters: int
    mean_error: float
    median_error: float
    drift_share: float
    lost: int


@dataclass(frozen=True, slots=True)
class GlyphReport:
    """The words of one set; shares are in [0, 1].

    Attributes:
        n: words.
        word_accuracy: alnum36 of each way of reading.
        mask_iou: mean over all words; a degenerate mask of k-means counts 0.
        n_usable: words of which k-means found a mask.
        mask_iou_usable: mean over these words alone; empty where there are none.
        alignment: of each kind of attention.
        alignment_read: the same for the words that the first way of reading reads right: where it miscounts the
            letters, attention has nothing to lie on.
    """

    n: int
    word_accuracy: dict[str, float] = field(default_factory=dict)
    mask_iou: dict[str, float] = field(default_factory=dict)
    n_usable: int = 0
    mask_iou_usable: dict[str, float] = field(default_factory=dict)
    alignment: dict[str, AlignmentReport] = field(default_factory=dict)
    alignment_read: dict[str, AlignmentReport] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form that `evaluate glyphs --json` prints; what cannot be told is null."""
        return {
            "n": self.n,
            "word_accuracy": {name: round(value, 4) for name, value in self.word_accuracy.items()},
            "mask_iou": {name: round(value, 4) for name, value in self.mask_iou.items()},
            "n_usable": self.n_usable,
            "mask_iou_usable": {name: round(value, 4) for name, value in self.mask_iou_usable.items()},
            "alignment": {name: _list_measures(row) for name, row in self.alignment.items()},
            "alignment_read": {name: _list_measures(row) for name, row in self.alignment_read.items()},
        }


def summarise_words(findings: Sequence[WordFinding]) -> GlyphReport:
    """Sum up words that one network was measured on; no words give an empty report."""
    if not findings:
        return GlyphReport(0)
    usable = [word for word in findings if not word.is_degenerate]
    right = {name: _mark_right(findings, name) for name in findings[0].texts}
    read = [word for word, is_right in zip(findings, next(iter(right.values())), strict=True) if is_right]
    return GlyphReport(
        len(findings),
        {name: _share([mark for mark in marks if mark is not None]) for name, marks in right.items()},
        _mean_ious(findings),
        len(usable),
        _mean_ious(usable),
        _join(findings),
        _join(read),
    )


def summarise_sets(sets: Mapping[str, Sequence[WordFinding]]) -> dict[str, GlyphReport]:
    """A report for each set, and "all" for all their words together."""
    reports = {name: summarise_words(findings) for name, findings in sets.items()}
    return reports | {ALL_SETS: summarise_words([word for findings in sets.values() for word in findings])}


def _mark_right(findings: Sequence[WordFinding], name: str) -> list[bool | None]:
    """Whether a way of reading said each word; None for words with nothing to compare."""
    pairs = pair_texts([word.label for word in findings], [word.texts[name] for word in findings], PROTOCOL)
    marks: list[bool | None] = [None] * len(findings)
    for index, label, text in zip(pairs.indices, pairs.labels, pairs.predictions, strict=True):
        marks[index] = label == text
    return marks


def _share(marks: Sequence[bool]) -> float:
    return float(np.mean(marks)) if marks else 0.0


def _join(findings: Sequence[WordFinding]) -> dict[str, AlignmentReport]:
    joined = {
        name: join_alignments([word.alignments[name] for word in findings])
        for name in (findings[0].alignments if findings else ())
    }
    return {
        name: AlignmentReport(len(one.errors), one.mean_error, one.median_error, one.drift_share, one.lost)
        for name, one in joined.items()
    }


def _list_measures(row: AlignmentReport) -> dict[str, float | None]:
    return {
        "characters": row.characters,
        "mean_error": _plain(row.mean_error),
        "median_error": _plain(row.median_error),
        "drift_share": round(row.drift_share, 4),
        "lost": row.lost,
    }


def _mean_ious(findings: Sequence[WordFinding]) -> dict[str, float]:
    if not findings:
        return {}
    return {name: float(np.mean([word.mask_ious[name] for word in findings])) for name in findings[0].mask_ious}


def _plain(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None
