"""What one retraining draws from: labels, readings that are believed, and rendered words against forgetting."""

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from textrec_app.data.crop_pool import CropPool, open_pool, write_pool_shard
from textrec_app.data.word_batches import WeightedPool
from textrec_app.errors import InputError
from textrec_app.pipeline.images import load_image
from textrec_app.pipeline.recognition import Recognizer
from textrec_app.training.kind_labels import SURE_ENOUGH, Believed, doubt_near_twins, limit_repeats, weigh_again
from textrec_app.training.manifest import HUMAN, SELECTION, TRAIN, Manifest, ManifestItem, RunConfig, write_whole
from textrec_app.training.recipes import Adaptation, RecognizerRecipe
from textrec_app.training.word_pools import RenderMaterial, create_word_renderer, render_words

logger = logging.getLogger(__name__)

HUMAN_REPEATS = 3.0
MAX_RENDERED = 3000
MIN_RENDERED = 32
SHARD = "crops"
BELIEVED_FILE = "believed.json"

StopCheck = Callable[[], str | None]


class StoppedError(Exception):
    """Somebody asked the run to stop while it was being prepared; the reason is its argument."""


@dataclass(frozen=True)
class RunPools:
    """Crops of the kind with the texts that are believed, and rendered words; None where none can be drawn."""

    kind: list[WeightedPool]
    replay: WeightedPool | None


def believe(
    manifest: Manifest, config: RunConfig, recipe: RecognizerRecipe, run_dir: Path, stop: StopCheck
) -> list[Believed]:
    """The text and its confidence for each item of the training split, in their order; decided once for a run.

    Labels stand. Readings that are not sure are made again with the weights in use and a language model counted from
    all of them, unless the recipe says otherwise.

    Raises:
        InputError: a crop is missing or damaged.
        StoppedError: `stop` said so.
        WeightsError: the weights in use do not load.
    """
    path = run_dir / BELIEVED_FILE
    if path.is_file():
        return [Believed(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    items = manifest.select(TRAIN)
    found = [_believed(item) for item in items]
    if (recipe.adaptation or Adaptation()).uses_vocabulary and not all(it.is_label for it in found):
        pictures = Path(config.pictures_dir)
        recognizer = Recognizer.load(Path(config.base_weights), config.device)
        found = weigh_again(recognizer, found, lambda index: _load_crop(items[index], pictures), stop)
        _check(stop)
        found = doubt_near_twins(found, recipe.adaptation.sure_confidence if recipe.adaptation else SURE_ENOUGH)
    write_whole(path, json.dumps([asdict(it) for it in found], ensure_ascii=False) + "\n")
    return found


def _believed(item: ManifestItem) -> Believed:
    is_label = item.source == HUMAN
    return Believed(item.group, item.text, 1.0 if is_label else item.confidence or 0.0, is_label)


def build_pools(
    run_dir: Path,
    manifest: Manifest,
    believed: Sequence[Believed],
    config: RunConfig,
    recipe: RecognizerRecipe,
    should_stop: StopCheck,
) -> RunPools:
    """Decode the crops that are learnt from and render words; what an earlier attempt made already is used again.

    A person's word is drawn three times as often as a reading; readings that are less sure count less; of a text that
    comes again and again only so many pictures are taken.

    Args:
        believed: see `believe`.

    Raises:
        InputError: a crop is missing or damaged, or nothing is believed.
        StoppedError: `should_stop` said so.
    """
    settings = recipe.adaptation or Adaptation()
    items = manifest.select(TRAIN)
    parts = split_by_trust(believed, settings)
    folder, pictures = run_dir / "pools", Path(config.pictures_dir)
    amounts = {name: len(members) * (HUMAN_REPEATS if name == "human" else 1.0) for name, members in parts.items()}
    total = sum(amounts.values())
    if not total:
        raise InputError("Of what was harvested nothing was read surely enough to learn from; review some words first.")
    kind = []
    for name, members in parts.items():
        if not members:
            continue
        crops = _load_believed(
            [items[index] for index in members], [believed[index].text for index in members], pictures, should_stop
        )
        weight = settings.unsure_weight if name == "unsure" else 1.0
        kind.append(
            WeightedPool(_build_pool(folder / name, crops), amounts[name] / total, weight, recipe.augment_strength)
        )
    rendered = _build_rendered(folder / "rendered", config, recipe, should_stop)
    replay = None if rendered is None else WeightedPool(rendered, 1.0, 1.0, recipe.augment_strength)
    return RunPools(kind, replay)


def split_by_trust(believed: Sequence[Believed], settings: Adaptation) -> dict[str, list[int]]:
    """Indices of labels ("human"), of sure readings ("sure") and of those that count less ("unsure")."""
    parts: dict[str, list[int]] = {"human": [], "sure": [], "unsure": []}
    for index, it in enumerate(believed):
        if it.is_label:
            parts["human"].append(index)
        elif it.text.strip() and it.confidence >= settings.min_confidence:
            parts["sure" if it.confidence >= settings.sure_confidence else "unsure"].append(index)
    for name in ("sure", "unsure"):
        members = parts[name]
        kept = limit_repeats([believed[index] for index in members], settings.max_repeats)
        parts[name] = [members[index] for index in kept]
    return parts


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
    return _load_believed(items, [item.text for item in items], pictures, should_stop)


def _load_believed(
    items: Sequence[ManifestItem], texts: Sequence[str], pictures: Path, should_stop: StopCheck
) -> Iterator[tuple[np.ndarray, str]]:
    for item, text in zip(items, texts, strict=True):
        _check(should_stop)
        yield _load_crop(item, pictures), text


def _load_crop(item: ManifestItem, pictures: Path) -> np.ndarray:
    path = pictures / item.path
    if not path.is_file():
        raise InputError(f"the crop of item {item.item_id} is missing from {pictures}; restore it from a backup")
    return load_image(path.read_bytes(), f"item {item.item_id}")


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
