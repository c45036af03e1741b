"""How far from the middle of each letter a CTC recognizer speaks, found without knowing where any letter is.

    python -m docs.benchmarks.ctc_lag FOLDER … [--model FILE] [--count 200] [--seed 0]

CTC is free to say a letter anywhere near it, and a network chooses one place for all. Where it speaks in the middle,
the first letter begins as far before the first span as the last letter ends after the last; half the difference
between both distances is how much too far left it speaks. The ends are those of the ink that k-means finds. FOLDERs
are labeled sets, of which the part for training is used, or pools of packed crops. Printed are the median and the
quartiles over the words, in pixels of the network's input and in its columns: `lag_columns` of a `siga_s` over the same
trunk.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from models.charset import Charset
from models.recognition.ctc_alignment import align_text
from models.recognition.text_network import TextNetwork
from models.weights import PRETRAINED_DIR, load_network
from textrec_app.data.buckets import batch_by_width, resize_to_bucket
from textrec_app.data.crop_pool import CropPool, open_pool
from textrec_app.data.glyph_masks import glyph_mask_kmeans
from textrec_app.errors import InputError
from textrec_app.services.training_sets import load_training_samples
from textrec_app.training.recognizer import crops_to_tensor
from textrec_app.training.word_pools import load_crop_pool

LEAST_LETTERS = 3
WIDEST_PX = 192
LEAST_INK_ROWS = 2
BATCH = 32


def find_ink_ends(mask: np.ndarray) -> tuple[int, int] | None:
    """First and last-plus-one column of a mask (H, W) with at least two pixels of ink; None for less than 8 columns."""
    columns = np.flatnonzero(np.count_nonzero(mask, axis=0) >= LEAST_INK_ROWS)
    return (int(columns[0]), int(columns[-1]) + 1) if len(columns) >= 8 else None


def compute_lag(spans_px: np.ndarray, ends_px: tuple[int, int]) -> float:
    """How much further right the letters lie than a network spoke, in pixels.

    Args:
        spans_px: (n, 2) begin and end of each span.
        ends_px: of the ink.
    """
    middles = spans_px.mean(axis=1)
    return float((ends_px[1] - middles[-1]) - (middles[0] - ends_px[0])) / 2


def measure_lags(
    network: TextNetwork, charset: Charset, crops: Sequence[np.ndarray], texts: Sequence[str]
) -> np.ndarray:
    """The lag in each word whose ink is found, true texts forced: (n,) pixels."""
    lags: list[float] = []
    for chunk, images in batch_by_width([resize_to_bucket(crop) for crop in crops], lambda width: BATCH):
        with torch.inference_mode():
            log_probs = network(crops_to_tensor(images, torch.device("cpu"))).float().log_softmax(dim=-1).numpy()
        for row, index in enumerate(chunk):
            mask = glyph_mask_kmeans(images[row])
            ends = None if mask is None else find_ink_ends(mask)
            if ends is None:
                continue
            spans = np.array(align_text(log_probs[row], charset.encode(texts[index]), 0.0, charset).spans, float)
            lags.append(compute_lag(spans * images.shape[2] / log_probs.shape[1], ends))
    return np.array(lags)


def choose_words(pool: CropPool, charset: Charset, count: int, seed: int) -> list[int]:
    """Random words of at least three letters of the charset that are not wide."""
    order = np.random.default_rng(seed).permutation(len(pool))
    fitting = (
        int(index)
        for index in order
        if len(pool.texts[index]) >= LEAST_LETTERS
        and charset.covers(pool.texts[index])
        and pool.buckets[index] <= WIDEST_PX
    )
    return [index for index, _ in zip(fitting, range(count), strict=False)]


def open_words(folder: Path) -> CropPool:
    """A packed pool, or what training sees of a labeled folder."""
    if any(folder.glob("*.bin")):
        return open_pool(folder)
    return load_crop_pool(load_training_samples([folder], None)[0])


def main() -> None:
    """Print one row for each folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--model", type=Path, default=PRETRAINED_DIR / "recognizer_ctc.safetensors")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    network, card = load_network(options.model)
    if not isinstance(network, TextNetwork) or network.emits != "ctc":
        raise InputError(f"{options.model.name} has no CTC head. Name a recognizer that reads by CTC.")
    charset, column_px = Charset(card.charset), WIDEST_PX / network.span_steps(WIDEST_PX)
    print("| words | n | lag, px | quartiles | columns |\n|---|---|---|---|---|")
    for folder in options.folders:
        pool = open_words(folder)
        chosen = choose_words(pool, charset, options.count, options.seed)
        crops = [np.array(pool.crop(index)) for index in chosen]
        lags = measure_lags(network, charset, crops, [pool.texts[index] for index in chosen])
        low, middle, high = np.percentile(lags, (25, 50, 75))
        print(f"| {folder.name} | {len(lags)} | {middle:.1f} | {low:.1f} to {high:.1f} | {middle / column_px:.2f} |")


if __name__ == "__main__":
    main()
