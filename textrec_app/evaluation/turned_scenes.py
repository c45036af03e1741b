"""Pictures turned by any angle with the boxes in them: is turned text found as well as level text?"""

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from textrec_app.data.scenes import SceneBox
from textrec_app.errors import InputError
from textrec_app.evaluation.detection import SceneSample

_EVERY = "every"


def turned_scene(image: NDArray[np.uint8], boxes: Sequence[SceneBox], deg: float) -> SceneSample:
    """Turn a picture and its boxes.

    The canvas grows so that nothing is cut off; what is beside the picture has the median colour of its border.
    By multiples of 90 degrees pixels are only moved. A grown canvas is shrunk more by a detector that scales pictures
    to one size, so a little is lost even by one to which directions make no difference.

    Args:
        image: (H, W, 3) uint8 RGB.
        boxes: in pixels of the picture; corner (0, 0) is the outer corner of its first pixel.
        deg: counter-clockwise.

    Returns:
        The turned picture and its boxes; corners keep their order, so they still begin at the text's top-left.
    """
    matrix, size_hw = _turn_about_middle(image.shape[:2], deg)
    return SceneSample(_turn_picture(image, deg, matrix, size_hw), tuple(_turn_box(box, matrix) for box in boxes))


def parse_angles(words: Sequence[str]) -> tuple[float, ...]:
    """Angles from what a person typed: numbers of degrees, or "every30" for 30, 60, … 330.

    Returns:
        Each angle once, in (0, 360), rising; 0, which is always measured, is left out.

    Raises:
        InputError: neither.
    """
    angles = {angle % 360.0 for word in words for angle in _parse_word(word)}
    return tuple(sorted(angles - {0.0}))


def _parse_word(word: str) -> list[float]:
    number = word.removeprefix(_EVERY)
    try:
        angle = float(number)
    except ValueError:
        angle = math.nan
    if not math.isfinite(angle) or (number != word and not 1 <= angle < 360):
        raise InputError(f"{word!r} is no angle. Give degrees, as 15 or -90, or every30 for 30, 60, … 330.")
    return [angle] if number == word else list(np.arange(angle, 360.0, angle).tolist())


def _turn_about_middle(size_hw: tuple[int, ...], deg: float) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """The (2, 3) matrix that turns outer coordinates, and height and width of the canvas that holds everything."""
    height, width = size_hw
    quarters, rest = divmod(deg, 90.0)
    if rest == 0:
        cosine, sine = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[int(quarters) % 4]
    else:
        cosine, sine = math.cos(math.radians(deg)), math.sin(math.radians(deg))
    new_width = math.ceil(width * abs(cosine) + height * abs(sine) - 1e-6)
    new_height = math.ceil(width * abs(sine) + height * abs(cosine) - 1e-6)
    turn = np.array([[cosine, sine], [-sine, cosine]])  # counter-clockwise, with y growing downwards
    shift = np.array([new_width, new_height]) / 2 - turn @ np.array([width, height]) / 2
    return np.column_stack([turn, shift]), (new_height, new_width)


def _turn_picture(
    image: NDArray[np.uint8], deg: float, matrix: NDArray[np.float64], size_hw: tuple[int, int]
) -> NDArray[np.uint8]:
    if deg % 90 == 0:
        return np.ascontiguousarray(np.rot90(image, int(deg // 90)))
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    colour = np.median(border, axis=0).astype(np.uint8).tolist()
    centres = matrix.copy()  # OpenCV counts from the middles of pixels
    centres[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    turned = cv2.warpAffine(
        image, centres, size_hw[::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=colour
    )
    return np.asarray(turned, np.uint8)


def _turn_box(box: SceneBox, matrix: NDArray[np.float64]) -> SceneBox:
    return replace(box, quad=_turn_points(box.quad, matrix), character_quads=_turn_points(box.character_quads, matrix))


def _turn_points(points: NDArray[np.float32], matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    """(..., 2) points turned."""
    return (points.astype(np.float64) @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
