"""Crops of detected regions in every direction, and the way from a crop's characters back to the picture."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textrec_app.domain import CropCharacter, DetectedRegion, Polygon
from textrec_app.pipeline.cropping import crop_polygon, project_boxes, project_spans
from textrec_app.pipeline.strips import (
    Strip,
    cut_strip,
    find_bent_strip,
    find_stacked_strip,
    project_strip,
    stacked_turns,
)
from textrec_app.pipeline.turning import STACKED, turn_angle, turn_corners


class RegionCuts:
    """What the regions of one picture look like when they are laid flat.

    A direction is the number of corners by which the text's top-left moves on clockwise from where the detector saw it,
    or `STACKED`: the letters of a column side by side. Bent words are straightened along their letters.
    """

    def __init__(self, image: NDArray[np.uint8], regions: Sequence[DetectedRegion]) -> None:
        """Keep what to cut.

        Args:
            image: (H, W, 3) uint8 RGB.
            regions: in its pixels.
        """
        self.image, self.regions = image, regions
        self._bent = [find_bent_strip(region.polygon, region.character_polygons) for region in regions]
        self._stacked: dict[int, Strip | None] = {}

    def is_stacked(self, index: int) -> bool:
        """Whether the letters of a region may stand on top of each other."""
        return self._find_stacked(index) is not None

    def cut(self, index: int, turns: int) -> NDArray[np.uint8]:
        """(h, w, 3) uint8, a region as text that runs in a direction."""
        strip = self._find_strip(index, turns)
        return crop_polygon(self.image, self.polygon(index, turns)) if strip is None else cut_strip(self.image, strip)

    def polygon(self, index: int, turns: int) -> Polygon:
        """Corners of a region, beginning at the top-left of text that runs in a direction."""
        polygon = self.regions[index].polygon
        return turn_corners(polygon, stacked_turns(polygon) if turns == STACKED else turns)

    def angle_deg(self, index: int, turns: int) -> float:
        """Counter-clockwise angle of a direction; of stacked letters that of each letter."""
        region = self.regions[index]
        return turn_angle(region.angle_deg, stacked_turns(region.polygon) if turns == STACKED else turns)

    def place(self, index: int, turns: int, characters: Sequence[CropCharacter]) -> list[Polygon]:
        """Quads in the picture of what was read in a crop."""
        strip = self._find_strip(index, turns)
        if strip is not None:
            return project_strip(strip, [_box(character) for character in characters])
        polygon = self.polygon(index, turns)
        return [
            project_spans(polygon, [(item.start_rel, item.end_rel)])[0]
            if item.rows_rel is None
            else project_boxes(polygon, [_box(item)])[0]
            for item in characters
        ]

    def _find_stacked(self, index: int) -> Strip | None:
        if index not in self._stacked:
            region = self.regions[index]
            self._stacked[index] = find_stacked_strip(region.polygon, region.character_polygons)
        return self._stacked[index]

    def _find_strip(self, index: int, turns: int) -> Strip | None:
        if turns == STACKED:
            return self._find_stacked(index)
        bent = self._bent[index]
        if bent is None or turns % 2:
            return None
        return bent.turned() if turns else bent


def _box(character: CropCharacter) -> tuple[float, float, float, float]:
    top, bottom = character.rows_rel or (0.0, 1.0)
    return (character.start_rel, top, character.end_rel, bottom)
