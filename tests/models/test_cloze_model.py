"""The bidirectional language model: no step tells itself, padding is not seen, nothing is ever undefined."""

from pathlib import Path

import pytest
import torch
from torch.nn import functional

from models.errors import ShapeError
from models.language.cloze_model import ClozeConfig, ClozeModel, build_cloze, count_steps, see_others
from models.weights import WeightCard, load_network, save_weights

CONFIG = ClozeConfig(classes=7, width=16, depth=2, heads=2, dropout=0.0, max_length=6)


@pytest.fixture
def model() -> ClozeModel:
    torch.manual_seed(0)
    return ClozeModel(CONFIG).eval()


def one_hot(rows: list[list[int]]) -> torch.Tensor:
    return functional.one_hot(torch.tensor(rows), CONFIG.classes).float()


def test_no_step_knows_what_stands_there(model: ClozeModel) -> None:
    """As in METHODS 5.2: four stacked layers of self-attention would tell through the others."""
    lengths = torch.tensor([5])
    before = model(one_hot([[1, 2, 3, 4, 0]]), lengths).logits
    for place in range(5):
        changed = [1, 2, 3, 4, 0]
        changed[place] = 6
        after = model(one_hot([changed]), lengths).logits
        torch.testing.assert_close(after[:, place], before[:, place])
        others = [index for index in range(5) if index != place]
        assert not torch.isclose(after[:, others], before[:, others]).all(dim=-1).any()


def test_what_stands_after_the_end_changes_nothing(model: ClozeModel) -> None:
    lengths = torch.tensor([3, 4])
    first = model(one_hot([[1, 2, 0, 5, 6], [3, 3, 1, 0, 2]]), lengths).logits
    second = model(one_hot([[1, 2, 0, 1, 1], [3, 3, 1, 0, 6]]), lengths).logits
    torch.testing.assert_close(first[0, :3], second[0, :3])
    torch.testing.assert_close(first[1, :4], second[1, :4])


def test_a_text_is_filled_in_alike_alone_and_beside_longer_ones(model: ClozeModel) -> None:
    alone = model(one_hot([[1, 2, 0]]), torch.tensor([3])).logits
    beside = model(one_hot([[1, 2, 0, 0, 0], [4, 4, 4, 4, 0]]), torch.tensor([3, 5])).logits
    torch.testing.assert_close(beside[:1, :3], alone)


@pytest.mark.parametrize("length", [0, 1, 2])
@pytest.mark.parametrize("batch", [0, 1, 3])
def test_empty_texts_and_those_of_one_step_are_defined(batch: int, length: int) -> None:
    model = ClozeModel(CONFIG).train()
    probs = torch.full((batch, max(1, length), CONFIG.classes), 1 / CONFIG.classes)
    reading = model(probs, torch.full((batch,), length))
    reading.logits.sum().backward()
    assert reading.logits.isfinite().all()
    assert all(parameter.grad is None or parameter.grad.isfinite().all() for parameter in model.parameters())


def test_no_gradient_flows_into_the_texts(model: ClozeModel) -> None:
    probs = one_hot([[1, 2, 0]]).requires_grad_()
    model(probs, torch.tensor([3])).logits.sum().backward()
    assert probs.grad is None


def test_places_see_the_beginning_and_the_others() -> None:
    seen = see_others(torch.tensor([3, 0]), 4).int().tolist()
    assert seen[0] == [[1, 0, 1, 1, 0], [1, 1, 0, 1, 0], [1, 1, 1, 0, 0], [1, 1, 1, 1, 0]]
    assert seen[1] == [[1, 0, 0, 0, 0]] * 4


def test_steps_are_counted_with_the_end() -> None:
    assert count_steps(one_hot([[0, 1, 2], [1, 0, 2], [1, 2, 0], [1, 2, 3]])).tolist() == [1, 2, 3, 3]


def test_other_shapes_are_refused(model: ClozeModel) -> None:
    with pytest.raises(ShapeError, match="7 steps of 7 classes"):
        model(torch.zeros(1, 3, 6), torch.tensor([3]))
    with pytest.raises(ShapeError, match="8 steps"):
        model(torch.zeros(1, 8, 7), torch.tensor([3]))


def test_it_is_saved_and_loaded_as_any_network(tmp_path: Path, model: ClozeModel) -> None:
    config = {"classes": 7, "width": 16, "depth": 2, "heads": 2, "max_length": 6}
    path = save_weights(
        tmp_path, "language_cloze", model.state_dict(), WeightCard("a", "1", "language", "cloze", config)
    )
    loaded, _ = load_network(path)
    probs, lengths = one_hot([[1, 2, 0]]), torch.tensor([3])
    torch.testing.assert_close(loaded(probs, lengths).logits, model(probs, lengths).logits)
    assert sum(parameter.numel() for parameter in build_cloze({}).parameters()) < 1_300_000
