"""Read picture files one after another; a file that cannot be read is told, and the rest go on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textrec_app.domain import Reading
from textrec_app.errors import InputError
from textrec_app.pipeline.images import display_name, load_image
from textrec_app.pipeline.recognition import NOTHING_MORE, ReadOptions
from textrec_app.services.context import App
from textrec_app.services.reading import read_picture, read_word


@dataclass(frozen=True)
class FileReading:
    """What came of one file: a reading and the upright picture it is of, or an error in words.

    Attributes:
        name: the path as it was given, safe to print.
        image: (H, W, 3) uint8 RGB; None if the file could not be read.
    """

    path: Path
    name: str
    reading: Reading | None = None
    image: NDArray[np.uint8] | None = None
    error: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The JSON line that `read --json` prints."""
        return {"image": self.name, "error": self.error} if self.reading is None else self.reading.to_dict()


def read_files(
    app: App, paths: Sequence[Path], crops: bool = False, options: ReadOptions = NOTHING_MORE
) -> Iterator[FileReading]:
    """Read files in their order, without storing anything.

    Args:
        crops: every picture is one word; nothing is detected.
        options: a word list, alternatives.

    Raises:
        WeightsError: weights are missing or altered.
        NotFoundError: no recognizer is installed.
        InputError: the runtime that is demanded is not there.
    """
    app.models.refresh()
    read = read_word if crops else read_picture
    for path in paths:
        name = display_name(str(path))
        try:
            image = load_image(path, name, app.settings.max_pixels)
            yield FileReading(path, name, read(app, image, name, options), image)
        except InputError as error:
            yield FileReading(path, name, error=str(error))
