import cv2
import numpy as np
import pytest

from models.weights import load_card
from textrec_app.data.detection_samples import list_target_words
from textrec_app.data.scenes import Scene, SceneBox
from textrec_app.errors import InputError, NotFoundError
from textrec_app.pipeline.detection import Detector
from textrec_app.training.detector import DetectorRun, DetectorTask, ScenePool, train_detector
from textrec_app.training.detector_recipes import get_detector_recipe

TINY = {"widths": [8, 8, 8, 8], "depths": [1, 1, 1, 1], "up_widths": [8, 8, 8]}


@pytest.fixture
def scenes(tmp_path):
    made = []
    for number in range(3):
        image = np.full((120, 160, 3), 220, np.uint8)
        cv2.putText(image, "text", (20, 70), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (20, 20, 20), 3)
        path = tmp_path / f"{number}.png"
        cv2.imwrite(str(path), image)
        quad = np.array([[18, 38], [112, 38], [112, 74], [18, 74]], np.float32)
        made.append(Scene(path, (SceneBox(quad, "text", False, "word", np.zeros((0, 4, 2), np.float32)),)))
    return made


@pytest.fixture
def run(tmp_path, scenes):
    pool = ScenePool([scene.path for scene in scenes], [list_target_words(scene) for scene in scenes], 1.0)
    return DetectorRun(
        tmp_path / "run", get_detector_recipe("tiny"), [pool], scenes[:1], version="3", data=["drawn"], device="cpu",
        config=TINY,
    )  # fmt: skip


def test_training_ends_in_a_checkpoint_that_detects(run, scenes):
    result = train_detector(run)
    assert result.state == "finished"
    assert result.step == 4
    card = load_card(result.checkpoint)
    assert (card.task, card.architecture, card.version, card.data) == ("detector", "craft", "3", ["drawn"])
    assert set(card.metrics["validation"]) == {"precision", "recall", "score"}
    assert card.preprocessing["thresholds"]["low_text"] > 0
    assert isinstance(Detector.load(result.checkpoint).detect(np.zeros((40, 60, 3), np.uint8)), list)


def test_a_base_is_gone_on_from(run, tmp_path):
    first = train_detector(run).checkpoint
    second = train_detector(DetectorRun(tmp_path / "next", run.recipe, run.pools, base=first, device="cpu"))
    card = load_card(second.checkpoint)
    assert card.parent == "detector@3"
    assert card.config == load_card(first).config


def test_a_cancelled_run_leaves_its_checkpoint(run):
    result = train_detector(run, should_stop=lambda: "cancelled")
    assert result.state == "cancelled"
    assert result.checkpoint.is_file()


def test_batches_are_a_function_of_the_step(run, scenes):
    task = DetectorTask.create(run)
    first, again, other = task.batch(7, 0, 1), task.batch(7, 0, 1), task.batch(8, 0, 1)
    assert np.array_equal(first.images, again.images)
    assert np.array_equal(first.targets, again.targets)
    assert not np.array_equal(first.images, other.images)
    assert first.images.shape == (2, 64, 64, 3)
    assert first.targets.shape == (2, 2, 32, 32)
    assert first.weights.shape == (2, 32, 32)


def test_processes_share_a_batch(run):
    task = DetectorTask.create(run)
    halves = [task.batch(3, process, 2).images for process in range(2)]
    assert [len(half) for half in halves] == [1, 1]
    assert not np.array_equal(*halves)


def test_nothing_to_train_on_is_said(run):
    empty = DetectorRun(run.out, run.recipe, [ScenePool([], [], 1.0)], device="cpu")
    with pytest.raises(InputError, match=r"boxes\.jsonl"):
        train_detector(empty)


def test_unknown_recipes_are_named():
    with pytest.raises(NotFoundError, match="nonsense"):
        get_detector_recipe("nonsense")
