"""What a detector finds in some pictures, drawn: matched, missed, false, excused, twice; characters and directions.

    python -m docs.benchmarks.detection_sheet DATA OUT.jpg [--model FILE] [-n 10] [--worst] [--level auto] [--seed 0]

DATA holds a `boxes.jsonl`, or only pictures, in which every region is then drawn as matched. Without --worst the
pictures are chosen by lot; with it all are looked at, and those with the least hmean are shown, the worst first. FILE
is a safetensors file, or the name of one that comes with the program. --rotate turns the pictures first. OUT may end in
.png too. The pictures of research sets belong to their owners: sheets of them are looked at, and never committed.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from models.weights import PRETRAINED_DIR
from textrec_app.data.scenes import BOXES_FILE, Scene, load_scenes
from textrec_app.domain import DetectedRegion
from textrec_app.errors import InputError
from textrec_app.evaluation.detection import FoundText, MatchCounts, Matching, SceneSample, assign_regions, sum_up
from textrec_app.evaluation.turned_scenes import turned_scene
from textrec_app.pipeline.detection import Detector
from textrec_app.pipeline.images import load_image
from textrec_app.services.evaluating_scenes import LEVELS, LINE, choose_level, list_lines

TILE_WH = (760, 640)
CAPTION_PX = 22
GAP_PX = 8
ARROW_PX = 14
COLUMNS = 2
JPEG_QUALITY = 85
PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
GREEN, RED, ORANGE = (0, 200, 0), (255, 0, 0), (255, 150, 0)
MAGENTA, GREY, CYAN = (255, 0, 255), (150, 150, 150), (0, 200, 255)
LEGEND = (("matched", GREEN), ("missed", RED), ("false", ORANGE), ("twice", MAGENTA), ("excused", GREY))


@dataclass(frozen=True)
class Look:
    """A picture and what was found in it.

    Attributes:
        words: with their characters.
        found: what is compared with the boxes, words or lines.
        matching: None where nobody wrote down what there is.
    """

    sample: SceneSample
    words: Sequence[DetectedRegion]
    found: Sequence[FoundText]
    matching: Matching | None = None


@dataclass(frozen=True)
class Tile:
    """A picture (H, W, 3) uint8 RGB with everything drawn, what stands above it, and its counts."""

    picture: np.ndarray
    caption: str
    counts: MatchCounts

    @property
    def hmean(self) -> float:
        """Of this picture alone; 1 where there is nothing to find and nothing was found."""
        return sum_up([self.counts], 0.0).hmean if self.counts.n_boxes or self.counts.n_regions else 1.0


def look_at(detector: Detector, sample: SceneSample, level: str, is_judged: bool = True) -> Look:
    """Find text in a picture and compare it with the boxes, if it is known what there is."""
    words = detector.detect(sample.image)
    found = list_lines(words) if level == LINE else [FoundText(word.polygon) for word in words]
    return Look(sample, words, found, assign_regions(sample.boxes, found) if is_judged else None)


def draw_look(look: Look) -> np.ndarray:
    """The picture as large as a tile allows, with everything drawn: (H, W, 3) uint8 RGB."""
    image = look.sample.image
    scale = min(TILE_WH[0] / image.shape[1], TILE_WH[1] / image.shape[0])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    canvas = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    for word in look.words:
        for quad in word.character_polygons:
            _outline(canvas, quad, scale, CYAN, 1)
    matching = look.matching or Matching()
    for index in matching.excused_boxes:
        _outline(canvas, look.sample.boxes[index].quad, scale, GREY, 1)
    for index in matching.missed:
        _outline(canvas, look.sample.boxes[index].quad, scale, RED, 2)
    for index, region in enumerate(look.found):
        colour = _choose_colour(matching, index)
        _outline(canvas, region.polygon, scale, colour, 2)
        _point(canvas, region.polygon, scale, colour)
    return np.asarray(canvas, np.uint8)


def make_tile(look: Look, name: str) -> Tile:
    """Draw a picture and tell its counts in a caption."""
    if look.matching is None:
        return Tile(draw_look(look), f"{name}: {len(look.found)} found", MatchCounts(0, 0, 0))
    counts = look.matching.count()
    told = f"{name}: {counts.n_matched} of {counts.n_boxes} found, {counts.n_regions - counts.n_matched} false"
    twice = f", {counts.n_duplicates} twice" if counts.n_duplicates else ""
    return Tile(draw_look(look), told + twice, counts)


def draw_sheet(tiles: Sequence[Tile]) -> np.ndarray:
    """All pictures, two beside each other, with captions: (H, W, 3) uint8 RGB."""
    width, height = TILE_WH[0] + GAP_PX, TILE_WH[1] + CAPTION_PX + GAP_PX
    rows, columns = -(-len(tiles) // COLUMNS), max(1, min(COLUMNS, len(tiles)))
    sheet = np.full((CAPTION_PX + rows * height, width * columns, 3), 255, np.uint8)
    for place, (name, colour) in enumerate(LEGEND):
        _write(sheet, name, (8 + 110 * place, CAPTION_PX - 6), colour)
    for number, tile in enumerate(tiles):
        top, left = CAPTION_PX + number // COLUMNS * height, number % COLUMNS * width
        _write(sheet, tile.caption, (left + 4, top + CAPTION_PX - 6), (60, 60, 60))
        high, wide = tile.picture.shape[:2]
        sheet[top + CAPTION_PX : top + CAPTION_PX + high, left : left + wide] = tile.picture
    return sheet


def list_scenes(folder: Path) -> list[Scene]:
    """The scenes of a set, or the pictures of a folder without boxes.

    Raises:
        InputError: there are none.
    """
    if (folder / BOXES_FILE).is_file():
        scenes = load_scenes(folder)
    else:
        scenes = [Scene(path, ()) for path in sorted(folder.rglob("*")) if path.suffix.lower() in PICTURES]
    if not scenes:
        raise InputError(f"{folder} holds no pictures. Name a folder with pictures.")
    return scenes


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the sheet; the arguments are those of the process by default."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", default="detector")
    parser.add_argument("-n", "--count", type=int, default=10)
    parser.add_argument("--worst", action="store_true")
    parser.add_argument("--level", choices=LEVELS, default="auto")
    parser.add_argument("--rotate", type=float, default=0.0, metavar="DEG")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    is_file = options.model.endswith(".safetensors")
    detector = Detector.load(Path(options.model) if is_file else PRETRAINED_DIR / f"{options.model}.safetensors")
    scenes = list_scenes(options.data)
    level = choose_level(options.level, scenes)
    order = np.random.default_rng(options.seed).permutation(len(scenes)).tolist()
    if not options.worst:
        order = order[: options.count]
    is_judged = (options.data / BOXES_FILE).is_file()
    tiles = []
    for scene in (scenes[index] for index in order):
        sample = turned_scene(load_image(scene.path), scene.boxes, options.rotate)
        tiles.append(make_tile(look_at(detector, sample, level, is_judged), scene.path.name))
    if is_judged:
        print(f"{len(tiles)} pictures, hmean {sum_up([tile.counts for tile in tiles], 0.0).hmean:.4f}")
    shown = sorted(tiles, key=lambda tile: tile.hmean) if options.worst else tiles
    sheet = draw_sheet(shown[: options.count])
    options.out.parent.mkdir(parents=True, exist_ok=True)
    quality = [] if options.out.suffix.lower() == ".png" else [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    cv2.imwrite(str(options.out), sheet[..., ::-1], quality)
    print(f"{options.out}, {options.out.stat().st_size // 1000} kB")


def _choose_colour(matching: Matching, index: int) -> tuple[int, int, int]:
    if index in matching.duplicates:
        return MAGENTA
    if index in matching.excused_regions:
        return GREY
    return ORANGE if index in matching.false else GREEN


def _outline(
    canvas: np.ndarray,
    quad: Sequence[Sequence[float]] | np.ndarray,
    scale: float,
    colour: tuple[int, int, int],
    px: int,
) -> None:
    points = np.round(np.asarray(quad, np.float64) * scale).astype(np.int32)
    cv2.polylines(canvas, [points], True, colour, px, cv2.LINE_AA)


def _point(canvas: np.ndarray, quad: Sequence[Sequence[float]], scale: float, colour: tuple[int, int, int]) -> None:
    """An arrow in reading direction, whose tip is the middle of the text's beginning."""
    corners = np.asarray(quad, np.float64) * scale
    if len(corners) != 4:
        return
    tip, end = (corners[0] + corners[3]) / 2, (corners[1] + corners[2]) / 2
    start = tip - (end - tip) * (ARROW_PX / max(float(np.linalg.norm(end - tip)), 1.0))
    first, last = (tuple(np.round(point).astype(int).tolist()) for point in (start, tip))
    cv2.arrowedLine(canvas, first, last, colour, 2, cv2.LINE_AA, tipLength=0.5)


def _write(sheet: np.ndarray, text: str, corner: tuple[int, int], colour: tuple[int, int, int]) -> None:
    cv2.putText(sheet, text, corner, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)


if __name__ == "__main__":
    main()
