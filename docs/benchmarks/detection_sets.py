"""Write the parts of the detection sets that are trained on and measured on, the same ones everywhere.

    python -m docs.benchmarks.detection_sets DET_FOLDER OUT_FOLDER

DET_FOLDER holds `ic03`, `td500_train` and `receipts`. OUT_FOLDER gets, for each, a `val_` and a `train_` folder whose
`boxes.jsonl` names the pictures where they lie: 40 scenes, 60 scenes and 10 receipts are held back. Boxes of receipts
are marked as lines, which they are. `cut_val` and `cut_train` get the largest text-free rectangle of each scene, if it
is 300 px wide and high and not all one colour, with a `boxes.jsonl` without boxes. Look at them before they are used:
now and then text was not marked.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2

from textrec_app.data.scenes import Scene, load_scenes, save_scenes, split_validation
from textrec_app.data.text_free import find_text_free_box, save_text_free

HELD_BACK = {"ic03": 40, "td500_train": 60, "receipts": 10}
SPLIT_SEED = 1
MIN_SIDE_PX = 300
LEAST_CONTRAST = 12.0


def mark_lines(scenes: Sequence[Scene]) -> list[Scene]:
    """The same scenes with all boxes marked as lines."""
    return [replace(scene, boxes=tuple(replace(box, level="line") for box in scene.boxes)) for scene in scenes]


def cut_text_free(scenes: Sequence[Scene], folder: Path) -> list[Path]:
    """Write the text-free part of each scene that has one, as `cut_SET_NAME.jpg`."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for scene in scenes:
        image = cv2.imread(str(scene.path))
        box = find_text_free_box(image.shape[:2], [box.quad for box in scene.boxes], MIN_SIDE_PX)
        if box is None:
            continue
        x0, y0, x1, y1 = box
        cut = image[y0:y1, x0:x1]
        if cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY).std() >= LEAST_CONTRAST:
            written.append(folder / f"cut_{scene.path.parent.name}_{scene.path.stem}.jpg")
            cv2.imwrite(str(written[-1]), cut, [cv2.IMWRITE_JPEG_QUALITY, 95])
    return written


def main(arguments: Sequence[str] | None = None) -> None:
    """Write all sets and print their sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("det", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args(arguments)
    parts: dict[str, list[Scene]] = {"train": [], "val": []}
    for name, n_held_back in HELD_BACK.items():
        scenes = load_scenes(options.det / name)
        scenes = mark_lines(scenes) if name == "receipts" else scenes
        for part, chosen in zip(parts, split_validation(scenes, n_held_back, SPLIT_SEED), strict=True):
            save_scenes(options.out / f"{part}_{name.removesuffix('_train')}", chosen)
            print(f"{part}_{name.removesuffix('_train')}: {len(chosen)} scenes")
            parts[part] += chosen if name != "receipts" else []
    for part, scenes in parts.items():
        folder = options.out / f"cut_{part}"
        cuts = cut_text_free(scenes, folder)
        save_text_free(folder, cuts)
        print(f"cut_{part}: {len(cuts)} pictures")


if __name__ == "__main__":
    main()
