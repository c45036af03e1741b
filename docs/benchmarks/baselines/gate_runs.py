"""Short real trainings, good and spoiled, that the gate is tried on."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from docs.benchmarks.baselines.gate_kinds import Kind
from docs.benchmarks.baselines.poisons import FEW_TEXTS, POISONS, add_noise
from models.weights import load_card, load_tensors, save_weights
from textrec_app.data.crop_pool import CropPool, open_pool, pool_in_memory, write_pool_shard
from textrec_app.data.word_batches import WeightedPool
from textrec_app.pipeline.recognition import Recognizer
from textrec_app.training.recipes import FitRecipe, RecognizerRecipe
from textrec_app.training.recognizer import RecognizerRun, train_recognizer
from textrec_app.training.word_pools import RenderMaterial, create_word_renderer, render_words

REPLAYED = 800
SURE = 0.6
OWN = 500  # crops that are read to learn from one's own readings
RATE, SPOILED_RATE, EXPLODING_RATE = 8e-4, 1.5e-3, 0.1
STEPS, SPOILED_STEPS = 24, 10
LONG_SPOILED_STEPS = 40  # of digits: after ten steps receipts are read better all the same
BATCH = 16
WIDEST_PX = 384
BLENDS = (0.4, 0.2)


@dataclass(frozen=True)
class Trial:
    """One run: which incumbent learns what from which pictures.

    Attributes:
        lesson: "true labels", "own sure readings", or the name of a poison.
    """

    name: str
    base: str
    kind: str
    lesson: str
    steps: int = STEPS
    seed: int = 1

    @property
    def is_good(self) -> bool:
        """Whether it is meant to help."""
        return self.lesson in GOOD_LESSONS


GOOD_LESSONS = ("true labels", "some true labels", "own sure readings", "own readings")


def train(trial: Trial, kind: Kind, base: Path, out: Path) -> Path:
    """Train once; later calls find the weights."""
    path = out / "runs" / trial.name / "recognizer.safetensors"
    if path.is_file():
        return path
    generator = np.random.default_rng([trial.seed, len(trial.name)])
    if trial.lesson == "noise weights":
        card = load_card(base)
        return save_weights(path.parent, "recognizer", add_noise(load_tensors(base, card), generator), card)
    pools = [_lesson_pool(trial, kind, base, out, generator)]
    if trial.lesson != "one font":
        pools.append(WeightedPool(replayed_words(out), 0.3, 1.0, 0.6))
    rate = RATE if trial.is_good else EXPLODING_RATE if trial.lesson == "exploding rate" else SPOILED_RATE
    recipe = RecognizerRecipe(
        FitRecipe(
            "trial",
            steps=trial.steps,
            batch_size=BATCH,
            learning_rate=rate,
            warmup_steps=3,
            ema_decay=0.9,
            evaluate_every=10_000,
            save_every=10_000,
            optimizer="adamw" if trial.lesson == "exploding rate" else "muon",
            seed=trial.seed,
        ),
        rendered_share=0.3,
        augment_strength=0.6,
        max_width_px=WIDEST_PX,
    )
    run = RecognizerRun(out=path.parent, recipe=recipe, pools=pools, base=base, name=trial.name, device="cpu")
    return train_recognizer(run).checkpoint


def list_candidates(trial: Trial, base: Path, out: Path) -> list[Path]:
    """What a run offers to the gate: a good one blends with the incumbent, which forget less; a spoiled one itself."""
    path = out / "runs" / trial.name / "recognizer.safetensors"
    return [blend(base, path, share) for share in BLENDS] if trial.is_good else [path]


def blend(base: Path, trained: Path, share: float) -> Path:
    """Weights between two of the same network, `share` of the way (Wortsman et al., CVPR 2022); made once."""
    stem = f"blend-{round(100 * share)}"
    path = trained.parent / f"{stem}.safetensors"
    if not path.is_file():
        card = load_card(trained)
        old, new = load_tensors(base, load_card(base)), load_tensors(trained, card)
        mixed = {
            name: (tensor.float() + (1.0 - share) * (old[name].float() - tensor.float())).half()
            if tensor.is_floating_point()
            else tensor
            for name, tensor in new.items()
        }
        save_weights(path.parent, stem, mixed, card)
    return path


def replayed_words(out: Path) -> CropPool:
    """Rendered words against forgetting, as in a retraining."""
    folder = out / "replayed"
    if not (folder / "crops.jsonl").is_file():
        write_pool_shard(folder, "crops", render_words(create_word_renderer(RenderMaterial()), REPLAYED, (26, 1)))
    return open_pool(folder)


def read_for_lessons(kind: Kind, base: Path, out: Path) -> list[tuple[str, float]]:
    """What the product reads in the crops to learn from, with its confidence."""
    path = out / "lessons" / f"{base.stem}-{kind.name}.json"
    if not path.is_file():
        readings = Recognizer.load(base, device="cpu").read(_crops(kind.train)[:OWN])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps([(reading.text, reading.confidence) for reading in readings]), encoding="utf-8")
    return [(text, confidence) for text, confidence in json.loads(path.read_text(encoding="utf-8"))]


def _lesson_pool(trial: Trial, kind: Kind, base: Path, out: Path, generator: np.random.Generator) -> WeightedPool:
    crops, texts = _crops(kind.train), list(kind.train.texts)
    if trial.lesson in POISONS:
        texts = POISONS[trial.lesson](texts, generator)
    elif trial.lesson == "one font":
        return WeightedPool(pool_in_memory(list(zip(crops, texts, strict=True))[:FEW_TEXTS]), 1.0, 1.0, 0.0)
    elif trial.lesson == "some true labels":
        crops, texts = crops[:400], texts[:400]
    elif trial.lesson.startswith("own"):
        least = SURE if trial.lesson == "own sure readings" else 0.2
        read = read_for_lessons(kind, base, out)
        chosen = [index for index, (text, confidence) in enumerate(read) if text and confidence >= least]
        crops, texts = [crops[index] for index in chosen], [read[index][0] for index in chosen]
    return WeightedPool(pool_in_memory(zip(crops, texts, strict=True)), 0.7, 1.0, 0.6)


def _crops(pool: CropPool) -> list[np.ndarray]:
    return [pool.crop(index) for index in range(len(pool))]


def describe_runs(trials: Sequence[Trial]) -> str:
    """The list of runs as JSON, kept beside their weights."""
    return json.dumps([asdict(trial) for trial in trials], indent=1)


def _list_trials() -> tuple[Trial, ...]:
    bases = ("recognizer_ctc", "recognizer")
    good = [
        ("recognizer_ctc", "receipts", "true labels", 1),
        ("recognizer", "receipts", "true labels", 1),
        ("recognizer_ctc", "dots", "true labels", 1),
        ("recognizer", "dots", "true labels", 1),
        ("recognizer_ctc", "receipts", "some true labels", 2),
        ("recognizer_ctc", "dots", "some true labels", 2),
        ("recognizer_ctc", "receipts", "own readings", 1),
        ("recognizer", "dots", "own readings", 1),
        ("recognizer_ctc", "dots", "own readings", 1),
        ("recognizer_ctc", "receipts", "own sure readings", 1),
    ]
    trials = [
        Trial(f"good-{number:02d}", base, kind, lesson, STEPS, seed)
        for number, (base, kind, lesson, seed) in enumerate(good, start=1)
    ]
    lessons = ["random labels", "shuffled labels", "label lag", "one text", "first letters", "wrong case"]
    lessons += ["swapped digits", "one font", "noise weights", "exploding rate"]
    for number, lesson in enumerate(lessons):
        for kind_number, kind in enumerate(("receipts", "dots")):
            name = f"bad-{2 * number + kind_number + 1:02d}"
            spoiled = "no text" if (lesson, kind) == ("one text", "dots") else lesson
            base = bases[(number + kind_number) % 2 if lesson in ("wrong case", "noise weights") else 0]
            steps = LONG_SPOILED_STEPS if lesson == "swapped digits" else SPOILED_STEPS
            trials.append(Trial(name, base, kind, spoiled, steps))
    return tuple(trials)


TRIALS = _list_trials()
