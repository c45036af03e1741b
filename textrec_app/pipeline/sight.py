"""Running a network over crops: buckets, batches, windows of long lines, best paths, the glyph head's opinion."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.charset import Charset
from models.recognition.ctc import DecodedText
from models.recognition.glyph_network import GlyphNetwork
from models.recognition.text_network import TextNetwork
from models.recognition.tokens import token_greedy_decode
from models.tokenizers import END
from textrec_app.data.buckets import batch_by_width, resize_to_bucket
from textrec_app.pipeline.logits import LogitsRunner, TorchRunner
from textrec_app.pipeline.looks import cut_windows, is_long, join_looks, stretch_to_bucket
from textrec_app.pipeline.text_scores import GlyphOpinion

BATCH_OF_REFERENCE_WIDTH = 32
REFERENCE_WIDTH_PX = 128

Found = TypeVar("Found")


@dataclass(frozen=True)
class Seen:
    """One crop at the first look.

    Attributes:
        logits: (T, K) of the network, of the fast path where it has two heads.
        greedy: their best path.
        steps: how many steps the path's spans count over the whole width.
        opinion: of the glyph head; None where there is none or it was not asked.
    """

    logits: Tensor
    greedy: DecodedText
    steps: int
    opinion: GlyphOpinion | None = None

    @property
    def agreement(self) -> bool | None:
        """Whether both heads say the same; None where only one spoke."""
        return None if self.opinion is None else self.opinion.decoded.text == self.greedy.text

    def look(self) -> NDArray[np.float32]:
        """(T, K) log-probabilities."""
        return self.logits.log_softmax(dim=-1).numpy()


class Sight:
    """Looks at crops with one network; several threads may share it."""

    def __init__(self, network: TextNetwork, charset: Charset, runner: LogitsRunner) -> None:
        self.network, self.charset, self.runner = network, charset, runner
        reads_both = isinstance(runner, TorchRunner) and isinstance(network, GlyphNetwork)
        self._glyph_runner = runner if isinstance(runner, TorchRunner) and reads_both else None
        self._max_length = network.max_length if isinstance(network, GlyphNetwork) else 0
        self._lock = threading.Lock()

    def see(self, crops: Sequence[np.ndarray]) -> list[Seen]:
        """The first look at each crop, (H, W, 3) uint8 RGB; long lines of a CTC network window by window.

        The glyph head reads along, in the same pass, wherever the runner can: on all crops but long lines. What it says
        of texts that are longer than it reads is not counted.
        """
        long = {index for index, crop in enumerate(crops) if self.network.emits == "ctc" and is_long(crop)}
        whole = [index for index in range(len(crops)) if index not in long]
        images = [resize_to_bucket(crops[index]) for index in whole]
        seen = dict(zip(whole, self._decoded(images), strict=True))
        for index in long:
            seen[index] = self._see_long(crops[index])
        return [seen[index] for index in range(len(crops))]

    def look_stretched(self, crops: Sequence[np.ndarray]) -> list[NDArray[np.float32]]:
        """(T, K) log-probabilities of each crop made wider: a second opinion of the fast path."""
        images = [stretch_to_bucket(crop) for crop in crops]
        return [logits.log_softmax(dim=-1).numpy() for logits in self._run_all(images, self._run)]

    def _see_long(self, crop: np.ndarray) -> Seen:
        windows, starts_px = cut_windows(crop)
        looks = [logits.log_softmax(dim=-1).numpy() for logits in self._run_all(windows, self._run)]
        starts = [start * len(looks[0]) // windows[0].shape[1] for start in starts_px]
        joined = torch.from_numpy(join_looks(looks, starts))
        return Seen(joined, self.network.decode(joined[None], self.charset)[0], len(joined))

    def _decoded(self, images: Sequence[np.ndarray]) -> list[Seen]:
        """Best paths, decoded in batches of equal shape."""
        both = self._run_all(images, self._run_both)
        groups: dict[tuple[int, int], list[int]] = {}
        for index, (image, one) in enumerate(zip(images, both, strict=True)):
            groups.setdefault((image.shape[1], one[0].shape[0]), []).append(index)
        seen: dict[int, Seen] = {}
        for (width, _), members in groups.items():
            texts = self.network.decode(torch.stack([both[index][0] for index in members]), self.charset)
            steps = self.network.span_steps(width)
            for index, text in zip(members, texts, strict=True):
                logits, opinion = both[index]
                seen[index] = Seen(logits, text, steps, opinion if len(text.text) <= self._max_length else None)
        return [seen[index] for index in range(len(images))]

    def _run_all(self, images: Sequence[np.ndarray], run: Callable[[np.ndarray], Iterable[Found]]) -> list[Found]:
        """What `run` says of each picture (32, W, 3), in batches of one width."""
        found: dict[int, Found] = {}
        for chunk, batch in batch_by_width(
            images, lambda width: BATCH_OF_REFERENCE_WIDTH * REFERENCE_WIDTH_PX // width
        ):
            found.update(zip(chunk, run(batch), strict=True))
        return [found[index] for index in range(len(images))]

    def _run(self, images: np.ndarray) -> Tensor:
        with self._lock:
            return self.runner.run(images)

    def _run_both(self, images: np.ndarray) -> list[tuple[Tensor, GlyphOpinion | None]]:
        """Logits, with the glyph head's opinion where it can be asked."""
        if self._glyph_runner is None:
            return [(logits, None) for logits in self._run(images)]
        with self._lock:
            reading = self._glyph_runner.read_glyphs(images)
        texts = token_greedy_decode(reading.logits, self.charset)
        looks = reading.logits.log_softmax(dim=-1).numpy()
        maps = reading.glyph_attention.numpy()
        opinions = [
            GlyphOpinion(text, _until_end(look), map_) for text, look, map_ in zip(texts, looks, maps, strict=True)
        ]
        return list(zip(reading.ctc_logits, opinions, strict=True))


def _until_end(look: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows up to the first whose likeliest class is the end: those after it mean nothing."""
    ends = np.flatnonzero(look.argmax(axis=1) == END)
    return look[: int(ends[0]) + 1] if len(ends) else look
