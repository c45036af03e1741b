"""Views of a word that training sees: named augmentations, and two words joined to one."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from textrec_app.data.augment import paint_camera, place_camera
from textrec_app.data.buckets import BUCKET_WIDTHS_PX, HEIGHT_PX
from textrec_app.data.random_augment import draw_randaugment, paint_randaugment
from textrec_app.errors import InputError

AUGMENTATIONS = ("none", "camera", "randaugment", "both")
WIDEST_STRETCH = 1.34
SPACED_SHARE = 0.5
GAP_REL = (0.3, 0.7)
HALF_COVERED = 128


class SourceWord(NamedTuple):
    """A word before it goes into its bucket.

    Attributes:
        crop: (H, W, 3) uint8 RGB.
        mask: (H, W) uint8, how much of each pixel is ink: 0 to 255; None where nobody knows.
    """

    crop: np.ndarray
    text: str
    mask: np.ndarray | None = None


@dataclass(frozen=True)
class ViewSettings:
    """How words become samples; the names are those of `RecognizerRecipe`.

    Raises:
        InputError: there is no such augmentation.
    """

    augmentation: str = "camera"
    aspect_jitter: float = 0.0
    concatenation: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a name that nobody knows before anything is trained."""
        if self.augmentation not in AUGMENTATIONS:
            known = ", ".join(AUGMENTATIONS)
            raise InputError(f"there is no augmentation {self.augmentation!r}; choose one of {known}")


def augment_word(
    augmentation: str, crop: np.ndarray, width: int, generator: np.random.Generator, strength: float
) -> np.ndarray:
    """Resize a crop into its bucket, damaged as the name says.

    Args:
        augmentation: "camera": lens, light and careless cropping; "randaugment": see `randaugment_crop`; "both": one
            of the two, drawn anew; "none": resizing only.
        crop: (H, W, 3) uint8 RGB.
        strength: 0 only resizes, 1 is the usual range.

    Returns:
        (32, width, 3) uint8.
    """
    return augment_with_mask(augmentation, SourceWord(crop, ""), width, generator, strength)[0]


def augment_with_mask(
    augmentation: str, word: SourceWord, width: int, generator: np.random.Generator, strength: float
) -> tuple[np.ndarray, np.ndarray | None]:
    """As `augment_word`; all moves carry the mask along, and nothing that is painted touches it.

    Returns:
        (32, width, 3) uint8, alike whether there is a mask or not, and (32, width) uint8 of 0 and 1, None without one.
    """
    size_hw = (word.crop.shape[0], word.crop.shape[1])
    if augmentation == "none":
        placement, _ = draw_randaugment(size_hw, width, generator, 0.0)
        image = placement(word.crop)
    elif augmentation == "camera" or (augmentation == "both" and generator.random() < 0.5):
        placement = place_camera(size_hw, width, generator, strength)
        image = paint_camera(placement(word.crop), generator, strength)
    else:
        placement, painted = draw_randaugment(size_hw, width, generator, strength)
        image = paint_randaugment(placement(word.crop), painted, generator)
    if word.mask is None:
        return image, None
    return image, (placement(word.mask) >= HALF_COVERED).astype(np.uint8)


def jittered_width(bucket: int, generator: np.random.Generator) -> int:
    """A bucket into which crops of another are squeezed or stretched by no more than a third."""
    ratios = np.array(BUCKET_WIDTHS_PX) / bucket
    near = np.flatnonzero((ratios <= WIDEST_STRETCH) & (ratios >= 1 / WIDEST_STRETCH))
    return BUCKET_WIDTHS_PX[int(near[generator.integers(len(near))])]


def join_words(first: SourceWord, second: SourceWord, generator: np.random.Generator) -> SourceWord:
    """Two words side by side, directly as one word or with a gap as two.

    Returns:
        A crop of 32 px of height, the joined label, and the joined mask where both have one.

    Source:
        RecConAug of PP-OCRv4 (METHODS section 16.2); the gap with its space is ours.
    """
    is_spaced = generator.random() < SPACED_SHARE
    gap = round(generator.uniform(*GAP_REL) * HEIGHT_PX) if is_spaced else 0
    text = f"{first.text} {second.text}" if is_spaced else first.text + second.text
    crop = _side_by_side(first.crop, second.crop, gap)
    if first.mask is None or second.mask is None:
        return SourceWord(crop, text)
    return SourceWord(crop, text, _side_by_side(first.mask, second.mask, gap))


def _side_by_side(first: np.ndarray, second: np.ndarray, gap: int) -> np.ndarray:
    """Two pictures or masks at one height; a gap goes over from the edge of one into that of the other."""
    left, right = _to_height(first), _to_height(second)
    if not gap:
        return np.concatenate([left, right], axis=1)
    share = np.linspace(0.0, 1.0, gap, dtype=np.float32).reshape(1, gap, *(1,) * (left.ndim - 2))
    filling = left[:, -1:].astype(np.float32) * (1.0 - share) + right[:, :1].astype(np.float32) * share
    return np.concatenate([left, filling.astype(np.uint8), right], axis=1)


def _to_height(crop: np.ndarray) -> np.ndarray:
    height, width = crop.shape[:2]
    return cv2.resize(crop, (max(1, round(width * HEIGHT_PX / height)), HEIGHT_PX), interpolation=cv2.INTER_AREA)
