"""Ordered characters; the order fixes the class ids of a recognizer."""

import string
from collections.abc import Iterable
from dataclasses import dataclass, field

PRINTABLE_ASCII = string.digits + string.ascii_letters + string.punctuation + " "


@dataclass(frozen=True)
class Charset:
    """Characters that classes 1..K-1 of a CTC head stand for; class 0 is the blank."""

    characters: str = PRINTABLE_ASCII
    _ids: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the characters.

        Raises:
            ValueError: a character occurs twice.
        """
        ids = {character: index + 1 for index, character in enumerate(self.characters)}
        if len(ids) != len(self.characters):
            raise ValueError("a charset must not hold a character twice; remove the repetition")
        object.__setattr__(self, "_ids", ids)

    def __len__(self) -> int:
        """Number of characters, without the blank."""
        return len(self.characters)

    def encode(self, text: str) -> list[int]:
        """Class ids of a text.

        Raises:
            KeyError: a character is not in the charset; see `covers`.
        """
        return [self._ids[character] for character in text]

    def covers(self, text: str) -> bool:
        """Whether every character of the text has a class."""
        return all(character in self._ids for character in text)

    def decode(self, ids: Iterable[int]) -> str:
        """Text of class ids; blanks (0) are left out, repeats are kept."""
        return "".join(self.characters[index - 1] for index in ids if index > 0)
