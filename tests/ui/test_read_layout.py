"""How the words that are shown make lines and blocks, for the page."""

from tests.support.page_readings import THRESHOLD, make_picture, make_picture_reading
from textrec_app.pipeline.page_layout import filter_reading, reading_text
from textrec_app.ui.overlays import SCORE_FLOOR, build_overlay
from textrec_app.ui.read_layout import bound_block, describe_layout


def test_a_layout_names_places_among_all_candidates() -> None:
    candidates = make_picture_reading().reading
    for threshold, count in ((THRESHOLD, 5), (0.0, 6), (0.9, 2), (0.99, 0)):
        shown = filter_reading(candidates, threshold)
        layout = describe_layout(candidates, shown)
        assert layout["count"] == count
        assert [candidates.regions[place] for place in layout["order"]] == list(shown.regions)
        texts = [
            "\n".join(" ".join(candidates.regions[place].text for place in line["words"]) for line in block["lines"])
            for block in layout["blocks"]
        ]
        assert "\n\n".join(texts) == reading_text(shown)


def test_outlines_hold_their_words() -> None:
    candidates = make_picture_reading().reading
    layout = describe_layout(candidates, filter_reading(candidates, THRESHOLD))
    first = layout["blocks"][0]
    corners = [tuple(map(float, pair.split(","))) for pair in first["lines"][0]["points"].split()]
    assert corners == [(100.0, 100.0), (392.0, 100.0), (392.0, 136.0), (100.0, 136.0)]
    rows = [float(pair.split(",")[1]) for pair in first["points"].split()]
    assert (min(rows), max(rows)) == (100.0, 186.0)


def test_a_block_that_stands_on_its_head_begins_at_its_own_top_left() -> None:
    lines = [
        tuple((500.0 - x, 300.0 - y) for x, y in ((0, top), (90, top), (90, top + 20), (0, top + 20)))
        for top in (0, 30)
    ]
    assert bound_block(lines) == ((500.0, 300.0), (410.0, 300.0), (410.0, 250.0), (500.0, 250.0))


def test_the_page_gets_what_the_slider_needs() -> None:
    picture = make_picture_reading()
    value = build_overlay(make_picture(), picture, "token")
    assert (value["threshold"], value["floor"], value["token"]) == (THRESHOLD, SCORE_FLOOR, "token")
    assert [region["score"] for region in value["regions"]] == [region.score for region in picture.reading.regions]
    assert [layout["count"] for layout in value["layouts"]] == [5, 6]
    assert set(value["maps"]) == {"words", "characters"}


def test_character_boxes_are_the_detectors_or_else_the_recognizers() -> None:
    regions = build_overlay(make_picture(), make_picture_reading(), "token")["regions"]
    boxes = {region["text"]: region["boxes"] for region in regions}
    assert boxes["GREEN"] == ["101.0,101.0 119.0,101.0 119.0,135.0 101.0,135.0"]
    assert len(boxes["GROCER"]) == len("GROCER")
