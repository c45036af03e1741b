"""How well regions match boxes: the ICDAR 2015 rule, for detection and for end-to-end spotting."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from textrec_app.data.scenes import SceneBox
from textrec_app.domain import Polygon
from textrec_app.evaluation.protocols import normalise

MIN_IOU = 0.5
EXCUSED_OVERLAP = 0.5

Corners = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FoundText:
    """One region that was found, with its text where it was read."""

    polygon: Polygon
    text: str = ""


@dataclass(frozen=True, slots=True)
class SceneSample:
    """A picture (H, W, 3) uint8 RGB and the boxes that are in it."""

    image: NDArray[np.uint8]
    boxes: tuple[SceneBox, ...]


@dataclass(frozen=True, slots=True)
class MatchCounts:
    """Counts of one picture, excused boxes and regions left out."""

    n_matched: int
    n_boxes: int
    n_regions: int


@dataclass(frozen=True, slots=True)
class DetectionMetrics:
    """Shares over all pictures of a set; 0 where there is nothing to divide by."""

    precision: float
    recall: float
    hmean: float
    n_images: int
    ms_per_image: float

    def to_dict(self) -> dict[str, Any]:
        """The JSON form that `evaluate detection|spotting --json` prints."""
        return {
            "precision": round(self.precision, 4),
            "recall": round(self.recall, 4),
            "hmean": round(self.hmean, 4),
            "n_images": self.n_images,
            "ms_per_image": round(self.ms_per_image, 2),
        }


def evaluate_detection(
    samples: Iterable[SceneSample], detect: Callable[[NDArray[np.uint8]], Sequence[FoundText]]
) -> DetectionMetrics:
    """Find the text of every picture and score it.

    Args:
        samples: taken one at a time, so that pictures can be loaded as they are needed.
        detect: gives the regions of a picture; only its time is counted.
    """
    return _evaluate(samples, detect, None)


def evaluate_spotting(
    samples: Iterable[SceneSample], read: Callable[[NDArray[np.uint8]], Sequence[FoundText]], protocol: str
) -> DetectionMetrics:
    """Read every picture; a match also needs the text right under the protocol.

    Boxes without a text, or whose text is empty under the protocol, are excused.

    Raises:
        InputError: there is no such protocol.
    """
    normalise("", protocol)
    return _evaluate(samples, read, protocol)


def match_regions(boxes: Sequence[SceneBox], found: Sequence[FoundText], protocol: str | None = None) -> MatchCounts:
    """Match regions with boxes one to one.

    A region is excused when more than half of it lies in one excused box. Among the others, boxes take, in
    their order, the first free region with an intersection over union above 0.5; with a protocol that region's
    text must be right too.

    Args:
        protocol: None for detection; else the rule by which texts are compared.

    Source:
        The official script of ICDAR 2015 Robust Reading, challenge 4, tasks 4.1 and 4.4.
    """
    excused = [_is_excused(box, protocol) for box in boxes]
    box_hulls = [_convex(box.quad) for box in boxes]
    regions = [(region, hull) for region in found if len(hull := _convex(np.array(region.polygon))) >= 3]
    shapeless = len(found) - len(regions)
    excuses = [hull for hull, is_excused in zip(box_hulls, excused, strict=True) if is_excused]
    free = [pair for pair in regions if not _lies_in_any(pair[1], excuses)]
    n_regions = len(free) + shapeless
    n_matched = 0
    for box, hull, is_excused in zip(boxes, box_hulls, excused, strict=True):
        if is_excused:
            continue
        for index, (region, region_hull) in enumerate(free):
            if compute_iou(hull, region_hull) > MIN_IOU and _is_right(box, region, protocol):
                del free[index]
                n_matched += 1
                break
    return MatchCounts(n_matched, excused.count(False), n_regions)


def compute_iou(first: Corners, second: Corners) -> float:
    """Intersection over union of two convex polygons.

    Args:
        first: (n, 2) corners in order, as `convex hulls` give them.
        second: (m, 2) likewise.

    Returns:
        0 to 1; 0 where either has no area.
    """
    shared = compute_intersection(first, second)
    union = compute_area(first) + compute_area(second) - shared
    return shared / union if union > 0 else 0.0


def compute_intersection(first: Corners, second: Corners) -> float:
    """Area that two convex polygons share, by clipping one with each side of the other."""
    if len(first) < 3 or len(second) < 3:
        return 0.0
    if (first.max(axis=0) <= second.min(axis=0)).any() or (second.max(axis=0) <= first.min(axis=0)).any():
        return 0.0
    clipped = [tuple(corner) for corner in first]
    turn = 1.0 if _signed_area(second) > 0 else -1.0
    for start, end in zip(second, np.roll(second, -1, axis=0), strict=True):
        clipped = _clip(clipped, start, (end - start) * turn)
        if len(clipped) < 3:
            return 0.0
    return compute_area(np.array(clipped))


def compute_area(corners: Corners) -> float:
    """Area of a simple polygon (n, 2)."""
    return abs(_signed_area(corners)) if len(corners) >= 3 else 0.0


def _evaluate(
    samples: Iterable[SceneSample], find: Callable[[NDArray[np.uint8]], Sequence[FoundText]], protocol: str | None
) -> DetectionMetrics:
    counts: list[MatchCounts] = []
    spent_s = 0.0
    for sample in samples:
        began = time.perf_counter()
        found = find(sample.image)
        spent_s += time.perf_counter() - began
        counts.append(match_regions(sample.boxes, found, protocol))
    return sum_up(counts, spent_s)


def sum_up(counts: Sequence[MatchCounts], spent_s: float) -> DetectionMetrics:
    """Metrics over pictures from the counts of each."""
    n_matched = sum(count.n_matched for count in counts)
    n_boxes = sum(count.n_boxes for count in counts)
    n_regions = sum(count.n_regions for count in counts)
    precision = n_matched / n_regions if n_regions else 0.0
    recall = n_matched / n_boxes if n_boxes else 0.0
    hmean = 2 * precision * recall / (precision + recall) if n_matched else 0.0
    return DetectionMetrics(precision, recall, hmean, len(counts), 1e3 * spent_s / max(len(counts), 1))


def _is_excused(box: SceneBox, protocol: str | None) -> bool:
    if box.is_excused or protocol is None:
        return box.is_excused
    return not normalise(box.text or "", protocol)


def _is_right(box: SceneBox, region: FoundText, protocol: str | None) -> bool:
    if protocol is None:
        return True
    return normalise(box.text or "", protocol) == normalise(region.text, protocol)


def _lies_in_any(region: Corners, excuses: Sequence[Corners]) -> bool:
    area = compute_area(region)
    return any(compute_intersection(region, excuse) > EXCUSED_OVERLAP * area for excuse in excuses)


def _convex(corners: NDArray[np.floating]) -> Corners:
    """Convex hull (n, 2) of any points; empty where they have no area."""
    if len(corners) < 3 or not np.isfinite(corners).all():
        return np.zeros((0, 2))
    hull = cv2.convexHull(corners.astype(np.float32)).reshape(-1, 2).astype(np.float64)
    return hull if compute_area(hull) > 0 else np.zeros((0, 2))


def _clip(polygon: list[tuple[float, ...]], start: Corners, side: Corners) -> list[tuple[float, ...]]:
    """The part of a polygon on the left of a line (Sutherland and Hodgman)."""
    heights = [side[0] * (y - start[1]) - side[1] * (x - start[0]) for x, y in polygon]
    kept: list[tuple[float, ...]] = []
    for index, corner in enumerate(polygon):
        before, here = heights[index - 1], heights[index]
        if before * here < 0:
            share = before / (before - here)
            kept.append(tuple(a + share * (b - a) for a, b in zip(polygon[index - 1], corner, strict=True)))
        if here >= 0:
            kept.append(corner)
    return kept


def _signed_area(corners: Corners) -> float:
    x, y = corners[:, 0], corners[:, 1]
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
