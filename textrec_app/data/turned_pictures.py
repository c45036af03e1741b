"""A picture that is turned by quarters whenever it is read: words that run up or down are learned level."""

from dataclasses import dataclass

import cv2
import numpy as np

from textrec_app.data.samples import PictureSource
from textrec_app.errors import InputError

_CODES = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
TURNS_DEGREES = tuple(_CODES)


@dataclass(frozen=True, slots=True)
class TurnedPicture:
    """A picture turned clockwise by 90, 180 or 270 degrees."""

    source: PictureSource
    degrees: int

    def read_bytes(self) -> bytes:
        """The turned picture as PNG.

        Raises:
            InputError: the source is no picture, or the turn is not by quarters.
        """
        if self.degrees not in _CODES:
            raise InputError(f"a picture cannot be turned by {self.degrees} degrees; choose one of {TURNS_DEGREES}")
        pixels = cv2.imdecode(np.frombuffer(self.source.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
        if pixels is None:
            raise InputError("a picture that should be turned cannot be read; remove it from the data set")
        return cv2.imencode(".png", cv2.rotate(pixels, _CODES[self.degrees]))[1].tobytes()
