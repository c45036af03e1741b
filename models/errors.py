"""What can be wrong with tensors and weights."""


class ModelError(Exception):
    """Base of the errors raised by this package; the message is a sentence for people."""


class ShapeError(ModelError, ValueError):
    """A tensor does not have the shape that a function states."""


class WeightsError(ModelError):
    """Weights or their card are missing, damaged, or do not fit the network."""
