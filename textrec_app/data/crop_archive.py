"""Labeled crops as few zip files, in the picture format they came in or in a smaller one."""

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from textrec_app.data.crop_pool import MAX_HEIGHT_PX
from textrec_app.errors import InputError

LABELS_FILE = "labels.tsv"
ARCHIVE_CROPS = 4000
SMALL_QUALITY = 88


def write_crop_archives(
    folder: Path, stem: str, crops: Sequence[tuple[bytes, str]], most: int = ARCHIVE_CROPS
) -> list[Path]:
    """Write `stem-000.zip` and so on.

    Args:
        crops: encoded picture and text, without tabs or line breaks.
        most: crops in one archive.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for start in range(0, len(crops), most):
        path = folder / f"{stem}-{len(paths):03d}.zip"
        lines = []
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for number, (data, text) in enumerate(crops[start : start + most], start):
                archive.writestr(f"{number:06d}", data)
                lines.append(f"{number:06d}\t{text}\n")
            archive.writestr(LABELS_FILE, "".join(lines))
        paths.append(path)
    return paths


def read_crop_archives(folder: Path, stem: str) -> Iterator[tuple[bytes, str]]:
    """Pictures and texts in the order they were written.

    Raises:
        InputError: an archive is damaged.
    """
    for path in sorted(folder.glob(f"{stem}-*.zip")):
        try:
            with zipfile.ZipFile(path) as archive:
                labels = archive.read(LABELS_FILE).decode("utf-8")
                for line in labels.split("\n"):
                    name, tab, text = line.partition("\t")
                    if tab:
                        yield archive.read(name), text
        except (zipfile.BadZipFile, KeyError, UnicodeDecodeError) as error:
            raise InputError(f"{path} is damaged ({error}). Copy it again.") from error


def encode_small(image: np.ndarray) -> bytes:
    """A crop as WebP of at most 64 px of height, which is all that training looks at.

    Args:
        image: (H, W, 3) uint8 RGB.

    Raises:
        InputError: it cannot be encoded.
    """
    height, width = image.shape[:2]
    if height > MAX_HEIGHT_PX:
        size = (max(1, round(width * MAX_HEIGHT_PX / height)), MAX_HEIGHT_PX)
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    options = [cv2.IMWRITE_WEBP_QUALITY, SMALL_QUALITY]
    is_done, data = cv2.imencode(".webp", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    if not is_done:
        raise InputError(f"A crop of {width} × {height} px cannot be written as WebP. Leave it out.")
    return data.tobytes()
