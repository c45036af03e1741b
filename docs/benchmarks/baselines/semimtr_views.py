"""The crops of `docs.benchmarks.semimtr_matrix` and their views: labeled, unlabeled, measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from docs.benchmarks.baselines.trunk_views import (
    TrunkViews,
    compute_trunk_views,
    load_trunk_views,
    save_trunk_views,
)
from models.charset import PRINTABLE_ASCII, Charset
from models.recognition.abinet import AbinetNetwork, build_abinet_s
from models.weights import load_card, load_tensors
from textrec_app.data.augment import paint_camera
from textrec_app.data.buckets import bucket_width
from textrec_app.data.crop_pool import open_pool
from textrec_app.data.recognition_sets import load_recognition_set
from textrec_app.data.strong_views import strong_view, weak_view
from textrec_app.pipeline.sample_crops import load_sample_crop
from textrec_app.services.unlabeled import list_unlabeled
from textrec_app.training.recognizer_start import lend_tensors

WIDEST_PX = 256
LONGEST = 25
TRUNK_SETTINGS = ("widths", "depths", "heads", "local_blocks", "local_reach", "global_blocks")
CHARSET = Charset(PRINTABLE_ASCII)
Crops = list[tuple[np.ndarray, str]]


@dataclass(frozen=True)
class CropPlan:
    """Which crops are drawn.

    Attributes:
        labeled: folders (packed pools or labeled sets), each with how many crops are drawn from it.
        unlabeled: folders whose texts are never looked at, likewise.
        measured: sets that are only read.
    """

    labeled: tuple[tuple[Path, int], ...]
    unlabeled: tuple[tuple[Path, int], ...]
    measured: tuple[tuple[Path, int], ...]
    seed: int = 1


def start_abinet(base: Path, seed: int = 1) -> AbinetNetwork:
    """An `abinet_s` on the trunk and fast path of a base; what stands on them begins afresh."""
    torch.manual_seed(seed)
    card = load_card(base)
    shape = {name: card.config[name] for name in TRUNK_SETTINGS if name in card.config}
    network = build_abinet_s({"classes": len(CHARSET) + 1, **shape})
    lend_tensors(network, load_tensors(base, card))
    network.begin_from_fast_path()
    return network


def prepare_views(folder: Path, base: Path, plan: CropPlan) -> dict[str, TrunkViews]:
    """Views by name, "labeled", "unlabeled" and one for each measured set; what lies in the folder is used again."""
    network = start_abinet(base)
    found = {}
    for name, sources, has_text in (("labeled", plan.labeled, True), ("unlabeled", plan.unlabeled, False)):
        found[name] = _views(folder / f"{name}.safetensors", network, sources, plan.seed, has_text)
    for source in plan.measured:
        path = folder / f"measured-{source[0].name}.safetensors"
        if not path.is_file():
            crops = draw_crops(source[0], source[1], plan.seed, has_text=True)
            save_trunk_views(path, compute_trunk_views(network, crops, [_as_it_is], plan.seed))
        found[source[0].name] = load_trunk_views(path)
    return found


def draw_crops(folder: Path, count: int, seed: int, has_text: bool) -> Crops:
    """Crops that are neither too wide nor, where the text is known, too long or outside printable ASCII."""
    order = np.random.default_rng(seed)
    crops: Crops = []
    if any(folder.glob("*.bin")):
        pool = open_pool(folder)
        for index in order.permutation(len(pool)).tolist():
            crop, text = pool.crop(index), pool.texts[index]
            if _fits(crop, text if has_text else None):
                crops.append((np.array(crop), text if has_text else ""))
            if len(crops) == count:
                break
        return crops
    samples = load_recognition_set(folder) if has_text else list_unlabeled(folder)[0]
    for index in order.permutation(len(samples)).tolist():
        crop = load_sample_crop(samples[index])
        text = samples[index].text if has_text else None
        if _fits(crop, text):
            crops.append((crop, text or ""))
        if len(crops) == count:
            break
    return crops


def _views(
    path: Path, network: AbinetNetwork, sources: Sequence[tuple[Path, int]], seed: int, has_text: bool
) -> TrunkViews:
    if not path.is_file():
        crops = [crop for folder, count in sources for crop in draw_crops(folder, count, seed, has_text)]
        makers = [_camera_view, strong_view] if has_text else [weak_view, strong_view, strong_view]
        save_trunk_views(path, compute_trunk_views(network, crops, makers, seed))
    return load_trunk_views(path)


def _fits(crop: np.ndarray, text: str | None) -> bool:
    if bucket_width(crop.shape[:2]) > WIDEST_PX:
        return False
    return text is None or (0 < len(text) <= LONGEST and CHARSET.covers(text))


def _camera_view(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return paint_camera(image, generator, 0.6)


def _as_it_is(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return image
