"""Find label errors by disagreement: a recognizer holds its reading for far more probable than the label."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from models.charset import Charset
from models.recognition.text_network import TextNetwork
from models.weights import load_network
from textrec_app.data.buckets import resize_to_bucket
from textrec_app.data.folds import find_fold
from textrec_app.data.label_corrections import name_sample
from textrec_app.data.recognition_sets import RecognitionSample
from textrec_app.errors import InputError, WeightsError
from textrec_app.evaluation.label_errors import classify_difference, compute_label_log_probs
from textrec_app.pipeline.devices import pick_device
from textrec_app.pipeline.sample_crops import load_sample_crop

BATCH = 64
HEADER = "# set/file\tlabel\treading\tscore\tdifference\n"


@dataclass(frozen=True)
class LabelDoubt:
    """One sample that was read otherwise than labeled.

    Attributes:
        name: `set/file`, as in the table of corrections.
        score: (log P(reading) - log P(label)) / characters of the longer one; above 0. Infinite where the label
            cannot be read from the crop at all.
        difference: see `classify_difference`; also "charset" and "too long".
    """

    name: str
    label: str
    reading: str
    score: float
    difference: str


def find_label_doubts(
    samples: Sequence[RecognitionSample],
    weights: Sequence[Path],
    device: str = "auto",
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[LabelDoubt]:
    """Read all samples and list those read otherwise than labeled, the most doubtful first.

    A network that trained on a wrong label has partly learned it, so the list is shorter than it should be.
    With N checkpoints each sample is judged by the one that has not seen it: checkpoint k must have been trained
    with `--leave-out k/N`.

    Raises:
        InputError: no checkpoint is named, or a picture cannot be read.
        WeightsError: a checkpoint is missing, altered, or no recognizer.
    """
    if not weights:
        raise InputError("name at least one recognizer checkpoint that judges the labels")
    doubts: list[LabelDoubt] = []
    done = 0
    for number, path in enumerate(weights, start=1):
        judge = _Judge(path, device)
        part = [sample for sample in samples if find_fold(sample, len(weights)) == number]
        for chunk, crops in _batches(part):
            doubts += judge.list_doubts(chunk, crops)
            done += len(chunk)
            on_progress(done, len(samples))
    return sorted(doubts, key=lambda doubt: (-doubt.score, doubt.name))


def write_label_doubts(path: Path, doubts: Sequence[LabelDoubt]) -> None:
    """Write doubts for a person to decide: a table of corrections with two more columns, score and difference.

    Nothing applies it as it stands. After a look at the pictures, keep the right lines without these columns.
    """
    rows = [f"{d.name}\t{d.label}\t{d.reading}\t{d.score:.3f}\t{d.difference}\n" for d in doubts]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join([HEADER, *rows]), encoding="utf-8")


class _Judge:
    """A recognizer that is asked what it reads and how probable it holds the label."""

    def __init__(self, path: Path, device: str) -> None:
        self.device = pick_device(device)
        network, card = load_network(path, self.device)
        if not isinstance(network, TextNetwork):
            raise WeightsError(f"{path.name} is a {card.task}, not a recognizer; choose a recognizer checkpoint")
        self.network, self.charset = network, Charset(card.charset)
        self._mean = torch.tensor(card.preprocessing["mean"], device=self.device).view(1, 3, 1, 1)
        self._std = torch.tensor(card.preprocessing["std"], device=self.device).view(1, 3, 1, 1)

    def list_doubts(self, samples: Sequence[RecognitionSample], images: np.ndarray) -> list[LabelDoubt]:
        """Doubts about samples of one bucket; images are (B, 32, W, 3) uint8 RGB."""
        pixels = torch.from_numpy(images).to(self.device).permute(0, 3, 1, 2).float() / 255.0
        with torch.inference_mode():
            logits = self.network((pixels - self._mean) / self._std).float()
        readings = self.network.decode(logits, self.charset)
        covered = [self.charset.covers(sample.text) for sample in samples]
        ids = [
            self.charset.encode(sample.text if known else "") for sample, known in zip(samples, covered, strict=True)
        ]
        probable = compute_label_log_probs(self.network.emits, logits, ids)
        doubts = []
        for sample, reading, known, log_prob in zip(samples, readings, covered, probable, strict=True):
            if reading.text != sample.text:
                score = reading.log_prob - log_prob if known else math.inf
                doubts.append(_doubt(sample, reading.text, score, known))
        return [doubt for doubt in doubts if doubt.score > 0]


def _doubt(sample: RecognitionSample, reading: str, score: float, is_covered: bool) -> LabelDoubt:
    scaled = score / max(1, len(reading), len(sample.text))
    difference = classify_difference(sample.text, reading)
    if math.isinf(score):
        difference = "too long" if is_covered else "charset"
    return LabelDoubt(name_sample(sample), sample.text, reading, scaled, difference)


def _batches(samples: Sequence[RecognitionSample]) -> Iterator[tuple[list[RecognitionSample], np.ndarray]]:
    """Samples of one bucket at a time with their crops, (B, 32, W, 3) uint8."""
    waiting: dict[int, list[tuple[RecognitionSample, np.ndarray]]] = {}
    for sample in samples:
        crop = resize_to_bucket(load_sample_crop(sample))
        members = waiting.setdefault(crop.shape[1], [])
        members.append((sample, crop))
        if len(members) == BATCH:
            yield _stack(waiting.pop(crop.shape[1]))
    for members in waiting.values():
        yield _stack(members)


def _stack(members: Sequence[tuple[RecognitionSample, np.ndarray]]) -> tuple[list[RecognitionSample], np.ndarray]:
    return [sample for sample, _ in members], np.stack([crop for _, crop in members])
