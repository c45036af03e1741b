"""Asking for a retraining: what is refused, and with which words."""

import cv2
import pytest

from storage import decisions, items
from tests.support.retraining import add_crop, add_labels, add_readings, make_word
from tests.support.rows import make_decision
from textrec_app.errors import InputError, NotFoundError
from textrec_app.services import job_runs
from textrec_app.services.context import App
from textrec_app.services.retraining import (
    RetrainRequest,
    active_job,
    cancel_job,
    get_job,
    list_jobs,
    request_retrain,
)
from textrec_app.services.snapshots import is_held_back, plan_current_items

TINY = RetrainRequest(recipe="tiny", minutes=None, who="ana")


def test_with_nothing_to_train_on_the_sentence_says_what_to_do(app: App) -> None:
    with pytest.raises(InputError, match=r"nothing to train on yet.*Harvest some pictures"):
        request_retrain(app, TINY)
    assert list_jobs(app) == []
    add_readings(app, 12, kept=False)  # what was harvested teaches, also where it waits for a person
    assert request_retrain(app, TINY).state == "queued"


def test_a_second_click_gives_the_same_job(app: App) -> None:
    add_labels(app, 12, "A")
    first = request_retrain(app, TINY)
    assert request_retrain(app, RetrainRequest(recipe="adapt", who="ben")) == first
    assert active_job(app) == first
    assert [job.job_id for job in list_jobs(app)] == [first.job_id]


def test_what_makes_no_sense_is_refused(app: App) -> None:
    add_labels(app, 12, "A")
    with pytest.raises(NotFoundError, match="no recipe 'huge'"):
        request_retrain(app, RetrainRequest(recipe="huge"))
    for minutes in (0.0, -1.0, 1e9, float("nan")):
        with pytest.raises(InputError, match="minutes"):
            request_retrain(app, RetrainRequest(minutes=minutes))
    with pytest.raises(NotFoundError, match="no job 77"):
        get_job(app, 77)
    with pytest.raises(NotFoundError, match="no job 77"):
        cancel_job(app, 77, "ana")
    assert active_job(app) is None


def test_the_split_of_a_word_never_changes(app: App) -> None:
    add_labels(app, 30, "A")
    before = {item.item_id: item.split for item in plan_current_items(app)}
    add_readings(app, 30, kept=True)
    after = {item.item_id: item.split for item in plan_current_items(app)}

    assert {item_id: after[item_id] for item_id in before} == before
    assert set(before.values()) == {"train", "validation"}
    held_back = sum(is_held_back(f"{number:016x}") for number in range(2000)) / 2000
    assert held_back == pytest.approx(0.2, abs=0.03)


def test_a_crop_that_was_saved_again_stays_on_the_side_of_its_twin(app: App) -> None:
    for index in range(40):
        text, crop = make_word(index)
        _, jpeg = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, 60])
        for twin in (crop, cv2.imdecode(jpeg, cv2.IMREAD_COLOR)):
            add_crop(app, twin, text)
    planned = {item.item_id: (item.split, item.group) for item in plan_current_items(app)}
    ids = sorted(planned)
    pairs = [(planned[first], planned[second]) for first, second in zip(ids[::2], ids[1::2], strict=True)]
    assert sum(first == second for first, second in pairs) >= 38
    assert len({group for _, group in planned.values()}) >= 30

    rejected = items.get_item(app.store, ids[0])
    decisions.add_decision(app.store, make_decision(rejected, "reject"))
    assert {item.item_id: item.split for item in plan_current_items(app)} == {
        item_id: split for item_id, (split, _) in planned.items() if item_id != rejected.item_id
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"event":"step","step":30,"total_steps":null,"progress":0.5,"loss":1.25}', "step 30 of about 60, loss 1.250"),
        (
            '{"event":"evaluation","step":6,"total_steps":12,"word_accuracy_exact":0.5}',
            "step 6 of about 12, word accuracy 50.0 %",
        ),
        ('{"event":"phase","phase":"judging","message":"comparing"}', "comparing"),
    ],
)
def test_progress_is_told_in_words(line: str, message: str) -> None:
    assert job_runs.describe_line(line)["message"] == message


@pytest.mark.parametrize("line", ['{"event":"st', "", "[1, 2]", "null"])
def test_a_broken_line_of_progress_is_a_note(line: str) -> None:
    assert job_runs.describe_line(line) == {"event": "note"}
