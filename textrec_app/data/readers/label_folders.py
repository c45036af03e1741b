"""A folder of word pictures with `labels.tsv`: relative path, tab, text."""

from collections.abc import Iterator
from pathlib import Path

from textrec_app.data.samples import RecognitionSample
from textrec_app.errors import InputError

LABELS_FILE = "labels.tsv"


def read_label_folder(directory: Path) -> list[RecognitionSample]:
    """List the samples in the order of the file; pictures are not opened.

    The text is everything after the first tab of a line, exactly as it stands; it may be empty.

    Raises:
        InputError: no `labels.tsv`, not UTF-8, a line without a tab, or a path that leaves the folder.
    """
    path = directory / LABELS_FILE
    return [
        RecognitionSample(name, text, _inside(directory, name, f"{path}, line {number}"))
        for number, name, text in read_tsv(path)
    ]


def read_tsv(path: Path) -> Iterator[tuple[int, str, str]]:
    """Lines of a `path<TAB>text` file as (line number, path, text); empty lines are passed over.

    Raises:
        InputError: the file is missing, not UTF-8, or a line has no tab.
    """
    try:
        content = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path} is missing. It lists 'picture<TAB>text', one a line.") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 ({error.reason}, byte {error.start}). Save it as UTF-8.") from None
    # Not splitlines(): it also breaks at characters that may stand in a text, such as U+2028.
    for number, line in enumerate(content.split("\n"), start=1):
        line = line.removesuffix("\r")
        if not line:
            continue
        name, tab, text = line.partition("\t")
        if not tab:
            raise InputError(f"{path}, line {number} has no tab. Write 'picture<TAB>text'.")
        yield number, name, text


def _inside(directory: Path, name: str, where: str) -> Path:
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise InputError(f"{where}: '{name}' leads out of the folder. Use paths relative to it.")
    return directory / name
