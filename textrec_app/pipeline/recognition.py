"""Reading crops: look, think twice where unsure or where heads disagree, place the characters, calibrate."""

import copy
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.calibration import GlyphEvidence, WordCalibration, read_evidence
from models.charset import Charset
from models.errors import WeightsError
from models.recognition.ctc import DecodedText
from models.recognition.glyph_network import GlyphNetwork
from models.recognition.text_network import TextNetwork
from models.weights import WeightCard, load_card, load_network
from textrec_app.data.buckets import resize_to_bucket
from textrec_app.domain import Alternative, CropReading
from textrec_app.errors import InputError
from textrec_app.pipeline.choosing import ADAPTED, Choice, ChoosingOptions, TextChooser
from textrec_app.pipeline.crop_readings import build_characters, describe_heads, place_glyphs, share_confidence
from textrec_app.pipeline.devices import pick_device
from textrec_app.pipeline.glyph_view import GlyphView, build_view
from textrec_app.pipeline.kind_language import build_language, read_vocabulary
from textrec_app.pipeline.lexicon import Lexicon
from textrec_app.pipeline.logits import LogitsRunner, Runtime, create_runner
from textrec_app.pipeline.looks import is_long
from textrec_app.pipeline.sight import Seen, Sight

TASK = "recognizer"


@dataclass(frozen=True)
class ReadOptions:
    """What is asked for beyond the text.

    Attributes:
        alternatives: other texts for each word, and other characters for each place.
        lexicon: words to prefer; a text far likelier than all of them is read freely.
        floor: least detector's score of a region that is read, in [0, 1]; those below the detector's threshold are
            candidates. None reads what the detector reports.
    """

    alternatives: int = 0
    lexicon: Lexicon | None = None
    floor: float | None = None


NOTHING_MORE = ReadOptions()


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
        vocabulary = read_vocabulary(card.vocabulary)
        thinking = ADAPTED if vocabulary else ChoosingOptions()
        self.chooser = TextChooser(self.charset, network.emits, build_language(vocabulary), thinking)
        self._sight = Sight(network, self.charset, self.runner)
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
        and by the language. A network with a glyph head is asked for both its readings in one pass over its trunk, of
        every crop but long lines; words of which the heads say different texts count as unsure, and both heads and the
        language weigh the texts. Where reading is left to onnxruntime, the fast path reads alone.

        Args:
            crops: (H, W, 3) uint8 RGB each.

        Returns:
            One reading for each crop, in order.

        Raises:
            InputError: a crop is empty or not three channels of bytes.
        """
        seen = self._sight.see([_checked(crop) for crop in crops])
        wants_more = options.lexicon is not None or options.alternatives > 0
        choices = [
            self.chooser.choose(one.greedy, [one.look()], options.lexicon, opinion=one.opinion)
            if wants_more or not self.chooser.is_sure(one.greedy, one.opinion)
            else self.chooser.take(one.greedy, one.opinion)
            for one in seen
        ]
        self._look_again(crops, seen, choices, options)
        return [self._reading(one, choice, options) for one, choice in zip(seen, choices, strict=True)]

    def _look_again(
        self, crops: Sequence[np.ndarray], seen: Sequence[Seen], choices: list[Choice], options: ReadOptions
    ) -> None:
        """Replace choices between texts that are still close to each other by those of two looks."""
        open_ones = [
            index
            for index, (one, choice) in enumerate(zip(seen, choices, strict=True))
            if not (
                self.chooser.is_sure(one.greedy, one.opinion)
                or self.chooser.is_settled(choice)
                or is_long(crops[index])
            )
        ]
        stretched = self._sight.look_stretched([crops[index] for index in open_ones])
        for index, look in zip(open_ones, stretched, strict=True):
            one, known = seen[index], choices[index].candidates
            looks = [one.look(), look]
            choices[index] = self.chooser.choose(one.greedy, looks, options.lexicon, known, one.opinion)

    def look(self, crops: Sequence[np.ndarray]) -> list[Seen]:
        """What both heads see at first in (H, W, 3) uint8 RGB crops, before any text is chosen."""
        return self._sight.see([_checked(crop) for crop in crops])

    def with_chooser(self, chooser: TextChooser) -> "Recognizer":
        """The same network with another way of deciding between texts."""
        other = copy.copy(self)
        other.chooser = chooser
        return other

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
        maps = np.zeros((len(said), height, width), np.float32)  # a text may be longer than the network has maps for
        for number, grid in enumerate(grids):
            spread = cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
            maps[number] = np.clip(spread / max(float(spread.max()), 1e-9), 0.0, 1.0)
        return maps

    def explain(self, crop: np.ndarray, text: str) -> GlyphView | None:
        """What a network with a glyph branch sees where a crop is taken to say a text; None for other networks.

        Args:
            crop: (H, W, 3) uint8 RGB.
            text: of any length; of one that is longer than the glyph branch reads there is the mask only.
        """
        if not isinstance(self.network, GlyphNetwork):
            return None
        image = resize_to_bucket(_checked(crop))
        fits = len(text) <= self.network.max_length
        ids = self.charset.encode(self._known(text)) if fits else []
        with self._lock, torch.inference_mode():
            explained = self.network.explain(self._normalised(image[None]), [ids])
        return build_view(explained, crop.shape[:2], len(text) if fits else None)

    def _place(self, look: NDArray[np.float32], text: str) -> DecodedText:
        """Where a text's characters lie."""
        return self.chooser.scores.align(look, self._known(text), 0.0)

    def _known(self, text: str) -> str:
        """A text in which what the charset lacks is looked for as any other character."""
        return "".join(
            character if self.charset.covers(character) else self.charset.characters[0] for character in text
        )

    def _normalised(self, images: np.ndarray) -> Tensor:
        """(B, 32, W, 3) uint8 to (B, 3, 32, W) float32 as the card says."""
        tensor = torch.from_numpy(images).to(self.device).permute(0, 3, 1, 2)
        return (tensor.float() - self._mean) * self._scale

    def _plausibility(self, text: str) -> float | None:
        return None if self.chooser.model is None else self.chooser.model.score(text)

    def _reading(self, seen: Seen, choice: Choice, options: ReadOptions) -> CropReading:
        decoded, count, opinion = choice.decoded, options.alternatives, seen.opinion
        places = self.chooser.scores.top_characters(seen.look(), decoded, count + 1) if count else None
        characters = build_characters(decoded, seen.steps, places)
        sharpness = None
        if opinion is not None and len(opinion.maps):
            characters, sharpness = place_glyphs(characters, opinion.maps)
        log_prob = self.chooser.raw_score(seen.greedy, choice, opinion)
        evidence = GlyphEvidence.of(seen.agreement, sharpness)
        weakest = min(decoded.char_probs, default=0.0)
        confidence = self.calibration.judge(
            read_evidence(log_prob, decoded.char_probs, seen.agreement, sharpness, self._plausibility(decoded.text)),
            self.calibration.probability(log_prob, len(decoded.text), weakest, evidence),
        )
        others = tuple(Alternative(*pair) for pair in share_confidence(confidence, choice.others[:count]))
        readings = describe_heads(seen.greedy, opinion) if isinstance(self.network, GlyphNetwork) else {}
        return CropReading(decoded.text, confidence, log_prob, characters, others, readings, seen.agreement, sharpness)


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
