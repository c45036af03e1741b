"""How fast glyph masks are made, how many crops have none and why, and what they add to the making of batches.

    python -m docs.benchmarks.glyph_masks FOLDER... [--crops 2000] [--batches 60]

A folder is a data set of labeled words or a pool of crops (`*.bin` with `*.jsonl`). Processor time of one thread is
counted, so that a busy machine does not spoil the numbers.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from textrec_app.data.buckets import resize_to_bucket
from textrec_app.data.crop_pool import CropPool, open_pool
from textrec_app.data.glyph_mask_cache import make_glyph_masks
from textrec_app.data.glyph_masks import glyph_mask_kmeans, split_glyph_batch
from textrec_app.data.recognition_sets import load_recognition_set
from textrec_app.data.word_batches import WeightedPool, WordBatch, WordSampler
from textrec_app.data.word_views import ViewSettings
from textrec_app.training.word_pools import load_crop_pool

SLOW_CROPS = 60
BATCH, BATCH_WIDTH_PX = 128, 128
STARTS, ROUNDS, CLOSE = 2, 30, 0.5
BLOCKS = 6
VIEWS = {name: ViewSettings(name) for name in ("camera", "randaugment", "both")}


def load_pool(folder: Path) -> CropPool:
    """The crops of a folder, at most 64 px high."""
    if any(folder.glob("*.bin")):
        return open_pool(folder)
    return load_crop_pool(load_recognition_set(folder))


def measure(count: int, work: Callable[[], object]) -> int:
    """Crops a second of processor time of one call that works on so many."""
    begin = time.process_time()
    work()
    return round(count / (time.process_time() - begin))


def cluster_with_opencv(crop: np.ndarray) -> float:
    """General k-means of OpenCV on the brightness of a crop: its squares within the clusters."""
    values = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32).reshape(-1, 1)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, ROUNDS, CLOSE)
    return float(cv2.kmeans(values, 2, None, criteria, STARTS, cv2.KMEANS_PP_CENTERS)[0])


def cluster_with_sklearn(crop: np.ndarray) -> float:
    """General k-means of scikit-learn on the brightness of a crop: its squares within the clusters."""
    from sklearn.cluster import KMeans

    values = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32).reshape(-1, 1)
    return float(KMeans(2, n_init=STARTS, max_iter=ROUNDS, random_state=0).fit(values).inertia_)


def measure_ways(pool: CropPool, limit: int) -> dict[str, int]:
    """Crops a second of each way to find masks, on crops spread over a pool."""
    numbers = np.linspace(0, len(pool) - 1, min(limit, len(pool))).astype(int)
    crops = [np.array(pool.crop(int(number))) for number in numbers]
    few = crops[:: max(1, len(crops) // SLOW_CROPS)]
    finished = [cv2.resize(resize_to_bucket(crop), (BATCH_WIDTH_PX, 32)) for crop in crops[:BATCH]]
    batch = torch.from_numpy(np.stack(finished)).permute(0, 3, 1, 2).contiguous()
    split_glyph_batch(batch)
    cluster_with_sklearn(crops[0])
    return {
        "exact": measure(len(crops), lambda: [glyph_mask_kmeans(crop) for crop in crops]),
        "exact, finished batches on the device": measure(len(batch), lambda: split_glyph_batch(batch)),
        "cv2.kmeans": measure(len(few), lambda: [cluster_with_opencv(crop) for crop in few]),
        "sklearn": measure(len(few), lambda: [cluster_with_sklearn(crop) for crop in few]),
    }


def measure_batches(pool: CropPool, batches: int) -> dict[str, dict[str, float]]:
    """Crops a second of `WordSampler` without and with masks, drawn in turns, and the share that masks cost."""
    result = {}
    for name, views in VIEWS.items():
        plain = WordSampler([WeightedPool(pool, 1.0)], BATCH, seed=1, views=views)
        samplers = (plain, plain.with_masks(None))
        spent, crops = [0.0, 0.0], 0
        for block in np.array_split(np.arange(batches), min(BLOCKS, batches)):
            for place, sampler in enumerate(samplers):
                begin = time.process_time()
                drawn: list[WordBatch] = [sampler.batch(int(step)) for step in block]
                spent[place] += time.process_time() - begin
            crops += sum(len(batch.texts) for batch in drawn)
        rates = [crops / seconds for seconds in spent]
        result[name] = {"without": round(rates[0]), "with": round(rates[1]), "share": round(1 - rates[1] / rates[0], 3)}
    return result


def main() -> None:
    """Print one JSON object for each folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--crops", type=int, default=2000, help="crops that the fast ways are timed on")
    parser.add_argument("--batches", type=int, default=60, help=f"batches of {BATCH} words that are drawn each way")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    for folder in options.folders:
        pool = load_pool(folder)
        facts: dict[str, Any] = {"folder": folder.name, "crops": len(pool), "outcomes": make_glyph_masks(pool).counts}
        facts["masks, crops/s"] = measure_ways(pool, options.crops)
        facts["batches, crops/s"] = measure_batches(pool, options.batches)
        print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main()
