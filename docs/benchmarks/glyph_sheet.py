"""What a network finds in 40 crops: the picture, ink by k-means, ink by the network, a colour for each character.

    python -m docs.benchmarks.glyph_sheet OUT.jpg [FOLDER] [--model FILE] [--count 40] [--seed 0]

FOLDER is a labeled set, a folder of pictures, or a pool of packed crops; without it words are rendered (straight,
curved and blurred in turn), and the ink that was drawn stands beside what was found. Below each picture stands what was
read. `docs/images/glyph_sheet.jpg` is a sheet of rendered words; real crops belong to their owners and are never
committed.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import cv2
import numpy as np

from models.weights import PRETRAINED_DIR
from textrec_app.data.crop_pool import open_pool
from textrec_app.data.glyph_masks import glyph_mask_kmeans
from textrec_app.data.recognition_sets import load_recognition_set
from textrec_app.data.word_effects.probe_words import PROBE_SETS
from textrec_app.errors import InputError
from textrec_app.pipeline.glyph_pictures import draw_characters, draw_mask
from textrec_app.pipeline.images import load_image
from textrec_app.pipeline.recognition import Recognizer
from textrec_app.pipeline.sample_crops import load_sample_crop
from textrec_app.services.observing_glyphs import render_probe_sets
from textrec_app.training.word_pools import RenderMaterial

CELL_WH = (150, 52)
TEXT_PX = 15
GAP_PX = 14
COLUMNS = 2
PAPER, GREY = 255, 200
JPEG_QUALITY = 80
PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
LEAST_SIDE_PX = 8


@dataclass(frozen=True)
class Crop:
    """A picture (H, W, 3) uint8 RGB, and the ink (H, W) that was drawn in it, where that is known."""

    image: np.ndarray
    drawn: np.ndarray | None = None


def list_panels(recognizer: Recognizer, crop: Crop) -> tuple[list[np.ndarray | None], str]:
    """The pictures of one crop from left to right, None where there is none, and what was read."""
    text = recognizer.read([crop.image])[0].text
    view = recognizer.explain(crop.image, text)
    guessed = glyph_mask_kmeans(crop.image)
    masks = [guessed] if crop.drawn is None else [crop.drawn, guessed]
    panels: list[np.ndarray | None] = [crop.image]
    panels += [None if mask is None else _as_picture(draw_mask(mask)) for mask in masks]
    panels.append(None if view is None else _as_picture(draw_mask(view.mask)))
    maps = None if view is None else view.glyph_attention
    panels.append(None if maps is None else draw_characters(crop.image, maps))
    return panels, text


def draw_sheet(rows: Sequence[tuple[list[np.ndarray | None], str]], names: Sequence[str]) -> np.ndarray:
    """All crops, two beside each other: (H, W, 3) uint8 RGB.

    Args:
        rows: panels and text of each crop.
        names: of the panels.
    """
    width, height = CELL_WH
    across, lines = width * len(names) + GAP_PX, -(-len(rows) // COLUMNS)
    sheet = np.full((TEXT_PX + 4 + lines * (height + TEXT_PX), across * COLUMNS, 3), PAPER, np.uint8)
    for column in range(COLUMNS):
        for place, name in enumerate(names):
            _write(sheet, name, (column * across + place * width + 3, TEXT_PX - 2))
    for number, (panels, text) in enumerate(rows):
        top = TEXT_PX + 4 + (number // COLUMNS) * (height + TEXT_PX)
        left = (number % COLUMNS) * across
        for place, panel in enumerate(panels):
            _lay(sheet, panel, (top, left + place * width))
        _write(sheet, "".join(letter if letter.isascii() else "?" for letter in text), (left + 3, top + height + 10))
    return sheet


def load_crops(folder: Path, count: int, generator: np.random.Generator) -> list[Crop]:
    """Random crops of a labeled set, of packed crops, or of a folder of pictures.

    Raises:
        InputError: there are none.
    """
    if any(folder.glob("*.bin")):
        pool = open_pool(folder)
        return [Crop(np.array(pool.crop(index))) for index in generator.permutation(len(pool))[:count]]
    if (folder / "labels.tsv").is_file() or (folder / "data.mdb").is_file() or (folder / "boxes.jsonl").is_file():
        samples = load_recognition_set(folder)
        images = (load_sample_crop(samples[index]) for index in generator.permutation(len(samples)))
    else:
        paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES)
        images = (load_image(paths[index]) for index in generator.permutation(len(paths)))
    crops: list[Crop] = []
    for image in images:
        if min(image.shape[:2]) >= LEAST_SIDE_PX:
            crops.append(Crop(image))
        if len(crops) == count:
            break
    if not crops:
        raise InputError(f"{folder} holds no pictures. Name a folder of word pictures.")
    return crops


def render_crops(recognizer: Recognizer, material: RenderMaterial, count: int, seed: int) -> list[Crop]:
    """Words of the three sets in turn, with the ink that was drawn."""
    sets = render_probe_sets(material, recognizer.charset, -(-count // len(PROBE_SETS)), seed)
    words = list(chain.from_iterable(zip(*sets.values(), strict=True)))[:count]
    return [Crop(word.image, word.glyph_mask) for word in words]


def main() -> None:
    """Write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--model", type=Path, default=PRETRAINED_DIR / "recognizer.safetensors")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    for name in ("fonts", "wordlists", "backgrounds"):
        parser.add_argument(f"--{name}", type=Path)
    options = parser.parse_args()
    recognizer = Recognizer.load(options.model)
    if options.folder is None:
        material = RenderMaterial(
            options.fonts, options.wordlists, options.backgrounds, with_system_fonts=options.fonts is None
        )
        crops = render_crops(recognizer, material, options.count, options.seed)
        names = ["picture", "drawn", "k-means", "network", "glyphs"]
    else:
        crops = load_crops(options.folder, options.count, np.random.default_rng(options.seed))
        names = ["picture", "k-means", "network", "glyphs"]
    sheet = draw_sheet([list_panels(recognizer, crop) for crop in crops], names)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(options.out), sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    print(f"{len(crops)} crops, {options.out.stat().st_size // 1000} kB: {options.out}")


def _lay(sheet: np.ndarray, panel: np.ndarray | None, corner: tuple[int, int]) -> None:
    """Put a panel into its cell, as large as fits; a grey bar stands for none."""
    width, height = CELL_WH[0] - 4, CELL_WH[1] - 4
    top, left = corner
    if panel is None:
        sheet[top + height // 2 - 1 : top + height // 2 + 1, left + 2 : left + width // 3] = GREY
        return
    scale = min(height / panel.shape[0], width / panel.shape[1])
    size = (max(1, int(panel.shape[1] * scale)), max(1, int(panel.shape[0] * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    sheet[top : top + size[1], left : left + size[0]] = cv2.resize(panel, size, interpolation=method)


def _as_picture(mask: np.ndarray) -> np.ndarray:
    return np.repeat(mask[..., None], 3, axis=2)


def _write(sheet: np.ndarray, text: str, corner: tuple[int, int]) -> None:
    cv2.putText(sheet, text, corner, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (60, 60, 60), 1, cv2.LINE_AA)


if __name__ == "__main__":
    main()
