"""What one press of the button is worth on a kind of pictures: without labels, and with the true ones.

    python -m docs.benchmarks.adaptation_loop OUT --receipts DIR [--train 160]
    python -m docs.benchmarks.adaptation_loop OUT --unlabeled DIR --measured DIR [--labels TSV]

The crops are harvested without labels; a copy of that store retrains as it is, another one after the same crops got
their true labels by `import`. Both are measured on other crops of the kind (letters and digits), beside the model that
ships: gap closed = (after - before) / (with labels - before). --anchor names labeled folders that must not get worse;
nothing is chosen on any measured folder. Everything goes through the command line of the product.

OUT keeps what each step found (results/NAME.json); the same command goes on where it stopped, and --only does some of
the arms. One JSON object is printed, of all that is known so far.
"""

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from docs.benchmarks.baselines.adaptation_kinds import Kind, copy_case, cut_receipts, take_folders
from docs.benchmarks.baselines.product_steps import Steps, Told
from textrec_app.evaluation.intervals import compute_exact_interval
from textrec_app.evaluation.protocols import normalise

ARMS = ("before", "unlabeled", "labeled", "anchors")
HARVESTED = "harvested"
MODELS = ("before", "unlabeled", "labeled")
PROTOCOL = "alnum36"
STEPS = (
    *("before", "harvest", "promise_before", "retrain_unlabeled", "after_unlabeled", "candidate_unlabeled"),
    *("promise_after", "import_labels", "retrain_labeled", "after_labeled", "candidate_labeled"),
)


def main() -> None:
    """Do the arms that are wished and not done, and print what is known."""
    options = parse_arguments()
    told = do_arms(Steps(options.out), find_kind(options), options)
    print(json.dumps(told, ensure_ascii=False, indent=2))


def do_arms(steps: Steps, kind: Kind, options: argparse.Namespace) -> Told:
    """Do what is wished and not done; returns all that is known."""
    for arm in options.only or ARMS:
        if arm == "before":
            look_before(steps, kind, options)
        elif arm == "anchors":
            measure_anchors(steps, options.anchor)
        else:
            learn(steps, kind, arm, options)
    return summarise(steps, options.anchor)


def parse_arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line, or these words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--receipts", type=Path, help="a spotting set whose lines are the kind")
    parser.add_argument("--train", type=int, default=160, help="so many of its pictures are learned from")
    parser.add_argument("--unlabeled", type=Path, help="or: a folder of crops to learn from")
    parser.add_argument("--labels", type=Path, help="table path<TAB>text of the same crops; never seen without labels")
    parser.add_argument("--measured", type=Path, help="a folder of other crops with labels.tsv")
    parser.add_argument("--anchor", type=Path, nargs="*", default=[], help="labeled folders that must not get worse")
    parser.add_argument("--minutes", type=float, default=20.0, help="of each round")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--recipe", default="adapt")
    parser.add_argument("--min-precision", type=float, default=0.99)
    parser.add_argument("--limit", type=int, help="at most so many crops on each side, for a quick try")
    parser.add_argument("--only", nargs="*", choices=ARMS, help="arms to do; all by default")
    options = parser.parse_args(words)
    if (options.receipts is None) == (options.unlabeled is None or options.measured is None):
        parser.error("give --receipts, or --unlabeled and --measured")
    return options


def find_kind(options: argparse.Namespace) -> Kind:
    """The crops of the run."""
    if options.receipts is not None:
        return cut_receipts(options.receipts, options.out / "kind", options.train, options.limit)
    return take_folders(options.unlabeled, options.labels, options.measured, options.out / "kind", options.limit)


def look_before(steps: Steps, kind: Kind, options: argparse.Namespace) -> None:
    """Measure the model that ships, harvest without labels, and see what came of the promise."""
    evaluate(steps, "before", HARVESTED, kind.measured)
    wished = str(options.min_precision)
    steps.do(
        "harvest",
        lambda: steps.run(HARVESTED, "harvest", str(kind.unlabeled), "--crops", "--min-precision", wished, "--json"),
    )
    check_promise(steps, "promise_before", HARVESTED, kind)


def learn(steps: Steps, kind: Kind, arm: str, options: argparse.Namespace) -> None:
    """Retrain once in a copy of the harvested store, with true labels or without, and measure."""
    if steps.find("harvest") is None:
        look_before(steps, kind, options)
    steps.copy_world(HARVESTED, arm)
    if arm == "labeled":
        if kind.labels is None:
            raise SystemExit("name the true labels with --labels, or leave this arm out with --only")
        table = write_typed_labels(steps, kind) if options.receipts is not None else kind.labels
        steps.do("import_labels", lambda: steps.run(arm, "import", "--format", "paddleocr", str(table), "--json"))
    press = ["retrain", "--recipe", options.recipe, "--minutes", str(options.minutes), "--wait", "--json"]
    if options.rounds > 1:
        press += ["--rounds", str(options.rounds)]
    job = steps.do(f"retrain_{arm}", lambda: steps.run(arm, *press))
    evaluate(steps, f"after_{arm}", arm, kind.measured)
    if job.get("verdict") == "rejected" and job.get("checkpoint"):
        evaluate(steps, f"candidate_{arm}", arm, kind.measured, str(job["checkpoint"]))
    if arm == "unlabeled":
        check_promise(steps, "promise_after", arm, kind)


def evaluate(steps: Steps, name: str, world: str, data: Path, model: str | None = None) -> Told:
    """Word accuracy and the rest of `evaluate recognition`, of what is in use or of a checkpoint."""
    predictions = steps.out / "predictions" / f"{name}.tsv"
    predictions.parent.mkdir(parents=True, exist_ok=True)
    command = ["evaluate", "recognition", "--data", str(data), "--protocol", PROTOCOL, "--json"]
    command += ["--predictions", str(predictions), *(["--model", model] if model else [])]
    return steps.do(name, lambda: steps.run(world, *command))


def check_promise(steps: Steps, name: str, world: str, kind: Kind) -> None:
    """Compare what is kept unseen in a store with the truth, where it is known."""
    truth = kind.load_truth()
    if truth:
        steps.do(name, lambda: compare_kept(steps, world, truth))


def write_typed_labels(steps: Steps, kind: Kind) -> Path:
    """The labels as a person would type them: receipts' are all upper case, whatever is printed.

    The case of each letter is that of the reading where reading and label agree on the letter.
    """
    path = kind.unlabeled.parent / "typed.tsv"
    if not path.is_file():
        readings = {Path(row["picture"]).name: row["text"] for row in export_readings(steps, HARVESTED)}
        typed = {name: copy_case(text, readings.get(name, "")) for name, text in kind.load_truth().items()}
        path.write_text(
            "".join(f"{kind.unlabeled.name}/{name}\t{text}\n" for name, text in typed.items()), encoding="utf-8"
        )
    return path


def export_readings(steps: Steps, world: str) -> list[Told]:
    """The rows of `export --format jsonl` of what nobody decided on."""
    out = steps.out / "exported"
    shutil.rmtree(out, ignore_errors=True)
    steps.run(world, "export", "--format", "jsonl", "--status", "kept,waiting", "--out", str(out), "--json")
    rows: list[Told] = [json.loads(line) for line in (out / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    shutil.rmtree(out)
    return rows


def compare_kept(steps: Steps, world: str, truth: dict[str, str]) -> Told:
    """Count how many readings were kept, and how many of them are right."""
    rows = export_readings(steps, world)
    known = [(row, truth[name]) for row in rows if (name := Path(row["picture"]).name) in truth]
    kept = [(row["text"], text) for row, text in known if row["status"] == "kept"]
    counts: Told = {"crops": len(known), "kept": len(kept), "coverage": round(len(kept) / max(1, len(known)), 4)}
    for protocol in ("exact", PROTOCOL):
        right = sum(normalise(reading, protocol) == normalise(text, protocol) for reading, text in kept)
        low, high = compute_exact_interval(right, len(kept))
        counts[f"precision_{protocol}"] = round(right / len(kept), 4) if kept else None
        counts[f"interval_{protocol}"] = [round(low, 4), round(high, 4)]
    return counts


def measure_anchors(steps: Steps, anchors: list[Path]) -> None:
    """Measure every model that is there on every anchor folder."""
    for model in MODELS:
        world = HARVESTED if model == "before" else model
        if steps.find("before" if model == "before" else f"after_{model}") is not None:
            for folder in anchors:
                evaluate(steps, f"anchor_{folder.name}_{model}", world, folder)


def summarise(steps: Steps, anchors: list[Path]) -> Told:
    """Everything that is known, and the gap."""
    told: Told = {name: found for name in STEPS if (found := steps.find(name)) is not None}
    told["gap_closed"] = compute_gap_closed(told, "after_unlabeled", "after_labeled")
    if "candidate_unlabeled" in told or "candidate_labeled" in told:
        best = [f"candidate_{arm}" if f"candidate_{arm}" in told else f"after_{arm}" for arm in MODELS[1:]]
        told["gap_closed_whatever_the_gate_said"] = compute_gap_closed(told, best[0], best[1])
    told["anchors"] = {
        folder.name: {
            model: found["word_accuracy"]
            for model in MODELS
            if (found := steps.find(f"anchor_{folder.name}_{model}")) is not None
        }
        for folder in anchors
    }
    return told


def compute_gap_closed(told: Told, after: str, with_labels: str) -> float | None:
    """(after - before) / (with labels - before); None where a part is missing or labels gained nothing."""
    if not {"before", after, with_labels} <= told.keys():
        return None
    before = told["before"]["word_accuracy"]
    gap = told[with_labels]["word_accuracy"] - before
    return round((told[after]["word_accuracy"] - before) / gap, 3) if gap > 0 else None


if __name__ == "__main__":
    main()
