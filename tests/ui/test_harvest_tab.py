"""Harvest's handlers: progress, results, the slider, permissions."""

from pathlib import Path

import pytest

from textrec_app.errors import ConflictError, ForbiddenError
from textrec_app.services.context import App
from textrec_app.services.harvesting import list_files
from textrec_app.ui.access import Visitor
from textrec_app.ui.harvest_tab import Turn, apply_precision, begin, confidence_view, end, run_harvest, show_files

ANA = Visitor("ana", True)
GUEST = Visitor("guest", False)


def test_each_file_is_shown_as_it_comes_and_the_end_sums_up(app: App, drawn_words: list[Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    paths = [str(path) for path in [*drawn_words[:2], broken]]
    steps = [results for results, _ in run_harvest(app, ANA, paths, None, True)]
    assert [step["progress"]["done"] for step in steps[:-1]] == [0, 1, 2, 3]
    assert steps[-1]["progress"]["finished"]
    assert steps[-1]["progress"]["text"].startswith("2 read, 0 skipped, 1 failed.")
    assert [row["state"] for row in steps[-1]["rows"]] == ["failed", "read", "read"]
    assert len(show_files(app)["rows"]) == 3


def test_without_files_it_says_what_to_do(app: App) -> None:
    ((results, _),) = run_harvest(app, ANA, None, [], False)
    assert "Choose" in results["progress"]["text"]


def test_the_slider_counts_without_changing_and_apply_changes(app: App, drawn_words: list[Path]) -> None:
    list(run_harvest(app, ANA, [str(path) for path in drawn_words], None, True))
    before = confidence_view(app, 0.5)
    assert before["kept"] + before["waiting"] == before["total"] == len(drawn_words)
    assert sum(before["counts"]) == before["total"]
    assert confidence_view(app, 0.5) == before
    assert apply_precision(app, ANA, 0.5)["kept"] == before["kept"]


def test_who_may_only_look_harvests_and_applies_nothing(app: App, drawn_words: list[Path]) -> None:
    with pytest.raises(ForbiddenError):
        next(run_harvest(app, GUEST, [str(drawn_words[0])], None, True))
    with pytest.raises(ForbiddenError):
        apply_precision(app, GUEST, 0.9)
    assert list_files(app) == []


def test_a_closed_page_leaves_word_how_far_its_harvest_got(app: App, drawn_words: list[Path]) -> None:
    paths = [str(path) for path in drawn_words]
    steps = run_harvest(app, ANA, paths, None, True)
    next(steps), next(steps)
    assert f"got to 1 of {len(paths)} files" in show_files(app)["progress"]["text"]
    steps.close()  # what Gradio does when the page goes away
    text = show_files(app)["progress"]["text"]
    assert f"stopped after 1 of {len(paths)} files, the rest was not read" in text
    assert "press Harvest again" in text
    list(run_harvest(app, ANA, paths, None, True))
    assert show_files(app)["progress"] is None
    assert sorted(row.state for row in list_files(app))[-1] == "skipped"


def test_a_second_press_starts_no_second_harvest(app: App) -> None:
    turn, other_page = Turn(), Turn()
    assert not begin(app, ANA, turn).interactive
    with pytest.raises(ConflictError, match="runs already"):
        begin(app, ANA, turn)
    begin(app, ANA, other_page)
    assert end(turn)[2].interactive
    begin(app, ANA, turn)
