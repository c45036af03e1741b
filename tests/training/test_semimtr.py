"""SemiMTR from beginning to end: every kind of step learns, unlabeled texts stay hidden, teachers do not learn."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from models.charset import PRINTABLE_ASCII
from models.errors import WeightsError
from models.language.cloze_model import ClozeConfig, ClozeModel
from models.recognition.abinet import AbinetNetwork
from models.recognition.semi.options import ALL_PAIRS, Belief, ConsistencyOptions, ContrastOptions, SemiOptions
from models.weights import WeightCard, load_card, load_network, save_weights
from textrec_app.data.crop_pool import CropPool, pool_in_memory
from textrec_app.data.semi_batches import SemiBatch
from textrec_app.data.word_batches import WeightedPool
from textrec_app.errors import InputError
from textrec_app.training.recipes import get_recognizer_recipe
from textrec_app.training.recognizer import RecognizerRun, train_recognizer
from textrec_app.training.recognizer_start import start_recognizer
from textrec_app.training.semimtr import MovingTeacher, SemiTask, lend_language, read_steps, train_semimtr
from textrec_app.training.semimtr_recipes import SEMI_RECIPES, SemiRecipe, find_semi_recipe

CPU = torch.device("cpu")
TRUNK = (("widths", (8, 8, 16, 32)), ("depths", (1, 1, 1, 1)), ("heads", 2), ("global_blocks", 1))
LANGUAGE = (("language_width", 16), ("language_depth", 1), ("language_heads", 2), ("key_width", 8))
WORDS = ("TEN", "NET", "EAT", "TEA")
EMPTY = pool_in_memory([])
EVERYTHING = SemiOptions(ConsistencyOptions((*ALL_PAIRS, ("fast", "fast")), "soft", "kl"), ContrastOptions())


def _drawn(text: str) -> np.ndarray:
    image = np.full((40, 24 * len(text) + 16, 3), 230, np.uint8)
    cv2.putText(image, text, (8, 31), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (20, 20, 20), 2, cv2.LINE_AA)
    return image


def _pool(texts: tuple[str, ...] = WORDS) -> CropPool:
    return pool_in_memory((_drawn(word), text) for word, text in zip(WORDS, texts, strict=True))


def _recipe(semi: SemiOptions, architecture: str = "abinet_s") -> SemiRecipe:
    fit = replace(get_recognizer_recipe("tiny").fit, steps=3, batch_size=6, evaluate_every=3)
    network = (*TRUNK, *LANGUAGE) if architecture == "abinet_s" else TRUNK
    return SemiRecipe(fit, augmentation="none", architecture=architecture, network=network, semi=semi)


def _task(semi: SemiOptions, labeled: bool = True, unlabeled: CropPool | None = None) -> SemiTask:
    recipe = _recipe(semi)
    pools = [WeightedPool(_pool(), 1.0)] if labeled else []
    run = RecognizerRun(Path("none"), recipe, pools, device="cpu")
    return SemiTask(start_recognizer(recipe, None), run, _pool() if unlabeled is None else unlabeled, semi)


@pytest.mark.parametrize(
    "semi",
    [
        SemiOptions(None),
        SemiOptions(),
        SemiOptions(None, ContrastOptions()),
        SemiOptions(ConsistencyOptions(ema_decay=0.9)),
        SemiOptions(train_trunk=False),
        EVERYTHING,
    ],
)
@pytest.mark.parametrize("parts", ["both", "labeled", "unlabeled"])
def test_every_kind_of_step_has_a_finite_loss_and_gradient(semi: SemiOptions, parts: str) -> None:
    task = _task(semi, parts != "unlabeled", EMPTY if parts == "labeled" else None)
    task.network.train()
    for step in range(2):
        loss, count = task.loss(task.network, task.batch(step, 0, 1), CPU)
        loss.backward()
        assert loss.isfinite()
        assert count > 0
    gradients = [p.grad for p in task.network.parameters() if p.grad is not None]
    assert gradients
    assert all(bool(gradient.isfinite().all()) for gradient in gradients)
    assert task.network.training


def test_one_unlabeled_crop_alone_is_a_batch() -> None:
    task = _task(EVERYTHING, labeled=False)
    whole = task.batch(0, 0, 1)
    assert whole.again is not None
    one = SemiBatch(None, whole.weak[:1], whole.strong[:1], whole.again[:1])
    task.network.train()
    loss, count = task.loss(task.network, one, CPU)
    loss.backward()
    assert (bool(loss.isfinite()), count) == (True, 1)


def test_the_teacher_is_asked_in_evaluation_mode_and_does_not_learn() -> None:
    network = _task(SemiOptions()).model
    assert isinstance(network, AbinetNetwork)
    network.train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    steps = read_steps(network, torch.randn(3, 3, 32, 64), 4)
    assert network.training
    assert not steps.fusion[-1].requires_grad
    assert steps.vision.shape[1] >= 4
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_a_moving_teacher_follows_slowly() -> None:
    student = _task(SemiOptions()).model
    teacher = MovingTeacher(student, 0.9)
    name, weight = next(iter(student.named_parameters()))
    begun = teacher.follow(CPU).get_parameter(name).clone()
    torch.testing.assert_close(begun, weight)
    with torch.no_grad():
        weight.add_(1.0)
    moved = teacher.follow(CPU)
    step = (moved.get_parameter(name) - begun).mean()
    assert 0.0 < float(step) < 1.0
    assert not moved.training
    assert not any(parameter.requires_grad for parameter in moved.parameters())
    assert weight.requires_grad


def test_hidden_texts_change_nothing(tmp_path: Path) -> None:
    results = []
    for name, texts in (("right", WORDS), ("wrong", WORDS[::-1])):
        run = RecognizerRun(tmp_path / name, _recipe(SemiOptions()), [WeightedPool(_pool(), 1.0)], device="cpu")
        results.append(train_semimtr(run, _pool(texts)).checkpoint.read_bytes())
    assert results[0] == results[1]


def test_a_run_writes_a_small_checkpoint_that_says_how_it_learnt(tmp_path: Path) -> None:
    run = RecognizerRun(tmp_path, _recipe(EVERYTHING), [WeightedPool(_pool(), 1.0)], _pool(), device="cpu")
    result = train_semimtr(run, _pool())
    network, card = load_network(result.checkpoint)
    assert isinstance(network, AbinetNetwork)
    assert (result.state, card.architecture) == ("finished", "abinet_s")
    assert card.recipe["semi"]["consistency"]["target"] == "soft"
    assert set(result.metrics) >= {"word_accuracy_exact", "fused_accuracy_exact", "score"}


def test_it_begins_from_another_recognizer_and_a_language_model(tmp_path: Path) -> None:
    plain = replace(get_recognizer_recipe("tiny"), network=TRUNK)
    plain = replace(plain, fit=replace(plain.fit, steps=1))
    base = train_recognizer(
        RecognizerRun(tmp_path / "base", plain, [WeightedPool(_pool(), 1.0)], device="cpu")
    ).checkpoint
    language = _save_language(tmp_path, 16)
    semi = SemiOptions(train_trunk=False)
    recipe = _recipe(semi)
    run = RecognizerRun(tmp_path / "run", recipe, [], base=base, transfer=True, device="cpu")
    trained, card = load_network(train_semimtr(run, _pool(), language).checkpoint)
    lent, _ = load_network(base)
    assert card.parent == "recognizer@0"
    stem, own = (
        network.get_parameter(name) for network, name in ((lent, "stem.0.0.weight"), (trained, "trunk.stem.0.0.weight"))
    )
    torch.testing.assert_close(own, stem, atol=0.02, rtol=0.02)  # the checkpoint is int8


def test_a_language_model_of_another_shape_is_refused(tmp_path: Path) -> None:
    network = _task(SemiOptions()).model
    assert isinstance(network, AbinetNetwork)
    lend_language(network, _save_language(tmp_path, 16))
    with pytest.raises(WeightsError, match="another shape"):
        lend_language(network, _save_language(tmp_path, 32))


@pytest.mark.parametrize("architecture", ["conv_attention_ctc", "siga_s"])
def test_other_recognizers_learn_by_fixmatch(tmp_path: Path, architecture: str) -> None:
    semi = SemiOptions(ConsistencyOptions(belief=Belief(0.0)))
    recipe = _recipe(semi, architecture)
    run = RecognizerRun(tmp_path, recipe, [WeightedPool(_pool(), 1.0)], device="cpu")
    result = train_semimtr(run, _pool())
    assert result.state == "finished"
    assert load_card(result.checkpoint).architecture == architecture


def test_recipes_are_found_by_name_and_fitted_to_minutes() -> None:
    assert find_semi_recipe("base") is None
    timed = find_semi_recipe("semimtr", 3.0)
    assert timed is not None
    assert timed.fit.minutes_schedule == 3.0
    assert all(recipe.fit.name == name for name, recipe in SEMI_RECIPES.items())


def test_a_recipe_without_the_word_is_refused(tmp_path: Path) -> None:
    run = RecognizerRun(tmp_path, get_recognizer_recipe("tiny"), [], device="cpu")
    with pytest.raises(InputError, match="without labels"):
        train_semimtr(run, _pool())


def _save_language(folder: Path, width: int) -> Path:
    config = {"classes": len(PRINTABLE_ASCII) + 1, "width": width, "depth": 1, "heads": 2}
    model = ClozeModel(ClozeConfig(**config))
    card = WeightCard("english", "1", "language", "cloze", config)
    return save_weights(folder, f"language_{width}", model.state_dict(), card)
