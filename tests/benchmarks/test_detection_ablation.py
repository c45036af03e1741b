"""The scripts that say what parts of the one-shot detector are worth: arithmetic, and one tiny run of each."""

import cv2
import numpy as np
import pytest
import torch

from docs.benchmarks import detection_ablation, detection_training_ablation
from docs.benchmarks.detection_ablation import PARTS, RememberingRunner, find_best, is_upright, measure_at
from docs.benchmarks.detection_training_ablation import VARIANTS, leave_weak_labels, mean_centre_loss
from models.detection.losses import bernoulli_divergence
from models.registry import create_network
from models.weights import WeightCard, load_network, save_weights
from tests.support.one_shot_maps import draw_maps, make_word
from textrec_app.data.scenes import Scene, SceneBox, save_scenes
from textrec_app.domain import DetectedRegion
from textrec_app.pipeline.one_shot_decoding import OneShotThresholds, find_one_shot_words
from textrec_app.training.detector import ScenePool
from textrec_app.training.detector_sources import DetectorData

TINY = {"widths": [8, 8, 8, 8], "depths": [1, 1, 1, 1], "up_widths": [8, 8, 8], "dilations": [2], "head_width": 8}
SQUARE = np.array([[10, 10], [60, 10], [60, 30], [10, 30]], np.float32)


def box(quad=SQUARE, text="word"):
    return SceneBox(quad, text, False, "word", np.zeros((0, 4, 2), np.float32))


def region(quad, score):
    return DetectedRegion(tuple((float(x), float(y)) for x, y in quad), score, 0.0, ())


def read_part(name, degrees):
    """What is found in ideal maps of one word, once a part of them is gone."""
    part = next(part for part in PARTS if part.name == name)
    word = make_word("letters", (131, 127), 24, degrees)
    words, characters = draw_maps((256, 256), [word])
    given = {"words": words[None], "characters": characters[None]}
    before = {key: values.copy() for key, values in given.items()}
    altered = part.alter(given)
    assert all(np.array_equal(given[key], before[key]) for key in given)
    thresholds = OneShotThresholds(score=part.from_score(0.3))
    return part, word.quad, find_one_shot_words(altered["words"][0], altered["characters"][0], thresholds)


@pytest.mark.parametrize("name", [part.name for part in PARTS])
def test_level_text_is_found_without_any_part(name):
    _, quad, (found,) = read_part(name, 0)
    assert np.abs(found.quad - quad).max() < 3


def test_without_orientation_upside_down_text_begins_at_the_wrong_corner():
    _, quad, (found,) = read_part("without orientation", 180)
    assert not is_upright(quad, found.quad[0])
    for name in ("four directions only", "fine direction only"):
        _, quad, (found,) = read_part(name, 180)
        assert is_upright(quad, found.quad[0])


def test_without_characters_the_centre_alone_is_the_score():
    part, _, (found,) = read_part("without characters", 0)
    assert found.character_quads.shape == (0, 4, 2)
    assert part.to_score(found.score) > 0.95  # the ideal map is sure; characters unseen would make it 0.5
    assert part.to_score(part.from_score(0.37)) == pytest.approx(0.37)


def test_offsets_move_words_by_less_than_a_cell():
    _, _, (whole,) = read_part("as it is", 0)
    _, _, (moved,) = read_part("without offset", 0)
    assert 0 < np.abs(whole.quad - moved.quad).max() < 4


def test_the_best_threshold_and_the_upright_share():
    boxes = [(box(), box(SQUARE + 100)), ()]
    upside_down = np.roll(SQUARE + 100, 2, axis=0)
    regions = [[region(SQUARE, 0.9), region(upside_down, 0.62)], [region(SQUARE, 0.5)]]
    best = find_best(boxes, regions)
    assert (best.threshold, best.metrics.hmean, best.upright) == (0.55, 1.0, 0.5)
    low = measure_at(0.3, boxes, regions)
    assert low.metrics.precision == pytest.approx(2 / 3)
    assert low.metrics.false_per_picture == 1.0
    assert measure_at(0.8, boxes, regions).upright == 1.0


def test_a_picture_runs_once_until_forgotten():
    class Counting:
        name = "counting"
        runs = 0

        def run(self, canvases):
            self.runs += 1
            return {"words": np.full((1, 1, 1, 1), self.runs, np.float32)}

    own = Counting()
    runner = RememberingRunner(own)
    dark, light = np.zeros((1, 32, 32, 3), np.uint8), np.full((1, 32, 32, 3), 9, np.uint8)
    assert [runner.run(canvas)["words"].item() for canvas in (dark, light, dark)] == [1, 2, 1]
    runner.forget()
    assert runner.run(dark)["words"].item() == 3


def test_centre_loss_without_choice_of_negatives():
    logits = torch.tensor([[[2.0, -1.0], [0.5, 3.0]]])
    targets = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])
    weights = torch.tensor([[[1.0, 1.0], [0.5, 0.0]]])  # the last cell takes no part
    cells = (bernoulli_divergence(logits, targets) * weights)[0].flatten()
    assert mean_centre_loss(logits, targets, weights) == pytest.approx(float(cells[:3].mean()))
    apart = float(cells[0] + cells[1:3].mean())
    assert mean_centre_loss(logits, targets, weights, apart=True) == pytest.approx(apart)
    assert mean_centre_loss(logits, targets, weights * 0, apart=True) == 0.0


def test_variants_leave_out_what_they_are_named_after(tmp_path):
    word = make_word("text", (50, 50), 20, 0)
    pools = [ScenePool([tmp_path / kind], [[word]], 1.0) for kind in ("drawn", "words", "lines", "empty")]
    data = DetectorData(pools, [], [{"kind": pool.paths[0].name} for pool in pools])
    known = {variant.stem: variant.choose_pools(data) for variant in VARIANTS}
    assert known["all"] == pools
    assert known["no-hard-negatives"] == known["no-choice"] == pools[:3]
    drawn, words, lines, empty = (pool.words[0][0] for pool in known["no-weak-supervision"])
    assert drawn is word
    assert empty is word
    assert (len(words.character_quads), words.confidence) == (0, 1.0)
    assert lines.confidence == 0.0
    assert leave_weak_labels(pools[1], "words").share == 1.0


def save_tiny(folder):
    torch.manual_seed(1)
    tensors = create_network("one_shot", TINY).state_dict()
    card = WeightCard(name="tiny", version="1", task="detector", architecture="one_shot", config=TINY)
    return save_weights(folder, "detector", tensors, card)


def write_set(folder, count, boxes):
    folder.mkdir()
    picture = np.full((64, 96, 3), 210, np.uint8)
    cv2.putText(picture, "word", (12, 28), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (20, 20, 20), 2)
    paths = [folder / f"{number}.png" for number in range(count)]
    for path in paths:
        cv2.imwrite(str(path), picture)
    save_scenes(folder, [Scene(path, boxes) for path in paths])
    return folder


def test_parts_are_measured_at_every_angle(tmp_path, capsys):
    folder = write_set(tmp_path / "set", 2, (box(),))
    detection_ablation.main([str(folder), str(save_tiny(tmp_path)), "--rotate", "90", "--pictures", "1"])
    rows = capsys.readouterr().out.splitlines()[2:]
    assert [row.split(" | ")[:2] for row in rows] == [
        [f"| {part.name}", f"{deg}°"] for part in PARTS for deg in (0, 90)
    ]


def test_a_tiny_training_ends_in_a_table_and_is_not_done_again(tmp_path, capsys):
    words, empty = write_set(tmp_path / "words", 50, (box(),)), write_set(tmp_path / "empty", 2, ())
    base, out = save_tiny(tmp_path), tmp_path / "out"
    arguments = [str(out), "--data", str(words), str(empty), "--text-free", str(empty), "--base", str(base)]
    arguments += ["--recipe", "tiny", "--steps", "1", "--batch", "1", "--first", "1", "--only", "no-hard-negatives"]
    detection_training_ablation.main(arguments)
    table = (out / "table.md").read_text(encoding="utf-8")
    assert capsys.readouterr().out.endswith(table)
    assert [row.split(" | ")[0] for row in table.splitlines()[2:]] == ["| base", "| no-hard-negatives"]
    trained = out / "no-hard-negatives" / "detector.safetensors"
    before, after = load_network(base)[0].state_dict(), load_network(trained)[0].state_dict()
    assert any(not torch.allclose(before[name].float(), after[name].float(), atol=1e-3) for name in before)
    written = trained.stat().st_mtime_ns
    detection_training_ablation.main(arguments)
    assert trained.stat().st_mtime_ns == written
