"""Views of a word that training sees: named augmentations, and two words joined to one."""

from dataclasses import dataclass

import cv2
import numpy as np

from textrec_app.data.augment import augment_crop
from textrec_app.data.buckets import BUCKET_WIDTHS_PX, HEIGHT_PX
from textrec_app.data.random_augment import randaugment_crop
from textrec_app.errors import InputError

AUGMENTATIONS = ("none", "camera", "randaugment", "both")
WIDEST_STRETCH = 1.34
SPACED_SHARE = 0.5
GAP_REL = (0.3, 0.7)


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
    if augmentation == "none":
        return randaugment_crop(crop, width, generator, 0.0)
    is_camera = augmentation == "camera" or (augmentation == "both" and generator.random() < 0.5)
    return (augment_crop if is_camera else randaugment_crop)(crop, width, generator, strength)


def jittered_width(bucket: int, generator: np.random.Generator) -> int:
    """A bucket into which crops of another are squeezed or stretched by no more than a third."""
    ratios = np.array(BUCKET_WIDTHS_PX) / bucket
    near = np.flatnonzero((ratios <= WIDEST_STRETCH) & (ratios >= 1 / WIDEST_STRETCH))
    return BUCKET_WIDTHS_PX[int(near[generator.integers(len(near))])]


def join_crops(
    first: tuple[np.ndarray, str], second: tuple[np.ndarray, str], generator: np.random.Generator
) -> tuple[np.ndarray, str]:
    """Two words side by side, directly as one word or with a gap as two.

    Args:
        first, second: (H, W, 3) uint8 RGB and the label.

    Returns:
        (32, W, 3) uint8 with the joined label.

    Source:
        RecConAug of PP-OCRv4 (METHODS section 16.2); the gap with its space is ours.
    """
    left, right = _to_height(first[0]), _to_height(second[0])
    if generator.random() >= SPACED_SHARE:
        return np.concatenate([left, right], axis=1), first[1] + second[1]
    gap = round(generator.uniform(*GAP_REL) * HEIGHT_PX)
    share = np.linspace(0.0, 1.0, gap, dtype=np.float32)[None, :, None]
    filling = left[:, -1:].astype(np.float32) * (1.0 - share) + right[:, :1].astype(np.float32) * share
    return np.concatenate([left, filling.astype(np.uint8), right], axis=1), f"{first[1]} {second[1]}"


def _to_height(crop: np.ndarray) -> np.ndarray:
    height, width = crop.shape[:2]
    return cv2.resize(crop, (max(1, round(width * HEIGHT_PX / height)), HEIGHT_PX), interpolation=cv2.INTER_AREA)
