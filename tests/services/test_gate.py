"""What two models read in the frozen sets, and what becomes of the candidate."""

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.weights import WeightCard, copy_weights, load_card, load_tensors, save_weights
from storage import jobs, series
from storage.jobs import JobRecord, NewJob
from tests.support.checkpoints import save_tiny_recognizer
from tests.support.pictures import draw_word, to_png
from tests.support.retraining import add_labels, add_readings, save_constant_recognizer
from textrec_app.errors import InputError
from textrec_app.services import gating
from textrec_app.services.checkpoints import add_candidate, get_active, get_checkpoint, promote
from textrec_app.services.comparing import compare, judge_checkpoint, read_example
from textrec_app.services.concluding import conclude
from textrec_app.services.context import App
from textrec_app.services.gating import FrozenSet, SetReadings
from textrec_app.services.retraining import get_job
from textrec_app.services.snapshots import freeze
from textrec_app.training.run_pools import StoppedError

BETTER = SetReadings("labels", ("k",) * 40, ("A",) * 40, ("",) * 40, (("B",),) * 40, (("A",),) * 40)
WORSE = SetReadings("anchor", ("k",) * 40, ("B",) * 40, ("plain",) * 40, (("B",),) * 40, (("A",),) * 40)


@pytest.fixture(scope="module")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("constant_weights")
    save_constant_recognizer(directory)
    return directory


def write_anchor(path: Path, texts: list[str]) -> Path:
    lines = [f"plain/{index:04d}.jpg\t{text}" for index, text in enumerate(texts)]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("labels.tsv", "\n".join(lines) + "\n")
        for index, text in enumerate(texts):
            archive.writestr(f"plain/{index:04d}.jpg", to_png(draw_word(text or "x", seed=index)))
    return path


def make_reader_of_a(directory: Path) -> Path:
    """Weights that read "A" in every crop."""
    path = save_constant_recognizer(directory / "base")
    card, tensors = load_card(path), load_tensors(path, load_card(path))
    tensors["head.bias"][tensors["head.bias"].argsort()[-2]] = 1.0
    fields = {**vars(card), "name": "reader of a", "version": "2"}
    return save_weights(directory, "recognizer", tensors, WeightCard(**fields))


def make_finished_run(app: App, weights: Path, readings: list[SetReadings]) -> JobRecord:
    """A job whose process has left weights and readings."""
    job, _ = series.request_series(app.store, NewJob("tiny", None, 1, get_active(app).name, "ana"))
    run_dir = freeze(app, job)
    for source in (weights, weights.with_suffix(".json")):
        (run_dir / source.name).write_bytes(source.read_bytes())
    (run_dir / "gate.json").write_text(gating.readings_to_json(readings), encoding="utf-8")
    return jobs.start_attempt(app.store, job.id, datetime.now(UTC))


def test_both_models_read_the_same_crops_and_views(tmp_path: Path, tiny_weights: Path) -> None:
    before, after = tiny_weights / "recognizer.safetensors", make_reader_of_a(tmp_path)
    anchor = gating.build_anchor_set(write_anchor(tmp_path / "anchor.zip", ["B", "A", "B"]))
    crops = tuple(draw_word(word) for word in ("Hotel", "48"))
    unlabeled = FrozenSet("agreement", ("1", "2"), ("", ""), ("", ""), crops)

    readings = gating.read_sets([anchor, unlabeled], before, after, "cpu")

    assert readings[0].before == (("B",),) * 3
    assert readings[0].after == (("A",),) * 3
    assert readings[1].before == (("B",) * 4,) * 2
    assert gating.readings_from_json(gating.readings_to_json(readings)) == readings
    found = gating.judge_readings(readings)
    assert (found.before["anchor"], found.before["agreement"]) == (pytest.approx(2 / 3), 1.0)
    assert (found.after["anchor"], found.after["agreement"]) == (pytest.approx(1 / 3), 1.0)
    scores = readings[1].scores[0]
    assert scores.incumbent[0] > scores.incumbent[1]  # it reads B
    assert scores.candidate[0] < scores.candidate[1]
    assert scores.language != (0.0, 0.0)
    with pytest.raises(StoppedError, match="cancelled"):
        gating.read_sets([anchor], before, after, "cpu", lambda: "cancelled")


def test_altered_views_are_the_same_each_time_and_a_real_network_does_not_agree_on_all(tmp_path: Path) -> None:
    weights = save_tiny_recognizer(tmp_path, seed=1)
    crops = tuple(draw_word(word) for word in ("Hotel", "Parkway", "Exit", "Taxi"))
    unlabeled = FrozenSet("agreement", ("1", "2", "3", "4"), ("",) * 4, ("",) * 4, crops)
    first, second = (gating.read_sets([unlabeled], weights, weights, "cpu") for _ in range(2))
    assert first == second
    assert first[0].before == first[0].after
    assert gating.judge_readings(first).before["agreement"] < 1.0


def test_reading_nothing_agrees_with_nothing() -> None:
    silent = SetReadings("agreement", ("1",), ("",), ("",), (("a", "a", "a", "b"),), (("", "", "", ""),))
    found = gating.judge_readings([silent])
    assert found.before["agreement"] == pytest.approx(2 / 3)
    assert found.after["agreement"] == 0.0


def test_an_anchor_set_is_whole_missing_or_refused(tmp_path: Path) -> None:
    assert gating.build_anchor_set(tmp_path / "none.zip").crops == ()
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(b"PK not a zip")
    with pytest.raises(InputError, match="reinstall"):
        gating.build_anchor_set(damaged)
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    damaged.write_bytes(empty.getvalue())
    with pytest.raises(InputError, match=r"labels\.tsv"):
        gating.build_anchor_set(damaged)


def test_concluding_twice_is_like_once(app: App, tmp_path: Path) -> None:
    add_labels(app, 12, "A")
    job = make_finished_run(app, make_reader_of_a(tmp_path), [BETTER])

    conclude(app, job)
    conclude(app, job)

    view = get_job(app, job.id)
    assert (view.state, view.verdict, view.checkpoint) == ("succeeded", "promoted", f"recognizer-job-{job.id}")
    active = get_active(app)
    assert active.name == view.checkpoint
    assert active.gate["after"] == {"labels": 1.0}
    assert active.path.parent == app.settings.checkpoints_dir.resolve()


def test_a_candidate_compared_with_a_model_that_is_not_in_use_any_more_waits_for_a_person(
    app: App, tmp_path: Path
) -> None:
    add_labels(app, 12, "A")
    base = get_active(app)
    job = make_finished_run(app, make_reader_of_a(tmp_path), [BETTER])
    other = make_finished_copy(app, tmp_path / "other")
    promote(app, other, "ben", overrule=True)

    conclude(app, job)

    view = get_job(app, job.id)
    assert view.verdict == "rejected"
    assert f"{other} was put in use" in view.reasons[0]
    assert base.name in view.reasons[0]
    assert get_active(app).name == other


def make_finished_copy(app: App, directory: Path) -> str:
    """Another recognizer, added as a candidate that nobody judged."""
    weights = save_tiny_recognizer(directory, seed=9)
    target = copy_weights(weights, app.settings.checkpoints_dir, "another")
    return add_candidate(app, target, "another", "job 99", "ben").name


def test_weights_that_did_not_change_are_no_candidate(app: App, tiny_weights: Path) -> None:
    add_labels(app, 12, "A")
    before = get_active(app)
    job = make_finished_run(app, tiny_weights / "recognizer.safetensors", [BETTER])

    conclude(app, job)

    view = get_job(app, job.id)
    assert view.verdict == "rejected"
    assert "Training changed nothing" in view.reasons[-1]
    assert get_active(app) == before


def test_a_damaged_result_fails_the_job_with_a_sentence(app: App, tmp_path: Path) -> None:
    add_labels(app, 12, "A")
    job = make_finished_run(app, make_reader_of_a(tmp_path), [BETTER])
    weights = app.settings.runs_dir / str(job.id) / "recognizer.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8] + b"tampered")

    conclude(app, job)

    view = get_job(app, job.id)
    assert view.state == "failed"
    assert "cannot be used" in view.message


def test_compare_tells_sets_fixed_and_broken_and_answers_again_from_a_file(app: App, tmp_path: Path) -> None:
    add_labels(app, 40, "A")
    add_readings(app, 20, kept=False)
    left = get_active(app).name
    job = make_finished_run(app, make_reader_of_a(tmp_path), [WORSE])
    conclude(app, job)
    right = f"recognizer-job-{job.id}"
    assert get_checkpoint(app, right).state == "rejected"

    found = compare(app, left, right)

    labels = next(item for item in found.sets if item["name"] == "labels")
    assert (labels["before"], labels["after"], labels["delta"]) == (0.0, 1.0, 1.0)
    assert found.n_fixed == labels["n"] == len(found.fixed)
    assert not [example for example in found.broken if example.source == "labels"]
    example = found.fixed[0]
    assert (example.text, example.before, example.after) == ("A", "B", "A")
    assert read_example(app, example).startswith(b"\x89PNG")
    assert len(list((app.settings.data_dir / "comparisons").glob("*.json"))) == 1
    assert compare(app, left, right) == found
    assert len(list((app.settings.data_dir / "comparisons").glob("*.json"))) == 1
    assert judge_checkpoint(app, right, "ana").gate["against"] == left
