"""Files that people ask for by name: a place that cannot be written is told in a sentence."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from textrec_app.errors import InputError


@contextmanager
def told_if_unwritable(path: Path) -> Iterator[None]:
    """Turn what the system says while a file or folder is written into a sentence about `path`.

    Raises:
        InputError: the system refused.
    """
    try:
        yield
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror or error}). Name another place.") from error


def prepare_folder(path: Path) -> None:
    """Make a folder where it is missing, and try whether files can be written into it.

    Raises:
        InputError: it is a file, or cannot be made or written to.
    """
    if path.exists() and not path.is_dir():
        raise InputError(f"{path} is a file. Name a folder to write to.")
    with told_if_unwritable(path):
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
