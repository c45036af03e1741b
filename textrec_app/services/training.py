"""Training by developers: folders of labeled words in, a resumable run and a checkpoint out."""

import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState

from models.weights import load_card
from textrec_app.data.crop_pool import CropPool, open_pool, pool_in_memory
from textrec_app.data.folds import leave_out_fold
from textrec_app.data.recognition_sets import RecognitionSample
from textrec_app.data.word_batches import WeightedPool
from textrec_app.errors import InputError
from textrec_app.services.architectures import check_architecture
from textrec_app.services.evaluating import calibrate
from textrec_app.services.training_sets import (
    TrainingSet,
    compute_shares,
    keep_usable,
    load_training_samples,
    load_training_sets,
)
from textrec_app.services.unlabeled import load_unlabeled
from textrec_app.training.aligned_start import align_recognizer, create_box_renderer
from textrec_app.training.batch_workers import choose_workers
from textrec_app.training.fresh_words import FreshWordSource
from textrec_app.training.recipes import RecognizerRecipe, get_recognizer_recipe
from textrec_app.training.recognizer import RecognizerRun, RunResult, train_recognizer
from textrec_app.training.scene_words import cut_empty_pieces, cut_scene_words
from textrec_app.training.self_training import self_train
from textrec_app.training.semimtr import train_semimtr
from textrec_app.training.semimtr_recipes import SemiRecipe, find_semi_recipe
from textrec_app.training.word_pools import RenderMaterial, load_crop_pool, render_word_pool

__all__ = ["TrainingOrder", "find_commit", "load_training_samples", "train_recognizer_on"]

RENDERED_AUGMENT_STRENGTH = 0.6
EMPTY_A_SCENE, EMPTY_SHARE, PIECES_SEED = 4, 0.02, 1
SIGA, ABINET = "siga_", "abinet_"


@dataclass(frozen=True)
class TrainingOrder:
    """What `train recognizer` is asked for.

    Attributes:
        data: folders of labeled words; a tenth of all is held back for validation.
        data_weights: how much each folder counts in the mixture, see `compute_shares`; none for equal ones.
        leave_out: fold of the train part that is not trained on, as (number, folds); it can be judged then.
        unlabeled: folders of word pictures whose texts are guessed, see `self_train` and `train_semimtr`.
        minutes: length of this sitting; None runs the whole schedule.
        schedule_minutes: minutes after which the learning rate has fallen to its end; None counts steps.
        steps: replaces the recipe's number of steps.
        base: weights to begin from.
        architecture: another network than the recipe's; the base then only lends it the tensors that fit.
        language: a cloze language model that an `abinet_s` begins with.
        corrections: a table of label errors, see `correct_labels`.
        workers: processes that make batches, see `choose_workers`.
        rendered_words: size of the pool that is rendered into `out/pool` (kept for the next sitting).
        fresh_words: render new words for every step instead; None does so on a GPU.
    """

    out: Path
    recipe: str = "base"
    data: tuple[Path, ...] = ()
    data_weights: tuple[float, ...] = ()
    leave_out: tuple[int, int] | None = None
    unlabeled: tuple[Path, ...] = ()
    minutes: float | None = None
    schedule_minutes: float | None = None
    steps: int | None = None
    base: Path | None = None
    architecture: str | None = None
    language: Path | None = None
    rendered_words: int = 100_000
    rendered_share: float | None = None
    fresh_words: bool | None = None
    material: RenderMaterial = field(default_factory=RenderMaterial)
    corrections: Path | None = None
    processes: int = 1
    version: str = "0"
    device: str = "auto"
    workers: int | None = None


def train_recognizer_on(
    order: TrainingOrder,
    on_progress: Callable[[dict[str, Any]], None] = lambda line: None,
    should_stop: Callable[[], str | None] = lambda: None,
) -> RunResult:
    """Train a recognizer on folders and rendered words; goes on from `order.out` where a run is there.

    The confidence of the checkpoint is calibrated on the words that were held back. Started by
    `accelerate launch`, the processes share each step's batch.

    Raises:
        InputError: no data and no rendered words, a folder is no recognition set, or the architecture no recognizer.
    """
    recipe = _recipe_of(order)
    _check_base(order, recipe)
    _check_semi(order, recipe)
    share = recipe.rendered_share if order.rendered_share is None else order.rendered_share
    pools: list[WeightedPool] = []
    sets, held_back = load_training_sets(order.data, order.corrections)
    names: list[Any] = [{"name": folder.name} for folder in order.data]
    real = build_real_pools(sets, order, 1.0 - share, recipe.augment_strength)
    if real:
        pools += real
        n_real = sum(len(pool.pool) for pool in real)
        names.append({"name": "real words", "n": n_real, "n_validation": len(held_back)})
    source = _fresh_source(order, recipe, real, share)
    if source is not None:
        names.append({"name": "rendered words, always new"})
    elif order.rendered_words > 0 and share > 0 and not recipe.aligned:
        rendered = _rendered_pool(order, recipe.fit.seed)
        strength = RENDERED_AUGMENT_STRENGTH * recipe.augment_strength
        pools.append(WeightedPool(rendered, share, augment_strength=strength))
        names.append({"name": "rendered words", "n": len(rendered)})
    if not (pools or source or order.unlabeled or recipe.aligned):
        raise InputError("there is nothing to train on: name folders with --data, or render words")
    run = RecognizerRun(
        out=order.out,
        recipe=recipe,
        pools=pools,
        validation=load_crop_pool(held_back) if held_back else None,
        minutes=order.minutes,
        base=order.base,
        transfer=order.architecture is not None,
        version=order.version,
        data=names,
        commit=find_commit(),
        device=order.device,
        source=source,
        workers=choose_workers(order.workers, order.device != "cpu" and torch.cuda.is_available()),
    )
    result = _train(order, run, held_back, should_stop, on_progress)
    if held_back and PartialState().is_main_process:
        calibrate(result.checkpoint, held_back)
    return result


def _train(
    order: TrainingOrder,
    run: RecognizerRun,
    held_back: Sequence[RecognitionSample],
    should_stop: Callable[[], str | None],
    on_progress: Callable[[dict[str, Any]], None],
) -> RunResult:
    if isinstance(run.recipe, SemiRecipe):
        without_labels = load_unlabeled(order.unlabeled, held_back).pool if order.unlabeled else pool_in_memory([])
        return train_semimtr(run, without_labels, order.language, should_stop, on_progress)
    if run.recipe.aligned:
        return align_recognizer(run, create_box_renderer(order.material), should_stop, on_progress)
    if order.unlabeled:
        return self_train(run, load_unlabeled(order.unlabeled, held_back), should_stop, on_progress)
    return train_recognizer(run, should_stop, on_progress)


def _check_base(order: TrainingOrder, recipe: RecognizerRecipe) -> None:
    """Refuse a base without the branch that the recipe teaches: the base's architecture would be trained instead."""
    kind = next((kind for kind in (SIGA, ABINET) if recipe.architecture.startswith(kind)), None)
    if order.base is None or order.architecture is not None or kind is None:
        return
    own = load_card(order.base).architecture
    if not own.startswith(kind):
        what = "glyphs" if kind == SIGA else "what is seen and what is said to each other"
        raise InputError(
            f"The recipe '{order.recipe}' teaches {what}, but {order.base.name} is a {own}; "
            f"add --architecture {recipe.architecture}, and it lends its trunk."
        )


def _check_semi(order: TrainingOrder, recipe: RecognizerRecipe) -> None:
    """Refuse crops or a language model that would not be looked at, and a recipe without the crops it is about."""
    if not isinstance(recipe, SemiRecipe):
        if order.language is not None:
            raise InputError(f"The recipe '{order.recipe}' begins with no language model; leave --language away.")
        return
    if recipe.semi.consistency is not None and not order.unlabeled:
        raise InputError(
            f"The recipe '{order.recipe}' learns from crops without labels; name folders: --unlabeled DIR."
        )


def _recipe_of(order: TrainingOrder) -> RecognizerRecipe:
    check_architecture(order.architecture)
    minutes = order.schedule_minutes
    recipe = find_semi_recipe(order.recipe, minutes) or get_recognizer_recipe(order.recipe, minutes)
    if order.steps is not None:
        recipe = replace(recipe, fit=replace(recipe.fit, steps=order.steps))
    if order.architecture is None or order.architecture == recipe.architecture:
        return recipe
    return replace(recipe, architecture=order.architecture, network=())


def find_commit() -> str:
    """The commit of the program's own checkout, or "" outside one."""
    git = shutil.which("git")
    if git is None:
        return ""
    root = Path(__file__).parents[2]
    done = subprocess.run([git, "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def build_real_pools(
    sets: Sequence[TrainingSet], order: TrainingOrder, share: float, augment_strength: float
) -> list[WeightedPool]:
    """One pool for each folder that gives something; their shares sum to `share`.

    Scenes also give a small share of pieces without text on top, so that nothing is read where nothing is written.
    """
    parts = [leave_out_fold(part.train, *order.leave_out) if order.leave_out else part.train for part in sets]
    usable = [keep_usable(part) for part in parts]
    shares = compute_shares([len(part) for part in usable], order.data_weights)
    pools = [
        WeightedPool(_load_pool(of.from_scenes, part), share * own, augment_strength=augment_strength)
        for of, part, own in zip(sets, usable, shares, strict=True)
        if own > 0
    ]
    scenes = [of.folder for of, own in zip(sets, shares, strict=True) if of.from_scenes and own > 0]
    pieces = pool_in_memory(cut_empty_pieces(scenes, EMPTY_A_SCENE, PIECES_SEED))
    return [*pools, WeightedPool(pieces, share * EMPTY_SHARE, augment_strength=augment_strength)] if scenes else pools


def _load_pool(from_scenes: bool, samples: Sequence[RecognitionSample]) -> CropPool:
    return pool_in_memory(cut_scene_words(samples)) if from_scenes else load_crop_pool(samples)


def _fresh_source(
    order: TrainingOrder, recipe: RecognizerRecipe, real: Sequence[WeightedPool], share: float
) -> FreshWordSource | None:
    """Words rendered anew for every step, where that is wanted: by default where a GPU composes them."""
    has_gpu = order.device != "cpu" and torch.cuda.is_available()
    wanted = has_gpu if order.fresh_words is None else order.fresh_words
    is_other = recipe.aligned or isinstance(recipe, SemiRecipe) or bool(order.unlabeled)
    if not wanted or order.rendered_words == 0 or share <= 0 or is_other:
        return None
    return FreshWordSource(order.material, real, recipe, min(share, 1.0))


def _rendered_pool(order: TrainingOrder, seed: int) -> CropPool:
    folder = order.out / "pool"
    with PartialState().local_main_process_first():
        render_word_pool(folder, order.rendered_words, seed, order.material, order.processes)
    return open_pool(folder)
