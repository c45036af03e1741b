"""What the slots of the glyph attention learn from their pseudo-labels."""

import math

import pytest
import torch

from models.errors import ShapeError
from models.glyph.losses.foreground_loss import foreground_loss
from models.glyph.losses.slot_dice_loss import slot_dice_loss
from models.glyph.pseudo_labels import build_glyph_labels

SLOTS, HEIGHT, WIDTH = 4, 2, 3


def slow_dice(maps: torch.Tensor, labels: torch.Tensor, lengths: list[int]) -> float:
    total = 0.0
    for text, length in enumerate(lengths):
        losses = []
        for slot in range(min(length, labels.shape[1])):
            map_ = maps[text, 1 + slot].flatten().tolist()
            label = labels[text, slot].flatten().tolist()
            shared = sum(a * b for a, b in zip(map_, label, strict=True))
            losses.append(1 - (2 * shared + 1) / (sum(map_) + sum(label) + 1))
        total += sum(losses) / len(losses) if losses else 0.0
    return total / max(1, len(lengths))


def slow_foreground(logits: torch.Tensor, labels: torch.Tensor) -> float:
    losses = []
    for text in range(logits.shape[0]):
        for y in range(logits.shape[2]):
            for x in range(logits.shape[3]):
                powers = [math.exp(value) for value in logits[text, :, y, x].tolist()]
                foreground = sum(powers[1:]) / sum(powers)
                wanted = min(1.0, sum(labels[text, :, y, x].tolist()))
                losses.append(-(wanted * math.log(foreground) + (1 - wanted) * math.log(1 - foreground)))
    return sum(losses) / max(1, len(losses))


def draw_case(batch: int, dtype: torch.dtype = torch.float32) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(11)
    logits = torch.randn(batch, 1 + SLOTS, HEIGHT, WIDTH, generator=generator, dtype=dtype)
    labels = torch.rand(batch, SLOTS, HEIGHT, WIDTH, generator=generator, dtype=dtype)
    return logits, labels / labels.sum(dim=1, keepdim=True) * (labels[:, :1] > 0.4)


@pytest.mark.parametrize("lengths", [[4], [2, 4, 1], [0, 3], [9, 1]])
def test_both_match_a_slow_reference(lengths):
    logits, labels = draw_case(len(lengths))
    maps = logits.softmax(dim=1)
    dice = slot_dice_loss(maps, labels, torch.tensor(lengths))
    assert float(dice) == pytest.approx(slow_dice(maps, labels, lengths), rel=1e-5)
    assert float(foreground_loss(logits, labels)) == pytest.approx(slow_foreground(logits, labels), rel=1e-5)


def test_gradients():
    logits, labels = draw_case(2, torch.float64)
    logits.requires_grad_()
    lengths = torch.tensor([3, 1])
    assert torch.autograd.gradcheck(lambda x: slot_dice_loss(x.softmax(dim=1), labels, lengths), logits)
    assert torch.autograd.gradcheck(lambda x: foreground_loss(x, labels), logits)
    maps = logits.detach().softmax(dim=1).requires_grad_()
    slot_dice_loss(maps, labels, lengths).backward()
    assert maps.grad[0, 1:4].all()
    assert not maps.grad[0, 4:].any()  # slots after the text
    assert not maps.grad[:, 0].any()  # the background


@pytest.mark.parametrize("lengths", [[], [0], [1], [0, 0]])
@pytest.mark.parametrize("ink", [0.0, 1.0])
def test_edges_are_finite(lengths, ink):
    batch = len(lengths)
    logits = torch.randn(batch, 1 + SLOTS, HEIGHT, WIDTH, requires_grad=True)
    counts = torch.tensor(lengths, dtype=torch.long)
    labels = build_glyph_labels(
        torch.ones(batch, 2, 5), counts, torch.full((batch, 1, 8, 8), ink), (HEIGHT, WIDTH), SLOTS
    )
    dice = slot_dice_loss(logits.softmax(dim=1), labels, counts)
    foreground = foreground_loss(logits, labels)
    (dice + foreground).backward()
    assert dice.shape == foreground.shape == ()
    assert torch.isfinite(logits.grad).all()
    assert math.isfinite(dice.item())
    assert math.isfinite(foreground.item())
    if not any(lengths):
        assert dice.item() == 0
    if batch == 0:
        assert foreground.item() == 0


def test_slots_that_share_a_place_are_pulled_to_equal_shares():
    attention = torch.ones(1, 2, WIDTH)
    labels = build_glyph_labels(attention, torch.tensor([2]), torch.ones(1, 1, 4, 6), (HEIGHT, WIDTH), SLOTS)
    logits = torch.zeros(1, 1 + SLOTS, HEIGHT, WIDTH, requires_grad=True)
    loss = slot_dice_loss(logits.softmax(dim=1), labels, torch.tensor([2])) + foreground_loss(logits, labels)
    loss.backward()
    torch.testing.assert_close(logits.grad[:, 1], logits.grad[:, 2])
    assert (logits.grad[:, 1:3] < 0).all()
    assert (logits.grad[:, 0] > 0).all()


def test_learning_finds_the_labels():
    _, labels = draw_case(2)
    labels = torch.nn.functional.one_hot(labels.argmax(dim=1), SLOTS).permute(0, 3, 1, 2) * labels.sum(1, keepdim=True)
    lengths = torch.tensor([SLOTS, SLOTS])
    logits = torch.zeros(2, 1 + SLOTS, HEIGHT, WIDTH, requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=0.6)
    for _ in range(60):
        optimizer.zero_grad()
        loss = slot_dice_loss(logits.softmax(dim=1), labels, lengths) + foreground_loss(logits, labels)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.05
    found = logits.softmax(dim=1)[:, 1:]
    assert (found - labels).abs().max() < 0.1


def test_sure_and_right_costs_nothing_and_sure_and_wrong_stays_finite():
    logits = torch.full((1, 1 + SLOTS, HEIGHT, WIDTH), -200.0)
    logits[:, 1] = 200.0
    labels = torch.zeros(1, SLOTS, HEIGHT, WIDTH)
    labels[:, 0] = 1
    assert foreground_loss(logits, labels).item() == 0
    assert foreground_loss(logits, torch.zeros_like(labels)).item() == pytest.approx(400)
    assert slot_dice_loss(logits.softmax(dim=1), labels, torch.tensor([1])).item() == pytest.approx(0, abs=1e-6)


def test_half_floats_are_computed_in_float32():
    logits, labels = draw_case(2)
    half = logits.bfloat16()
    assert foreground_loss(half, labels.bfloat16()).dtype == torch.float32
    torch.testing.assert_close(foreground_loss(half, labels), foreground_loss(half.float(), labels), rtol=0, atol=0)
    dice = slot_dice_loss(half.softmax(dim=1), labels, torch.tensor([2, 3]))
    assert dice.dtype == torch.float32


def test_what_does_not_fit_is_refused():
    logits, labels = draw_case(2)
    with pytest.raises(ShapeError, match="labels"):
        slot_dice_loss(logits, logits, torch.tensor([1, 1]))
    with pytest.raises(ShapeError, match="lengths"):
        slot_dice_loss(logits, labels, torch.tensor([1]))
    with pytest.raises(ShapeError, match="labels"):
        foreground_loss(logits, labels[:, :1])
    with pytest.raises(ShapeError, match="slot"):
        foreground_loss(logits[:, :1], labels[:, :0])
