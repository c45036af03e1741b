"""How long reading takes on this machine."""

import torch

from textrec_app.errors import NotFoundError
from textrec_app.evaluation.benchmark import (
    BATCH,
    BenchReport,
    draw_bench_crops,
    draw_bench_picture,
    measure_ms,
    measure_peak_memory_mb,
    measure_yardstick_ms,
)
from textrec_app.pipeline.detection import Detector
from textrec_app.pipeline.devices import pick_device
from textrec_app.pipeline.reader import Reader
from textrec_app.pipeline.recognition import Recognizer
from textrec_app.services.context import App
from textrec_app.services.evaluating import find_weights


def run_bench(app: App, device: str | None = None, repeats: int = 10) -> BenchReport:
    """Time crops alone, crops in batches and a whole picture, on pictures drawn here.

    Args:
        device: cpu, cuda or auto; None takes the setting.
        repeats: medians are over so many calls.

    Raises:
        InputError: cuda is wanted but there is none.
        NotFoundError: no recognizer is in use.
        WeightsError: weights are missing or altered.
    """
    place = app.models.device if device is None else pick_device(device).type
    recognizer = Recognizer.load(find_weights(app, "recognizer", None), place)
    crops = draw_bench_crops()
    yardstick_ms = measure_yardstick_ms()
    one_by_one = crops[:8]
    single_ms = measure_ms(lambda: [recognizer.read([crop]) for crop in one_by_one], repeats) / len(one_by_one)
    batch_ms = measure_ms(lambda: recognizer.read(crops), repeats) / BATCH
    picture_ms, words = _time_picture(app, recognizer, place, repeats)
    return BenchReport(
        device=place,
        threads=torch.get_num_threads(),
        ms_per_crop_batch_1=single_ms,
        ms_per_crop_batch_32=batch_ms,
        ms_per_picture=picture_ms,
        words_per_picture=words,
        yardstick_ms=yardstick_ms,
        crop_ratio=batch_ms / yardstick_ms,
        picture_ratio=None if picture_ms is None else picture_ms / yardstick_ms,
        peak_memory_mb=_measure_peak_memory_mb(place),
        model=f"{recognizer.card.name}@{recognizer.card.version}",
    )


def _time_picture(app: App, recognizer: Recognizer, device: str, repeats: int) -> tuple[float | None, int]:
    try:
        weights = find_weights(app, "detector", None)
    except NotFoundError:
        return None, 0
    reader = Reader(Detector.load(weights, device), recognizer)
    picture = draw_bench_picture()
    words = len(reader.read(picture, "bench").regions)
    return measure_ms(lambda: reader.read(picture, "bench"), max(3, repeats // 2), 1), words


def _measure_peak_memory_mb(device: str) -> float:
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated() / 1e6
    return measure_peak_memory_mb()
