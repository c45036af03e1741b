"""Time functions on this machine, in milliseconds and relative to a yardstick that runs anywhere."""

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

PICTURE_SIZE_HW = (720, 1280)
BATCH = 32
_WORDS = (
    "Bakery", "OPEN", "24h", "Exit", "Main Street", "No. 17", "5.99", "PARKING", "cafe", "Hotel", "SALE", "Museum",
    "Platform 4", "TAXI", "fresh", "Market", "Library", "STOP", "www.shop.org", "Tel. 0123",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PathTimes:
    """One way of running the recognizer: `ratio_*` are the times divided by the yardstick."""

    name: str
    ms_per_crop_batch_1: float
    ms_per_crop_batch_32: float
    ratio_batch_1: float
    ratio_batch_32: float


@dataclass(frozen=True, slots=True)
class BenchReport:
    """What reading costs here.

    Attributes:
        ms_per_crop_batch_1: one crop at a time.
        ms_per_crop_batch_32: crops in batches of 32.
        ms_per_picture: finding and reading all words of a 1280 x 720 picture; None without a detector.
        words_per_picture: words found in that picture.
        ms_per_page_300_words: finding and reading a page of 960 x 1280 pixels with 300 words; None without a detector.
        ms_detect_page: what finding them takes of that.
        words_per_page: words found on that page.
        yardstick_ms: a fixed convolution in plain NumPy and OpenCV; divide by it to compare machines.
        crop_ratio, picture_ratio: the times divided by the yardstick.
        peak_memory_mb: most memory that the process held, all paths together.
        reading_memory_mb: most memory that it held after reading in the way that is in use, before the other paths.
        runtime: the way that is in use; the times above are its own.
        paths: every way that there is here.
    """

    device: str
    threads: int
    ms_per_crop_batch_1: float
    ms_per_crop_batch_32: float
    ms_per_picture: float | None
    words_per_picture: int
    ms_per_page_300_words: float | None
    ms_detect_page: float | None
    words_per_page: int
    yardstick_ms: float
    crop_ratio: float
    picture_ratio: float | None
    peak_memory_mb: float
    model: str
    reading_memory_mb: float
    runtime: str
    paths: tuple[PathTimes, ...]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form that `bench --json` prints."""
        return _rounded(asdict(self))


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {key: _round(value) for key, value in values.items()}


def _round(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    return [_rounded(row) for row in value] if isinstance(value, tuple) else value


def measure_ms(run: Callable[[], object], repeats: int, warm_up: int = 2) -> float:
    """Median milliseconds of a call, after some that are not counted."""
    for _ in range(warm_up):
        run()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return 1e3 * statistics.median(times)


def measure_yardstick_ms() -> float:
    """Median milliseconds of a fixed matrix product and blur: how fast this machine is at such work."""
    matrix = np.random.default_rng(0).random((384, 384), dtype=np.float32)
    return measure_ms(lambda: cv2.GaussianBlur(matrix @ matrix, (31, 31), 5.0), repeats=15)


def draw_bench_crops(count: int = BATCH) -> list[NDArray[np.uint8]]:
    """Crops of usual widths, the same at every call: (32, W, 3) uint8 RGB."""
    return [_draw_word(_WORDS[index % len(_WORDS)]) for index in range(count)]


def draw_bench_picture() -> NDArray[np.uint8]:
    """A (720, 1280, 3) uint8 RGB picture with twenty words, the same at every call."""
    height, width = PICTURE_SIZE_HW
    shade = np.linspace(150, 230, width, dtype=np.float32)[None, :, None]
    noise = np.random.default_rng(0).normal(0, 6, (height, width, 3)).astype(np.float32)
    picture = np.clip(shade + noise, 0, 255).astype(np.uint8)
    for index, word in enumerate(_WORDS):
        row, column = divmod(index, 4)
        origin = (40 + column * 310, 100 + row * 135)
        cv2.putText(picture, word, origin, cv2.FONT_HERSHEY_DUPLEX, 1.1, (30, 30, 60), 2, cv2.LINE_AA)
    return picture


def measure_peak_memory_mb() -> float:
    """Most megabytes that this process held since it began; 0.0 where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


def _draw_word(word: str) -> NDArray[np.uint8]:
    (width, _), _ = cv2.getTextSize(word, cv2.FONT_HERSHEY_DUPLEX, 0.8, 1)
    crop = np.full((32, width + 10, 3), 225, np.uint8)
    cv2.putText(crop, word, (5, 23), cv2.FONT_HERSHEY_DUPLEX, 0.8, (40, 30, 30), 1, cv2.LINE_AA)
    return crop
