import cv2
import numpy as np
import pytest

from textrec_app.data.detection_targets import slice_quad
from textrec_app.data.line_words import list_split_words, split_line, turn_to_reading
from textrec_app.domain import DetectedRegion

HEIGHT = 20.0
LENGTH = 300.0


def turned_line(angle_deg, length=LENGTH, height=HEIGHT):
    """A line around (200, 200), its first corner where reading begins."""
    angle = np.deg2rad(angle_deg)
    along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    start = np.array([200, 200]) - along * length / 2 - across * height / 2
    corners = [start, start + along * length, start + along * length + across * height, start + across * height]
    return np.array(corners, np.float32)


def regions_in(quad, spans, characters=4, grow=0.1):
    """Words as a detector sees them: a little higher than the line."""
    found = []
    for start, end in spans:
        cut = slice_quad(quad, np.array([start, end]) / LENGTH)[0]
        down = (cut[3] - cut[0]) * grow
        cut = cut + np.array([-down, -down, down, down])
        inner = slice_quad(cut, np.linspace(0, 1, characters + 1))
        polygons = tuple(tuple(map(tuple, piece.tolist())) for piece in inner)
        found.append(DetectedRegion(tuple(map(tuple, cut.tolist())), 0.9, 0.0, polygons))
    return found


WORDS = [(3.0, 90.0), (100.0, 180.0), (190.0, 296.0)]


@pytest.mark.parametrize("angle_deg", [0, 30, 75, 100, 180, -135])
def test_words_take_their_ends_from_the_detector_and_their_height_from_the_line(angle_deg):
    quad = turned_line(angle_deg)
    split = split_line(np.roll(quad, 1, axis=0), regions_in(quad, WORDS)[::-1])
    expected = [slice_quad(quad, np.array(span) / LENGTH)[0] for span in [(0, 90), (100, 180), (190, 300)]]
    assert split.confidence == 0.8
    assert np.allclose([word.quad for word in split.words], expected, atol=0.5)
    assert [len(word.character_quads) for word in split.words] == [4, 4, 4]
    assert all(cv2.contourArea(c) > 0 for word in split.words for c in word.character_quads)


@pytest.mark.parametrize(
    "spans",
    [[], [(3, 90)], [(3, 90), (190, 296)], [(60, 180), (190, 296)], [(3, 90), (10, 95), (100, 180), (190, 296)]],
    ids=["nothing", "half", "hole", "late", "twice"],
)
def test_a_line_that_the_detector_does_not_fill_is_left_out(spans):
    quad = turned_line(0)
    split = split_line(quad, regions_in(quad, spans))
    assert split.words == ()
    assert split.confidence == 0
    (word,) = list_split_words(quad, split)
    assert word.confidence == 0
    assert np.array_equal(word.quad, quad)


def test_words_of_another_size_part_no_line():
    quad = turned_line(0)
    assert not split_line(quad, regions_in(quad, WORDS, grow=0.6)).words
    assert not split_line(quad, regions_in(quad, WORDS, grow=-0.35)).words


def test_words_of_other_lines_do_not_matter():
    quad = turned_line(0)
    below = regions_in(quad + np.float32([0, 26]), [(0, 300)])
    assert len(split_line(quad, regions_in(quad, WORDS) + below).words) == 3


def test_pieces_without_a_space_between_them_are_one_word():
    quad = turned_line(0)
    split = split_line(quad, regions_in(quad, [(3, 90), (91, 180), (192, 296)], characters=3))
    assert [round(float(np.ptp(word.quad[:, 0]))) for word in split.words] == [180, 108]
    assert [len(word.character_quads) for word in split.words] == [6, 3]


def test_a_row_of_single_characters_is_one_word():
    quad = turned_line(0)
    glyphs = [(x, x + 18.0) for x in np.arange(2, 290, 25)]
    split = split_line(quad, regions_in(quad, glyphs, characters=1))
    assert split.confidence == 0.5
    (word,) = split.words
    assert np.allclose(word.quad, quad)
    assert len(word.character_quads) == len(glyphs)


def test_known_spaces_name_the_words():
    quad = turned_line(0)
    split = split_line(quad, regions_in(quad, [(0, 120), (140, 220), (240, 300)]), "ABCDEF GHIJ KLM")
    assert split.confidence == 0.9
    assert [word.text for word in split.words] == ["ABCDEF", "GHIJ", "KLM"]
    assert [len(word.character_quads) for word in split.words] == [6, 4, 3]


@pytest.mark.parametrize("text", ["ABCDEFGHIJKLM", "AB CDEFGHIJKL M"])
def test_wrong_spaces_are_not_believed(text):
    quad = turned_line(0)
    split = split_line(quad, regions_in(quad, [(0, 120), (140, 220), (240, 300)]), text)
    assert split.confidence == 0.8
    assert [word.text for word in split.words] == [None] * 3


def test_the_direction_is_known_only_where_the_line_reads_to_the_right():
    for angle_deg, is_known in ((0, True), (-50, True), (80, False), (180, False)):
        quad = turned_line(angle_deg)
        words = list_split_words(quad, split_line(quad, regions_in(quad, WORDS)))
        assert [word.knows_direction for word in words] == [is_known] * 3
        assert all(word.word_confidence == 0.8 and word.confidence == 0.6 for word in words)


def test_a_line_stays_as_it_is_where_nothing_tells_how_it_reads():
    quad = turned_line(90)
    assert np.array_equal(turn_to_reading(quad, []), quad)


def test_a_degenerate_line_is_left_out():
    quad = np.array([[5, 5], [50, 5], [50, 5], [5, 5]], np.float32)
    assert not split_line(quad, regions_in(turned_line(0), WORDS)).words


def picture_of(spans):
    image = np.full((400, 400, 3), 230, np.uint8)
    for start, end in spans:
        for x in np.arange(50 + start, 50 + end - 5, 10):
            cv2.rectangle(image, (int(x), 192), (int(x) + 5, 208), (20, 60, 20), -1)
    return image


def test_the_picture_has_to_show_the_same_spaces():
    quad = turned_line(0)
    found, merged = regions_in(quad, WORDS), regions_in(quad, [(3, 180), (190, 296)])
    assert len(split_line(quad, found, None, picture_of(WORDS)).words) == 3
    assert not split_line(quad, merged, None, picture_of(WORDS)).words
    assert not split_line(quad, found, None, picture_of([(3, 296)])).words
    assert split_line(quad, merged).words
