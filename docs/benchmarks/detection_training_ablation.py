"""What hard negatives and weak supervision are worth to the one-shot detector: short runs from the same base.

    python -m docs.benchmarks.detection_training_ablation OUT --data DIR … --text-free DIR [--base FILE]
        [--teacher FILE] [--steps 120] [--rate 0.002] [--batch 12] [--seed 1] [--every 3] [--first N]
        [--only STEM …]

All runs begin with the same weights and have the same seed, schedule and batches of the same shape:

* "all": everything that training has.
* "no-hard-negatives": the loss of centres is the plain mean over all cells that count, and no text-free picture is
  trained on.
* "no-choice": positives and negatives weigh the same, but all negatives count instead of the worst ones, and no
  text-free picture is trained on.
* "no-weak-supervision": words of photographs teach no characters, and lines (also what became of them) are left out.

Data are read as `train detector` reads them: of a set of words with at least 50 scenes a part is held back, and
measured on. With a teacher it separates the characters of real words and the words of lines; without one characters
are sliced. Each run ends in OUT/STEM/detector.safetensors, which is measured at the threshold of 0.3, 0.35, … 0.8 with
the best hmean; false words are counted at that threshold on every so many of the text-free pictures, on which nothing
may be trained. What is measured already is not done again. The table in Markdown is written to OUT/table.md and
printed; its first row is the base.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from docs.benchmarks.detection_ablation import THRESHOLDS, find_best, measure_at
from models.detection.losses import POSITIVE_TARGET, bernoulli_divergence
from models.detection.one_shot import CENTRE, OneShotMaps
from models.detection.one_shot_losses import HeadTargets
from models.weights import PRETRAINED_DIR
from textrec_app.data.detection_targets import TargetWord
from textrec_app.data.scenes import Scene, load_scenes
from textrec_app.domain import DetectedRegion
from textrec_app.pipeline.detection import Detector
from textrec_app.pipeline.images import load_image
from textrec_app.training.detector import DetectorRun, ScenePool, train_detector
from textrec_app.training.detector_objectives import OneShotObjective
from textrec_app.training.detector_recipes import DetectorRecipe, get_detector_recipe
from textrec_app.training.detector_sources import DetectorData, load_detector_data

MEASURED = "measured.json"
BASE = "base"


class _Said(nn.Module):
    """Stands for a network that has run already."""

    def __init__(self, said: OneShotMaps) -> None:
        super().__init__()
        self.said = said

    def forward(self, images: Tensor) -> OneShotMaps:
        """What was said."""
        return self.said


@dataclass(frozen=True)
class AllNegatives(OneShotObjective):
    """The usual terms, but that all negatives count for the centres.

    Attributes:
        apart: positives and negatives have a mean each; else there is one mean over all cells.
    """

    left_out: tuple[str, ...] = ("centre",)
    apart: bool = False

    def loss(self, network: nn.Module, images: Tensor, targets: tuple[HeadTargets, HeadTargets]) -> Tensor:
        """See `Objective.loss`."""
        said = network(images)
        total = super().loss(_Said(said), images, targets)
        heads = ((said.words, targets[0], 1.0), (said.characters, targets[1], self.character_weight))
        for maps, head, weight in heads:
            known = (head.centre.to(images.device), head.weights.to(images.device))
            total = total + weight * mean_centre_loss(maps[:, CENTRE], *known, apart=self.apart)
        return total


def mean_centre_loss(logits: Tensor, targets: Tensor, weights: Tensor, apart: bool = False) -> Tensor:
    """Weighted divergence of centre maps (B, H, W): mean over all cells with a weight, or over the two kinds apart."""
    losses = bernoulli_divergence(logits, targets) * weights
    counted, positive = weights > 0, targets > POSITIVE_TARGET
    kinds = (counted & positive, counted & ~positive) if apart else (counted,)
    return torch.stack([losses[kind].sum() / kind.sum().clamp(min=1) for kind in kinds]).sum()


@dataclass(frozen=True)
class Variant:
    """One row: objective, and what becomes of the pools of each kind."""

    stem: str
    objective: OneShotObjective
    has_text_free: bool = True
    has_weak: bool = True

    def choose_pools(self, data: DetectorData) -> list[ScenePool]:
        """The pools that it trains on; views are drawn from them with the usual shares."""
        pools = []
        for pool, facts in zip(data.pools, data.names, strict=True):
            if facts["kind"] == "empty" and not self.has_text_free:
                continue
            is_real = facts["kind"] in ("words", "lines")
            pools.append(leave_weak_labels(pool, facts["kind"]) if is_real and not self.has_weak else pool)
        return pools


VARIANTS = (
    Variant("all", OneShotObjective()),
    Variant("no-hard-negatives", AllNegatives(), has_text_free=False),
    Variant("no-weak-supervision", OneShotObjective(), has_weak=False),
    Variant("no-choice", AllNegatives(apart=True), has_text_free=False),
)


def leave_weak_labels(pool: ScenePool, kind: str) -> ScenePool:
    """Real words without their characters; of a set of lines, all text is left out of training."""

    def strip(word: TargetWord) -> TargetWord:
        if kind == "lines":
            return replace(word, confidence=0.0)
        return replace(word, character_quads=np.zeros((0, 4, 2), np.float32))

    return replace(pool, words=[[strip(word) for word in words] for words in pool.words])


def build_recipe(options: argparse.Namespace) -> DetectorRecipe:
    """The recipe of `one_shot`, shortened; nothing is validated on the way."""
    recipe = get_detector_recipe(options.recipe)
    fit = replace(
        recipe.fit,
        steps=options.steps,
        batch_size=options.batch,
        learning_rate=options.rate,
        warmup_steps=max(1, options.steps // 10),
        ema_decay=1.0 - min(0.5, 8.0 / options.steps),
        evaluate_every=10**9,
        save_every=50,
        seed=options.seed,
    )
    return replace(recipe, fit=fit)


def train_variant(variant: Variant, data: DetectorData, options: argparse.Namespace) -> Path:
    """Train in the variant's folder, or go on there; the weights file."""
    run = DetectorRun(
        options.out / variant.stem,
        build_recipe(options),
        variant.choose_pools(data),
        base=options.base,
        objective=variant.objective,
        name=variant.stem.replace("-", "_"),
        data=data.names,
        device="cpu",
    )
    return train_detector(run, on_progress=_tell).checkpoint


def measure_weights(path: Path, validation: Sequence[Scene], text_free: Sequence[Scene]) -> dict[str, Any]:
    """Best hmean on scenes with words, and at its threshold the false words of those without."""
    detector = Detector.load(path)
    best = find_best([scene.boxes for scene in validation], _look_at(detector, validation))
    calm = measure_at(best.threshold, [scene.boxes for scene in text_free], _look_at(detector, text_free))
    names = ("precision", "recall", "hmean")
    told: dict[str, Any] = {name: getattr(best.metrics, name) for name in names} | {"threshold": best.threshold}
    return told | {"false_per_picture": calm.metrics.false_per_picture, "n_text_free": len(text_free)}


def _look_at(detector: Detector, scenes: Sequence[Scene]) -> list[list[DetectedRegion]]:
    return [detector.look(load_image(scene.path), THRESHOLDS[0]).regions for scene in scenes]


def write_table(rows: dict[str, dict[str, Any]]) -> str:
    """Markdown: one row for each run."""
    lines = ["| run | steps | threshold | precision | recall | hmean | false words a text-free picture |"]
    lines.append("|---" * 7 + "|")
    for name, row in rows.items():
        cells = [f"{row[key]:.3f}" for key in ("precision", "recall", "hmean")]
        false = "–" if row["false_per_picture"] is None else f"{row['false_per_picture']:.2f}"
        lines.append(f"| {name} | {row['steps']} | {row['threshold']:.2f} | {' | '.join(cells)} | {false} |")
    return "\n".join(lines) + "\n"


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="DIR")
    parser.add_argument("--text-free", type=Path, required=True, metavar="DIR", help="only measured on")
    parser.add_argument("--base", type=Path, default=PRETRAINED_DIR / "detector.safetensors")
    parser.add_argument("--teacher", type=Path, metavar="FILE", help="weights that separate characters of real words")
    parser.add_argument("--recipe", default="one_shot")
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=int, default=3, help="one of so many text-free pictures is looked at")
    parser.add_argument("--first", type=int, help="so many pictures of each set are measured on; all by default")
    parser.add_argument("--only", nargs="*", default=[], choices=[variant.stem for variant in VARIANTS])
    return parser.parse_args(arguments)


def run_all(data: DetectorData, options: argparse.Namespace) -> str:
    """Train and measure what is not there yet; the table of all."""
    held_back = data.validation[: options.first]
    text_free = load_scenes(options.text_free)[:: options.every][: options.first]
    rows: dict[str, dict[str, Any]] = {}

    def measure(name: str, steps: int, make: Callable[[], Path]) -> None:
        told = options.out / name / MEASURED
        if not told.is_file():
            told.parent.mkdir(parents=True, exist_ok=True)
            facts = measure_weights(make(), held_back, text_free) | {"steps": steps}
            told.write_text(json.dumps(facts), encoding="utf-8")
        rows[name] = json.loads(told.read_text(encoding="utf-8"))
        print(time.strftime("%H:%M:%S"), name, json.dumps(rows[name]), flush=True)

    measure(BASE, 0, lambda: Path(options.base))
    for variant in VARIANTS:
        if not options.only or variant.stem in options.only:
            measure(variant.stem, options.steps, partial(train_variant, variant, data, options))
    table = write_table(rows)
    (options.out / "table.md").write_text(table, encoding="utf-8")
    return table


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the data, train, measure, print the table."""
    options = read_options(arguments)
    teacher = None if options.teacher is None else Detector.load(options.teacher)
    data = load_detector_data(options.data, teacher)
    if not data.validation:
        raise SystemExit("Nothing is held back to measure on. Name a set of words with at least 50 scenes.")
    print(run_all(data, options), end="")


def _tell(line: dict[str, Any]) -> None:
    if line.get("event") != "step" or line.get("step", 0) % 20 == 0:
        print(time.strftime("%H:%M:%S"), json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
