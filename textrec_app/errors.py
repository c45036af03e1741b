"""The errors a user can meet. Each message is a sentence that ends in what to do next."""

from models.errors import ModelError, ShapeError, WeightsError

__all__ = [
    "USER_ERRORS",
    "ConflictError",
    "ForbiddenError",
    "InputError",
    "ModelError",
    "NotFoundError",
    "ShapeError",
    "TextRecError",
    "WeightsError",
]


class TextRecError(Exception):
    """Base of all errors that are shown to people without a traceback."""


class InputError(TextRecError):
    """A picture, file or argument that cannot be used."""


class NotFoundError(TextRecError):
    """Something that was asked for by name or number does not exist."""


class ConflictError(TextRecError):
    """The thing changed since it was read, or the action is not possible in its present state."""


class ForbiddenError(TextRecError):
    """The person who asks may not do this here."""


USER_ERRORS = (TextRecError, ModelError)
