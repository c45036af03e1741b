"""What each part of SIGA is worth: the same frozen trunk, the same batches, four ways to learn to look.

    python -m docs.benchmarks.siga_ablation OUT --pools FOLDER=SHARE … [--data DIR=SHARE …] [--held-back POOL]
        [--base FILE] [--steps 200] [--lag 2] [--seeds 1 2 3] [--test DIR …]

"plain" is an attention decoder on the sequence; "+ alignment" adds the segmentation network with the orthogonality and
difference losses; "+ GLAN" instead the glyph branch with fusion; "full SIGA" is both. Trunk and CTC head are those of
the base and never change. All begin under the guide of the CTC head's own alignment, then each goes on alone; the last
row shows an attention decoder without it. Pools are folders of packed crops, data labeled folders whose held-back words
are measured on. Every run has a folder OUT/VARIANT-SEED and can be stopped and gone on with; what is trained and
measured already is not done again. Rendered words of three sets (straight, curved, blurred), on which nothing is
trained, say how far the attention lies from the drawn characters; "read" are those that the CTC head reads right.
Folders named with --test are read only then. The table in Markdown, mean ± standard deviation over the seeds, is
written to OUT/table.md and printed.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.charset import Charset
from models.recognition.glyph_network import GlyphNetwork
from models.weights import PRETRAINED_DIR, load_card, load_network
from textrec_app.data.crop_pool import CropPool, open_pool
from textrec_app.data.recognition_sets import load_recognition_set
from textrec_app.data.word_batches import WeightedPool, mask_pools
from textrec_app.data.word_effects.probe_words import ProbeWord
from textrec_app.evaluation.glyph_report import summarise_sets
from textrec_app.evaluation.metrics import compute_word_accuracy
from textrec_app.evaluation.protocols import pair_texts
from textrec_app.services.observing_glyphs import observe_words, render_probe_sets
from textrec_app.services.training_sets import load_training_samples, parse_weighted_folder
from textrec_app.training.recipes import GlyphSchedule, RecognizerRecipe, get_recognizer_recipe
from textrec_app.training.recognizer import RecognizerRun, read_glyph_texts, read_texts, train_recognizer
from textrec_app.training.word_pools import RenderMaterial, load_crop_pool

CPU = torch.device("cpu")
TRUNK_SETTINGS = ("widths", "depths", "heads", "local_blocks", "local_reach", "global_blocks")
TRAINED, MEASURED = "trained.json", "measured.json"
PROBES = ("straight", "curved", "blurred", "all")


@dataclass(frozen=True)
class Variant:
    """One row.

    Attributes:
        glyphs: with GLAN and fusion or without.
        alignment: weights of the alignment losses, first and later.
        guide: weight of the pull towards the alignment of the CTC head, in the first part of the steps and later.
    """

    name: str
    stem: str
    glyphs: bool
    alignment: tuple[float, float]
    guide: tuple[float, float] = (1.0, 0.0)


VARIANTS = (
    Variant("plain attention decoder", "plain", False, (0.0, 0.0)),
    Variant("+ alignment", "alignment", False, (1.0, 0.3)),
    Variant("+ GLAN", "glan", True, (0.0, 0.0)),
    Variant("full SIGA", "full", True, (1.0, 0.3)),
    Variant("plain, without the CTC's guide", "unguided", False, (0.0, 0.0), (0.0, 0.0)),
    Variant("full SIGA, guide kept", "kept", True, (1.0, 0.3), (1.0, 0.3)),
)


def build_recipe(variant: Variant, seed: int, options: argparse.Namespace) -> RecognizerRecipe:
    """The recipe "glyphs" with the variant's losses over a trunk that never changes."""
    recipe = get_recognizer_recipe("glyphs")
    fit = replace(
        recipe.fit,
        name="siga_ablation",
        steps=options.steps,
        batch_size=options.batch,
        learning_rate=options.rate,
        schedule=options.schedule,
        decay_share=0.3,
        final_factor=0.1,
        warmup_steps=max(2, options.steps // 7),
        ema_decay=1.0 - min(0.5, 8.0 / options.steps),
        evaluate_every=10**9,
        save_every=50,
        seed=seed,
    )
    schedule = GlyphSchedule(
        fixed_steps=10**9,
        alignment=variant.alignment[0],
        alignment_later=variant.alignment[1],
        alignment_steps=round(options.steps * options.curriculum),
        guide=variant.guide[0],
        guide_later=variant.guide[1],
        guide_steps=round(options.steps * options.guided),
    )
    card = load_card(options.base)
    trunk = {key: _as_tuple(value) for key, value in card.config.items() if key in TRUNK_SETTINGS}
    network = (*trunk.items(), ("lag_columns", options.lag), ("glyphs", variant.glyphs))
    return replace(recipe, fit=fit, network=network, glyphs=schedule, max_width_px=options.width)


def train_variant(variant: Variant, seed: int, pools: Sequence[WeightedPool], options: argparse.Namespace) -> None:
    """Train one variant in its folder."""
    out = find_folder(variant, seed, options)
    recipe = build_recipe(variant, seed, options)
    run = RecognizerRun(out, recipe, pools, base=options.base, transfer=True, name=f"siga_{variant.stem}", device="cpu")
    began = time.perf_counter()
    result = train_recognizer(run, on_progress=_tell_steps(out.name))
    facts = {"steps": result.step, "wall_s": round(time.perf_counter() - began)}
    (out / TRAINED).write_text(json.dumps(facts), encoding="utf-8")


def measure_variant(folder: Path, held_back: CropPool | None, words: dict[str, list[ProbeWord]]) -> None:
    """Measure what was trained in a folder."""
    network, charset = load_glyph_network(folder)
    sets = summarise_sets({name: observe_words(network, charset, drawn, CPU) for name, drawn in words.items()})
    facts: dict[str, Any] = {"sets": {name: report.to_dict() for name, report in sets.items()}}
    facts["parameters"] = sum(parameter.numel() for parameter in network.parameters())
    facts["held_back"] = {} if held_back is None else measure_words(network, charset, held_back)
    (folder / MEASURED).write_text(json.dumps(facts), encoding="utf-8")


def test_variant(folder: Path, tests: dict[str, CropPool]) -> dict[str, Any]:
    """Read test sets with what was trained in a folder; each only once."""
    told = folder / "tested.json"
    facts: dict[str, Any] = json.loads(told.read_text(encoding="utf-8")) if told.is_file() else {}
    missing = {name: pool for name, pool in tests.items() if name not in facts}
    if missing:
        network, charset = load_glyph_network(folder)
        facts |= {name: measure_words(network, charset, pool) for name, pool in missing.items()}
        told.write_text(json.dumps(facts), encoding="utf-8")
    return {name: facts[name] for name in tests}


def load_glyph_network(folder: Path) -> tuple[GlyphNetwork, Charset]:
    """The network that was trained in a folder."""
    network, card = load_network(folder / "recognizer.safetensors")
    if not isinstance(network, GlyphNetwork):
        raise TypeError(f"{folder} holds no network with glyphs")
    return network, Charset(card.charset)


def measure_words(network: GlyphNetwork, charset: Charset, pool: CropPool) -> dict[str, float]:
    """alnum36 accuracy of the fast and the fused reading."""
    crops = [pool.crop(index) for index in range(len(pool))]
    read = {"fast": read_texts, "fused": read_glyph_texts}
    scores = {}
    for name, reader in read.items():
        pairs = pair_texts(pool.texts, reader(network, crops, charset, CPU), "alnum36")
        scores[name] = compute_word_accuracy(pairs.labels, pairs.predictions)
    return scores


def write_table(rows: dict[str, list[dict[str, Any]]], tests: Sequence[str]) -> str:
    """Markdown: one row for each variant, and first what the trunk's own CTC head does."""
    heads = ["variant", "seeds", "held-back %", *(f"{name} %" for name in tests), "rendered %"]
    heads += [f"drift {name} %" for name in PROBES] + [
        "drift where read %",
        "error (widths)",
        "drift of glyph maps %",
        "IoU",
    ]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    known = [runs for runs in rows.values() if runs]
    if known:
        lines.append(_write_row("CTC head of the trunk", known[0][:1], tests, ("fast", "CTC")))
    lines += [_write_row(name, runs, tests, ("fused", "implicit")) for name, runs in rows.items() if runs]
    return "\n".join(lines) + "\n"


def _write_row(name: str, runs: list[dict[str, Any]], tests: Sequence[str], asked: tuple[str, str]) -> str:
    way, kind = asked
    cells = [_spread([run["held_back"].get(way) for run in runs], 100)]
    cells += [_spread([run["tests"][test][way] for run in runs], 100) for test in tests]
    cells.append(_spread([run["sets"]["all"]["word_accuracy"][way] for run in runs], 100))
    cells += [_spread([_find(run, probe, kind, "drift_share") for run in runs], 100) for probe in PROBES]
    read = [run["sets"]["all"]["alignment_read"].get(kind, {}).get("drift_share") for run in runs]
    cells.append(_spread(read, 100))
    cells.append(_spread([_find(run, "all", kind, "mean_error") for run in runs], 1))
    is_fused = way == "fused"
    cells.append(_spread([_find(run, "all", "glyph", "drift_share") if is_fused else None for run in runs], 100))
    has_mask = is_fused and not name.startswith("plain")  # that of the plain decoder is never trained
    cells.append(_spread([run["sets"]["all"]["mask_iou"]["network"] if has_mask else None for run in runs], 1))
    return f"| {name} | {len(runs)} | {' | '.join(cells)} |"


def _find(run: dict[str, Any], probe: str, kind: str, measure: str) -> float | None:
    """A measure of one kind of attention, where the network has it."""
    value: float | None = run["sets"][probe]["alignment"].get(kind, {}).get(measure)
    return value


def _spread(values: Sequence[float | None], factor: float) -> str:
    """Mean ± standard deviation; a single value alone, a dash for none."""
    numbers = np.array([value for value in values if value is not None], float) * factor
    if not len(numbers):
        return "–"
    digits = 1 if factor > 1 else 3
    mean = f"{numbers.mean():.{digits}f}"
    return mean if len(numbers) == 1 else f"{mean} ± {numbers.std(ddof=1):.{digits}f}"


def open_pools(options: argparse.Namespace) -> list[WeightedPool]:
    """What is drawn from, with masks that all runs share."""
    named = [parse_weighted_folder(text) for text in options.pools]
    pools = [WeightedPool(open_pool(folder), share) for folder, share in named]
    for folder, share in map(parse_weighted_folder, options.data):
        train, _ = load_training_samples([folder], options.corrections)
        pools.append(WeightedPool(load_crop_pool([sample for sample in train if sample.text]), share))
    return mask_pools(pools, options.out / "masks")


def open_held_back(options: argparse.Namespace) -> CropPool | None:
    """Words to measure on: a packed pool, or those of the labeled folders that nothing is trained on."""
    if options.held_back:
        return open_pool(options.held_back)
    folders = [folder for folder, _ in map(parse_weighted_folder, options.data)]
    return load_crop_pool(load_training_samples(folders, options.corrections)[1]) if folders else None


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--pools", nargs="*", default=[], metavar="FOLDER=SHARE")
    parser.add_argument("--data", nargs="*", default=[], metavar="DIR=SHARE")
    for name in ("held-back", "corrections", "fonts", "wordlists", "backgrounds"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--test", type=Path, nargs="*", default=[], metavar="DIR")
    parser.add_argument("--base", type=Path, default=PRETRAINED_DIR / "recognizer_ctc.safetensors")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--batch", type=int, default=80)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--lag", type=int, default=2, help="columns by which the base's CTC speaks before each letter")
    parser.add_argument("--width", type=int, default=512, help="wider crops are left out of training")
    parser.add_argument("--curriculum", type=float, default=0.5, help="part of the steps before alignment weighs less")
    parser.add_argument("--schedule", choices=["cosine", "stable"], default="cosine")
    parser.add_argument("--guided", type=float, default=0.5, help="part of the steps with the guide of the CTC head")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--words", type=int, default=300, help="rendered words of each set")
    parser.add_argument("--only", nargs="*", default=[], help="stems of the variants to run")
    parser.add_argument("--train-only", action="store_true", help="measure later, with the same command without this")
    parser.add_argument("--measure-only", action="store_true", help="the runs that have ended")
    return parser.parse_args()


def train_all(runs: Sequence[tuple[Variant, int]], options: argparse.Namespace) -> None:
    """Train what is not trained yet."""
    waiting = [run for run in runs if not (find_folder(*run, options) / TRAINED).is_file()]
    if not waiting:
        return
    pools = open_pools(options)
    for variant, seed in waiting:
        train_variant(variant, seed, pools, options)


def measure_all(runs: Sequence[tuple[Variant, int]], options: argparse.Namespace) -> str:
    """Measure what is trained and not measured yet; the table of all."""
    trained = [run for run in runs if (find_folder(*run, options) / TRAINED).is_file()]
    waiting = [run for run in trained if not (find_folder(*run, options) / MEASURED).is_file()]
    if waiting:
        material = RenderMaterial(
            options.fonts, options.wordlists, options.backgrounds, with_system_fonts=options.fonts is None
        )
        words = render_probe_sets(material, Charset(load_card(options.base).charset), options.words)
        held_back = open_held_back(options)
        for run in waiting:
            measure_variant(find_folder(*run, options), held_back, words)
    tests = {folder.name: load_crop_pool(load_recognition_set(folder)) for folder in options.test}
    rows: dict[str, list[dict[str, Any]]] = {variant.name: [] for variant, _ in runs}
    for variant, seed in trained:
        folder = find_folder(variant, seed, options)
        known = json.loads((folder / MEASURED).read_text(encoding="utf-8"))
        rows[variant.name].append(known | {"tests": test_variant(folder, tests)})
    table = write_table(rows, list(tests))
    (options.out / "table.md").write_text(table, encoding="utf-8")
    return table


def find_folder(variant: Variant, seed: int, options: argparse.Namespace) -> Path:
    """Where a run lies."""
    return Path(options.out) / f"{variant.stem}-{seed}"


def main() -> None:
    """Train what is not trained, all variants of a seed first; measure what is not measured; print the table."""
    options = read_options()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    chosen = [variant for variant in VARIANTS if not options.only or variant.stem in options.only]
    runs = [(variant, seed) for seed in options.seeds for variant in chosen]
    if not options.measure_only:
        train_all(runs, options)
    if not options.train_only:
        print(measure_all(runs, options), end="")


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _tell_steps(name: str) -> Callable[[dict[str, Any]], None]:
    def tell(line: dict[str, Any]) -> None:
        if line.get("event") != "step" or line.get("step", 0) % 20 == 0:
            kept = {key: value for key, value in line.items() if key in ("event", "step", "loss", "state")}
            print(time.strftime("%H:%M:%S"), name, json.dumps(kept), flush=True)

    return tell


if __name__ == "__main__":
    main()
