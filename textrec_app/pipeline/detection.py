"""From a picture to the words in it: scale, pad, run the network, turn maps into regions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.weights import WeightCard, load_network
from textrec_app.domain import DetectedRegion, Polygon
from textrec_app.errors import InputError
from textrec_app.pipeline.canvas import DetectionPreprocessing, Picture, Placement, lay_on_canvas, prepare_canvas
from textrec_app.pipeline.detector_runners import DetectorRunner, create_detector_runner
from textrec_app.pipeline.levelling import find_slant, join_looks, turn_level
from textrec_app.pipeline.logits import Runtime
from textrec_app.pipeline.map_decoders import create_decoder
from textrec_app.pipeline.one_shot_decoding import CanvasWord
from textrec_app.pipeline.scale_merging import Look, merge_scales, reading_angle
from textrec_app.pipeline.tiling import TilingOptions, look_closer

Floats = NDArray[np.float32]

_HINT = 0.6
"""Words down to this share of the threshold tell which way text runs."""


@dataclass(frozen=True)
class Detection:
    """What a detector sees in a picture.

    Attributes:
        regions: in no particular order.
        maps: "words" and "characters", (h, w) float32 in 0..1; stretched to the picture's size each lies on it.
    """

    regions: list[DetectedRegion]
    maps: dict[str, Floats]


class Detector:
    """Finds words in pictures.

    Attributes:
        card: the weight card of the network in use.
        runner: what runs the network.
        threshold: score from which a region is reported.
    """

    def __init__(
        self, network: nn.Module, card: WeightCard, device: str = "cpu", runner: DetectorRunner | None = None
    ) -> None:
        self.card = card
        self.device = torch.device(device)
        self.preprocessing = read_preprocessing(card.preprocessing)
        self.runner = runner or create_detector_runner(network, card, self.preprocessing, self.device)
        self._decoder = create_decoder(card.architecture, card.preprocessing.get("thresholds", {}))
        self.threshold = self._decoder.threshold
        self._tiling = TilingOptions(
            small_px=self.preprocessing.small_px,
            target_px=self.preprocessing.target_px,
            most_tiles=self.preprocessing.most_tiles,
            sure_score=self.threshold,
        )

    @classmethod
    def load(cls, path: Path, device: str = "cpu", runtime: Runtime = "auto") -> "Detector":
        """Load weights and card.

        Args:
            runtime: "auto" takes the faster of torch and onnxruntime, where that and the ONNX file are there.

        Raises:
            InputError: onnxruntime is demanded, but it or the ONNX file is missing.
            WeightsError: missing, altered, or not a detector's.
        """
        network, card = load_network(path, device)
        place, preprocessing = torch.device(device), read_preprocessing(card.preprocessing)
        return cls(network, card, device, create_detector_runner(network, card, preprocessing, place, path, runtime))

    def detect(self, image: Picture) -> list[DetectedRegion]:
        """Find the words of a picture.

        Args:
            image: (H, W, 3) uint8 RGB.

        Returns:
            Regions in pixels of `image`, in no particular order.

        Raises:
            InputError: not an RGB picture.
        """
        return self._look(image, self.threshold, with_maps=False).regions

    def look(self, image: Picture, floor: float | None = None) -> Detection:
        """Find the words of a picture, also doubtful ones, with the maps that they come from.

        Args:
            image: (H, W, 3) uint8 RGB.
            floor: least score of a region; None takes `threshold`.

        Raises:
            InputError: not an RGB picture.
        """
        return self._look(image, self.threshold if floor is None else floor, with_maps=True)

    def compute_maps(self, image: Picture, ratio: float = 1.0) -> tuple[Floats, int, Placement]:
        """Where characters are.

        Args:
            image: (H, W, 3) uint8 RGB.
            ratio: scale, relative to the one that the preprocessing gives.

        Returns:
            (h, w) float32 in 0..1, low between characters; pixels of the canvas for each value; and where the
            picture lies on the canvas.
        """
        canvas, placement = prepare_canvas(image, self.preprocessing, ratio)
        characters, stride = self._decoder.view(_first(self.runner.run(canvas[None])))["characters"]
        return characters, stride, placement

    def _look(self, image: Picture, floor: float, with_maps: bool) -> Detection:
        if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
            raise InputError(f"expected an RGB picture of H x W x 3, got {image.shape}. Load it with load_image.")
        found = self._see(image, floor)
        views = self._decoder.view(found.outputs) if with_maps else {}
        maps = {name: _cut_out(*view, found.placement) for name, view in views.items()}
        regions = found.regions
        if self._tiling.most_tiles:
            whole = Look(regions, found.placement.scale)
            regions = look_closer(image, whole, partial(self._look_at, floor=floor), self._tiling)
        slant = find_slant(found.likely) if self.preprocessing.looks_level else 0.0
        if slant:
            view = turn_level(image, found.likely, slant)
            regions = join_looks(regions, self._see(view.image, floor).regions, view, self.threshold)
        return Detection(regions, maps)

    def _see(self, image: Picture, floor: float) -> "_Sight":
        """One look at the whole picture, and one from afar for text of great size."""
        canvas, placement = prepare_canvas(image, self.preprocessing)
        outputs = _first(self.runner.run(canvas[None]))
        hint = _HINT * self.threshold
        near = self._list_regions(outputs, placement, image.shape[:2], min(floor, hint))
        regions = [region for region in near if region.score >= floor]
        likely = [region for region in near if region.score >= hint]
        if self.preprocessing.far_ratio:
            far_canvas, far_placement = prepare_canvas(image, self.preprocessing, self.preprocessing.far_ratio)
            far = self._list_regions(_first(self.runner.run(far_canvas[None])), far_placement, image.shape[:2], floor)
            regions = merge_scales(regions, far, self.preprocessing.large_px / placement.scale, self.threshold)
        return _Sight(regions, likely, placement, outputs)

    def _look_at(self, crops: Sequence[Picture], scale: float, floor: float) -> list[list[DetectedRegion]]:
        """Words of pictures of one size, each brought to a scale exactly; in the pixels of each."""
        laid = [lay_on_canvas(crop, scale, self.preprocessing.margin_rel) for crop in crops]
        outputs = self.runner.run(np.stack([canvas for canvas, _ in laid]))
        return [
            self._list_regions(
                {name: values[index] for name, values in outputs.items()},
                placement,
                crops[index].shape[:2],
                floor,
            )
            for index, (_, placement) in enumerate(laid)
        ]

    def _list_regions(
        self, outputs: Mapping[str, Floats], placement: Placement, size_hw: tuple[int, ...], floor: float
    ) -> list[DetectedRegion]:
        return [_to_region(word, placement, size_hw) for word in self._decoder.find_words(outputs, floor)]


@dataclass(frozen=True)
class _Sight:
    """Words of a look; those that tell which way text runs; where the picture lay, and what the network said."""

    regions: list[DetectedRegion]
    likely: list[DetectedRegion]
    placement: Placement
    outputs: dict[str, Floats]


def read_preprocessing(values: Mapping[str, Any]) -> DetectionPreprocessing:
    """The part of a card's `preprocessing` that prepares pictures; lists stand for tuples."""
    names = {item.name for item in fields(DetectionPreprocessing)}
    known: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in values.items() if name in names
    }
    return DetectionPreprocessing(**known)


def _first(outputs: Mapping[str, Floats]) -> dict[str, Floats]:
    return {name: values[0] for name, values in outputs.items()}


def _cut_out(scores: Floats, stride: int, placement: Placement) -> Floats:
    """The part of a map under the picture."""
    first = placement.margin_px // stride
    height, width = (max(1, round(side / stride)) for side in placement.size_hw)
    return scores[first : first + height, first : first + width]


def _to_region(word: CanvasWord, placement: Placement, size_hw: tuple[int, ...]) -> DetectedRegion:
    height, width = size_hw
    quads = np.concatenate([word.quad[None], word.character_quads])
    quads = (quads - placement.margin_px) / placement.scale
    quads = np.clip(quads, 0, (width, height))
    return DetectedRegion(
        polygon=_to_polygon(quads[0]),
        score=word.score,
        angle_deg=reading_angle(word.quad),
        character_polygons=tuple(_to_polygon(quad) for quad in quads[1:]),
    )


def _to_polygon(quad: Floats) -> Polygon:
    return tuple((float(x), float(y)) for x, y in quad)
