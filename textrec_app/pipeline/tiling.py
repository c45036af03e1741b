"""Small text in large pictures: after a look at the whole, closer looks at those parts where they pay."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from textrec_app.domain import DetectedRegion
from textrec_app.pipeline.scale_merging import Look, merge_looks, text_heights
from textrec_app.pipeline.tile_planning import (
    CELL_PX,
    CellGrid,
    Cells,
    Window,
    find_lost_detail,
    leave_explained,
    plan_tiles,
    seen_windows,
)

Picture = NDArray[np.uint8]
LookAt = Callable[[Sequence[Picture], float], Sequence[Sequence[DetectedRegion]]]
"""Looks at crops, (h, w, 3) uint8 all of one size, at a scale; gives the words of each, in pixels of the crop."""


@dataclass(frozen=True, slots=True)
class TilingOptions:
    """When and how closely to look; pixels are those of the network's input.

    Attributes:
        small_px: words below this height deserve a closer look.
        target_px: the height at which the closer look is to see them.
        tile_px: side of a tile.
        overlap: of neighbouring tiles, relative to their side.
        most_tiles: in all, however large the picture.
        batch: tiles that are looked at together.
        probes: tiles that are tried where nothing but fine detail hints at text; without a find there the rest is
            left alone.
        most_scale: greatest scale of a closer look.
        least_gain: a closer look is at least so many times as close.
        probe_gain: fine detail is probed only if it can be seen so many times as closely.
        sure_score: words below it are doubtful: they give no reason for a closer look.
    """

    small_px: float = 14.0
    target_px: float = 22.0
    tile_px: int = 960
    overlap: float = 0.16
    most_tiles: int = 24
    batch: int = 4
    probes: int = 2
    most_scale: float = 1.0
    least_gain: float = 1.3
    probe_gain: float = 1.8
    sure_score: float = 0.0


_SMALLER_QUARTER = 0.25
_LEAST_FINDS = 2
_ROUNDS = 2


def look_closer(
    image: Picture, whole: Look, look_at: LookAt, options: TilingOptions | None = None
) -> list[DetectedRegion]:
    """Add to the words of a whole picture those that only a closer look finds.

    Parts with small words are looked at again, so closely that these become large enough; parts that hold fine detail
    which the first look could not see, and no word, are probed. Where a closer look was taken, it alone says what
    small words there are. A picture without either costs no further look.

    Args:
        image: (H, W, 3) uint8 RGB.
        whole: what was found in all of it; its `trusted_px` is replaced.
        look_at: looks at tiles.

    Returns:
        Words without duplicates, in pixels of the picture.
    """
    closer = _Closer(image, whole, look_at, options or TilingOptions())
    if closer.may_pay:
        closer.follow_small_words()
        closer.probe_detail()
    return closer.merge()


class _Closer:
    """The looks at one picture, while they are taken."""

    def __init__(self, image: Picture, whole: Look, look_at: LookAt, options: TilingOptions) -> None:
        self.image, self.whole, self.look_at, self.options = image, whole, look_at, options
        self.size_hw = (image.shape[0], image.shape[1])
        self.grid = CellGrid(CELL_PX / whole.scale, self.size_hw)
        self.looks: list[Look] = []

    @property
    def may_pay(self) -> bool:
        """Whether the picture has more detail than was seen."""
        return self.options.most_scale >= self.options.least_gain * self.whole.scale

    def follow_small_words(self) -> None:
        """Look again where words are small, and once more where closer looks found still smaller ones."""
        looks: Sequence[Look] = [self.whole]
        for _ in range(_ROUNDS):
            small = [(region, look) for look in looks for region in self._sure(self._list_small(look))]
            if not small:
                return
            quads = np.array([region.polygon for region, _ in small], np.float32)
            scale = self._choose_scale(text_heights(quads), max(look.scale for _, look in small))
            if scale is None:
                return
            before = len(self.looks)
            for windows in self._batches(self.grid.mark(quads), scale):
                self._look(windows, scale)
            looks = self.looks[before:]

    def probe_detail(self) -> None:
        """Look where fine detail was lost and no word was found, as long as that finds words."""
        options, scale = self.options, self.options.most_scale
        if scale < options.probe_gain * self.whole.scale:
            return
        lost = find_lost_detail(self.image, self.whole.scale, self.grid)
        count = options.probes
        while self._tiles_left > 0:
            known = [region for look in (self.whole, *self.looks) for region in self._sure(look.regions)]
            quads = np.array([region.polygon for region in known], np.float32)
            wanted = leave_explained(lost & ~self._seen(), quads, self.grid)
            windows = self._plan(wanted, scale)[:count]
            if not windows:
                return
            regions = self._sure(self._look(windows, scale))
            if len(regions) < _LEAST_FINDS:
                return
            heights = text_heights(np.array([region.polygon for region in regions], np.float32))
            scale = self._choose_scale(heights, self.whole.scale) or scale
            count = options.batch

    def merge(self) -> list[DetectedRegion]:
        """One list of words from all looks."""
        if not self.looks:
            return list(self.whole.regions)
        kept = self._leave_superseded()
        whole = replace(self.whole, regions=kept, trusted_px=(self.options.small_px, math.inf))
        return merge_looks([whole, *self.looks], self.size_hw, self.options.sure_score)

    @property
    def _tiles_left(self) -> int:
        return self.options.most_tiles - len(self.looks)

    def _sure(self, regions: Sequence[DetectedRegion]) -> list[DetectedRegion]:
        return [region for region in regions if region.score >= self.options.sure_score]

    def _list_small(self, look: Look) -> list[DetectedRegion]:
        if not look.regions:
            return []
        heights = text_heights(np.array([region.polygon for region in look.regions], np.float32)) * look.scale
        return [look.regions[index] for index in np.flatnonzero(heights < self.options.small_px).tolist()]

    def _choose_scale(self, heights: NDArray[np.float32], seen_at: float) -> float | None:
        """The scale at which most of these heights are well seen; None if that is hardly closer than before."""
        wanted = self.options.target_px / max(1.0, float(np.quantile(heights, _SMALLER_QUARTER)))
        scale = min(wanted, self.options.most_scale)
        return scale if scale >= self.options.least_gain * seen_at else None

    def _plan(self, wanted: Cells, scale: float) -> list[Window]:
        side = self.options.tile_px / scale
        return plan_tiles(wanted, self.grid, side, side * self.options.overlap / 2)[: self._tiles_left]

    def _batches(self, wanted: Cells, scale: float) -> list[list[Window]]:
        windows, step = self._plan(wanted, scale), self.options.batch
        return [windows[start : start + step] for start in range(0, len(windows), step)]

    def _look(self, windows: Sequence[Window], scale: float) -> list[DetectedRegion]:
        """Take looks through windows of one size; the words that they find."""
        options, found = self.options, []
        crops = [self.image[y0:y1, x0:x1] for x0, y0, x1, y1 in windows]
        for window, regions in zip(windows, self.look_at(crops, scale), strict=True):
            moved = [_move(region, window[:2]) for region in regions]
            trusted = (options.small_px / 2, options.tile_px / 8)
            self.looks.append(Look(moved, scale, trusted, (0.0, options.tile_px / 2), window))
            found += moved
        return found

    def _seen(self) -> Cells:
        return self.grid.inside([window for look in self.looks for window in self._seen_window(look)])

    def _seen_window(self, look: Look) -> list[Window]:
        margin = self.options.tile_px / look.scale * self.options.overlap / 2
        return seen_windows([] if look.window_xyxy is None else [look.window_xyxy], self.size_hw, margin)

    def _leave_superseded(self) -> list[DetectedRegion]:
        """The words of the first look but small ones that a closer look had wholly before it."""
        small = {id(region) for region in self._list_small(self.whole)}
        windows = [window for look in self.looks for window in self._seen_window(look)]
        return [
            region
            for region in self.whole.regions
            if id(region) not in small or not any(_contains(window, region) for window in windows)
        ]


def _contains(window: Window, region: DetectedRegion) -> bool:
    x0, y0, x1, y1 = window
    return all(x0 <= x <= x1 and y0 <= y <= y1 for x, y in region.polygon)


def _move(region: DetectedRegion, by: Sequence[int]) -> DetectedRegion:
    moved = [tuple((x + by[0], y + by[1]) for x, y in quad) for quad in (region.polygon, *region.character_polygons)]
    return replace(region, polygon=moved[0], character_polygons=tuple(moved[1:]))
