"""Pictures and what came of each harvested file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from storage.base import Store
from storage.errors import DuplicatePictureError
from storage.readings import attach_readings
from storage.records import HarvestFileRecord, NewItem, NewPicture, NewReading, PictureRecord
from storage.schema import HarvestFile, Item, Picture, Selection


@dataclass(frozen=True, slots=True)
class NewHarvestFile:
    """What came of one file of a harvest; `picture_sha256` names its picture if that is in the store."""

    selection_id: int
    name: str
    state: str
    n_words: int = 0
    n_kept: int = 0
    n_waiting: int = 0
    message: str = ""
    picture_sha256: str | None = None


def find_picture(store: Store, sha256: str) -> PictureRecord | None:
    """The picture with exactly these bytes, None if it was never harvested."""
    with store.session() as session:
        row = session.scalar(select(Picture).where(Picture.sha256 == sha256))
        return None if row is None else _to_picture(row)


def find_picture_name_of_crop(store: Store, crop_sha256: str) -> str | None:
    """The name of a picture that an item with exactly this crop came from, None if there is no such item."""
    with store.session() as session:
        statement = select(Picture.name).join(Item, Item.picture_id == Picture.id)
        return session.scalar(statement.where(Item.crop_sha256 == crop_sha256).order_by(Item.id).limit(1))


def add_picture(
    store: Store, picture: NewPicture, items: Sequence[tuple[NewItem, NewReading]], file: NewHarvestFile
) -> PictureRecord:
    """Add a picture with everything that was read in it and its line in the harvest, in one transaction.

    Raises:
        DuplicatePictureError: a picture with these bytes is already there; nothing is added.
    """
    try:
        with store.write() as session:
            row = insert_picture(session, picture)
            added = insert_items(session, row.id, [item for item, _ in items])
            pairs = [(item, reading) for item, (_, reading) in zip(added, items, strict=True)]
            attach_readings(session, pairs, file.selection_id)
            session.add(_to_file_row(file, row.id))
            return _to_picture(row)
    except IntegrityError as error:
        if find_picture(store, picture.sha256) is None:
            raise
        raise DuplicatePictureError(f"{picture.name} is already in the store") from error


def insert_picture(session: Session, picture: NewPicture) -> Picture:
    """Add a picture row inside the caller's transaction.

    Raises:
        DuplicatePictureError: a picture with these bytes is already there.
    """
    if session.scalar(select(Picture.id).where(Picture.sha256 == picture.sha256)) is not None:
        raise DuplicatePictureError(f"{picture.name} is already in the store")
    row = Picture(
        sha256=picture.sha256,
        name=picture.name,
        kind=picture.kind,
        size_bytes=picture.size_bytes,
        height=picture.height,
        width=picture.width,
        added_by=picture.added_by,
        added_utc=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    return row


def insert_items(session: Session, picture_id: int, items: Sequence[NewItem]) -> list[Item]:
    """Add item rows inside the caller's transaction, as yet waiting, without a reading or a decision."""
    rows = [_to_item_row(picture_id, item) for item in items]
    session.add_all(rows)
    session.flush()
    return rows


def add_harvest_file(store: Store, file: NewHarvestFile) -> None:
    """Record a file of a harvest that brought no new picture: skipped or failed."""
    with store.write() as session:
        picture_id = session.scalar(select(Picture.id).where(Picture.sha256 == file.picture_sha256))
        session.add(_to_file_row(file, picture_id))


def list_harvest_files(store: Store, limit: int, offset: int = 0) -> list[HarvestFileRecord]:
    """What came of the harvested files, newest first."""
    with store.session() as session:
        statement = (
            select(HarvestFile, Selection.who, Picture.sha256)
            .join(Selection, Selection.id == HarvestFile.selection_id)
            .outerjoin(Picture, Picture.id == HarvestFile.picture_id)
            .order_by(HarvestFile.id.desc())
            .limit(limit)
            .offset(offset)
        )
        return [_to_file_record(*row) for row in session.execute(statement)]


def count_pictures(store: Store) -> int:
    """How many different pictures are in the store."""
    with store.session() as session:
        return session.scalar(select(func.count()).select_from(Picture)) or 0


def _to_item_row(picture_id: int, new: NewItem) -> Item:
    return Item(
        picture_id=picture_id,
        position=new.position,
        polygon=[list(point) for point in new.polygon],
        score=new.score,
        angle_deg=new.angle_deg,
        script=new.script,
        crop_sha256=new.crop_sha256,
        crop_height=new.crop_size_hw[0],
        crop_width=new.crop_size_hw[1],
        perceptual_hash=new.perceptual_hash,
        status="waiting",
        version=1,
        added_utc=datetime.now(UTC),
    )


def _to_file_row(file: NewHarvestFile, picture_id: int | None) -> HarvestFile:
    return HarvestFile(
        selection_id=file.selection_id,
        picture_id=picture_id,
        name=file.name,
        state=file.state,
        n_words=file.n_words,
        n_kept=file.n_kept,
        n_waiting=file.n_waiting,
        message=file.message,
        made_utc=datetime.now(UTC),
    )


def _to_file_record(row: HarvestFile, who: str, sha256: str | None) -> HarvestFileRecord:
    return HarvestFileRecord(
        file_id=row.id,
        selection_id=row.selection_id,
        name=row.name,
        state=row.state,
        n_words=row.n_words,
        n_kept=row.n_kept,
        n_waiting=row.n_waiting,
        message=row.message,
        who=who,
        made_utc=row.made_utc,
        picture_id=row.picture_id,
        sha256=sha256,
    )


def _to_picture(row: Picture) -> PictureRecord:
    return PictureRecord(
        picture_id=row.id,
        sha256=row.sha256,
        name=row.name,
        kind=row.kind,
        size_bytes=row.size_bytes,
        height=row.height,
        width=row.width,
        added_by=row.added_by,
        added_utc=row.added_utc,
    )
