"""Reading crops: resize into buckets, run the network in batches, decode, calibrate, explain."""

import threading
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from models.calibration import WordCalibration
from models.charset import Charset
from models.errors import WeightsError
from models.recognition.conv_attention_ctc import ConvAttentionCtc
from models.recognition.ctc import DecodedText, ctc_greedy_decode
from models.weights import WeightCard, load_network
from textrec_app.data.buckets import resize_to_bucket
from textrec_app.domain import CropCharacter, CropReading
from textrec_app.errors import InputError
from textrec_app.pipeline.devices import has_fast_bf16, pick_device

BATCH_OF_REFERENCE_WIDTH = 32
REFERENCE_WIDTH_PX = 128


class Recognizer:
    """A loaded recognizer checkpoint.

    Attributes:
        card: the checkpoint's card; its name, version and hash go with every reading.
    """

    def __init__(self, network: ConvAttentionCtc, card: WeightCard, device: torch.device) -> None:
        self.network, self.card, self.device = network, card, device
        self.charset = Charset(card.charset)
        self.calibration = WordCalibration.from_dict(card.calibration)
        self._mean = torch.tensor(card.preprocessing["mean"], device=device).view(1, 3, 1, 1) * 255.0
        self._scale = 1.0 / (torch.tensor(card.preprocessing["std"], device=device).view(1, 3, 1, 1) * 255.0)
        self._bf16 = has_fast_bf16(device)
        self._lock = threading.Lock()

    @classmethod
    def load(cls, path: Path, device: str = "cpu") -> "Recognizer":
        """Load weights and card.

        Raises:
            WeightsError: missing, altered, or weights of another task.
        """
        place = pick_device(device)
        network, card = load_network(path, place)
        if not isinstance(network, ConvAttentionCtc):
            raise WeightsError(f"{path.name} is a {card.task}, not a recognizer; choose a recognizer checkpoint")
        return cls(network.to(memory_format=torch.channels_last), card, place)

    def read(self, crops: Sequence[np.ndarray]) -> list[CropReading]:
        """Read word crops in batches of one width.

        Args:
            crops: (H, W, 3) uint8 RGB each.

        Returns:
            One reading for each crop, in order.

        Raises:
            InputError: a crop is empty or not three channels of bytes.
        """
        resized = [resize_to_bucket(_checked(crop)) for crop in crops]
        order = sorted(range(len(crops)), key=lambda index: resized[index].shape[1])
        readings: dict[int, CropReading] = {}
        start = 0
        while start < len(order):
            width = resized[order[start]].shape[1]
            most = max(1, BATCH_OF_REFERENCE_WIDTH * REFERENCE_WIDTH_PX // width)
            chunk = [index for index in order[start : start + most] if resized[index].shape[1] == width]
            logits = self._run(np.stack([resized[index] for index in chunk]))
            for index, decoded in zip(chunk, ctc_greedy_decode(logits, self.charset), strict=True):
                readings[index] = self._reading(decoded, logits.shape[1])
            start += len(chunk)
        return [readings[index] for index in range(len(crops))]

    def attention(self, crop: np.ndarray) -> np.ndarray:
        """Where the network looked for each character of its reading.

        The last global block's attention, averaged over a character's steps and spread over the rows
        by the row weights: nothing but the network's own numbers.

        Args:
            crop: (H, W, 3) uint8 RGB.

        Returns:
            (N, H, W) float32 in [0, 1], one map for each character, each with maximum 1; N may be 0.
        """
        image = resize_to_bucket(_checked(crop))
        with self._lock, torch.inference_mode():
            features = self.network.features(self._normalised(image[None]))
            logits = self.network.head(self.network.norm(features.columns)).cpu()
        decoded = ctc_greedy_decode(logits, self.charset)[0]
        height, width = crop.shape[:2]
        rows = features.row_weights[0].float().cpu().numpy()  # (R, T)
        table = features.attention[0].float().cpu().numpy()  # (T, T)
        maps = np.zeros((len(decoded.spans), height, width), np.float32)
        for number, (first, last) in enumerate(decoded.spans):
            columns = table[first:last].mean(axis=0)
            spread = cv2.resize(rows * columns[None], (width, height), interpolation=cv2.INTER_CUBIC)
            maps[number] = np.clip(spread / max(float(spread.max()), 1e-9), 0.0, 1.0)
        return maps

    def _run(self, images: np.ndarray) -> Tensor:
        batch = self._normalised(images)
        with self._lock, torch.inference_mode():
            if self._bf16 and len(images) > 1:
                with torch.autocast(self.device.type, torch.bfloat16):
                    return self.network(batch).float().cpu()
            return self.network(batch).float().cpu()

    def _normalised(self, images: np.ndarray) -> Tensor:
        """(B, 32, W, 3) uint8 to (B, 3, 32, W) float32 as the card says."""
        tensor = torch.from_numpy(images).to(self.device).permute(0, 3, 1, 2)
        return (tensor.float() - self._mean) * self._scale

    def _reading(self, decoded: DecodedText, steps: int) -> CropReading:
        bounds = span_bounds(decoded.spans, steps)
        characters = tuple(
            CropCharacter(text, probability, start / steps, end / steps)
            for text, probability, (start, end) in zip(decoded.text, decoded.char_probs, bounds, strict=True)
        )
        weakest = min(decoded.char_probs, default=0.0)
        confidence = self.calibration.probability(decoded.log_prob, len(decoded.text), weakest)
        return CropReading(decoded.text, confidence, decoded.log_prob, characters)


def span_bounds(spans: Sequence[tuple[int, int]], steps: int) -> list[tuple[float, float]]:
    """Widen CTC's narrow spans to character widths: neighbours meet half-way, ends keep a typical half width.

    Args:
        spans: first and last-plus-one step of each character, rising.
        steps: number of steps of the crop.

    Returns:
        (start, end) in steps for each character; they do not overlap and lie in [0, steps].
    """
    if not spans:
        return []
    centres = [(first + last) / 2 for first, last in spans]
    pitch = float(np.median(np.diff(centres))) if len(centres) > 1 else float(steps) * 0.8
    half = min(pitch * 0.5, steps / 2)
    middles = [(left + right) / 2 for left, right in pairwise(centres)]
    limit = [max(half, (right - left) / 2) for left, right in spans]
    bounds = []
    for index, centre in enumerate(centres):
        start = middles[index - 1] if index else 0.0
        end = middles[index] if index < len(middles) else float(steps)
        reach = max(limit[index], half * 1.25)
        bounds.append((max(start, centre - reach, 0.0), min(end, centre + reach, float(steps))))
    return bounds


def _checked(crop: np.ndarray) -> np.ndarray:
    if crop.ndim != 3 or crop.shape[2] != 3 or crop.dtype != np.uint8 or 0 in crop.shape:
        raise InputError(f"a crop must be (height, width, 3) bytes, not {crop.shape} of {crop.dtype}")
    return crop
