"""The words or lines of a detection set as recognition samples: each is cut from its scene by its quad."""

from pathlib import Path

from textrec_app.data.samples import RecognitionSample
from textrec_app.data.scenes import BOXES_FILE, SceneBox, load_scenes

UNREADABLE = "###"

__all__ = ["BOXES_FILE", "read_box_crops"]


def read_box_crops(directory: Path) -> list[RecognitionSample]:
    """List every box that has a text, in the order of the file; excused and unreadable ones are left out.

    Raises:
        InputError: see `load_scenes`.
    """
    return [
        RecognitionSample(
            name=f"{scene.path.relative_to(directory)}#{index}",
            text=box.text or "",
            source=scene.path,
            quad=tuple((float(x), float(y)) for x, y in box.quad),
        )
        for scene in load_scenes(directory)
        for index, box in enumerate(scene.boxes)
        if _has_text(box)
    ]


def _has_text(box: SceneBox) -> bool:
    return not box.is_excused and bool(box.text) and box.text != UNREADABLE
