"""Which modality should teach which: SemiMTR's matrix, with contrast, targets, thresholds and teachers, on one budget.

    python -m docs.benchmarks.semimtr_matrix OUT --language FILE --labeled DIR=N … --unlabeled DIR=N …
        --measured DIR=N … [--base FILE] [--steps 60] [--first-steps 250] [--batch 48] [--only NAME …]

All rows go on from one `abinet_s`: the trunk and fast path of the base as they are, the language model of `train
language --recipe cloze`, and vision and fusion taught on the labeled crops for the first steps. Then each row has the
same steps, seed and order of crops. What the trunk's middle stage makes of fixed views of all crops is computed once
(crops of at most 256 px and 25 characters); rows marked "upper" train the trunk's upper half as well, the others what
stands on it. DIR is a folder of packed crops or a data set, N how many crops are drawn; of unlabeled folders no text is
read. Measured are alnum36 word accuracies of the crops as they are. The table in Markdown goes to OUT/table.md; rows
that are measured already are not trained again. Each row is one run with one seed: of 900 words, two rows that are less
than three points apart are alike.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from docs.benchmarks.baselines.semimtr_rows import ROWS, Row
from docs.benchmarks.baselines.semimtr_runs import Draw, RowRun, measure_heads
from docs.benchmarks.baselines.semimtr_views import CropPlan, prepare_views, start_abinet
from docs.benchmarks.baselines.trunk_views import TrunkViews
from models.recognition.abinet import AbinetNetwork
from models.recognition.semi.options import SemiOptions
from models.weights import PRETRAINED_DIR, WeightCard, load_network, save_weights
from textrec_app.training.recipes import FitRecipe
from textrec_app.training.semimtr import lend_language

FIRST = Row("begin", SemiOptions(None))
FIRST_RATE, RATE = 1e-3, 4e-4
PARTS = ("labeled", "unlabeled")
HEADS = ("fast", "vision", "language", "fusion")


@dataclass(frozen=True)
class Measured:
    """What came of a row.

    Attributes:
        believed: share of the texts, mean steps of those, mean steps of all; empty without a teacher.
        scores: word accuracy by set and head.
    """

    name: str
    train_s: float
    believed: Sequence[float]
    scores: dict[str, dict[str, float]]


def parse_arguments() -> argparse.Namespace:
    """The command line; see the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--base", type=Path, default=PRETRAINED_DIR / "recognizer.safetensors")
    parser.add_argument("--language", type=Path)
    for part in (*PARTS, "measured"):
        parser.add_argument(f"--{part}", nargs="+", default=[], metavar="DIR=N")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--first-steps", type=int, default=250)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", help="rows whose name contains one of these")
    return parser.parse_args()


def begin(arguments: argparse.Namespace, views: dict[str, TrunkViews]) -> Path:
    """The network that all rows go on from, as a checkpoint."""
    path = arguments.out / "begin.safetensors"
    if path.is_file():
        return path
    network = start_abinet(arguments.base, arguments.seed)
    if arguments.language is not None:
        lend_language(network, arguments.language)
    draw = Draw(views, arguments.batch * 2, arguments.seed)  # half of a batch is labeled
    losses = RowRun(network, FIRST, draw, make_recipe(arguments.first_steps, FIRST_RATE)).run(arguments.first_steps)
    facts = {"first_loss": sum(losses[:10]) / 10, "last_loss": sum(losses[-10:]) / 10}
    config = asdict(network.config) | asdict(network.trunk_config)
    card = WeightCard("recognizer", "0", "recognizer", "abinet_s", config, metrics=facts)
    return save_weights(arguments.out, "begin", network.state_dict(), card)


def make_recipe(steps: int, rate: float) -> FitRecipe:
    """Muon, a short warm-up, half a cosine."""
    return FitRecipe("matrix", steps, 48, rate, warmup_steps=max(1, steps // 20), optimizer="muon")


def run_row(row: Row, arguments: argparse.Namespace, views: dict[str, TrunkViews], first: Path) -> Measured:
    """Train and measure a row, or read what was measured before."""
    path = arguments.out / (f"{ROWS.index(row):02d}.json" if row in ROWS else "begin-measured.json")
    if path.is_file():
        return Measured(**json.loads(path.read_text(encoding="utf-8")))
    network, _ = load_network(first)
    if not isinstance(network, AbinetNetwork):
        raise TypeError(f"{first} is no abinet_s")
    began = time.monotonic()
    kept: list[tuple[float, float, float]] = []
    if row is not FIRST:
        draw = Draw(views, arguments.batch, arguments.seed + 1)
        run = RowRun(network, row, draw, make_recipe(arguments.steps, RATE))
        run.run(arguments.steps)
        kept = run.kept
    shares = tuple(sum(column) / len(kept) for column in zip(*kept, strict=True)) if kept else ()
    spent = time.monotonic() - began
    scores = {name: measure_heads(network, part, row.upper) for name, part in views.items() if name not in PARTS}
    measured = Measured(row.name, spent, shares, scores)
    path.write_text(json.dumps(asdict(measured), indent=2), encoding="utf-8")
    return measured


def format_table(rows: Sequence[Measured]) -> str:
    """Markdown: word accuracy of the heads on each set, in percent, and what was believed."""
    sets = list(rows[0].scores)
    heads = [f"{name}: {head}" for name in sets for head in HEADS]
    lines = ["| row | " + " | ".join(heads) + " | believed | length believed / read | s |"]
    lines.append("|---|" + "---|" * (len(heads) + 3))
    for row in rows:
        cells = [f"{100 * row.scores[name][head]:.1f}" for name in sets for head in HEADS]
        believed = (
            [f"{row.believed[0]:.2f}", f"{row.believed[1]:.1f} / {row.believed[2]:.1f}"] if row.believed else ["", ""]
        )
        lines.append("| " + " | ".join([row.name, *cells, *believed, f"{row.train_s:.0f}"]) + " |")
    return "\n".join(lines) + "\n"


def parse_sources(texts: Sequence[str]) -> tuple[tuple[Path, int], ...]:
    """FOLDER=N, each."""
    parts = (text.rpartition("=") for text in texts)
    return tuple((Path(folder), int(count)) for folder, _, count in parts)


def main() -> None:
    """Run the rows that are asked for and print the table."""
    torch.set_num_threads(1)
    arguments = parse_arguments()
    plan = CropPlan(
        parse_sources(arguments.labeled),
        parse_sources(arguments.unlabeled),
        parse_sources(arguments.measured),
        arguments.seed,
    )
    views = prepare_views(arguments.out / "views", arguments.base, plan)
    first = begin(arguments, views)
    wanted = [row for row in ROWS if not arguments.only or any(part in row.name for part in arguments.only)]
    found = []
    for row in (FIRST, *wanted):
        found.append(run_row(row, arguments, views, first))
        (arguments.out / "table.md").write_text(format_table(found), encoding="utf-8")
    sys.stdout.write(format_table(found))


if __name__ == "__main__":
    main()
