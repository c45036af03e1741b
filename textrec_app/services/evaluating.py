"""Measure a checkpoint on a labeled data set, and calibrate its confidence."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.calibration import WordCalibration
from models.weights import load_card, save_card
from textrec_app.data.recognition_sets import RecognitionSample, load_recognition_set
from textrec_app.domain import CropReading
from textrec_app.errors import InputError, NotFoundError
from textrec_app.evaluation.calibration import (
    SplitJudgement,
    compute_split_ece,
    fit_word_calibration,
    judge_in_halves,
    without_evidence,
)
from textrec_app.evaluation.calibration_fit import AblationRow, compare_evidence, fit_evidence_calibration
from textrec_app.evaluation.evaluate import (
    RecognitionReport,
    RecognitionRun,
    list_calibration_words,
    score_recognition,
)
from textrec_app.evaluation.metrics import compute_ece, compute_word_accuracy
from textrec_app.evaluation.promising import make_promise
from textrec_app.evaluation.protocols import pair_texts
from textrec_app.pipeline.evidence import Evidence, gather_evidence
from textrec_app.pipeline.outside_readers import OutsideReader, open_outside_readers
from textrec_app.pipeline.recognition import Recognizer
from textrec_app.pipeline.sample_crops import load_sample_crop
from textrec_app.pipeline.turning import TurnedReading, list_tall_turns, read_turned, turn_crop
from textrec_app.services.active_weights import TASKS
from textrec_app.services.checkpoints import get_active, get_checkpoint, list_checkpoints
from textrec_app.services.context import App
from textrec_app.services.promise_report import WISHED, list_evidence_words, report_promises

logger = logging.getLogger(__name__)

BATCH = 256
"""Crops decoded and held at one time."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class EvaluationRequest:
    """What to measure.

    Attributes:
        data: folder of a data set.
        model: a checkpoint's name, or the path of a safetensors file; None takes what is in use.
        protocol: alnum36, alnum62 or exact.
        predictions: file to write each reading to (path, label, prediction, confidence; tabs between), if any.
        promise: gather all evidence, which takes several looks at each word, and set promises against outcomes.
    """

    data: Path
    model: str | None = None
    protocol: str = "alnum36"
    predictions: Path | None = None
    promise: bool = False


@dataclass(frozen=True)
class CalibrationSummary:
    """What calibrating changed; shares are in [0, 1].

    Attributes:
        word_accuracy_alnum36: as `evaluate recognition` counts by default; `word_accuracy` is that of the protocol.
        ece_before: with the confidences that were on the card.
        ece_after: on the words that the new ones were fitted on.
        ece_split: each half of the words judged by a fit on the other half: what new words may expect.
        with_glyphs, without_glyphs: the same over several halvings, with and without agreement and sharpness; None
            for recognizers that have none.
        ablation: what each group of evidence adds, in cross-fitting; empty where there were too few words.
        promised: wished precision as text → what can be promised of words like these, None for nothing.
    """

    calibration: WordCalibration
    n: int
    word_accuracy: float
    word_accuracy_alnum36: float
    ece_before: float
    ece_after: float
    ece_split: float = 0.0
    with_glyphs: SplitJudgement | None = None
    without_glyphs: SplitJudgement | None = None
    ablation: tuple[AblationRow, ...] = ()
    promised: dict[str, float | None] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form that `evaluate calibration --json` prints."""
        told: dict[str, Any] = {
            "n": self.n,
            "word_accuracy": round(self.word_accuracy, 4),
            "word_accuracy_alnum36": round(self.word_accuracy_alnum36, 4),
            "ece_before": round(self.ece_before, 4),
            "ece_after": round(self.ece_after, 4),
            "ece_split": round(self.ece_split, 4),
            "best_precision": self.calibration.best_precision,
        }
        for name, judged in (("with_glyphs", self.with_glyphs), ("without_glyphs", self.without_glyphs)):
            if judged is not None:
                told[f"ece_split_{name}"] = round(judged.ece, 4)
                told[f"coverage_at_0.99_split_{name}"] = round(judged.coverage, 4)
                told[f"aurc_split_{name}"] = round(judged.aurc, 4)
        if self.ablation:
            told["evidence"] = [
                {name: value if isinstance(value, str) else round(value, 4) for name, value in asdict(row).items()}
                for row in self.ablation
            ]
            told["promised"] = self.promised
        return told


def measure_recognition(
    app: App, request: EvaluationRequest, on_progress: Progress = lambda done, total: None
) -> RecognitionReport:
    """Read every sample of a recognition set and score it.

    Raises:
        InputError: the data set is missing, damaged, or has nothing to score.
        NotFoundError: there is no such checkpoint.
        WeightsError: its weights are missing or altered.
    """
    weights = find_weights(app, "recognizer", request.model)
    samples = load_recognition_set(request.data)
    if not samples:
        raise InputError(f"{request.data} lists no samples. Name a folder with labeled pictures.")
    recognizer = Recognizer.load(weights, app.models.device, app.settings.runtime)
    if request.promise:
        readings, evidence, ms_per_crop = read_with_evidence(recognizer, samples, on_progress)
    else:
        readings, ms_per_crop = read_samples(recognizer, samples, on_progress)
    if request.predictions is not None:
        write_predictions(request.predictions, samples, readings)
    run = RecognitionRun(
        data=request.data.resolve().name,
        model=f"{recognizer.card.name}@{recognizer.card.version}",
        labels=[sample.text for sample in samples],
        readings=readings,
        ms_per_crop=ms_per_crop,
    )
    report = score_recognition(run, request.protocol)
    if report.n_excluded:
        logger.warning("%d labels are empty under %s and were left out", report.n_excluded, request.protocol)
    if not request.promise:
        return report
    pairs = list(zip(run.labels, readings, strict=True))
    return replace(
        report, promises=report_promises(recognizer.calibration, evidence, pairs, request.protocol).to_dict()
    )


def calibrate(
    weights: Path,
    samples: Sequence[RecognitionSample],
    protocol: str = "exact",
    device: str = "cpu",
    outside: Sequence[str] = (),
) -> CalibrationSummary:
    """Fit the confidence of a checkpoint on held-out real words and write it into the card.

    Args:
        weights: the safetensors file; its card beside it is replaced.
        samples: words the checkpoint was not trained on.
        outside: names of readers that are not ours to ask too; their agreement is weighed where harvests ask them.

    Raises:
        InputError: a sample cannot be read, or an outside reader is not installed.
        WeightsError: the weights are missing or altered.
    """
    labels = [sample.text for sample in samples]
    recognizer = Recognizer.load(weights, device)
    readings, evidence, _ = read_with_evidence(recognizer, samples, outside=open_outside_readers(outside))
    words = list_calibration_words(labels, readings, protocol)
    known = list_evidence_words(labels, readings, evidence)
    calibration = fit_evidence_calibration(known, fit_word_calibration(words))
    save_card(weights, replace(load_card(weights), calibration=calibration.to_dict()))
    correct = [word.correct for word in words]
    loose = pair_texts(labels, [reading.text for reading in readings], "alnum36")

    has_glyphs = calibration.glyphs is not None
    return CalibrationSummary(
        calibration=calibration,
        n=len(words),
        word_accuracy=sum(correct) / max(len(correct), 1),
        word_accuracy_alnum36=compute_word_accuracy(loose.labels, loose.predictions),
        ece_before=compute_ece([word.judge(recognizer.calibration) for word in words], correct),
        ece_after=compute_ece([word.judge(calibration) for word in words], correct),
        ece_split=compute_split_ece(words),
        with_glyphs=judge_in_halves(words) if has_glyphs else None,
        without_glyphs=judge_in_halves(without_evidence(words)) if has_glyphs else None,
        ablation=tuple(compare_evidence(known)) if calibration.maps else (),
        promised={wished: make_promise(calibration, (), float(wished)).promised for wished in WISHED},
    )


def read_samples(
    recognizer: Recognizer,
    samples: Sequence[RecognitionSample],
    on_progress: Progress = lambda done, total: None,
) -> tuple[list[CropReading], float]:
    """Read samples in their order.

    Returns:
        The readings, and milliseconds for each crop; decoding of files is not counted.

    Raises:
        InputError: a sample is no picture.
    """
    read, ms_per_crop = _read_all(recognizer, samples, on_progress)
    return [one.reading for one, _ in read], ms_per_crop


def read_with_evidence(
    recognizer: Recognizer,
    samples: Sequence[RecognitionSample],
    on_progress: Progress = lambda done, total: None,
    outside: Sequence[OutsideReader] = (),
) -> tuple[list[CropReading], list[Evidence], float]:
    """Read samples in their order and gather all evidence of each reading, as harvesting does.

    Returns:
        Readings, their evidence, and milliseconds for each crop, the evidence included.

    Raises:
        InputError: a sample is no picture.
    """
    read, ms_per_crop = _read_all(recognizer, samples, on_progress, outside)
    return [one.reading for one, _ in read], [evidence for _, evidence in read], ms_per_crop


def _read_all(
    recognizer: Recognizer,
    samples: Sequence[RecognitionSample],
    on_progress: Progress,
    outside: Sequence[OutsideReader] | None = None,
) -> tuple[list[tuple[TurnedReading, Evidence]], float]:
    read: list[tuple[TurnedReading, Evidence]] = []
    spent_s = 0.0
    for start in range(0, len(samples), BATCH):
        crops = [load_sample_crop(sample) for sample in samples[start : start + BATCH]]
        began = time.perf_counter()
        best = _read_crops(recognizer, crops)
        chosen = ([one.crop for one in best], [one.reading for one in best])
        gathered: list[Evidence] = (
            [{} for _ in best] if outside is None else gather_evidence(recognizer, *chosen, outside=outside)
        )
        read += zip(best, gathered, strict=True)
        spent_s += time.perf_counter() - began
        on_progress(len(read), len(samples))
    return read, 1e3 * spent_s / max(len(samples), 1)


def _read_crops(recognizer: Recognizer, crops: Sequence[NDArray[np.uint8]]) -> list[TurnedReading]:
    """As `read --crops` does, but that no crop is taken to be upside down: sets of words have none."""
    return read_turned(
        recognizer.read,
        crops,
        lambda index, turns: turn_crop(crops[index], turns),
        lambda index, reading: list_tall_turns(crops[index].shape[:2], reading.confidence),
    )


def write_predictions(path: Path, samples: Sequence[RecognitionSample], readings: Sequence[CropReading]) -> None:
    """Write one line for each sample: path, label, prediction, confidence, with tabs between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        for sample, reading in zip(samples, readings, strict=True):
            stream.write(f"{sample.name}\t{sample.text}\t{reading.text}\t{reading.confidence:.6f}\n")


def find_weights(app: App, task: str, model: str | None) -> Path:
    """The weights that a person means.

    Args:
        model: a checkpoint's name or a path; None, or the task's own name, means what is in use. Weights that came
            with the program go by the name of their file too (`recognizer_ctc`).

    Raises:
        InputError: the checkpoint, or the task that is named, is another.
        NotFoundError: there is no such file or checkpoint.
    """
    if model is None or model == task:
        return get_active(app, task).path
    path = Path(model)
    if path.is_dir() and (path / f"{task}.safetensors").is_file():
        return path / f"{task}.safetensors"
    if path.suffix == ".safetensors":
        if not path.is_file():
            raise NotFoundError(f"There is no file {path}. Name a safetensors file, or a checkpoint's name.")
        return path
    if model in TASKS:
        raise InputError(
            f"{model} means the {model} in use, which is not a {task}; `models list` shows those there are."
        )
    came_with = (one for one in list_checkpoints(app, task) if one.name.startswith(f"{model}-shipped-"))
    checkpoint = next(came_with, None) or get_checkpoint(app, model)
    if checkpoint.task != task:
        raise InputError(f"{model} is a {checkpoint.task}, not a {task}; `models list` shows those there are.")
    return checkpoint.path
