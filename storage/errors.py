"""Errors of the store; services turn them into sentences for the user."""


class StoreError(Exception):
    """The store cannot do what was asked."""


class MissingRowError(StoreError):
    """A row that must exist does not."""


class DuplicatePictureError(StoreError):
    """A picture with these bytes is already in the store."""


class StaleVersionError(StoreError):
    """The row was changed since the caller saw it.

    Attributes:
        item_id: the row.
        seen_version: the version that the caller decided on.
        current_version: the version that is in the store now.
    """

    def __init__(self, item_id: int, seen_version: int, current_version: int) -> None:
        super().__init__(f"item {item_id} is at version {current_version}, but version {seen_version} was decided on")
        self.item_id = item_id
        self.seen_version = seen_version
        self.current_version = current_version
