"""The order of review as the store keeps it: groups of look-alikes, doubt and gain of what nobody decided on."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, tuple_, update

from storage.base import Store
from storage.records import MODEL_STATUSES
from storage.schema import Item, ModelReading, Picture

_CHUNK = 400


@dataclass(frozen=True, slots=True)
class UnrankedItem:
    """An item that nobody decided on and whose place in the order is not computed yet."""

    item_id: int
    reading_id: int | None
    perceptual_hash: str
    look_group: str | None
    text: str
    confidence: float | None
    evidence: dict[str, float] | None


@dataclass(frozen=True, slots=True)
class GroupMember:
    """An undecided item of a group of look-alikes; `doubt` and `gain` are None until computed."""

    item_id: int
    reading_id: int | None
    look_group: str
    text: str
    doubt: float | None
    gain: float | None


@dataclass(frozen=True, slots=True)
class Rank:
    """What orders an item; it is kept only while `reading_id` still is the item's newest reading."""

    item_id: int
    reading_id: int | None
    look_group: str
    doubt: float
    gain: float


@dataclass(frozen=True, slots=True)
class LookAlike:
    """An undecided near-duplicate; `n_alike` counts all of its group with the same text, itself included."""

    item_id: int
    version: int
    status: str
    look_group: str
    text: str
    confidence: float | None
    crop_sha256: str
    picture_name: str
    n_alike: int


def list_unranked(store: Store, limit: int) -> list[UnrankedItem]:
    """Undecided items whose gain is not computed yet, by rising id."""
    unranked = select(Item.id).where(Item.status.in_(MODEL_STATUSES), Item.gain.is_(None)).order_by(Item.id)
    statement = (
        select(
            Item.id,
            Item.reading_id,
            Item.perceptual_hash,
            Item.look_group,
            func.coalesce(ModelReading.text, ""),
            Item.confidence,
            ModelReading.evidence,
        )
        .outerjoin(ModelReading, ModelReading.id == Item.reading_id)
        .order_by(Item.id)
    )
    with store.session() as session:
        ids = list(session.scalars(unranked.limit(limit)))
        return [UnrankedItem(*row) for row in session.execute(statement.where(Item.id.in_(ids)))]


def list_founders(store: Store) -> list[str]:
    """The perceptual hashes that founded groups of look-alikes, in a fixed order."""
    statement = select(Item.look_group).where(Item.look_group.is_not(None)).distinct().order_by(Item.look_group)
    with store.session() as session:
        return [founder for founder in session.scalars(statement) if founder is not None]


def list_members(store: Store, groups: Sequence[str]) -> list[GroupMember]:
    """The undecided items of these groups, by rising id within a part of the groups."""
    found: list[GroupMember] = []
    with store.session() as session:
        for start in range(0, len(groups), _CHUNK):
            statement = (
                select(
                    Item.id,
                    Item.reading_id,
                    func.coalesce(Item.look_group, ""),
                    func.coalesce(ModelReading.text, ""),
                    Item.doubt,
                    Item.gain,
                )
                .outerjoin(ModelReading, ModelReading.id == Item.reading_id)
                .where(Item.look_group.in_(groups[start : start + _CHUNK]), Item.status.in_(MODEL_STATUSES))
                .order_by(Item.id)
            )
            found.extend(GroupMember(*row) for row in session.execute(statement))
    return found


def save_ranks(store: Store, ranks: Sequence[Rank]) -> None:
    """Keep computed places in the order, in one transaction; an item that was read again meanwhile is left out."""
    if not ranks:
        return
    table = Item.__table__
    statement = (
        update(Item)
        .where(table.c.id == bindparam("of_item"), table.c.reading_id.is_not_distinct_from(bindparam("of_reading")))
        .values(look_group=bindparam("new_group"), doubt=bindparam("new_doubt"), gain=bindparam("new_gain"))
    )
    rows = [
        {
            "of_item": rank.item_id,
            "of_reading": rank.reading_id,
            "new_group": rank.look_group,
            "new_doubt": rank.doubt,
            "new_gain": rank.gain,
        }
        for rank in ranks
    ]
    with store.write() as session:
        session.connection().execute(statement, rows)


def list_alike(store: Store, keys: Sequence[tuple[str, str]], limit: int) -> list[LookAlike]:
    """Undecided items with one of these looks and texts, the oldest first.

    Args:
        store: the opened store.
        keys: (group of look-alikes, model's text) pairs.
        limit: at most so many of each pair.
    """
    if not keys:
        return []
    text = func.coalesce(ModelReading.text, "")
    of_key = (Item.look_group, text)
    places = (
        select(
            Item.id,
            text.label("text"),
            func.count().over(partition_by=of_key).label("n_alike"),
            func.row_number().over(partition_by=of_key, order_by=Item.id).label("place"),
        )
        .outerjoin(ModelReading, ModelReading.id == Item.reading_id)
        .where(Item.look_group.in_({group for group, _ in keys}), Item.status.in_(MODEL_STATUSES))
        .where(tuple_(*of_key).in_(sorted(set(keys))))
        .subquery()
    )
    statement = (
        select(
            Item.id,
            Item.version,
            Item.status,
            func.coalesce(Item.look_group, ""),
            places.c.text,
            Item.confidence,
            Item.crop_sha256,
            Picture.name,
            places.c.n_alike,
        )
        .join(places, places.c.id == Item.id)
        .join(Picture, Picture.id == Item.picture_id)
        .where(places.c.place <= limit)
        .order_by(Item.id)
    )
    with store.session() as session:
        return [LookAlike(*row) for row in session.execute(statement)]
