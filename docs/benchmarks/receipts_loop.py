"""The loop at full size: harvest receipt lines without labels, retrain, measure on other receipts.

    python -m docs.benchmarks.receipts_loop RECEIPTS OUT [--minutes 10] [--train 160]

RECEIPTS is a spotting set (boxes.jsonl with line quads and text). The lines of the first receipts are
cut out and harvested as pictures, their texts left behind; the lines of the others, with their texts,
are only measured on, before and after. Everything goes through the command line of the product.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from PIL import Image

from textrec_app.data.recognition_sets import load_recognition_set
from textrec_app.pipeline.cropping import crop_polygon
from textrec_app.pipeline.images import load_image


def cut_lines(receipts: Path, out: Path, first: int, last: int, labeled: bool) -> int:
    """Write the line crops of receipts first..last-1; with labels.tsv only if labeled."""
    out.mkdir(parents=True, exist_ok=True)
    lines = (receipts / "boxes.jsonl").read_text(encoding="utf-8").splitlines()
    rows, count = [], 0
    for number, line in enumerate(lines[first:last], start=first):
        entry = json.loads(line)
        image = load_image(receipts / entry["image"])
        for index, box in enumerate(entry["boxes"]):
            name = f"{number:04d}_{index:03d}.png"
            quad = tuple((float(x), float(y)) for x, y in box["quad"])
            Image.fromarray(crop_polygon(image, quad)).save(out / name)
            rows.append(f"{name}\t{box['text']}")
            count += 1
    if labeled:
        (out / "labels.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return count


def run(environment: dict[str, str], *words: str) -> tuple[dict[str, object], int]:
    """Run a command of the product; its last line of JSON and its exit code."""
    command = [sys.executable, "-m", "textrec_app", *words]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return (json.loads(lines[-1]) if lines else {}), done.returncode


def main() -> None:
    """Do the whole loop and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("receipts", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--train", type=int, default=160)
    parser.add_argument("--min-precision", type=float, default=0.99)
    options = parser.parse_args()
    began = time.time()
    total = len((options.receipts / "boxes.jsonl").read_text(encoding="utf-8").splitlines())
    unlabeled, measured = options.out / "lines", options.out / "measured"
    counts = {
        "harvested_lines": cut_lines(options.receipts, unlabeled, 0, options.train, labeled=False),
        "measured_lines": cut_lines(options.receipts, measured, options.train, total, labeled=True),
        "measured_with_text": len(load_recognition_set(measured)),
    }
    environment = dict(os.environ) | {"TEXTREC_DATA_DIR": str(options.out / "world")}
    evaluate = ("evaluate", "recognition", "--data", str(measured), "--protocol", "alnum36", "--json")
    before, _ = run(environment, *evaluate)
    harvest, _ = run(
        environment, "harvest", str(unlabeled), "--crops", "--min-precision", str(options.min_precision), "--json"
    )
    retrain, code = run(environment, "retrain", "--minutes", str(options.minutes), "--wait", "--json")
    after, _ = run(environment, *evaluate)
    rollback, rollback_code = run(environment, "models", "rollback", "--json")
    again, _ = run(environment, *evaluate)
    keys = ("word_accuracy", "one_minus_ned", "cer", "ece", "coverage_at_precision", "n", "model")
    result = counts | {
        "before": {key: before.get(key) for key in keys},
        "harvest": harvest,
        "retrain": retrain,
        "retrain_exit_code": code,
        "after": {key: after.get(key) for key in keys},
        "rollback": rollback | {"exit_code": rollback_code},
        "after_rollback": {key: again.get(key) for key in keys},
        "seconds": round(time.time() - began),
    }
    print(json.dumps(result, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
