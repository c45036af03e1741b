"""The pools that one retraining draws from: a person's words, pseudo-labels, and rendered words against forgetting."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from textrec_app.data.crop_pool import CropPool, open_pool, write_pool_shard
from textrec_app.data.word_batches import WeightedPool
from textrec_app.errors import InputError
from textrec_app.pipeline.images import load_image
from textrec_app.training.manifest import HUMAN, PSEUDO, SELECTION, TRAIN, Manifest, ManifestItem, RunConfig
from textrec_app.training.recipes import RecognizerRecipe
from textrec_app.training.word_pools import RenderMaterial, create_word_renderer, render_words

logger = logging.getLogger(__name__)

HUMAN_REPEATS = 3.0
MAX_RENDERED = 3000
MIN_RENDERED = 32
SHARD = "crops"

StopCheck = Callable[[], str | None]


class StoppedError(Exception):
    """Somebody asked the run to stop while it was being prepared; the reason is its argument."""


def build_pools(
    run_dir: Path, manifest: Manifest, config: RunConfig, recipe: RecognizerRecipe, should_stop: StopCheck
) -> list[WeightedPool]:
    """Decode the manifest's crops and render words; what an earlier attempt made already is used again.

    A person's word is drawn three times as often as a pseudo-label.

    Raises:
        InputError: a crop is missing or damaged.
        StoppedError: `should_stop` said so.
    """
    folder, pictures = run_dir / "pools", Path(config.pictures_dir)
    human, pseudo = manifest.select(TRAIN, HUMAN), manifest.select(TRAIN, PSEUDO)
    strength = recipe.augment_strength
    amount = HUMAN_REPEATS * len(human) + len(pseudo)
    given = 1.0 - recipe.rendered_share
    pools = []
    for name, items, repeats, weight in (
        ("human", human, HUMAN_REPEATS, 1.0),
        ("pseudo", pseudo, 1.0, recipe.pseudo_label_weight * _mean_weight(pseudo)),
    ):
        if items:
            pool = _build_pool(folder / name, load_crops(items, pictures, should_stop))
            pools.append(WeightedPool(pool, given * repeats * len(items) / amount, weight, strength))
    rendered = _build_rendered(folder / "rendered", config, recipe, should_stop)
    if rendered is not None:
        pools.append(WeightedPool(rendered, recipe.rendered_share, 1.0, strength))
    return pools


def build_selection_pool(
    run_dir: Path, manifest: Manifest, config: RunConfig, should_stop: StopCheck
) -> CropPool | None:
    """The reviewed words that choose among the run's own states; None where there are too few to spare."""
    items = manifest.select(SELECTION)
    if not items:
        return None
    return _build_pool(run_dir / "pools" / "selection", load_crops(items, Path(config.pictures_dir), should_stop))


def load_crops(
    items: Sequence[ManifestItem], pictures: Path, should_stop: StopCheck
) -> Iterator[tuple[np.ndarray, str]]:
    """Crops of manifest items with their texts.

    Raises:
        InputError: a crop is missing or damaged.
        StoppedError: `should_stop` said so.
    """
    for item in items:
        _check(should_stop)
        path = pictures / item.path
        if not path.is_file():
            raise InputError(f"the crop of item {item.item_id} is missing from {pictures}; restore it from a backup")
        yield load_image(path.read_bytes(), f"item {item.item_id}"), item.text


def _build_pool(folder: Path, crops: Iterable[tuple[np.ndarray, str]]) -> CropPool:
    if not (folder / f"{SHARD}.jsonl").is_file():
        write_pool_shard(folder, SHARD, crops)
    return open_pool(folder)


def _build_rendered(
    folder: Path, config: RunConfig, recipe: RecognizerRecipe, should_stop: StopCheck
) -> CropPool | None:
    if recipe.rendered_share <= 0:
        return None
    if (folder / f"{SHARD}.jsonl").is_file():
        return open_pool(folder)
    wanted = round(recipe.fit.steps * recipe.fit.batch_size * recipe.rendered_share)
    amount = min(MAX_RENDERED, max(MIN_RENDERED, wanted))
    fonts = None if config.fonts_dir is None else Path(config.fonts_dir)
    try:
        renderer = create_word_renderer(RenderMaterial(fonts=fonts, with_system_fonts=fonts is None))
    except InputError as error:
        logger.warning("training goes on without rendered words: %s", error)
        return None
    _check(should_stop)
    return _build_pool(folder, _checked(render_words(renderer, amount, (config.seed, config.job_id)), should_stop))


def _checked(crops: Iterable[tuple[np.ndarray, str]], should_stop: StopCheck) -> Iterator[tuple[np.ndarray, str]]:
    for crop in crops:
        _check(should_stop)
        yield crop


def _check(should_stop: StopCheck) -> None:
    reason = should_stop()
    if reason:
        raise StoppedError(reason)


def _mean_weight(items: Sequence[ManifestItem]) -> float:
    return float(np.mean([item.weight for item in items])) if items else 1.0
