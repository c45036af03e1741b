"""Training by developers: folders of labeled words in, a resumable run and a checkpoint out."""

import logging
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from accelerate import PartialState

from models.charset import PRINTABLE_ASCII, Charset
from textrec_app.data.crop_pool import CropPool, open_pool
from textrec_app.data.recognition_sets import RecognitionSample, load_recognition_set, split_validation
from textrec_app.data.word_batches import WeightedPool
from textrec_app.errors import InputError
from textrec_app.services.evaluating import calibrate
from textrec_app.training.recipes import get_recognizer_recipe
from textrec_app.training.recognizer import RecognizerRun, RunResult, train_recognizer
from textrec_app.training.word_pools import RenderMaterial, load_crop_pool, render_word_pool

logger = logging.getLogger(__name__)

RENDERED_AUGMENT_STRENGTH = 0.6


@dataclass(frozen=True)
class TrainingOrder:
    """What `train recognizer` is asked for.

    Attributes:
        data: folders of labeled words; a tenth of all is held back for validation.
        minutes: length of this sitting; None runs the whole schedule.
        schedule_minutes: minutes after which the learning rate has fallen to its end; None counts steps.
        steps: replaces the recipe's number of steps.
        base: weights to begin from.
        corrections: a table of label errors, see `correct_labels`.
        rendered_words: size of the pool that is rendered into `out/pool` (kept for the next sitting).
    """

    out: Path
    recipe: str = "base"
    data: tuple[Path, ...] = ()
    minutes: float | None = None
    schedule_minutes: float | None = None
    steps: int | None = None
    base: Path | None = None
    rendered_words: int = 100_000
    rendered_share: float | None = None
    material: RenderMaterial = field(default_factory=RenderMaterial)
    corrections: Path | None = None
    processes: int = 1
    version: str = "0"
    device: str = "auto"


def train_recognizer_on(
    order: TrainingOrder,
    on_progress: Callable[[dict[str, Any]], None] = lambda line: None,
    should_stop: Callable[[], str | None] = lambda: None,
) -> RunResult:
    """Train a recognizer on folders and rendered words; goes on from `order.out` where a run is there.

    The confidence of the checkpoint is calibrated on the words that were held back. Started by
    `accelerate launch`, the processes share each step's batch.

    Raises:
        InputError: no data and no rendered words, or a folder is no recognition set.
    """
    recipe = get_recognizer_recipe(order.recipe, order.schedule_minutes)
    if order.steps is not None:
        recipe = replace(recipe, fit=replace(recipe.fit, steps=order.steps))
    share = recipe.rendered_share if order.rendered_share is None else order.rendered_share
    pools: list[WeightedPool] = []
    train, held_back = load_training_samples(order.data, order.corrections)
    usable = _covered(train)
    names: list[Any] = [{"name": folder.name} for folder in order.data]
    if usable:
        real = load_crop_pool(usable)
        names.append({"name": "real words", "n": len(usable), "n_validation": len(held_back)})
        pools.append(WeightedPool(real, 1.0 - share, augment_strength=recipe.augment_strength))
    if order.rendered_words > 0 and share > 0:
        rendered = _rendered_pool(order, recipe.fit.seed)
        strength = RENDERED_AUGMENT_STRENGTH * recipe.augment_strength
        pools.append(WeightedPool(rendered, share, augment_strength=strength))
        names.append({"name": "rendered words", "n": len(rendered)})
    if not pools:
        raise InputError("there is nothing to train on: name folders with --data, or render words")
    run = RecognizerRun(
        out=order.out,
        recipe=recipe,
        pools=pools,
        validation=load_crop_pool(held_back) if held_back else None,
        minutes=order.minutes,
        base=order.base,
        version=order.version,
        data=names,
        commit=find_commit(),
        device=order.device,
    )
    result = train_recognizer(run, should_stop, on_progress)
    if held_back and PartialState().is_main_process:
        calibrate(result.checkpoint, held_back)
    return result


def load_training_samples(
    folders: Sequence[Path], corrections: Path | None = None
) -> tuple[list[RecognitionSample], list[RecognitionSample]]:
    """Train and validation samples of all folders; near-duplicates are in one part.

    Labels are corrected after the split, which depends on the labels as they came.
    """
    if not folders:
        return [], []
    samples = [sample for folder in folders for sample in load_recognition_set(folder)]
    train, held_back = split_validation(samples)
    if corrections is None:
        return train, held_back
    table = corrections.read_text(encoding="utf-8")
    return correct_labels(train, table), correct_labels(held_back, table)


def correct_labels(samples: Sequence[RecognitionSample], table: str) -> list[RecognitionSample]:
    """Replace labels that a person found to be wrong.

    Args:
        table: lines of `set/file<TAB>label as it came<TAB>what the picture says`; a line is used only where
            both the end of the path and the label fit.
    """
    rows = [line.split("\t") for line in table.splitlines() if line.count("\t") == 2]
    right = {(path, wrong): text for path, wrong, text in rows}
    return [
        replace(sample, text=right.get(("/".join(sample.path.parts[-2:]), sample.text), sample.text))
        if sample.path is not None
        else sample
        for sample in samples
    ]


def find_commit() -> str:
    """The commit of the program's own checkout, or "" outside one."""
    git = shutil.which("git")
    if git is None:
        return ""
    root = Path(__file__).parents[2]
    done = subprocess.run([git, "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _covered(samples: Sequence[RecognitionSample]) -> list[RecognitionSample]:
    """Samples that have a text, all of it in the charset; the others are counted in the log."""
    charset = Charset(PRINTABLE_ASCII)
    usable = [sample for sample in samples if sample.text and charset.covers(sample.text)]
    if len(usable) < len(samples):
        logger.info("%d samples left out: characters outside the charset, or no text", len(samples) - len(usable))
    return usable


def _rendered_pool(order: TrainingOrder, seed: int) -> CropPool:
    folder = order.out / "pool"
    with PartialState().local_main_process_first():
        render_word_pool(folder, order.rendered_words, seed, order.material, order.processes)
    return open_pool(folder)
