"""Groups of labelled crops that the gate looks at one by one: by what their text is like."""

from collections.abc import Callable, Mapping, Sequence

MIN_SLICE = 20


def build_slices(texts: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Group labelled crops by what their text is like; a crop may be in several groups.

    Groups smaller than 20 are left out: they say nothing.
    """
    groups = {
        name: tuple(index for index, text in enumerate(texts) if matches(text)) for name, matches in SLICE_RULES.items()
    }
    return {name: members for name, members in groups.items() if len(members) >= MIN_SLICE}


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)


SLICE_RULES: Mapping[str, Callable[[str], bool]] = {
    "lower case": lambda text: text.isalpha() and text.islower(),
    "upper case": lambda text: text.isalpha() and text.isupper(),
    "mixed case": lambda text: text.isalpha() and not text.islower() and not text.isupper(),
    "digits only": lambda text: text.isdigit(),
    "letters with digits": lambda text: _has_digit(text) and any(character.isalpha() for character in text),
    "with punctuation": lambda text: any(not character.isalnum() and not character.isspace() for character in text),
    "1 to 3 characters": lambda text: 1 <= len(text) <= 3,
    "4 to 8 characters": lambda text: 4 <= len(text) <= 8,
    "9 characters and more": lambda text: len(text) >= 9,
}
