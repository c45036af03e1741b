"""From a picture to the words in it: scale, pad, run the network, turn maps into regions."""

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.detection.craft import MAP_STRIDE
from models.weights import WeightCard, load_network
from textrec_app.domain import DetectedRegion, Polygon
from textrec_app.errors import InputError
from textrec_app.pipeline.craft_postprocess import CraftThresholds, MapWord, find_words
from textrec_app.pipeline.devices import has_fast_bf16
from textrec_app.pipeline.scale_merging import merge_scales

Picture = NDArray[np.uint8]

_MULTIPLE_PX = 32


@dataclass(frozen=True, slots=True)
class DetectionPreprocessing:
    """How pictures are brought before the network; it travels in the weight card.

    Attributes:
        mean, std: of each channel (RGB), in 0..255.
        long_side_px: the longer side is scaled to this.
        short_side_px: long narrow pictures (receipts) are scaled further, until the shorter side reaches this,
        area_px: or the area this.
        magnify: no picture is scaled by more.
        far_ratio: scale of a second look, relative to the first, for text of great size; 0 for none.
        large_px: text height, in pixels of the first look, from which the second is trusted more.
        margin_rel: border added on each side, relative to the shorter side, so that a word that fills the picture
            has surroundings.
    """

    mean: tuple[float, float, float] = (124.0, 116.0, 104.0)
    std: tuple[float, float, float] = (58.0, 57.0, 57.0)
    long_side_px: int = 1280
    short_side_px: int = 640
    area_px: int = 1280 * 960
    magnify: float = 1.5
    far_ratio: float = 0.4
    large_px: float = 110.0
    margin_rel: float = 0.06


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the picture lies in the network's input: x_input = x * scale + margin."""

    scale: float
    margin_px: int


class Detector:
    """Finds words in pictures.

    Attributes:
        card: the weight card of the network in use.
    """

    def __init__(self, network: nn.Module, card: WeightCard, device: str = "cpu") -> None:
        self.card = card
        self.device = torch.device(device)
        self._bf16 = has_fast_bf16(self.device)
        self._network = network.to(self.device).to(memory_format=torch.channels_last).eval()
        self.preprocessing = read_preprocessing(card.preprocessing)
        self.thresholds = read_thresholds(card.preprocessing)

    @classmethod
    def load(cls, path: Path, device: str = "cpu") -> "Detector":
        """Load weights and card.

        Raises:
            WeightsError: missing, altered, or not a detector's.
        """
        network, card = load_network(path, device)
        return cls(network, card, device)

    def detect(self, image: Picture) -> list[DetectedRegion]:
        """Find the words of a picture.

        Args:
            image: (H, W, 3) uint8 RGB.

        Returns:
            Regions in pixels of `image`, in no particular order; `pipeline.ordering` sorts them.

        Raises:
            InputError: not an RGB picture.
        """
        if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
            raise InputError(f"expected an RGB picture of H x W x 3, got {image.shape}. Load it with load_image.")
        near, scale = self._look(image, 1.0)
        if not self.preprocessing.far_ratio:
            return near
        far, _ = self._look(image, self.preprocessing.far_ratio)
        return merge_scales(near, far, self.preprocessing.large_px / scale)

    def compute_maps(
        self, image: Picture, ratio: float = 1.0
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], Placement]:
        """Score a picture.

        Args:
            image: (H, W, 3) uint8 RGB.
            ratio: scale, relative to the one that the preprocessing gives.

        Returns:
            Region and affinity scores, (H', W') float32 in 0..1, and where the picture lies under them.
        """
        canvas, placement = prepare_canvas(image, self.preprocessing, ratio)
        mean = np.array(self.preprocessing.mean, np.float32)
        std = np.array(self.preprocessing.std, np.float32)
        tensor = torch.from_numpy((canvas - mean) / std).permute(2, 0, 1)[None]  # channels last in memory
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, enabled=self._bf16):
            logits = self._network(tensor.to(self.device))
        maps = logits[0].float().sigmoid().cpu().numpy()
        return maps[0], maps[1], placement

    def _look(self, image: Picture, ratio: float) -> tuple[list[DetectedRegion], float]:
        """Words at one scale, and that scale."""
        region, affinity, placement = self.compute_maps(image, ratio)
        words = find_words(region, affinity, self.thresholds)
        return [_to_region(word, placement, image.shape[:2]) for word in words], placement.scale


def read_preprocessing(values: dict[str, Any]) -> DetectionPreprocessing:
    """The part of a card's `preprocessing` that prepares pictures; lists stand for tuples."""
    return DetectionPreprocessing(**_known(values, DetectionPreprocessing))


def read_thresholds(values: dict[str, Any]) -> CraftThresholds:
    """The part of a card's `preprocessing` under "thresholds"."""
    return CraftThresholds(**_known(values.get("thresholds", {}), CraftThresholds))


def prepare_canvas(
    image: Picture, preprocessing: DetectionPreprocessing, ratio: float = 1.0
) -> tuple[Picture, Placement]:
    """Scale a picture and lay it on a canvas that the network accepts.

    Args:
        image: (H, W, 3) uint8, neither side 0.
        ratio: further scale.

    Returns:
        The canvas (H', W', 3) uint8, sides multiples of 32, filled around the picture with the median colour of
        its border, and where the picture lies.
    """
    height, width = image.shape[:2]
    scale = _choose_scale((height, width), preprocessing) * ratio
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    scaled = image if size == (width, height) else cv2.resize(image, size, interpolation=interpolation)
    margin = max(8, math.ceil(preprocessing.margin_rel * min(size)))
    canvas_width, canvas_height = (math.ceil((side + 2 * margin) / _MULTIPLE_PX) * _MULTIPLE_PX for side in size)
    canvas = np.empty((canvas_height, canvas_width, 3), np.uint8)
    canvas[:] = _border_colour(scaled)
    canvas[margin : margin + size[1], margin : margin + size[0]] = scaled
    return canvas, Placement(scale, margin)


def _choose_scale(size_hw: tuple[int, int], preprocessing: DetectionPreprocessing) -> float:
    by_long_side = preprocessing.long_side_px / max(size_hw)
    by_area = math.sqrt(preprocessing.area_px / (size_hw[0] * size_hw[1]))
    narrow = min(preprocessing.short_side_px / min(size_hw), by_area)
    return min(max(by_long_side, narrow), preprocessing.magnify)


def _border_colour(image: Picture) -> NDArray[np.uint8]:
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    return np.median(border, axis=0).astype(np.uint8)


def _to_region(word: MapWord, placement: Placement, size_hw: tuple[int, ...]) -> DetectedRegion:
    height, width = size_hw
    quads = np.concatenate([word.quad[None], word.character_quads]) * MAP_STRIDE
    quads = (quads - placement.margin_px) / placement.scale
    quads = np.clip(quads, 0, (width, height))
    reading = word.quad[1] - word.quad[0]
    return DetectedRegion(
        polygon=_to_polygon(quads[0]),
        score=word.score,
        angle_deg=math.degrees(math.atan2(-float(reading[1]), float(reading[0]))),
        character_polygons=tuple(_to_polygon(quad) for quad in quads[1:]),
    )


def _to_polygon(quad: NDArray[np.float32]) -> Polygon:
    return tuple((float(x), float(y)) for x, y in quad)


def _known(values: dict[str, Any], kind: type) -> dict[str, Any]:
    names = {item.name for item in fields(kind)}
    return {name: tuple(v) if isinstance(v, list) else v for name, v in values.items() if name in names}
