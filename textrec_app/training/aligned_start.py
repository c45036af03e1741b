"""A beginning from nothing for CTC networks: rendered words tell where each letter stands.

CTC alone first learns for a hundred thousand crops to say nothing but blanks. Rendered words come with the
box of each character, so each column can be told directly what it shows: a letter in its middle, the blank
between boxes, nothing at a letter's edges. After some ten thousand such crops the network reads short words,
and CTC goes on from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.charset import Charset
from models.recognition.ctc import compute_ctc_loss
from models.recognition.text_network import TextNetwork
from textrec_app.data.buckets import HEIGHT_PX, bucket_width
from textrec_app.data.random_augment import paint_crop
from textrec_app.data.synthesis.backgrounds import load_backgrounds
from textrec_app.data.synthesis.fonts import FontLibrary
from textrec_app.data.synthesis.texts import TextSource
from textrec_app.data.synthesis.words import WordRenderer
from textrec_app.data.word_batches import REFERENCE_WIDTH_PX
from textrec_app.errors import InputError
from textrec_app.training.fit import ProgressSink, StopCheck
from textrec_app.training.recognizer import (
    RecognizerRun,
    RunResult,
    crops_to_tensor,
    fit_checkpoint,
    keep_covered,
)
from textrec_app.training.recognizer_start import start_recognizer
from textrec_app.training.word_pools import RenderMaterial

WIDTHS_PX = (64, 96)
LONGEST = 7
CORE_SHARE = 0.3
"""Of a letter's width, to each side of its middle."""
IGNORED = -100
CTC_WEIGHT = 0.3
CTC_FROM = 0.5
"""Part of the schedule after which CTC takes part."""


@dataclass(frozen=True)
class AlignedBatch:
    """Words of one width.

    Attributes:
        images: (B, 32, W, 3) uint8 RGB.
        texts: B labels.
        extents: for each word (n, 2) left and right edge of its characters, as shares of the width.
        step: number of the batch.
    """

    images: np.ndarray
    texts: list[str]
    extents: list[np.ndarray]
    step: int


class AlignedWords:
    """Draws batches of short rendered words; each a pure function of seed, step and process."""

    def __init__(self, renderer: WordRenderer, batch_size: int, seed: int, strength: float) -> None:
        self.renderer, self.batch_size, self.seed, self.strength = renderer, batch_size, seed, strength

    def batch(self, step: int, process: int = 0, processes: int = 1) -> AlignedBatch:
        """The batch of a step."""
        generator = np.random.default_rng([self.seed, step, process])
        width = WIDTHS_PX[generator.integers(len(WIDTHS_PX))]
        size = max(2, round(self.batch_size / processes * REFERENCE_WIDTH_PX / width))
        images = np.empty((size, HEIGHT_PX, width, 3), np.uint8)
        texts: list[str] = []
        extents: list[np.ndarray] = []
        while len(texts) < size:
            text = self.renderer.texts.draw(generator)
            if " " in text or len(text) > LONGEST:
                continue
            word = self.renderer.render_text(text, generator)
            rows, columns = word.image.shape[:2]
            if bucket_width((rows, columns)) != width or len(word.character_quads) != len(word.text):
                continue
            images[len(texts)] = paint_crop(word.image, width, generator, self.strength)
            extents.append(_extents(word.character_quads) / columns)
            texts.append(word.text)
        return AlignedBatch(images, texts, extents, step)


class AlignedTask:
    """Cross-entropy column by column, with CTC beside it in the second half."""

    def __init__(self, network: TextNetwork, charset: Charset, words: AlignedWords, steps: int) -> None:
        self.network: nn.Module = network
        self.charset, self.words, self.steps = charset, words, steps

    def batch(self, step: int, process: int, processes: int) -> AlignedBatch:
        """See `FitTask.batch`."""
        return self.words.batch(step, process, processes)

    def loss(self, network: nn.Module, batch: AlignedBatch, device: torch.device) -> tuple[Tensor, int]:
        """Both losses of a batch."""
        logits = network(crops_to_tensor(batch.images, device)).float()  # (B, T, K)
        ids = [self.charset.encode(keep_covered(text, self.charset)) for text in batch.texts]
        columns = [label_columns(own, edges, logits.shape[1]) for own, edges in zip(ids, batch.extents, strict=True)]
        wanted = torch.from_numpy(np.stack(columns)).to(device)
        loss = functional.cross_entropy(logits.transpose(1, 2), wanted, ignore_index=IGNORED)
        if batch.step >= CTC_FROM * self.steps:
            loss = loss + CTC_WEIGHT * compute_ctc_loss(logits, ids)
        return loss, len(ids)

    def evaluate(self, network: nn.Module, device: torch.device, should_stop: StopCheck) -> dict[str, float]:
        """Nothing: this is only a beginning."""
        return {}


def align_recognizer(
    run: RecognizerRun,
    renderer: WordRenderer,
    should_stop: StopCheck = lambda: None,
    on_progress: ProgressSink = lambda line: None,
) -> RunResult:
    """Train from nothing on short rendered words and write `out/recognizer.safetensors`, a base to go on from.

    Raises:
        InputError: the recipe's network does not read column by column.
    """
    start = start_recognizer(run.recipe, run.base, run.transfer)
    if start.network.emits != "ctc":
        raise InputError(f"{start.architecture} has no columns to align; begin with the recipe base")
    fit_recipe = run.recipe.fit
    words = AlignedWords(renderer, fit_recipe.batch_size, fit_recipe.seed, run.recipe.augment_strength)
    task = AlignedTask(start.network, start.charset, words, fit_recipe.steps)
    return fit_checkpoint(run, start, task, should_stop, on_progress)


def create_box_renderer(material: RenderMaterial) -> WordRenderer:
    """A renderer that knows the box of each character; scanning the fonts takes seconds."""
    fonts = FontLibrary.find(material.fonts, with_system=material.with_system_fonts)
    return WordRenderer(fonts, TextSource.load(material.wordlists), load_backgrounds(material.backgrounds))


def label_columns(ids: Sequence[int], extents: np.ndarray, steps: int) -> np.ndarray:
    """What each CTC step shows.

    Args:
        ids: class ids of the characters.
        extents: (n, 2) their left and right edges, as shares of the width.
        steps: T.

    Returns:
        (T,) int64: the class in the middle of a letter, 0 outside all boxes and between equal neighbours, else
        `IGNORED`.
    """
    centres = (np.arange(steps) + 0.5) / steps
    labels = np.full(steps, IGNORED, np.int64)
    covered = np.zeros(steps, bool)
    for left, right in extents:
        covered |= (centres >= left) & (centres <= right)
    labels[~covered] = 0
    for number, ((left, right), own) in enumerate(zip(extents, ids, strict=True)):
        reach = max(CORE_SHARE * (right - left), 0.5 / steps)
        labels[np.abs(centres - (left + right) / 2) <= reach] = own
        if number and ids[number - 1] == own:
            seam = (extents[number - 1][1] + left) / 2
            labels[min(steps - 1, max(0, int(seam * steps)))] = 0
    return labels


def _extents(quads: np.ndarray) -> np.ndarray:
    """(n, 4, 2) corners clockwise from the top-left to (n, 2) mean left and right edges, in pixels."""
    left = (quads[:, 0, 0] + quads[:, 3, 0]) / 2
    right = (quads[:, 1, 0] + quads[:, 2, 0]) / 2
    return np.stack([left, right], axis=1)
