"""Is the gate right without a label? Ten short trainings that help and twenty that are spoiled, judged one by one.

    python -m docs.benchmarks.gate_trials OUT --receipts DIR --receipts-measured DIR --dots DIR --dots-measured DIR

The folders hold line crops with labels.tsv (docs/benchmarks/adaptation_loop.py cuts receipts,
docs/benchmarks/drawn_kind.py draws dots). Every training is real and short: a shipped recognizer learns
from 1500 crops, with true labels, with its own readings, or with spoiled ones. The gate sees 120 crops that
were held back, without their texts, and the anchor words. Whether a run is good in truth is measured on the
texts of these and of 200 more crops, which the gate does not see. Weights and readings stay in OUT, so that judging
again takes seconds; the anchor words are not read where the held-back crops alone reject a run, as they can
only add reasons. A good run offers two blends of its weights with the incumbent's (0.4 and 0.2 of the way), which
forget less; the gate's own score chooses between them. Spoiled runs offer their weights as they are.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from docs.benchmarks.baselines.gate_kinds import DOTS, RECEIPTS, Kind, build_dots, build_receipts
from docs.benchmarks.baselines.gate_runs import TRIALS, Trial, list_candidates, train
from models.weights import PRETRAINED_DIR
from textrec_app.data.crop_pool import CropPool
from textrec_app.evaluation.gate import AGREEMENT, LABELS, Difference, Judgement, compute_difference
from textrec_app.evaluation.gate_choice import score_judgement
from textrec_app.services.gating import (
    FrozenSet,
    SetReadings,
    build_anchor_set,
    is_right,
    judge_readings,
    read_candidates,
    readings_from_json,
    readings_to_json,
)

HELD_WORDS, MEASURED_WORDS = 120, 200


@dataclass(frozen=True)
class Row:
    """One run: what it did in truth, and what the gate said."""

    trial: Trial
    candidate: str
    truth: Difference
    judgement: Judgement

    @property
    def is_as_wished(self) -> bool:
        """Good runs are promoted, spoiled ones rejected."""
        return self.judgement.promoted == self.trial.is_good


def build_blind_set(pool: CropPool, words: int) -> FrozenSet:
    """Held-back crops; their texts are left out."""
    count = min(words, len(pool))
    keys = tuple(f"{index:064d}" for index in range(count))
    return FrozenSet(AGREEMENT, keys, ("",) * count, ("",) * count, tuple(pool.crop(index) for index in range(count)))


def build_truth_set(pool: CropPool, words: int) -> FrozenSet:
    """Labeled crops that tell whether a run was good."""
    blind = build_blind_set(pool, words)
    return FrozenSet(LABELS, blind.keys, tuple(pool.texts[: len(blind.keys)]), blind.kinds, blind.crops)


def read_trials(trials: Sequence[Trial], kinds: dict[str, Kind], out: Path) -> None:
    """Let both models read what is needed and is not there yet; runs of one incumbent together, it reads once."""
    blind, anchor = defaultdict(list), defaultdict(list)
    for trial in trials:
        for path in list_candidates(trial, _base(trial), out):
            if not _readings_path(path, "held").is_file():
                blind[trial.base, trial.kind].append(path)
    for (base, kind), paths in blind.items():
        held = build_blind_set(kinds[kind].held, HELD_WORDS)
        _read(paths, [held, build_truth_set(kinds[kind].measured, MEASURED_WORDS)], base, "held")
    for trial in trials:
        for path in list_candidates(trial, _base(trial), out):
            is_open = trial.is_good or judge_readings(_load(path, "held")[:1]).promoted
            if is_open and not _readings_path(path, "anchor").is_file():
                anchor[trial.base].append(path)
    for base, paths in anchor.items():
        _read(paths, [build_anchor_set()], base, "anchor")


def judge_trial(trial: Trial, kind: Kind, out: Path) -> Row:
    """The gate's verdict on the best that a run offers, beside the truth about it."""
    paths = list_candidates(trial, _base(trial), out)
    judgements = [judge_candidate(path) for path in paths]
    best = max(range(len(paths)), key=lambda place: score_judgement(judgements[place]))
    before, after = _list_right(paths[best], kind)
    truth = compute_difference("truth", before, after, 0.0)
    return Row(trial, paths[best].stem, truth, judgements[best])


def judge_candidate(path: Path) -> Judgement:
    """What the gate says of one candidate; the truth is not shown to it."""
    anchor = _load(path, "anchor") if _readings_path(path, "anchor").is_file() else []
    return judge_readings([_load(path, "held")[0], *anchor])


def describe(rows: Sequence[Row]) -> str:
    """A Markdown table, and the counts below it."""
    lines = [
        "| run | learns from | kind, incumbent | truth before → after (95 % of the difference) | gate | anchor | why |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        found = {item.name: item for item in row.judgement.sets}
        anchor = f"{100 * found['anchor'].delta:+.1f}" if "anchor" in found else "–"
        why = (row.judgement.reasons or row.judgement.gains)[0]
        verdict = "promoted" if row.judgement.promoted else "rejected"
        lines.append(
            f"| {row.trial.name} {row.candidate} | {row.trial.lesson} | {row.trial.kind}, {row.trial.base} | "
            f"{100 * row.truth.before:.1f} → {100 * row.truth.after:.1f} "
            f"({100 * row.truth.ci_low:+.1f} to {100 * row.truth.ci_high:+.1f}) | "
            f"{verdict}{'' if row.is_as_wished else ' **(wrong)**'} | {anchor} | {why} |"
        )
    for name, is_good in (("good runs promoted", True), ("spoiled runs rejected", False)):
        members = [row for row in rows if row.trial.is_good == is_good]
        lines.append(f"\n{name}: {sum(row.is_as_wished for row in members)} of {len(members)}")
    return "\n".join(lines)


def _list_right(path: Path, kind: Kind) -> tuple[list[float], list[float]]:
    """Which held-back and measured crops incumbent and candidate read right; the gate saw no text of either."""
    held, measured = _load(path, "held")
    texts = [*kind.held.texts[: len(held.keys)], *measured.texts]
    sides = [(*held.before, *measured.before), (*held.after, *measured.after)]
    before, after = ([float(is_right(text, read[0])) for text, read in zip(texts, side, strict=True)] for side in sides)
    return before, after


def _base(trial: Trial) -> Path:
    return PRETRAINED_DIR / f"{trial.base}.safetensors"


def _read(paths: Sequence[Path], sets: Sequence[FrozenSet], base: str, part: str) -> None:
    found = read_candidates(sets, PRETRAINED_DIR / f"{base}.safetensors", paths, "cpu")
    for path, readings in zip(paths, found, strict=True):
        _readings_path(path, part).write_text(readings_to_json(readings), encoding="utf-8")


def _load(path: Path, part: str) -> list[SetReadings]:
    return readings_from_json(_readings_path(path, part).read_text(encoding="utf-8"))


def _readings_path(path: Path, part: str) -> Path:
    return path.with_name(f"{path.stem}-{part}.readings")


def main() -> None:
    """Train, read, judge, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    for name in ("receipts", "receipts-measured", "dots", "dots-measured"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[], help="names of runs; all if left out")
    options = parser.parse_args()
    torch.set_num_threads(1)
    trials = [trial for trial in TRIALS if not options.only or trial.name in options.only]
    reader, folder = PRETRAINED_DIR / "recognizer.safetensors", options.out / "kinds"
    kinds = {
        RECEIPTS: build_receipts(folder, options.receipts, options.receipts_measured, reader),
        DOTS: build_dots(folder, options.dots, options.dots_measured),
    }
    for trial in trials:
        train(trial, kinds[trial.kind], _base(trial), options.out)
    read_trials(trials, kinds, options.out)
    rows = [judge_trial(trial, kinds[trial.kind], options.out) for trial in trials]
    told = [{"name": row.trial.name, "truth": row.truth.delta, "promoted": row.judgement.promoted} for row in rows]
    (options.out / "verdicts.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
    print(describe(rows))


if __name__ == "__main__":
    main()
