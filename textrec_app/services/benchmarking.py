"""How long reading takes on this machine."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from models.recognition.glyph_network import GlyphNetwork
from models.recognition.text_network import TextNetwork
from models.weights import load_network
from textrec_app.errors import NotFoundError
from textrec_app.evaluation.bench_page import draw_bench_page
from textrec_app.evaluation.benchmark import (
    BATCH,
    BenchReport,
    PathTimes,
    draw_bench_crops,
    draw_bench_picture,
    measure_ms,
    measure_peak_memory_mb,
    measure_yardstick_ms,
)
from textrec_app.pipeline.detection import Detector
from textrec_app.pipeline.devices import has_fast_bf16, pick_device
from textrec_app.pipeline.logits import FastPathRunner, LogitsRunner, TorchRunner
from textrec_app.pipeline.onnx_recognition import OnnxRunner, find_onnx_file, has_onnxruntime
from textrec_app.pipeline.reader import Reader
from textrec_app.pipeline.recognition import Recognizer
from textrec_app.services.context import App
from textrec_app.services.evaluating import find_weights

CROPS_ALONE = 8


def run_bench(app: App, device: str | None = None, repeats: int = 10) -> BenchReport:
    """Time crops alone, crops in batches and a whole picture, on pictures drawn here, and every way to run the network.

    onnxruntime is among the ways where it is installed and `models export-onnx` was run on the weights in use.

    Args:
        device: cpu, cuda or auto; None takes the setting.
        repeats: medians are over so many calls.

    Raises:
        InputError: cuda is wanted but there is none.
        NotFoundError: no recognizer is in use.
        WeightsError: weights are missing or altered.
    """
    place = app.models.device if device is None else pick_device(device).type
    weights = find_weights(app, "recognizer", None)
    recognizer = Recognizer.load(weights, place, app.settings.runtime)
    yardstick_ms = measure_yardstick_ms()
    own = _time_crops(recognizer, yardstick_ms, repeats)
    reader = _find_reader(app, recognizer, place)
    picture, page = (_time_picture(reader, image, repeats) for image in (draw_bench_picture(), draw_bench_page()[0]))
    reading_memory_mb = _measure_peak_memory_mb(place)
    paths = tuple(_time_crops(other, yardstick_ms, repeats) for other in _list_recognizers(weights, place))
    return BenchReport(
        device=place,
        threads=torch.get_num_threads(),
        ms_per_crop_batch_1=own.ms_per_crop_batch_1,
        ms_per_crop_batch_32=own.ms_per_crop_batch_32,
        ms_per_picture=picture.total_ms,
        words_per_picture=picture.words,
        ms_per_page_300_words=page.total_ms,
        ms_detect_page=page.detect_ms,
        words_per_page=page.words,
        yardstick_ms=yardstick_ms,
        crop_ratio=own.ratio_batch_32,
        picture_ratio=None if picture.total_ms is None else picture.total_ms / yardstick_ms,
        peak_memory_mb=_measure_peak_memory_mb(place),
        model=f"{recognizer.card.name}@{recognizer.card.version}",
        reading_memory_mb=reading_memory_mb,
        runtime=own.name,
        paths=paths,
    )


class _Spent(NamedTuple):
    alone: float
    together: float


def _time_crops(recognizer: Recognizer, yardstick_ms: float, repeats: int) -> PathTimes:
    crops = draw_bench_crops()
    alone = crops[:CROPS_ALONE]
    spent = _Spent(
        measure_ms(lambda: [recognizer.read([crop]) for crop in alone], repeats) / len(alone),
        measure_ms(lambda: recognizer.read(crops), repeats) / BATCH,
    )
    return PathTimes(recognizer.runner.name, *spent, *(ms / yardstick_ms for ms in spent))


def _list_recognizers(weights: Path, device: str) -> Iterator[Recognizer]:
    """The recognizer once for each way to run it here; one with a glyph head also by its fast path alone."""
    place = pick_device(device)
    network, card = load_network(weights, place)
    if not isinstance(network, TextNetwork):
        return
    network = network.to(memory_format=torch.channels_last)
    runners: list[LogitsRunner] = [TorchRunner(network, card.preprocessing, place, "float32")]
    if has_fast_bf16(place):
        runners.append(TorchRunner(network, card.preprocessing, place, "bfloat16"))
    if isinstance(network, GlyphNetwork):
        runners += [FastPathRunner(runner) for runner in runners]
    onnx_file = find_onnx_file(weights, card)
    if place.type == "cpu" and onnx_file is not None and has_onnxruntime():
        runners.append(OnnxRunner(onnx_file, torch.get_num_threads()))
    for runner in runners:
        yield Recognizer(network, card, place, runner)


class _PictureTimes(NamedTuple):
    total_ms: float | None
    detect_ms: float | None
    words: int


def _find_reader(app: App, recognizer: Recognizer, device: str) -> Reader | None:
    """The reader of the detector in use; None where there is none."""
    try:
        weights = find_weights(app, "detector", None)
    except NotFoundError:
        return None
    return Reader(Detector.load(weights, device, app.settings.runtime), recognizer)


def _time_picture(reader: Reader | None, image: NDArray[np.uint8], repeats: int) -> _PictureTimes:
    """Medians over half of the repeats, at least three; the words of the first, which is not counted."""
    if reader is None:
        return _PictureTimes(None, None, 0)
    words = len(reader.read(image, "bench").regions)
    spent = [reader.read(image, "bench").timings_ms for _ in range(max(3, repeats // 2))]
    return _PictureTimes(median(one.total for one in spent), median(one.detect for one in spent), words)


def _measure_peak_memory_mb(device: str) -> float:
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated() / 1e6
    return measure_peak_memory_mb()
