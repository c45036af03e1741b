"""Rendered words beside real crops: sheets to look at, and how both are distributed.

    python -m docs.benchmarks.word_sheet OUT [--data DIR …] [--fonts DIR] [--wordlists DIR] [--backgrounds DIR]

OUT gets `rendered.jpg`, and `real.jpg` where labeled folders are named. Of those only the part is used that training
sees. The table has the 5th, 25th, 50th, 75th and 95th percentile of each measure. `docs/images/rendered_words.jpg` is a
`rendered.jpg`; real crops belong to their owners and are never committed.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from textrec_app.data.recognition_sets import load_recognition_set, split_validation
from textrec_app.pipeline.images import load_image
from textrec_app.training.word_pools import RenderMaterial, create_word_renderer, render_words

HEIGHT_PX = 32
CELL_WH = (150, 44)
COLUMNS = 8
JPEG_QUALITY = 82
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
LEAST_CONTRAST = 8.0
PERCENTILES = (5, 25, 50, 75, 95)
MEASURES = ("contrast", "sharpness", "noise", "colour", "luma", "unrest of the edge", "share of ink", "width / height")


def draw_sheet(crops: Sequence[np.ndarray]) -> np.ndarray:
    """Lay crops into cells, eight in a row: (H, W, 3) uint8."""
    width, height = CELL_WH
    rows = -(-len(crops) // COLUMNS)
    sheet = np.full((rows * height, COLUMNS * width, 3), 128, np.uint8)
    for number, crop in enumerate(crops):
        scale = min((height - 4) / crop.shape[0], (width - 4) / crop.shape[1])
        size = (max(1, int(crop.shape[1] * scale)), max(1, int(crop.shape[0] * scale)))
        small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        top, left = (number // COLUMNS) * height + 2, (number % COLUMNS) * width + 2
        sheet[top : top + size[1], left : left + size[0]] = small
    return sheet


def measure_crop(crop: np.ndarray) -> tuple[float, ...]:
    """Measure one crop at 32 px of height, in the order of `MEASURES`.

    Contrast is the span from the 5th to the 95th percentile of brightness; sharpness the steepest edge and noise the
    middle Laplacian, both as parts of it; colour the mean span of red, green and blue; unrest the deviation of
    brightness along the border as a part of contrast; ink the smaller side of Otsu's threshold seen from the border.
    """
    width = max(16, round(crop.shape[1] * HEIGHT_PX / crop.shape[0]))
    method = cv2.INTER_AREA if crop.shape[0] > HEIGHT_PX else cv2.INTER_CUBIC
    pixels = cv2.resize(crop, (width, HEIGHT_PX), interpolation=method).astype(np.float32)
    luma = pixels @ LUMA
    low, high = np.percentile(luma, (5, 95))
    contrast = max(float(high - low), LEAST_CONTRAST)
    slope = np.hypot(np.diff(luma, axis=1)[:-1], np.diff(luma, axis=0)[:, :-1])
    border = np.concatenate([luma[0], luma[-1], luma[:, 0], luma[:, -1]])
    threshold, _ = cv2.threshold(luma.clip(0, 255).astype(np.uint8), 0, 1, cv2.THRESH_OTSU)
    is_light = luma > threshold
    ink = is_light.mean() if (border > threshold).mean() < 0.5 else 1 - is_light.mean()
    return (
        float(high - low),
        float(np.percentile(slope, 98)) / contrast,
        float(np.median(np.abs(cv2.Laplacian(luma, cv2.CV_32F)))) / contrast,
        float(np.ptp(pixels, axis=2).mean()),
        float(luma.mean()),
        float(border.std()) / contrast,
        float(ink),
        crop.shape[1] / crop.shape[0],
    )


def load_real_crops(folders: Sequence[Path], count: int, generator: np.random.Generator) -> list[np.ndarray]:
    """Equally many random training crops of each folder; those below 8 px are left out."""
    samples = [(place, sample) for place, folder in enumerate(folders) for sample in load_recognition_set(folder)]
    train, _ = split_validation([sample for _, sample in samples])
    kept = {id(sample) for sample in train}
    crops: list[np.ndarray] = []
    for place in range(len(folders)):
        own = [sample for where, sample in samples if where == place and id(sample) in kept]
        chosen = generator.permutation(len(own))[: -(-count // len(folders))]
        pictures = (load_image(own[index].source.read_bytes(), own[index].name) for index in chosen)
        crops += [picture for picture in pictures if min(picture.shape[:2]) >= 8]
    return [crops[index] for index in generator.permutation(len(crops))[:count]]


def print_table(named: dict[str, list[np.ndarray]]) -> None:
    """Print percentiles of every measure, one row each."""
    print(f"| measure | {' | '.join(f'{name} ({len(crops)})' for name, crops in named.items())} |")
    print("|---" * (len(named) + 1) + "|")
    tables = [np.percentile([measure_crop(crop) for crop in crops], PERCENTILES, axis=0).T for crops in named.values()]
    for place, measure in enumerate(MEASURES):
        cells = (" · ".join(f"{value:.3g}" for value in table[place]) for table in tables)
        print(f"| {measure} | {' | '.join(cells)} |")


def main() -> None:
    """Write the sheets and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, nargs="*", default=[])
    parser.add_argument("--fonts", type=Path)
    parser.add_argument("--wordlists", type=Path)
    parser.add_argument("--backgrounds", type=Path)
    parser.add_argument("--count", type=int, default=800, help="crops to measure; 200 of them are shown")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(options.seed)
    renderer = create_word_renderer(RenderMaterial(options.fonts, options.wordlists, options.backgrounds))
    drawn = [crop for crop, _ in render_words(renderer, options.count, (options.seed,))]
    named = {"rendered": [drawn[index] for index in generator.permutation(len(drawn))]}
    if options.data:
        named["real"] = load_real_crops(options.data, options.count, generator)
    for name, crops in named.items():
        picture = draw_sheet(crops[:200])[..., ::-1]
        cv2.imwrite(str(options.out / f"{name}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    print_table(named)


if __name__ == "__main__":
    main()
