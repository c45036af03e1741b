"""TextRec reads text in photographs and teaches itself on its user's own pictures."""

__version__ = "0.1.0"
