"""What a person hands over: files, folders and zips, opened one by one without trusting any of them."""

import logging
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from textrec_app.pipeline.images import PICTURE_SUFFIXES, display_name

logger = logging.getLogger(__name__)

MAX_ZIP_ENTRIES = 50_000
MAX_ZIP_RATIO = 100
"""Pictures hardly shrink in a zip; an archive that grows more than this is a bomb."""

MIN_SUSPECT_BYTES = 50_000_000
"""Small archives may grow as they like."""

_CHUNK_BYTES = 4096
"""Unpacked at a time: reading all of an entry at once unpacks it whole before its true size is seen."""

_ENCRYPTED_FLAG = 0x1
_UTF8_FLAG = 0x800
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


@dataclass(frozen=True)
class Upload:
    """One file that was found.

    Attributes:
        name: for people; relative to the folder or zip it came from, never a path to write to.
        data: its bytes; None if it could not be had.
        message: why not, as a sentence.
        is_ignorable: it came along in a folder or zip and its name is not a picture's, so that failing is no failure.
    """

    name: str
    data: bytes | None
    message: str = ""
    is_ignorable: bool = False


def expand_uploads(paths: Sequence[Path], max_file_bytes: int) -> Iterator[Upload]:
    """Open every file below the given ones, one at a time, in the order of their names.

    Folders are walked, zips are read without being unpacked to disk; hidden files are passed over.

    Args:
        paths: files, folders, zips.
        max_file_bytes: larger files, also inside zips, are not opened.
    """
    for path in paths:
        if path.is_dir():
            yield from _expand_folder(path, max_file_bytes)
        elif _is_zip(path):
            yield from _expand_zip(path, path.name, max_file_bytes)
        else:
            yield _open_file(path, path.name, max_file_bytes, is_ignorable=False)


def count_uploads(paths: Sequence[Path]) -> int:
    """How many files `expand_uploads` will find, without opening them; for progress only."""
    return sum(_count(path) for path in paths)


def _count(path: Path) -> int:
    if path.is_dir():
        return sum(_count(file) for file in _walk(path))
    if not _is_zip(path):
        return 1
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(not _is_hidden(entry.filename) and not entry.is_dir() for entry in archive.infolist())
    except _ZIP_ERRORS:
        return 1


def _walk(folder: Path) -> list[Path]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in files if not _is_hidden(path.relative_to(folder).as_posix()))


def _expand_folder(folder: Path, max_file_bytes: int) -> Iterator[Upload]:
    for path in _walk(folder):
        name = f"{folder.resolve().name}/{path.relative_to(folder).as_posix()}"
        if _is_zip(path):
            yield from _expand_zip(path, name, max_file_bytes)
        else:
            yield _open_file(path, name, max_file_bytes, is_ignorable=not _has_picture_name(name))


def _open_file(path: Path, name: str, max_file_bytes: int, is_ignorable: bool) -> Upload:
    shown = display_name(name)
    try:
        if path.exists() and not path.is_file():
            return Upload(shown, None, f"{shown} is not a file that can be read. Hand over pictures, folders or zips.")
        size = path.stat().st_size
        if size > max_file_bytes:
            return Upload(shown, None, _too_large(shown, size, max_file_bytes), is_ignorable)
        return Upload(shown, path.read_bytes(), is_ignorable=is_ignorable)
    except FileNotFoundError:
        return Upload(shown, None, f"{shown}: there is no such file. Check the path.")
    except OSError as error:
        logger.info("%s cannot be opened: %s", shown, error)
        return Upload(shown, None, f"{shown} cannot be opened ({error.strerror}). Check its permissions.")


def _is_zip(path: Path) -> bool:
    return path.suffix.lower() == ".zip" and path.is_file()


def _expand_zip(path: Path, name: str, max_file_bytes: int) -> Iterator[Upload]:
    shown = display_name(name)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            refusal = _find_refusal(shown, path.stat().st_size, entries)
            if refusal:
                yield Upload(shown, None, refusal)
                return
            for entry in entries:
                if not _is_hidden(entry.filename):
                    yield _open_entry(archive, entry, shown, max_file_bytes)
    except _ZIP_ERRORS as error:
        logger.info("%s cannot be opened: %s", shown, error)
        yield Upload(shown, None, f"{shown} is damaged or no zip file. Pack it again, or hand over the folder.")


def _find_refusal(shown: str, size: int, entries: Sequence[zipfile.ZipInfo]) -> str:
    if len(entries) > MAX_ZIP_ENTRIES:
        return f"{shown} holds {len(entries)} files; at most {MAX_ZIP_ENTRIES} are read. Split it into smaller zips."
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MIN_SUSPECT_BYTES and unpacked > MAX_ZIP_RATIO * size:
        return (
            f"{shown} would unpack from {_megabytes(size)} to {_megabytes(unpacked)}, which pictures never do."
            " Hand over the folder instead."
        )
    return ""


def _open_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, archive_name: str, max_file_bytes: int) -> Upload:
    inner = _clean_name(entry)
    shown = display_name(f"{archive_name}/{inner}")
    is_ignorable = not _has_picture_name(inner)
    if entry.flag_bits & _ENCRYPTED_FLAG:
        return Upload(shown, None, f"{shown} is locked by a password. Unpack the zip and hand over the folder.")
    if PurePosixPath(inner).suffix.lower() == ".zip":
        return Upload(shown, None, f"{shown} is a zip inside a zip. Unpack the outer one first.")
    if entry.file_size > max_file_bytes:
        return Upload(shown, None, _too_large(shown, entry.file_size, max_file_bytes), is_ignorable)
    try:
        return Upload(shown, _read_entry(archive, entry), is_ignorable=is_ignorable)
    except _ZIP_ERRORS as error:
        logger.info("%s cannot be unpacked: %s", shown, error)
        return Upload(shown, None, f"{shown} is damaged inside the zip, or larger than the zip says. Pack it again.")


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """An entry's bytes; never more are kept than it says it has, and one that has more fails its checksum."""
    with archive.open(entry) as stream:
        return b"".join(iter(lambda: stream.read(_CHUNK_BYTES), b""))


def _clean_name(entry: zipfile.ZipInfo) -> str:
    """An entry's name as people know it: no ways out of the archive, and Unicode where the flag was forgotten."""
    name = entry.filename
    if not entry.flag_bits & _UTF8_FLAG:
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            logger.debug("the name %r is neither flagged nor valid as UTF-8", name)
    parts = name.replace("\\", "/").split("/")
    kept = [part for part in parts if part not in ("", ".", "..") and not part.endswith(":")]
    return "/".join(kept) or "unnamed"


def _is_hidden(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    hidden = (part for part in parts if part.startswith(".") and part not in (".", ".."))
    return "__MACOSX" in parts or parts[-1] in ("Thumbs.db", "desktop.ini") or any(hidden)


def _has_picture_name(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in PICTURE_SUFFIXES


def _too_large(shown: str, size: int, max_file_bytes: int) -> str:
    return f"{shown} has {_megabytes(size)}; at most {_megabytes(max_file_bytes)} are read. Make it smaller."


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.0f} MB" if size >= 1_000_000 else f"{size / 1000:,.0f} kB"
