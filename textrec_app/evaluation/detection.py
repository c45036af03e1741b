"""How well regions match boxes: the ICDAR 2015 rule, for detection and for end-to-end spotting."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrec_app.data.scenes import SceneBox
from textrec_app.domain import Polygon
from textrec_app.evaluation.polygons import Corners, compute_area, compute_intersections, find_hull
from textrec_app.evaluation.protocols import normalise

MIN_IOU = 0.5
EXCUSED_OVERLAP = 0.5
DUPLICATE_OVERLAP = 0.5


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
class Matching:
    """What became of each box and each region of one picture, as indices in the order given.

    Attributes:
        pairs: box and region that match.
        missed: boxes that nothing matched.
        excused_boxes: those that neither finding nor missing counts for.
        false: regions that match nothing, and are not excused.
        excused_regions: regions that lie in an excused box.
        duplicates: regions, excused or not, that cover once more what is covered already; see `assign_regions`.
    """

    pairs: tuple[tuple[int, int], ...] = ()
    missed: tuple[int, ...] = ()
    excused_boxes: tuple[int, ...] = ()
    false: tuple[int, ...] = ()
    excused_regions: tuple[int, ...] = ()
    duplicates: tuple[int, ...] = ()

    def count(self) -> "MatchCounts":
        """The numbers that sets are summed up from."""
        n_matched = len(self.pairs)
        n_regions = n_matched + len(self.false)
        is_text_free = not (self.pairs or self.missed or self.excused_boxes)
        return MatchCounts(n_matched, n_matched + len(self.missed), n_regions, len(self.duplicates), is_text_free)


@dataclass(frozen=True, slots=True)
class MatchCounts:
    """Counts of one picture, excused boxes and regions left out.

    Attributes:
        n_duplicates: regions that cover again what is covered already, excused ones too.
        is_text_free: the picture has no box at all.
    """

    n_matched: int
    n_boxes: int
    n_regions: int
    n_duplicates: int = 0
    is_text_free: bool = False


@dataclass(frozen=True, slots=True)
class DetectionMetrics:
    """Shares over all pictures of a set; 0 where there is nothing to divide by.

    Attributes:
        duplicates_per_100: regions that cover again what is covered already, for 100 boxes that count.
        false_per_picture: regions found in a picture without any box, mean over such pictures; None without any.
        n_text_free: pictures without any box.
    """

    precision: float
    recall: float
    hmean: float
    n_images: int
    ms_per_image: float
    duplicates_per_100: float = 0.0
    false_per_picture: float | None = None
    n_text_free: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The part of the JSON form of `evaluate detection|spotting` that DESIGN promises."""
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
    """Match regions with boxes and count; see `assign_regions`."""
    return assign_regions(boxes, found, protocol).count()


def assign_regions(boxes: Sequence[SceneBox], found: Sequence[FoundText], protocol: str | None = None) -> Matching:
    """Match regions with boxes one to one.

    A region is excused when more than half of it lies in one excused box. Among the others, boxes take, in
    their order, the first free region with an intersection over union above 0.5; with a protocol that region's
    text must be right too. Directions are not compared: an upside-down quad matches as well as an upright one.

    A region that matched nothing is a duplicate when it shares more than half of the smaller of both areas with a box
    that another region matched, with a region that matched, or with a region before it. So a word that is found
    whole and once more in part has one duplicate, three regions on one box two, and one region over two words that
    are also found singly one. Excused regions can be duplicates too.

    Args:
        protocol: None for detection; else the rule by which texts are compared.

    Source:
        The official script of ICDAR 2015 Robust Reading, challenge 4, tasks 4.1 and 4.4; duplicates are our own count.
    """
    excused_boxes = tuple(index for index, box in enumerate(boxes) if _is_excused(box, protocol))
    box_hulls = [find_hull(box.quad) for box in boxes]
    region_hulls = [find_hull(np.array(region.polygon, np.float64)) for region in found]
    shared = compute_intersections(box_hulls, region_hulls)
    box_areas = np.array([compute_area(hull) for hull in box_hulls])
    region_areas = np.array([compute_area(hull) for hull in region_hulls])
    in_excused = shared[list(excused_boxes)] > EXCUSED_OVERLAP * region_areas
    excused_regions = tuple(np.flatnonzero(in_excused.any(axis=0)).tolist())

    free = [index for index in range(len(found)) if index not in excused_regions]
    pairs, missed = [], []
    for number, box in enumerate(boxes):
        if number in excused_boxes:
            continue
        unions = box_areas[number] + region_areas - shared[number]
        fits = shared[number] > MIN_IOU * unions
        match = next((index for index in free if fits[index] and _is_right(box, found[index], protocol)), None)
        if match is None:
            missed.append(number)
        else:
            free.remove(match)
            pairs.append((number, match))

    matched_boxes, matched_regions = [pair[0] for pair in pairs], {pair[1] for pair in pairs}
    covers = shared > DUPLICATE_OVERLAP * np.minimum(box_areas[:, None], region_areas)
    duplicates = _find_duplicates(region_hulls, region_areas, covers[matched_boxes].any(axis=0), matched_regions)
    return Matching(tuple(pairs), tuple(missed), excused_boxes, tuple(free), excused_regions, duplicates)


def sum_up(counts: Sequence[MatchCounts], spent_s: float) -> DetectionMetrics:
    """Metrics over pictures from the counts of each."""
    n_matched = sum(count.n_matched for count in counts)
    n_boxes = sum(count.n_boxes for count in counts)
    n_regions = sum(count.n_regions for count in counts)
    precision = n_matched / n_regions if n_regions else 0.0
    recall = n_matched / n_boxes if n_boxes else 0.0
    false = [count.n_regions for count in counts if count.is_text_free]
    return DetectionMetrics(
        precision=precision,
        recall=recall,
        hmean=2 * precision * recall / (precision + recall) if n_matched else 0.0,
        n_images=len(counts),
        ms_per_image=1e3 * spent_s / max(len(counts), 1),
        duplicates_per_100=100 * sum(count.n_duplicates for count in counts) / max(n_boxes, 1),
        false_per_picture=sum(false) / len(false) if false else None,
        n_text_free=len(false),
    )


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


def _find_duplicates(
    hulls: Sequence[Corners], areas: NDArray[np.float64], covers_matched: NDArray[np.bool_], matched: set[int]
) -> tuple[int, ...]:
    """Regions that cover again what is covered; `covers_matched`: (n,) whether it lies on a box that is matched."""
    shared = compute_intersections(hulls, hulls)
    overlaps = shared > DUPLICATE_OVERLAP * np.minimum(areas[:, None], areas)
    before = np.tri(len(hulls), k=-1, dtype=bool)  # [region, other]: the other comes first
    before[:, list(matched)] = True
    again = covers_matched | (overlaps & before).any(axis=1)
    return tuple(index for index in np.flatnonzero(again).tolist() if index not in matched)


def _is_excused(box: SceneBox, protocol: str | None) -> bool:
    if box.is_excused or protocol is None:
        return box.is_excused
    return not normalise(box.text or "", protocol)


def _is_right(box: SceneBox, region: FoundText, protocol: str | None) -> bool:
    if protocol is None:
        return True
    return normalise(box.text or "", protocol) == normalise(region.text, protocol)
