"""Harvest: read many pictures without labels, keep every crop with what the model says and how sure it is."""

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path

from storage import pictures
from storage.errors import DuplicatePictureError
from storage.files import compute_sha256
from storage.pictures import NewHarvestFile
from storage.records import NewPicture
from textrec_app.errors import InputError
from textrec_app.pipeline.images import load_image
from textrec_app.pipeline.outside_readers import open_outside_readers
from textrec_app.pipeline.reader import WordReading
from textrec_app.services.context import App
from textrec_app.services.harvest_rows import JudgedWord, Pass, judge_words, open_pass, read_words, to_rows
from textrec_app.services.rescoring import rescore
from textrec_app.services.selection import (
    DEFAULT_PRECISION,
    ConfidenceView,
    apply_precision,
    confidence_view,
    is_kept,
    settle_promise,
)
from textrec_app.services.uploads import Upload, count_uploads, expand_uploads

__all__ = [
    "ConfidenceView",
    "FileOutcome",
    "HarvestOptions",
    "HarvestSummary",
    "PictureRow",
    "apply_precision",
    "confidence_view",
    "count_uploads",
    "harvest",
    "list_files",
    "rescore",
    "summarise",
]


CROPS_AT_ONCE = 16


@dataclass(frozen=True)
class HarvestOptions:
    """How to harvest.

    Attributes:
        min_precision: keep readings so sure that at least this share of them is right.
        crops: every picture is one word; nothing is detected.
        who: the person who asks.
        outside: names of readers that are not ours to ask too, such as rapidocr.
    """

    min_precision: float = DEFAULT_PRECISION
    crops: bool = False
    who: str = "local"
    outside: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileOutcome:
    """What came of one file: `state` is `read`, `skipped` or `failed`, and `message` says why it was not read."""

    name: str
    state: str
    n_words: int = 0
    n_kept: int = 0
    n_waiting: int = 0
    message: str = ""


@dataclass(frozen=True)
class HarvestSummary:
    """Counts of a harvest: pictures read, words kept and waiting, files skipped and failed."""

    read: int
    kept: int
    waiting: int
    skipped: int
    failed: int


@dataclass(frozen=True)
class PictureRow:
    """One harvested file as a list shows it."""

    file_id: int
    name: str
    state: str
    n_words: int
    n_kept: int
    n_waiting: int
    message: str
    who: str
    harvested_utc: datetime
    sha256: str | None


def harvest(
    app: App,
    paths: Sequence[Path],
    options: HarvestOptions,
    on_progress: Callable[[FileOutcome], None] | None = None,
) -> Generator[FileOutcome, None, None]:
    """Read files, folders and zips into the store, one file at each step.

    A picture is stored whole or not at all. Closing the iterator stops after the picture at hand; harvesting the same
    files again goes on from there, because exact duplicates are skipped. No labels are read or used. When all are
    read, the threshold is set anew, because only together do the words tell how unlike the validation words they are.

    Args:
        app: the opened application.
        paths: files, folders, zips.
        options: how to harvest.
        on_progress: called with each outcome.

    Yields:
        One outcome for each file; a file that cannot be read is an outcome too, and the rest go on.

    Raises:
        InputError: `min_precision` is not between 0 and 1, or an outside reader is not installed.
    """
    current = _begin_pass(app, options)
    first_sha256 = current.models.checkpoint.sha256
    uploads = expand_uploads(paths, app.settings.max_upload_mb * 1_000_000)
    while chunk := list(islice(uploads, CROPS_AT_ONCE if options.crops else 1)):
        if app.models.get_active().checkpoint != current.models.checkpoint:
            current = _begin_pass(app, options)
        for outcome in _harvest_chunk(app, chunk, options, current):
            if on_progress is not None:
                on_progress(outcome)
            yield outcome
    if app.models.get_active().checkpoint.sha256 != first_sha256:
        rescore(app, options.who)
    settle_promise(app, options.who, options.min_precision)


def summarise(outcomes: Iterable[FileOutcome]) -> HarvestSummary:
    """Add up what came of the files."""
    counts = {"read": 0, "skipped": 0, "failed": 0}
    kept = waiting = 0
    for outcome in outcomes:
        counts[outcome.state] += 1
        kept += outcome.n_kept
        waiting += outcome.n_waiting
    return HarvestSummary(counts["read"], kept, waiting, counts["skipped"], counts["failed"])


def list_files(app: App, limit: int = 100, offset: int = 0) -> list[PictureRow]:
    """The harvested files with their results, newest first."""
    return [
        PictureRow(
            file_id=record.file_id,
            name=record.name,
            state=record.state,
            n_words=record.n_words,
            n_kept=record.n_kept,
            n_waiting=record.n_waiting,
            message=record.message,
            who=record.who,
            harvested_utc=record.made_utc,
            sha256=record.sha256,
        )
        for record in pictures.list_harvest_files(app.store, limit, offset)
    ]


def _begin_pass(app: App, options: HarvestOptions) -> Pass:
    outside = open_outside_readers(options.outside)
    current = open_pass(app, app.models.get_active(), "harvest", options.who, options.min_precision)
    return replace(current, outside=outside)


@dataclass(frozen=True)
class _Opened:
    """A picture that was read, before its words are judged."""

    upload: Upload
    data: bytes
    sha256: str
    size_hw: tuple[int, int]
    words: tuple[WordReading, ...]


def _harvest_chunk(
    app: App, uploads: Sequence[Upload], options: HarvestOptions, current: Pass
) -> Generator[FileOutcome, None, None]:
    """Outcomes in the order of the files; the words of all are judged together, which is faster."""
    opened = [_open(app, upload, options, current) for upload in uploads]
    words = [word for one in opened if isinstance(one, _Opened) for word in one.words]
    judged = iter(judge_words(current, words, app.settings.harvest_views))
    for one in opened:
        if isinstance(one, FileOutcome):
            yield one
        else:
            yield _store(app, one, list(islice(judged, len(one.words))), options, current)


def _open(app: App, upload: Upload, options: HarvestOptions, current: Pass) -> "_Opened | FileOutcome":
    if upload.data is None:
        state = "skipped" if upload.is_ignorable else "failed"
        return _record_without_picture(app, current, FileOutcome(upload.name, state, message=upload.message))
    sha256 = compute_sha256(upload.data)
    earlier = _find_earlier_name(app, sha256, options.crops)
    if earlier is not None:
        return _record_duplicate(app, current, upload.name, sha256, earlier)
    try:
        image = load_image(upload.data, upload.name, app.settings.max_pixels)
    except InputError as error:
        state = "skipped" if upload.is_ignorable else "failed"
        return _record_without_picture(app, current, FileOutcome(upload.name, state, message=str(error)))
    words = read_words(current.models, image, options.crops)
    return _Opened(upload, upload.data, sha256, (image.shape[0], image.shape[1]), words)


def _store(
    app: App, opened: _Opened, words: Sequence[JudgedWord], options: HarvestOptions, current: Pass
) -> FileOutcome:
    name, sha256 = opened.upload.name, opened.sha256
    outcome = _count_words(name, words, current.threshold)
    app.store.files.add(opened.data)
    picture = NewPicture(
        sha256=sha256,
        name=name,
        kind="crop" if options.crops else "scene",
        size_bytes=len(opened.data),
        height=opened.size_hw[0],
        width=opened.size_hw[1],
        added_by=options.who,
    )
    rows = [to_rows(app, position, word, current) for position, word in enumerate(words)]
    try:
        pictures.add_picture(app.store, picture, rows, _to_file(outcome, current.selection_id, sha256))
    except DuplicatePictureError:
        return _record_duplicate(app, current, name, sha256, _find_earlier_name(app, sha256, False) or "")
    return outcome


def _find_earlier_name(app: App, sha256: str, is_crop: bool) -> str | None:
    earlier = pictures.find_picture(app.store, sha256)
    if earlier is not None:
        return earlier.name
    return pictures.find_picture_name_of_crop(app.store, sha256) if is_crop else None


def _count_words(name: str, words: Sequence[JudgedWord], threshold: float) -> FileOutcome:
    kept = sum(is_kept(judged.word.reading.text, judged.confidence, threshold) for judged in words)
    message = "" if words else "No text was found."
    return FileOutcome(name, "read", len(words), kept, len(words) - kept, message)


def _record_duplicate(app: App, current: Pass, name: str, sha256: str, earlier: str) -> FileOutcome:
    known_as = "" if earlier == name else f" as {earlier}"
    outcome = FileOutcome(name, "skipped", message=f"{name} was harvested before{known_as}.")
    return _record_without_picture(app, current, outcome, sha256)


def _record_without_picture(app: App, current: Pass, outcome: FileOutcome, sha256: str | None = None) -> FileOutcome:
    pictures.add_harvest_file(app.store, _to_file(outcome, current.selection_id, sha256))
    return outcome


def _to_file(outcome: FileOutcome, selection_id: int, sha256: str | None) -> NewHarvestFile:
    return NewHarvestFile(
        selection_id=selection_id,
        name=outcome.name,
        state=outcome.state,
        n_words=outcome.n_words,
        n_kept=outcome.n_kept,
        n_waiting=outcome.n_waiting,
        message=outcome.message,
        picture_sha256=sha256,
    )
