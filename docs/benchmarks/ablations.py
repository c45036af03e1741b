"""What each ingredient of a recipe, and each network, is worth at the same number of samples.

    python -m docs.benchmarks.ablations ingredients OUT --data DIR … --rendered POOL --base FILE [--samples 8000]
    python -m docs.benchmarks.ablations networks    OUT --data DIR … --rendered POOL [--samples 40000]

POOL is a folder of packed crops (`train recognizer` leaves rendered words in RUN/pool). All variants of `ingredients`
begin from the same weights, best ones that never saw a real label; those of `networks` from nothing, or from
--starts DIR/NAME/recognizer.safetensors where there is one (`train recognizer --recipe align`). Each
result is appended to OUT/results.jsonl when it is there, so the script can be stopped and goes on; a table in
Markdown is written beside it and printed. Crops wider than --width are left out of training and measuring.
Differences are paired over the held-back words (± one standard error); speed is for one thread. Samples do not
count those that a start has seen already.
"""

import argparse
import json
import math
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.charset import PRINTABLE_ASCII, Charset
from models.recognition.text_network import TextNetwork
from models.weights import load_network
from textrec_app.data.buckets import resize_to_bucket
from textrec_app.data.crop_pool import CropPool, open_pool, pool_in_memory
from textrec_app.data.word_batches import WeightedPool
from textrec_app.evaluation.protocols import normalise
from textrec_app.services.training_sets import load_training_samples
from textrec_app.training.recipes import FitRecipe, RecognizerRecipe, SelfTraining
from textrec_app.training.recognizer import RecognizerRun, crops_to_tensor, keep_covered, read_texts, train_recognizer
from textrec_app.training.self_training import Unlabeled, self_train
from textrec_app.training.word_pools import load_crop_pool

SMALL = (("widths", (16, 32, 64, 128)), ("heads", 4))
SMALL_TRUNK = (*SMALL, ("depths", (0, 1, 2, 1)))
SMALL_VIT = (("width", 128), ("depth", 6))
RENDERED_STRENGTH = 0.6


@dataclass(frozen=True)
class Variant:
    """One row.

    Attributes:
        shares: share of samples from each source; "real" and "rendered" are always there.
        fraction: part of the real words whose labels may be used.
        hidden: how the real words are learnt from without their labels; None for with them.
        fit, recipe: what is different from the reference.
    """

    name: str
    shares: dict[str, float] = field(default_factory=lambda: {"real": 0.4, "rendered": 0.6})
    fraction: float = 1.0
    hidden: SelfTraining | None = None
    fit: dict[str, Any] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)


def _mixed(real: float, other: str = "rendered") -> dict[str, float]:
    return {"real": real, other: 1.0 - real}


def _network(name: str, architecture: str, *settings: tuple[str, Any]) -> Variant:
    return Variant(name, recipe={"architecture": architecture, "network": settings})


INGREDIENTS = (
    Variant("reference: 40 % real, camera, EMA, Muon"),
    Variant("rendered words only", {"rendered": 1.0}),
    Variant("self-training, labels hidden", {"rendered": 1.0}, hidden=SelfTraining(2, 0.7)),
    Variant("self-training, from 0.4", {"rendered": 1.0}, hidden=SelfTraining(2, 0.4)),
    Variant("self-training, from 0.2, 1 round", {"rendered": 1.0}, hidden=SelfTraining(1, 0.2)),
    Variant("augmentation: none", recipe={"augmentation": "none"}),
    Variant("augmentation: randaugment", recipe={"augmentation": "randaugment"}),
    Variant("augmentation: both", recipe={"augmentation": "both"}),
    Variant("real share 65 %", _mixed(0.65)),
    Variant("real share 20 %", _mixed(0.2)),
    Variant("half of the real labels", fraction=0.5),
    Variant("label smoothing 0.05", recipe={"label_smoothing": 0.05}),
    Variant("no weight average", fit={"ema_decay": 0.0}),
    Variant("AdamW", fit={"optimizer": "adamw"}),
    Variant("labels as they came", {"raw": 0.4, "rendered": 0.6}),
    Variant("new renderer", _mixed(0.4, "new")),
    Variant("+ scene words", {"real": 0.3, "scene": 0.2, "rendered": 0.5}),
    Variant("guidance branch", recipe={"network": (("guidance", 0.5),)}),
    Variant("aspect jitter 0.5", recipe={"aspect_jitter": 0.5}),
    Variant("concatenation 0.15", recipe={"concatenation": 0.15}),
    Variant("average of the last quarter", fit={"tail_share": 0.25}),
    Variant("schedule: stable, then fall", fit={"schedule": "stable", "decay_share": 0.3}),
    Variant("schedule: one cycle", fit={"schedule": "one_cycle"}),
)
NETWORKS = (
    _network("conv_attention_ctc", "conv_attention_ctc", *SMALL_TRUNK),
    _network("svtr_ctc", "svtr_ctc", SMALL[0], ("local_blocks", (1, 2, 0)), ("global_blocks", (0, 1, 1))),
    _network("parseq", "parseq", *SMALL_TRUNK, ("decoder_width", 96)),
    _network("vitstr 32x4 ctc", "vitstr_columns", *SMALL_VIT, ("patch", (32, 4)), ("reader", "ctc")),
    _network("vitstr 32x4 slice", "vitstr_columns", *SMALL_VIT, ("patch", (32, 4)), ("reader", "token_slice")),
    _network("vitstr 4x8 slice", "vitstr_columns", *SMALL_VIT, ("patch", (4, 8)), ("reader", "token_slice")),
    _network("vitstr 32x2 ctc", "vitstr_columns", *SMALL_VIT, ("patch", (32, 2)), ("reader", "ctc")),
    _network("vitstr 32x8 ctc", "vitstr_columns", *SMALL_VIT, ("patch", (32, 8)), ("reader", "ctc")),
    _network("vitstr 32x8 slice", "vitstr_columns", *SMALL_VIT, ("patch", (32, 8)), ("reader", "token_slice")),
)
TABLES = {"ingredients": INGREDIENTS, "networks": NETWORKS}


class Sources:
    """The pools of crops that variants draw from, opened when first asked for."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self._open = options, dict[str, CropPool]()
        _, held_back = load_training_samples(options.data, options.corrections)
        self.held_back = narrow(load_crop_pool(held_back), options.width)

    def get(self, name: str) -> CropPool | None:
        """A pool by its name ("real" with, "raw" without the corrections); None where its folder was not given."""
        if name in ("real", "raw"):
            if name not in self._open:
                corrections = self.options.corrections if name == "real" else None
                train, _ = load_training_samples(self.options.data, corrections)
                charset = Charset(PRINTABLE_ASCII)
                usable = [sample for sample in train if sample.text and charset.covers(sample.text)]
                self._open[name] = load_crop_pool(usable)
            return self._open[name]
        folders: list[Path] = getattr(self.options, name)
        if not folders:
            return None
        if name not in self._open:
            pools = [open_pool(folder) for folder in folders]
            self._open[name] = pools[0] if len(pools) == 1 else join_pools(pools)
        return self._open[name]


def join_pools(pools: Sequence[CropPool]) -> CropPool:
    """One pool in memory of the crops of several."""
    return pool_in_memory((pool.crop(index), pool.texts[index]) for pool in pools for index in range(len(pool)))


def build_pools(variant: Variant, sources: Sources) -> list[WeightedPool] | None:
    """The weighted pools of a variant; None where a source is not there."""
    pools = []
    for name, share in variant.shares.items():
        pool = sources.get(name)
        if pool is None:
            return None
        if name == "real" and variant.fraction < 1:
            kept = np.random.default_rng(0).permutation(len(pool))[: round(len(pool) * variant.fraction)]
            pool = pool_in_memory((pool.crop(index), pool.texts[index]) for index in kept)
        is_drawn = name in ("rendered", "new")
        pools.append(WeightedPool(pool, share, augment_strength=RENDERED_STRENGTH if is_drawn else 1.0))
    return pools


def build_recipe(variant: Variant, pools: Sequence[WeightedPool], options: argparse.Namespace) -> RecognizerRecipe:
    """The reference with the variant's changes, and as many steps as the budget of samples gives."""
    widths = [(pool.pool.buckets[pool.pool.buckets <= options.width].mean(), pool.share) for pool in pools]
    mean_width = sum(width * share for width, share in widths) / sum(share for _, share in widths)
    steps = max(4, round(options.samples * mean_width / 128 / options.batch))
    reference = FitRecipe(
        "ablation",
        steps=steps,
        batch_size=options.batch,
        learning_rate=options.rate,
        optimizer="muon",
        warmup_steps=max(5, steps // 20),
        ema_decay=1.0 - min(0.5, 8.0 / steps),
        evaluate_every=10**9,
        save_every=10**9,
        seed=options.seed,
    )
    fit = replace(reference, **variant.fit)
    return replace(RecognizerRecipe(fit, max_width_px=options.width), **variant.recipe)


def find_base(variant: Variant, options: argparse.Namespace) -> Path | None:
    """The weights that a variant begins from; None for nothing."""
    if options.table == "ingredients":
        return options.base
    start = (options.starts or options.out) / variant.name.replace(" ", "_") / "recognizer.safetensors"
    return start if start.is_file() else None


def run_variant(variant: Variant, sources: Sources, options: argparse.Namespace) -> dict[str, Any] | None:
    """Train and measure one variant; None where its data is not there."""
    pools = build_pools(variant, sources)
    if pools is None:
        return None
    recipe = build_recipe(variant, pools, options)
    out = options.out / "run"
    shutil.rmtree(out, ignore_errors=True)
    run = RecognizerRun(out, recipe, pools, sources.held_back, base=find_base(variant, options), device="cpu")
    told: list[dict[str, Any]] = []
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    if variant.hidden:
        recipe = replace(recipe, rendered_share=0.6, self_training=variant.hidden)
        hidden = Unlabeled(narrow(sources.get("real"), options.width), truth_known=True)
        result = self_train(replace(run, recipe=recipe), hidden, on_progress=told.append)
    else:
        result = train_recognizer(run, on_progress=told.append)
    cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
    ends = [line["samples"] for line in told if line["event"] == "end"]
    labels = [{k: v for k, v in line.items() if k != "event"} for line in told if line["event"] == "pseudo_labels"]
    facts: dict[str, Any] = {"name": variant.name, "samples": sum(ends), "steps": result.step}
    facts |= {"crops_per_cpu_s": sum(ends) / cpu_s, "wall_s": round(wall_s), "pseudo_labels": labels}
    return facts | measure(result.checkpoint, sources.held_back)


def measure(checkpoint: Path, words: CropPool) -> dict[str, Any]:
    """Accuracy, loss a character, parameters and milliseconds of a checkpoint."""
    network, card = load_network(checkpoint)
    if not isinstance(network, TextNetwork):
        raise TypeError(f"{checkpoint} reads no text")
    network = network.eval().to(memory_format=torch.channels_last)
    charset = Charset(card.charset)
    crops = [words.crop(index) for index in range(len(words))]
    texts = read_texts(network, crops, charset, torch.device("cpu"))
    right = {
        protocol: [normalise(a, protocol) == normalise(b, protocol) for a, b in zip(texts, words.texts, strict=True)]
        for protocol in ("alnum36", "exact")
    }
    return {
        "alnum36": float(np.mean(right["alnum36"])),
        "exact": float(np.mean(right["exact"])),
        "loss": _loss(network, crops, words.texts, charset),
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "ms_1": _milliseconds(network, 1),
        "ms_32": _milliseconds(network, 32),
        "right": "".join("01"[value] for value in right["alnum36"]),
    }


def write_table(rows: Sequence[dict[str, Any]], path: Path) -> str:
    """Markdown, with each row's paired difference from the first."""
    head = "| variant | alnum36 | difference | exact | loss | samples | crops/s | M parameters | ms 1 | ms 32 |"
    lines = [head, "|---" * head.count(" | ") + "|---|"]
    first = np.array([bit == "1" for bit in rows[0]["right"]], float) if rows else np.zeros(0)
    for row in rows:
        difference = np.array([bit == "1" for bit in row["right"]], float) - first
        error = difference.std() / math.sqrt(len(difference))
        told = "" if row is rows[0] else f"{100 * difference.mean():+.1f} ± {100 * error:.1f}"
        lines.append(
            f"| {row['name']} | {100 * row['alnum36']:.1f} | {told} | {100 * row['exact']:.1f} | {row['loss']:.3f} "
            f"| {row['samples']} | {row['crops_per_cpu_s']:.0f} | {row['parameters'] / 1e6:.2f} "
            f"| {row['ms_1']:.2f} | {row['ms_32']:.2f} |"
        )
    text = "\n".join(lines) + "\n"
    path.write_text(text, encoding="utf-8")
    return text


def main() -> None:
    """Run what is not in the results yet, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    for name in ("rendered", "new", "scene"):
        parser.add_argument(f"--{name}", type=Path, nargs="+", default=[], metavar="POOL")
    for name in ("base", "starts", "corrections"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--samples", type=int, default=8000)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=[], help="parts of the names of the variants to run")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "results.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
    sources = Sources(options)
    for variant in TABLES[options.table]:
        wanted = not options.only or any(part in variant.name for part in options.only)
        if not wanted or any(row["name"] == variant.name for row in rows):
            continue
        row = run_variant(variant, sources, options)
        if row is None:
            continue
        rows.append(row)
        with path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
        print(write_table(rows, options.out / "table.md"), flush=True)


def narrow(pool: CropPool | None, width: int) -> CropPool:
    """The crops of at most this width; an empty pool for None."""
    if pool is None:
        return pool_in_memory([])
    return pool_in_memory((pool.crop(n), pool.texts[n]) for n in np.flatnonzero(pool.buckets <= width).tolist())


def _loss(network: TextNetwork, crops: Sequence[np.ndarray], texts: Sequence[str], charset: Charset) -> float:
    """The network's own training loss, averaged over the words."""
    network.label_smoothing = 0.0
    total = 0.0
    resized = [resize_to_bucket(crop) for crop in crops]
    for width in {crop.shape[1] for crop in resized}:
        chosen = [index for index, crop in enumerate(resized) if crop.shape[1] == width]
        images = crops_to_tensor(np.stack([resized[index] for index in chosen]), torch.device("cpu"))
        targets = [charset.encode(keep_covered(texts[index], charset)) for index in chosen]
        with torch.inference_mode():
            total += float(network(images, targets)) * len(chosen)
    return total / max(1, len(crops))


def _milliseconds(network: TextNetwork, batch: int, repeats: int = 12) -> float:
    """Median processor time a crop of 32 x 128 px on one thread, without the conversion to text."""
    images = torch.randn(batch, 3, 32, 128).contiguous(memory_format=torch.channels_last)
    spent = []
    with torch.inference_mode():
        for _ in range(repeats):
            began = time.process_time()
            network(images)
            spent.append(time.process_time() - began)
    return 1e3 * float(np.median(spent)) / batch


if __name__ == "__main__":
    main()
