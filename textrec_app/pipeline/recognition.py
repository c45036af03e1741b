"""Reading crops: resize into buckets, run the network in batches, decode, think twice where unsure, calibrate."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.calibration import WordCalibration
from models.charset import Charset
from models.errors import WeightsError
from models.recognition.ctc import DecodedText
from models.recognition.text_network import TextNetwork
from models.weights import WeightCard, load_card, load_network
from textrec_app.data.buckets import batch_by_width, resize_to_bucket
from textrec_app.domain import Alternative, CropReading
from textrec_app.errors import InputError
from textrec_app.pipeline.choosing import Choice, TextChooser
from textrec_app.pipeline.crop_readings import build_characters, share_confidence
from textrec_app.pipeline.devices import pick_device
from textrec_app.pipeline.language import find_language
from textrec_app.pipeline.lexicon import Lexicon
from textrec_app.pipeline.logits import LogitsRunner, Runtime, create_runner
from textrec_app.pipeline.looks import cut_windows, is_long, join_looks, stretch_to_bucket

TASK = "recognizer"
BATCH_OF_REFERENCE_WIDTH = 32
REFERENCE_WIDTH_PX = 128


@dataclass(frozen=True)
class ReadOptions:
    """What is asked for beyond the text.

    Attributes:
        alternatives: other texts for each word, and other characters for each place.
        lexicon: words to prefer; a text far likelier than all of them is read freely.
    """

    alternatives: int = 0
    lexicon: Lexicon | None = None


NOTHING_MORE = ReadOptions()


class _Seen(NamedTuple):
    """One crop's logits (T, K), its best path, and how many steps the path's spans count over the whole width."""

    logits: Tensor
    greedy: DecodedText
    steps: int

    def look(self) -> NDArray[np.float32]:
        return self.logits.log_softmax(dim=-1).numpy()


class Recognizer:
    """A loaded recognizer checkpoint.

    Attributes:
        card: the checkpoint's card; its name, version and hash go with every reading.
        chooser: decides between texts where the best path is unsure.
    """

    def __init__(
        self, network: TextNetwork, card: WeightCard, device: torch.device, runner: LogitsRunner | None = None
    ) -> None:
        self.network, self.card, self.device = network, card, device
        self.runner = runner or create_runner(network, card, device, None, "torch")
        self.charset = Charset(card.charset)
        self.calibration = WordCalibration.from_dict(card.calibration)
        self.chooser = TextChooser(self.charset, network.emits, find_language())
        self._mean = torch.tensor(card.preprocessing["mean"], device=device).view(1, 3, 1, 1) * 255.0
        self._scale = 1.0 / (torch.tensor(card.preprocessing["std"], device=device).view(1, 3, 1, 1) * 255.0)
        self._lock = threading.Lock()

    @classmethod
    def load(cls, path: Path, device: str = "cpu", runtime: Runtime = "auto") -> "Recognizer":
        """Load weights and card.

        Args:
            runtime: "auto" takes the faster of torch and onnxruntime, where that and the ONNX file are there.

        Raises:
            InputError: onnxruntime is demanded, but it or the ONNX file is missing.
            WeightsError: missing, altered, or weights of another task.
        """
        place = pick_device(device)
        network, card = _load_text_network(path, place)
        network = network.to(memory_format=torch.channels_last)
        return cls(network, card, place, create_runner(network, card, place, path, runtime))

    def read(self, crops: Sequence[np.ndarray], options: ReadOptions = NOTHING_MORE) -> list[CropReading]:
        """Read word crops in batches of one width.

        Words of which the network is unsure are looked at once more, stretched, and texts are weighed by both looks
        and by the language.

        Args:
            crops: (H, W, 3) uint8 RGB each.

        Returns:
            One reading for each crop, in order.

        Raises:
            InputError: a crop is empty or not three channels of bytes.
        """
        seen = self._see([_checked(crop) for crop in crops])
        wants_more = options.lexicon is not None or options.alternatives > 0
        choices = [
            self.chooser.choose(one.greedy, [one.look()], options.lexicon)
            if wants_more or not self.chooser.is_sure(one.greedy)
            else Choice(one.greedy)
            for one in seen
        ]
        self._look_again(crops, seen, choices, options)
        return [self._reading(one, choice, options) for one, choice in zip(seen, choices, strict=True)]

    def _look_again(
        self, crops: Sequence[np.ndarray], seen: Sequence[_Seen], choices: list[Choice], options: ReadOptions
    ) -> None:
        """Replace choices between texts that are still close to each other by those of two looks."""
        open_ones = [
            index
            for index, (one, choice) in enumerate(zip(seen, choices, strict=True))
            if not (self.chooser.is_sure(one.greedy) or self.chooser.is_settled(choice) or is_long(crops[index]))
        ]
        stretched = self._run_images([stretch_to_bucket(crops[index]) for index in open_ones])
        for index, logits in zip(open_ones, stretched, strict=True):
            looks = [seen[index].look(), logits.log_softmax(dim=-1).numpy()]
            known = choices[index].candidates
            choices[index] = self.chooser.choose(seen[index].greedy, looks, options.lexicon, known)

    def attention(self, crop: np.ndarray, text: str | None = None) -> np.ndarray:
        """Where the network looked for each character: nothing but its own numbers.

        Args:
            crop: (H, W, 3) uint8 RGB.
            text: what the crop is taken to say; None takes what `read` reads.

        Returns:
            (N, H, W) float32 in [0, 1], one map for each character, each with maximum 1; N may be 0.
        """
        said = self.read([crop])[0].text if text is None else text
        image = resize_to_bucket(_checked(crop))
        with self._lock, torch.inference_mode():
            batch = self._normalised(image[None])
            look = self.network(batch)[0].float().log_softmax(dim=-1).cpu().numpy()
            grids = self.network.character_maps(batch, self._place(look, said)).float().cpu().numpy()
        height, width = crop.shape[:2]
        maps = np.zeros((len(grids), height, width), np.float32)
        for number, grid in enumerate(grids):
            spread = cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
            maps[number] = np.clip(spread / max(float(spread.max()), 1e-9), 0.0, 1.0)
        return maps

    def _place(self, look: NDArray[np.float32], text: str) -> DecodedText:
        """Where a text's characters lie; those that the charset lacks are looked for as any other."""
        known = "".join(
            character if self.charset.covers(character) else self.charset.characters[0] for character in text
        )
        return self.chooser.scores.align(look, known, 0.0)

    def _see(self, crops: Sequence[np.ndarray]) -> list[_Seen]:
        """The first look at each crop; long lines of a CTC network window by window."""
        long = {index for index, crop in enumerate(crops) if self.network.emits == "ctc" and is_long(crop)}
        whole = [index for index in range(len(crops)) if index not in long]
        images = [resize_to_bucket(crops[index]) for index in whole]
        seen = dict(zip(whole, self._decoded(images, self._run_images(images)), strict=True))
        for index in long:
            seen[index] = self._see_long(crops[index])
        return [seen[index] for index in range(len(crops))]

    def _see_long(self, crop: np.ndarray) -> _Seen:
        windows, starts_px = cut_windows(crop)
        looks = [logits.log_softmax(dim=-1).numpy() for logits in self._run_images(windows)]
        starts = [start * len(looks[0]) // windows[0].shape[1] for start in starts_px]
        joined = torch.from_numpy(join_looks(looks, starts))
        return _Seen(joined, self.network.decode(joined[None], self.charset)[0], len(joined))

    def _decoded(self, images: Sequence[np.ndarray], logits: Sequence[Tensor]) -> list[_Seen]:
        """Best paths, decoded in batches of equal shape."""
        groups: dict[tuple[int, int], list[int]] = {}
        for index, (image, one) in enumerate(zip(images, logits, strict=True)):
            groups.setdefault((image.shape[1], one.shape[0]), []).append(index)
        seen: dict[int, _Seen] = {}
        for (width, _), members in groups.items():
            texts = self.network.decode(torch.stack([logits[index] for index in members]), self.charset)
            steps = self.network.span_steps(width)
            seen.update((index, _Seen(logits[index], text, steps)) for index, text in zip(members, texts, strict=True))
        return [seen[index] for index in range(len(images))]

    def _run_images(self, images: Sequence[np.ndarray]) -> list[Tensor]:
        """Logits (T, K) of each picture (32, W, 3), run in batches of one width."""
        found: dict[int, Tensor] = {}
        for chunk, batch in batch_by_width(
            images, lambda width: BATCH_OF_REFERENCE_WIDTH * REFERENCE_WIDTH_PX // width
        ):
            found.update(zip(chunk, self._run(batch), strict=True))
        return [found[index] for index in range(len(images))]

    def _run(self, images: np.ndarray) -> Tensor:
        with self._lock:
            return self.runner.run(images)

    def _normalised(self, images: np.ndarray) -> Tensor:
        """(B, 32, W, 3) uint8 to (B, 3, 32, W) float32 as the card says."""
        tensor = torch.from_numpy(images).to(self.device).permute(0, 3, 1, 2)
        return (tensor.float() - self._mean) * self._scale

    def _reading(self, seen: _Seen, choice: Choice, options: ReadOptions) -> CropReading:
        decoded, count = choice.decoded, options.alternatives
        places = self.chooser.scores.top_characters(seen.look(), decoded, count + 1) if count else None
        characters = build_characters(decoded, seen.steps, places)
        weakest = min(decoded.char_probs, default=0.0)
        log_prob = self.chooser.raw_score(seen.greedy, choice)
        confidence = self.calibration.probability(log_prob, len(decoded.text), weakest)
        others = tuple(Alternative(*pair) for pair in share_confidence(confidence, choice.others[:count]))
        return CropReading(decoded.text, confidence, log_prob, characters, others)


def _load_text_network(path: Path, place: torch.device) -> tuple[TextNetwork, WeightCard]:
    task = load_card(path).task
    if task == TASK:
        network, card = load_network(path, place)
        if isinstance(network, TextNetwork):
            return network, card
    raise WeightsError(f"{path.name} is a {task}, not a recognizer; choose a recognizer checkpoint")


def _checked(crop: np.ndarray) -> np.ndarray:
    if crop.ndim != 3 or crop.shape[2] != 3 or crop.dtype != np.uint8 or 0 in crop.shape:
        raise InputError(f"a crop must be (height, width, 3) bytes, not {crop.shape} of {crop.dtype}")
    return crop
