"""Lines, blocks and copyable text of what was read, at any threshold."""

from textrec_app.domain import Reading, RegionReading, Timings
from textrec_app.pipeline.page_layout import arrange, filter_reading, join_words, list_rows, reading_text


def _word(text: str, x: float, y: float, score: float = 0.9) -> RegionReading:
    width = 12.0 * len(text)
    return RegionReading(((x, y), (x + width, y), (x + width, y + 20), (x, y + 20)), text, 0.9, score)


HEADLINE = (_word("Good", 20, 20), _word("morning", 75, 20))
FOOTER = (_word("see", 20, 400), _word("you", 64, 400, 0.3))


def _read(words: tuple[RegionReading, ...]) -> Reading:
    layout = arrange([word for word in words if word.score >= 0.5], [word for word in words if word.score < 0.5])
    ordered = sorted(words, key=lambda word: word.score < 0.5)
    regions = tuple(ordered[index] for index in layout.order)
    return Reading("x", (500, 300), regions, Timings(1, 1, 2), {}, layout.lines, layout.blocks, layout.rows)


def test_text_is_copied_by_rows_and_blocks() -> None:
    assert reading_text(_read((FOOTER[0], *HEADLINE[::-1]))) == "Good morning\n\nsee"


def test_candidates_come_last_and_are_in_no_line() -> None:
    reading = _read((FOOTER[1], *HEADLINE, FOOTER[0]))
    assert [region.text for region in reading.regions] == ["Good", "morning", "see", "you"]
    assert sorted(index for line in reading.lines for index in line) == [0, 1, 2]
    assert [[len(row) for row in rows] for rows in list_rows(reading)] == [[2], [1]]


def test_a_lower_threshold_lets_candidates_join_their_line_and_a_higher_one_drops_words() -> None:
    reading = _read((FOOTER[1], *HEADLINE, FOOTER[0]))
    assert reading_text(filter_reading(reading, 0.2)) == "Good morning\n\nsee you"
    assert {id(region) for region in filter_reading(reading, 0.2).regions} == {id(one) for one in reading.regions}
    assert filter_reading(reading, 0.5) == _read((*HEADLINE, FOOTER[0]))
    empty = filter_reading(reading, 0.95)
    assert (empty.regions, empty.lines, empty.blocks, reading_text(empty)) == ((), (), (), "")


def test_words_of_scripts_without_spaces_are_joined() -> None:
    assert join_words(["東京", "駅", "Tokyo", "Station"]) == "東京駅 Tokyo Station"
    assert join_words(["", "a", "", "b"]).split() == ["a", "b"]
