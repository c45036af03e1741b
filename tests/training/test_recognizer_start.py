"""What a recognizer's training begins from, for every architecture."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from models.charset import PRINTABLE_ASCII
from models.errors import WeightsError
from models.registry import create_network
from models.weights import WeightCard, load_card, load_network, load_tensors, save_weights
from textrec_app.data.crop_pool import CropPool, pool_in_memory
from textrec_app.data.word_batches import WeightedPool
from textrec_app.training.recipes import RecognizerRecipe, get_recognizer_recipe
from textrec_app.training.recognizer import PREPROCESSING, RecognizerRun, read_texts, train_recognizer
from textrec_app.training.recognizer_start import create_recognizer, start_recognizer

Settings = tuple[tuple[str, int | float | str | tuple[int, ...]], ...]
CONV: Settings = (("widths", (8, 8, 16, 32)), ("depths", (1, 1, 1, 1)), ("heads", 2), ("global_blocks", 1))
SVTR: Settings = (("widths", (8, 8, 16, 32)), ("local_blocks", (1, 1, 0)), ("global_blocks", (0, 0, 1)))
PARSEQ: Settings = (*CONV, ("decoder_width", 32))
COLUMNS: Settings = (("width", 32), ("depth", 1))


def _recipe(architecture: str, network: Settings) -> RecognizerRecipe:
    return replace(get_recognizer_recipe("tiny"), architecture=architecture, network=network)


def _base(folder: Path, architecture: str = "conv_attention_ctc", network: Settings = CONV) -> Path:
    torch.manual_seed(9)
    config = {"classes": 5, **dict(network)}
    card = WeightCard("parent", "1", "recognizer", architecture, config, "ANET", PREPROCESSING)
    return save_weights(folder, "parent", create_network(architecture, config).state_dict(), card)


@pytest.fixture
def pool() -> CropPool:
    def drawn(text: str) -> np.ndarray:
        image = np.full((40, 24 * len(text) + 16, 3), 230, np.uint8)
        cv2.putText(image, text, (8, 31), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (20, 20, 20), 2, cv2.LINE_AA)
        return image

    return pool_in_memory((drawn(text), text) for text in ("TEN", "NET", "EAT", "TEA"))


@pytest.mark.parametrize(
    ("architecture", "network"),
    [
        ("svtr_ctc", (*SVTR, ("guidance", 0.5))),
        ("parseq", PARSEQ),
        ("vitstr_columns", COLUMNS),
        ("vitstr_columns", (*COLUMNS, ("reader", "token_slice"))),
        ("conv_attention_ctc", (*CONV, ("guidance", 0.5))),
    ],
)
def test_every_architecture_trains_to_a_checkpoint_that_reads(
    tmp_path: Path, pool: CropPool, architecture: str, network: Settings
) -> None:
    recipe = _recipe(architecture, network)
    recipe = replace(recipe, fit=replace(recipe.fit, steps=2))
    run = RecognizerRun(tmp_path, recipe, [WeightedPool(pool, 1.0)], pool, name="tiny", device="cpu")
    result = train_recognizer(run)
    card = load_card(result.checkpoint)
    assert card.architecture == architecture
    assert not any("guidance" in key for key in [*card.config, *load_tensors(result.checkpoint, card)])
    start = start_recognizer(recipe, result.checkpoint)
    texts = read_texts(start.network.eval(), [pool.crop(0), pool.crop(1)], start.charset, torch.device("cpu"))
    assert len(texts) == 2


def test_a_base_brings_its_architecture_settings_and_charset(tmp_path: Path) -> None:
    base = _base(tmp_path, "svtr_ctc", SVTR)
    start = start_recognizer(_recipe("conv_attention_ctc", CONV), base)
    assert (start.architecture, start.charset.characters) == ("svtr_ctc", "ANET")
    images = torch.randn(1, 3, 32, 64)
    torch.testing.assert_close(start.network.eval()(images), load_network(base)[0](images))


def test_guidance_begins_afresh_over_a_base_that_has_none(tmp_path: Path) -> None:
    base = _base(tmp_path)
    start = start_recognizer(_recipe("conv_attention_ctc", (("guidance", 0.5), ("widths", (8, 8, 8, 8)))), base)
    assert any(name.startswith("guidance.") for name in start.network.state_dict())
    assert start.config["widths"] == [8, 8, 16, 32]  # only what changes nothing but training is laid over
    images = torch.randn(1, 3, 32, 64)
    torch.testing.assert_close(start.network.eval()(images), load_network(base)[0](images))


def test_a_base_whose_tensors_do_not_fit_its_card_is_refused(tmp_path: Path) -> None:
    base = _base(tmp_path)
    card = load_card(base)
    tensors = load_tensors(base, card)
    for wrong in (
        {name: tensor for name, tensor in tensors.items() if name != "head.bias"},
        tensors | {"head.bias": torch.zeros(7)},
        tensors | {"head.extra": torch.zeros(7)},
    ):
        path = save_weights(tmp_path, "wrong", wrong, card)
        with pytest.raises(WeightsError, match="does not fit its own card: head"):
            start_recognizer(_recipe("conv_attention_ctc", CONV), path)


def test_a_trained_trunk_can_be_lent_to_a_decoder_and_back(tmp_path: Path) -> None:
    base = _base(tmp_path)
    tensors = load_tensors(base, load_card(base))
    start = start_recognizer(_recipe("parseq", PARSEQ), base, transfer=True)
    own = start.network.state_dict()
    trunk = [name for name in tensors if not name.startswith("head.")]
    assert start.borrowed == len(trunk)
    for name in trunk:
        torch.testing.assert_close(own[f"encoder.{name}"], tensors[name])
    card = WeightCard("child", "1", "recognizer", "parseq", start.config, "ANET", PREPROCESSING)
    child = save_weights(tmp_path, "child", own, card)
    back = start_recognizer(_recipe("conv_attention_ctc", CONV), child, transfer=True)
    torch.testing.assert_close(back.network.state_dict()["stem.0.0.weight"], tensors["stem.0.0.weight"])
    assert back.borrowed == len(trunk)


def test_a_base_that_lends_nothing_is_refused(tmp_path: Path) -> None:
    base = _base(tmp_path)
    with pytest.raises(WeightsError, match="no matrix that fits vitstr_columns"):
        start_recognizer(_recipe("vitstr_columns", (("width", 64), ("depth", 1))), base, transfer=True)


def test_what_reads_no_text_is_refused() -> None:
    with pytest.raises(WeightsError, match="craft is not a recognizer"):
        create_recognizer("craft", {})


def test_a_setting_that_an_architecture_does_not_have_is_named() -> None:
    with pytest.raises(WeightsError, match=r"svtr_ctc .*'patch'"):
        start_recognizer(_recipe("svtr_ctc", (("patch", (4, 8)),)), None)


def test_from_nothing_the_seed_decides() -> None:
    first, second = (start_recognizer(_recipe("svtr_ctc", SVTR), None) for _ in range(2))
    assert first.charset.characters == PRINTABLE_ASCII
    torch.testing.assert_close(first.network.state_dict(), second.network.state_dict())
