"""Numbers that say how well a recognizer knows where the ink and the characters of a word are.

Places along x are pixels of the crop with the centres of pixels at whole numbers, as in the quads of rendered words.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DRIFT_LIMIT = 0.5


@dataclass(frozen=True, slots=True)
class Alignment:
    """How far a network's attention lies from the characters that it stands for.

    Attributes:
        errors: one for each character: distance between the centre of its attention and of its drawn box along x, in
            mean character widths of its word; NaN where there is no attention at all.
    """

    errors: NDArray[np.float64]

    @property
    def drift_share(self) -> float:
        """Share of characters that lie off by more than half a width, or nowhere; 0.0 for none."""
        return float(np.mean(~(self.errors <= DRIFT_LIMIT))) if self.errors.size else 0.0

    @property
    def mean_error(self) -> float:
        """Mean over the characters that lie somewhere; NaN for none."""
        found = self.errors[np.isfinite(self.errors)]
        return float(found.mean()) if found.size else float("nan")

    @property
    def median_error(self) -> float:
        """Median over the characters that lie somewhere; NaN for none."""
        found = self.errors[np.isfinite(self.errors)]
        return float(np.median(found)) if found.size else float("nan")

    @property
    def lost(self) -> int:
        """Characters without any attention."""
        return int(np.isnan(self.errors).sum())


def compute_mask_iou(predicted: NDArray[np.generic], drawn: NDArray[np.generic]) -> float:
    """Intersection over union of two masks.

    Args:
        predicted: (H, W); anything but 0 is ink.
        drawn: (H, W).

    Returns:
        In [0, 1]; 1.0 where neither has ink.

    Raises:
        ValueError: the masks differ in size.
    """
    if predicted.shape != drawn.shape:
        raise ValueError(f"The predicted mask is {predicted.shape}, the drawn one {drawn.shape}; resize one of them.")
    one, other = predicted.astype(bool), drawn.astype(bool)
    union = np.count_nonzero(one | other)
    return float(np.count_nonzero(one & other) / union) if union else 1.0


def find_centres_x(maps: NDArray[np.generic], width_px: float) -> NDArray[np.float64]:
    """Centre of gravity of maps along x.

    Args:
        maps: (N, C) or (N, R, C), at least 0, over the whole crop.
        width_px: of the crop.

    Returns:
        (N,) pixels; NaN where a map is empty.
    """
    masses = np.asarray(maps, np.float64)
    if masses.ndim == 3:
        masses = masses.sum(axis=1)  # (N, C)
    places = (np.arange(masses.shape[1]) + 0.5) * width_px / max(masses.shape[1], 1) - 0.5
    totals = masses.sum(axis=1)
    centres = np.full(len(masses), np.nan)
    np.divide(masses @ places, totals, out=centres, where=totals > 0)
    return centres


def measure_characters(quads: NDArray[np.generic]) -> tuple[NDArray[np.float64], float]:
    """Where drawn characters are.

    Args:
        quads: (n, 4, 2) corners of each character, clockwise from its top-left.

    Returns:
        (n,) x of their centres, and their mean width: that of the middle of upper and lower side, so that a character
        that is turned on an arc keeps its width.
    """
    corners = np.asarray(quads, np.float64).reshape(-1, 4, 2)
    if not len(corners):
        return np.zeros(0), 0.0
    left, right = (corners[:, 0] + corners[:, 3]) / 2, (corners[:, 1] + corners[:, 2]) / 2
    return corners[:, :, 0].mean(axis=1), float(np.linalg.norm(right - left, axis=1).mean())


def compute_alignment(
    attention_centres_x: Sequence[float] | NDArray[np.float64], boxes: NDArray[np.generic]
) -> Alignment:
    """Compare where a network looked for the characters of one word with where they are drawn.

    Args:
        attention_centres_x: n places in pixels, in the order of the characters; NaN for an empty map.
        boxes: (n, 4, 2) corners of each character.

    Raises:
        ValueError: their numbers differ.
    """
    centres, width = measure_characters(boxes)
    seen = np.asarray(attention_centres_x, np.float64).reshape(-1)
    if len(seen) != len(centres):
        raise ValueError(f"{len(seen)} places of attention, but {len(centres)} characters; give one for each.")
    return Alignment(np.abs(seen - centres) / max(width, 1e-6))


def join_alignments(words: Sequence[Alignment]) -> Alignment:
    """All characters of several words."""
    return Alignment(np.concatenate([word.errors for word in words]) if words else np.zeros(0))
