"""What each protocol compares, and that nothing vanishes unseen."""

import pytest

from textrec_app.errors import InputError
from textrec_app.evaluation.protocols import normalise, pair_texts


@pytest.mark.parametrize(
    ("text", "alnum36", "alnum62"),
    [
        ("Café-24!", "caf24", "Caf24"),
        ("", "", ""),
        ("###", "", ""),
        ("ÄÖ 中文", "", ""),
        ("A B\tC", "abc", "ABC"),
        ("İ", "i", ""),
        ("x²", "x", "x"),
    ],
)
def test_what_is_kept(text: str, alnum36: str, alnum62: str) -> None:
    assert normalise(text, "alnum36") == alnum36
    assert normalise(text, "alnum62") == alnum62
    assert normalise(text, "exact") == text


def test_both_sides_are_reduced_and_empty_labels_counted() -> None:
    texts = pair_texts(["It's", "!!!", "", "OK"], ["its!", "x", "y", ""], "alnum36")
    assert texts.labels == ("its", "ok")
    assert texts.predictions == ("its", "")
    assert texts.indices == (0, 3)
    assert texts.n_excluded == 2


def test_unknown_protocol_and_unequal_lengths_are_told() -> None:
    with pytest.raises(InputError, match="alnum36, alnum62, exact"):
        pair_texts(["a"], ["a"], "alnum37")
    with pytest.raises(InputError, match="2 labels but 1 predictions"):
        pair_texts(["a", "b"], ["a"], "exact")
