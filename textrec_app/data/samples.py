"""One word picture with its label, wherever it is kept."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from textrec_app.domain import Polygon


class PictureSource(Protocol):
    """Anything that gives the bytes of a picture file; a `Path` does."""

    def read_bytes(self) -> bytes:
        """The encoded picture."""
        ...


@dataclass(frozen=True, slots=True)
class RecognitionSample:
    """A word or line and what it says.

    Attributes:
        name: relative path or key, unique in its set.
        text: the label, exactly as it was written; may be empty.
        source: gives the encoded picture: the crop itself, or the scene that `quad` is cut from.
        quad: corners in pixels of the scene, clockwise from the text's top-left; None if the picture is the crop.
    """

    name: str
    text: str
    source: PictureSource
    quad: Polygon | None = None

    @property
    def path(self) -> Path | None:
        """The picture's file, if it has one of its own."""
        return self.source if isinstance(self.source, Path) else None
