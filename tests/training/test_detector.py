from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from models.weights import load_card, load_network
from textrec_app.data.detection_samples import list_target_words
from textrec_app.data.scenes import Scene, SceneBox
from textrec_app.errors import InputError, NotFoundError
from textrec_app.pipeline.detection import Detector
from textrec_app.training.detector import DetectorRun, DetectorTask, ScenePool, train_detector
from textrec_app.training.detector_objectives import CraftObjective, OneShotObjective, create_objective
from textrec_app.training.detector_recipes import get_detector_recipe

TINY = {"widths": [8, 8, 8, 8], "depths": [1, 1, 1, 1], "up_widths": [8, 8, 8]}
TINY_ONE_SHOT = TINY | {"dilations": [2], "head_width": 8}
ARCHITECTURES = ("craft", "one_shot")


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
def make_run(tmp_path, scenes):
    pool = ScenePool([scene.path for scene in scenes], [list_target_words(scene) for scene in scenes], 1.0)

    def make(architecture, **changes):
        whole = DetectorRun(
            tmp_path / "run", get_detector_recipe("tiny"), [pool], scenes[:1], version="3", data=["drawn"],
            device="cpu", architecture=architecture, config=TINY if architecture == "craft" else TINY_ONE_SHOT,
        )  # fmt: skip
        return replace(whole, **changes)

    return make


@pytest.fixture(params=ARCHITECTURES)
def run(request, make_run):
    return make_run(request.param)


def tensors_of(path):
    return load_network(path)[0].state_dict()


@pytest.mark.parametrize(("architecture", "threshold"), [("craft", "low_text"), ("one_shot", "score")])
def test_training_ends_in_a_checkpoint_that_detects(make_run, architecture, threshold):
    result = train_detector(make_run(architecture))
    assert result.state == "finished"
    assert result.step == 4
    card = load_card(result.checkpoint)
    assert (card.task, card.architecture, card.version, card.data) == ("detector", architecture, "3", ["drawn"])
    assert set(card.metrics["validation"]) == {"precision", "recall", "score"}
    assert card.preprocessing["thresholds"][threshold] > 0
    assert isinstance(Detector.load(result.checkpoint).detect(np.zeros((40, 60, 3), np.uint8)), list)


def test_a_base_is_gone_on_from(run, tmp_path):
    first = train_detector(run).checkpoint
    second = train_detector(replace(run, out=tmp_path / "next", base=first, config={}, version="4"))
    card = load_card(second.checkpoint)
    assert card.parent == "detector@3"
    assert card.config == load_card(first).config


def test_a_cancelled_run_leaves_its_checkpoint(run):
    result = train_detector(run, should_stop=lambda: "cancelled")
    assert result.state == "cancelled"
    assert result.checkpoint.is_file()


def test_batches_are_a_function_of_the_step(run):
    task = DetectorTask.create(run)
    first, again, other = task.batch(7, 0, 1), task.batch(7, 0, 1), task.batch(8, 0, 1)
    assert np.array_equal(first.images, again.images)
    assert all(np.array_equal(a, b) for a, b in zip(flat(first.targets), flat(again.targets), strict=True))
    assert not np.array_equal(first.images, other.images)
    assert first.images.shape == (2, 64, 64, 3)


def flat(value):
    return [leaf for item in value for leaf in flat(item)] if isinstance(value, tuple) else [np.asarray(value)]


def test_maps_of_craft_are_at_half_the_size(make_run):
    maps, weights = DetectorTask.create(make_run("craft")).batch(7, 0, 1).targets
    assert maps.shape == (2, 2, 32, 32)
    assert weights.shape == (2, 32, 32)


def test_centres_are_at_a_quarter_for_words_and_half_for_characters(make_run):
    words, characters = DetectorTask.create(make_run("one_shot")).batch(7, 0, 1).targets
    assert words.centre.shape == words.weights.shape == (2, 16, 16)
    assert characters.centre.shape == characters.weights.shape == (2, 32, 32)
    assert set(words.samples.pictures.tolist()) <= {0, 1}
    assert len(words.samples.cells) == len(words.samples.quads) == len(words.samples.weights) > 0


def test_a_run_stopped_half_way_ends_where_the_whole_run_does(make_run, tmp_path):
    whole = train_detector(make_run("one_shot", out=tmp_path / "whole"))
    stops = iter([None, None, None, "paused"] + [None] * 50)
    halved = make_run("one_shot", out=tmp_path / "halved")
    assert train_detector(halved, should_stop=lambda: next(stops)).state == "paused"
    again = train_detector(halved)
    assert (again.state, again.step) == ("finished", whole.step)
    left, right = tensors_of(whole.checkpoint), tensors_of(again.checkpoint)
    assert all(torch.equal(left[name], right[name]) for name in left)


def test_one_shot_begins_with_what_craft_has_learnt(make_run, tmp_path):
    craft = train_detector(make_run("craft", out=tmp_path / "craft")).checkpoint
    task = DetectorTask.create(make_run("one_shot", base=craft))
    known, own = tensors_of(craft), task.network.state_dict()
    common = [name for name in own if name.startswith(("backbone.", "up_"))]
    assert common
    assert all(torch.equal(own[name], known[name]) for name in common)
    assert task.card.parent == "detector@3"
    assert task.card.config == TINY_ONE_SHOT
    assert "score" in task.card.preprocessing["thresholds"]


def test_terms_can_be_left_out_of_the_loss(make_run):
    def loss_of(**changes):
        task = DetectorTask.create(make_run("one_shot", objective=OneShotObjective(**changes)))
        return float(task.loss(task.network, task.batch(0, 0, 1), torch.device("cpu"))[0].detach())

    whole = loss_of()
    without_quads = loss_of(left_out=("quad", "iou"))
    without_word_quads = loss_of(left_out=("word.quad", "word.iou"))
    words_only = loss_of(character_weight=0.0)
    assert without_quads < without_word_quads < whole
    assert words_only < whole
    with pytest.raises(InputError, match="orientatoin"):
        OneShotObjective(left_out=("orientatoin",))


def test_each_architecture_has_its_objective():
    assert isinstance(create_objective("craft"), CraftObjective)
    assert isinstance(create_objective("one_shot"), OneShotObjective)
    with pytest.raises(NotFoundError, match="yolo"):
        create_objective("yolo")


def test_processes_share_a_batch(run):
    task = DetectorTask.create(run)
    halves = [task.batch(3, process, 2).images for process in range(2)]
    assert [len(half) for half in halves] == [1, 1]
    assert not np.array_equal(*halves)


def test_nothing_to_train_on_is_said(run):
    empty = DetectorRun(run.out, run.recipe, [ScenePool([], [], 1.0)], device="cpu")
    with pytest.raises(InputError, match=r"boxes\.jsonl"):
        train_detector(empty)


def test_the_usual_recipe_is_that_of_the_architecture():
    assert get_detector_recipe("base").fit.name == "base"
    assert get_detector_recipe("base", architecture="craft").fit.name == "base"
    assert get_detector_recipe("base", architecture="one_shot").fit.name == "one_shot"
    assert get_detector_recipe("tiny", architecture="one_shot").fit.name == "tiny"
    assert get_detector_recipe("base", 30.0, "one_shot").fit.minutes_schedule == 30


def test_unknown_recipes_are_named():
    with pytest.raises(NotFoundError, match="nonsense"):
        get_detector_recipe("nonsense")
