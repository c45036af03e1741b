"""Every term against plain Python, one sample at a time, and what it must not depend on."""

import math

import pytest
import torch
from torch import Tensor

from models.detection.losses import bernoulli_divergence
from models.detection.one_shot import (
    CENTRE,
    CHARACTER_CHANNELS,
    COLUMN_QUAD,
    DIRECTION,
    OFFSET,
    ORIENTATION,
    ROW_QUAD,
    VECTOR,
    WORD_CHANNELS,
)
from models.detection.one_shot_losses import (
    DIRECTION_WEIGHT,
    IOU_WEIGHT,
    OFFSET_WEIGHT,
    ORIENTATION_WEIGHT,
    VECTOR_WEIGHT,
    HeadSamples,
    HeadTargets,
    centre_loss,
    direction_losses,
    framed_iou,
    head_losses,
    quad_losses,
)
from models.detection.one_shot_units import to_units

TERMS = {"centre", "quad", "iou", "offset", "orientation", "direction"}


def turned_box(
    length: float, height: float, angle: float, shift: tuple[float, float] = (0.0, 0.0)
) -> list[list[float]]:
    """Corners from the text's top-left, the reading direction turned clockwise (y downwards) by `angle`."""
    corners = [
        (-length / 2, -height / 2),
        (length / 2, -height / 2),
        (length / 2, height / 2),
        (-length / 2, height / 2),
    ]
    cosine, sine = math.cos(angle), math.sin(angle)
    return [[x * cosine - y * sine + shift[0], x * sine + y * cosine + shift[1]] for x, y in corners]


def draw_samples(n: int, seed: int = 0, n_pictures: int = 2, side: int = 6) -> HeadSamples:
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator)

    directions = (draw(n) * 2 - 1) * math.pi
    quads = [
        turned_box(20 + 60 * float(draw(1)), 8 + 20 * float(draw(1)), float(angle), (float(draw(1)) * 6 - 3, 1.0))
        for angle in directions
    ]
    return HeadSamples(
        pictures=torch.randint(0, n_pictures, (n,), generator=generator),
        cells=torch.randint(0, side, (n, 2), generator=generator),
        quads=torch.tensor(quads).reshape(n, 4, 2),
        offsets=draw(n, 2) - 0.5,
        directions=directions,
        knows_direction=draw(n) > 0.3,
        vectors=draw(n, 2) * 100 - 50,
        weights=draw(n) + 0.1,
    )


def draw_targets(n: int, seed: int = 0, n_pictures: int = 2, side: int = 6) -> HeadTargets:
    generator = torch.Generator().manual_seed(seed + 50)
    centre = torch.rand(n_pictures, side, side, generator=generator) ** 4
    return HeadTargets(centre, torch.ones(n_pictures, side, side), draw_samples(n, seed, n_pictures, side))


def unit(pixels: float) -> float:
    return math.copysign(math.log(1 + abs(pixels) / 4), pixels)


def pixel(units: float) -> float:
    return math.copysign(4 * (math.exp(abs(units)) - 1), units)


def slow_iou(said: list[list[float]], wanted: list[list[float]]) -> float:
    """Rectangles around both, in the frame of the wanted one."""
    x = wanted[1][0] - wanted[0][0] + wanted[2][0] - wanted[3][0]
    y = wanted[1][1] - wanted[0][1] + wanted[2][1] - wanted[3][1]
    x, y = x / math.hypot(x, y), y / math.hypot(x, y)

    def sides(quad: list[list[float]]) -> list[float]:
        u = [px * x + py * y for px, py in quad]
        v = [-px * y + py * x for px, py in quad]
        return [(u[0] + u[3]) / 2, (u[1] + u[2]) / 2, (v[0] + v[1]) / 2, (v[2] + v[3]) / 2]

    (l1, r1, t1, b1), (l2, r2, t2, b2) = sides(said), sides(wanted)
    shared = max(min(r1, r2) - max(l1, l2), 0) * max(min(b1, b2) - max(t1, t2), 0)
    return shared / (max(r1 - l1, 0) * max(b1 - t1, 0) + (r2 - l2) * (b2 - t2) - shared)


def slow_sample(said: list[float], samples: HeadSamples, index: int) -> dict[str, float]:
    """All terms of one sample, unweighted."""
    quad, angle = samples.quads[index].tolist(), float(samples.directions[index])
    l1s, ious = [], []
    for channels, lead in ((ROW_QUAD, math.cos(angle)), (COLUMN_QUAD, math.sin(angle))):
        if abs(lead) >= 0.5:
            wanted = quad if lead >= 0 else quad[2:] + quad[:2]
            flat = [value for corner in wanted for value in corner]
            own = said[channels]
            l1s.append(sum(abs(s - unit(w)) for s, w in zip(own, flat, strict=True)) / 8)
            boxes = [[pixel(own[2 * k]), pixel(own[2 * k + 1])] for k in range(4)]
            ious.append(1 - slow_iou(boxes, wanted))
    entropy = 0.0
    leads = [math.cos(angle), math.sin(angle), -math.cos(angle), -math.sin(angle)]
    for logit, lead in zip(said[ORIENTATION], leads, strict=True):
        chance = 1 / (1 + math.exp(-logit))
        if samples.knows_direction[index]:
            entropy -= math.log(chance if lead >= 0.5 else 1 - chance)
        elif abs(lead) < 0.5:
            entropy -= math.log(1 - chance)
    fine = abs(said[DIRECTION][0] - leads[0]) + abs(said[DIRECTION][1] - leads[1])
    offset = samples.offsets[index].tolist()
    vector = samples.vectors[index].tolist()
    return {
        "quad": sum(l1s) / len(l1s),
        "iou": IOU_WEIGHT * sum(ious) / len(ious),
        "offset": OFFSET_WEIGHT * sum(abs(a - b) for a, b in zip(said[OFFSET], offset, strict=True)),
        "orientation": ORIENTATION_WEIGHT * entropy,
        "direction": DIRECTION_WEIGHT * fine * bool(samples.knows_direction[index]),
        "vector": VECTOR_WEIGHT * sum(abs(a - unit(b)) for a, b in zip(said[VECTOR], vector, strict=False)),
    }


@pytest.mark.parametrize("channels", [WORD_CHANNELS, CHARACTER_CHANNELS])
@pytest.mark.parametrize("seed", range(4))
def test_every_term_matches_plain_python(channels, seed):
    targets = draw_targets(9, seed)
    samples = targets.samples
    maps = torch.randn(2, channels, 6, 6, generator=torch.Generator().manual_seed(seed + 9))
    terms = head_losses(maps, targets)
    assert set(terms) == TERMS | ({"vector"} if channels == CHARACTER_CHANNELS else set())
    expected = dict.fromkeys(terms, 0.0)
    for index in range(9):
        column, row = samples.cells[index].tolist()
        single = slow_sample(maps[samples.pictures[index], :, row, column].tolist(), samples, index)
        for name in expected:
            if name != "centre":
                expected[name] += single[name] * float(samples.weights[index]) / float(samples.weights.sum())
    for name, value in terms.items():
        if name != "centre":
            assert float(value) == pytest.approx(expected[name], rel=1e-4, abs=1e-5), name


def slow_centre(logits: Tensor, targets: Tensor, weights: Tensor) -> float:
    total = 0.0
    for own, wanted, weight in zip(logits, targets, weights, strict=True):
        positives: list[float] = []
        negatives: list[float] = []
        for x, t, w in zip(own.flatten().tolist(), wanted.flatten().tolist(), weight.flatten().tolist(), strict=True):
            p = 1 / (1 + math.exp(-x))
            loss = sum(a * math.log(a / b) for a, b in ((t, p), (1 - t, 1 - p)) if a > 0)
            if w > 0:
                (positives if t > 0.1 else negatives).append(loss * w)
        worst = sorted(negatives, reverse=True)[: max(3 * len(positives), 500)]
        total += sum(sum(part) / len(part) for part in (positives, worst) if part)
    return total / len(logits)


@pytest.mark.parametrize("share_of_text", [0.0, 0.03, 0.6])
def test_centres_match_plain_python(share_of_text):
    generator = torch.Generator().manual_seed(2)
    logits = torch.randn(3, 20, 24, generator=generator)
    has_text = torch.rand(3, 20, 24, generator=generator) < share_of_text
    targets = torch.rand(3, 20, 24, generator=generator) * has_text
    weights = torch.randint(0, 4, (3, 20, 24), generator=generator) / 2
    assert float(centre_loss(logits, targets, weights)) == pytest.approx(
        slow_centre(logits, targets, weights), rel=1e-4
    )


def test_gradients_are_right():
    samples = draw_samples(6)
    doubles = HeadSamples(*(v.double() if v.is_floating_point() else v for v in samples))
    said = torch.randn(6, CHARACTER_CHANNELS, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    for channels, lead in ((ROW_QUAD, doubles.directions.cos()), (COLUMN_QUAD, doubles.directions.sin())):
        quads = torch.where((lead < 0)[:, None, None], doubles.quads.roll(2, dims=1), doubles.quads)
        said[:, channels] = to_units(quads).flatten(1) + 0.2 * said[:, channels]  # boxes that overlap
    said.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: quad_losses(x, doubles), said)
    assert torch.autograd.gradcheck(lambda x: direction_losses(x, doubles), said)


@pytest.mark.parametrize("angle", [0.0, 0.4, math.pi / 4, math.pi / 2, 2.5])
def test_a_perfect_answer_costs_nothing(angle):
    quad = torch.tensor([turned_box(60, 14, angle, (2, -1))])
    samples = draw_samples(1)._replace(
        quads=quad, directions=torch.tensor([angle]), knows_direction=torch.tensor([True]), weights=torch.ones(1)
    )
    said = torch.zeros(1, WORD_CHANNELS)
    for channels, lead in ((ROW_QUAD, math.cos(angle)), (COLUMN_QUAD, math.sin(angle))):
        said[0, channels] = to_units(quad[0] if lead >= 0 else quad[0].roll(2, dims=0)).flatten()
    said[0, DIRECTION] = torch.tensor([math.cos(angle), math.sin(angle)])
    leads = torch.tensor([math.cos(angle), math.sin(angle), -math.cos(angle), -math.sin(angle)])
    said[0, ORIENTATION] = torch.where(leads >= 0.5, 20.0, -20.0)
    for terms in (quad_losses(said, samples), direction_losses(said, samples)):
        for term in terms:
            assert float(term) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("angle", [0.0, 0.6, math.pi / 2, 2.2])
def test_a_word_upside_down_has_the_same_quad_loss(angle):
    """Where text begins is the orientation's business: the quad's corners keep their places in the picture."""
    said = torch.randn(1, WORD_CHANNELS, generator=torch.Generator().manual_seed(1))
    one = draw_samples(1)._replace(quads=torch.tensor([turned_box(50, 12, angle)]), directions=torch.tensor([angle]))
    other = one._replace(
        quads=torch.tensor([turned_box(50, 12, angle + math.pi)]), directions=torch.tensor([angle + math.pi])
    )
    for left, right in zip(quad_losses(said, one), quad_losses(said, other), strict=True):
        torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-5)
    known = one._replace(knows_direction=torch.tensor([True])), other._replace(knows_direction=torch.tensor([True]))
    left, right = (direction_losses(said, samples)[0] for samples in known)
    assert float((left - right).abs()) > 0.05


@pytest.mark.parametrize("angle", [0.0, 0.3, math.pi / 2, math.pi, 4.0])
def test_an_unknown_direction_pulls_neither_way(angle):
    said = torch.zeros(1, WORD_CHANNELS, requires_grad=True)
    samples = draw_samples(1)._replace(directions=torch.tensor([angle]), knows_direction=torch.tensor([False]))
    entropy, fine = direction_losses(said, samples)
    (entropy + fine).sum().backward()
    assert said.grad is not None
    pull = said.grad[0, ORIENTATION]
    leads = torch.tensor([math.cos(angle), math.sin(angle), -math.cos(angle), -math.sin(angle)])
    assert not pull[leads.abs() >= 0.5].any()
    assert (pull[leads.abs() < 0.5] > 0).all()
    assert not said.grad[0, DIRECTION].any()


@pytest.mark.parametrize("channels", [WORD_CHANNELS, CHARACTER_CHANNELS])
def test_a_batch_without_samples_costs_only_its_centres(channels):
    targets = draw_targets(0)
    maps = torch.randn(2, channels, 6, 6, requires_grad=True)
    terms = head_losses(maps, targets)
    assert all(float(value.detach()) == 0 for name, value in terms.items() if name != "centre")
    torch.stack(list(terms.values())).sum().backward()
    assert maps.grad is not None
    assert torch.isfinite(maps.grad).all()


def test_degenerate_quads_give_numbers():
    samples = draw_samples(3)._replace(quads=torch.zeros(3, 4, 2))
    said = torch.zeros(3, WORD_CHANNELS, requires_grad=True)
    quad, iou = quad_losses(said, samples)
    (quad + iou).sum().backward()
    assert torch.isfinite(quad).all()
    assert ((iou >= 0) & (iou <= 1)).all()
    assert said.grad is not None
    assert torch.isfinite(said.grad).all()


def test_ignored_regions_have_no_influence():
    targets = draw_targets(5)
    weights = targets.weights.clone()
    weights[0, :3] = 0
    targets = targets._replace(weights=weights)
    maps = torch.randn(2, WORD_CHANNELS, 6, 6, generator=torch.Generator().manual_seed(3))
    changed = maps.clone()
    changed[0, CENTRE, :3] += 5
    torch.testing.assert_close(head_losses(changed, targets)["centre"], head_losses(maps, targets)["centre"])
    changed.requires_grad_()
    head_losses(changed, targets)["centre"].backward()
    assert changed.grad is not None
    assert not changed.grad[0, CENTRE, :3].any()
    assert changed.grad[0, CENTRE, 3:].any()


def test_a_picture_without_text_learns_from_its_five_hundred_worst_cells():
    logits = torch.randn(1, 40, 40, generator=torch.Generator().manual_seed(0), requires_grad=True)
    zeros = torch.zeros(1, 40, 40)
    loss = centre_loss(logits, zeros, torch.ones(1, 40, 40))
    loss.backward()
    worst = bernoulli_divergence(logits.detach(), zeros).flatten().topk(500).values
    assert float(loss.detach()) == pytest.approx(float(worst.mean()), rel=1e-5)
    assert logits.grad is not None
    assert int((logits.grad != 0).sum()) == 500


def test_a_picture_full_of_text_does_not_starve_the_other():
    """Counts over the batch would let 1600 centres outweigh one."""
    targets = torch.zeros(2, 40, 40)
    targets[0] = 1
    targets[1, 20, 20] = 1
    logits = torch.zeros(2, 40, 40, requires_grad=True)
    centre_loss(logits, targets, torch.ones(2, 40, 40)).backward()
    assert logits.grad is not None
    pulls = [float(-logits.grad[k][targets[k] == 1].sum()) for k in range(2)]
    assert pulls[0] == pytest.approx(pulls[1])


def test_weights_of_samples_are_shares():
    """Trust is relative: twice the trust everywhere changes nothing, a sample without trust takes no part."""
    targets = draw_targets(4)
    maps = torch.randn(2, CHARACTER_CHANNELS, 6, 6, generator=torch.Generator().manual_seed(6))
    terms = head_losses(maps, targets)
    doubled = targets.samples._replace(weights=targets.samples.weights * 2)
    without = targets.samples._replace(weights=targets.samples.weights * torch.tensor([1.0, 1.0, 1.0, 0.0]))
    fewer = HeadSamples(*(values[:3] for values in targets.samples))
    for name, value in head_losses(maps, targets._replace(samples=doubled)).items():
        torch.testing.assert_close(value, terms[name])
    left = head_losses(maps, targets._replace(samples=without))
    right = head_losses(maps, targets._replace(samples=fewer))
    for name in left:
        torch.testing.assert_close(left[name], right[name])


@pytest.mark.parametrize(("said", "wanted"), [((10, 5, 30, 5), (10, 5, 30, 5)), ((20, 5, 20, 6), (10, 5, 30, 5))])
def test_upright_rectangles_have_the_iou_of_fcos(said, wanted):
    """METHODS section 13.1: l, t, r, b are distances to the sides from a point in the box."""

    def corners(left: float, top: float, right: float, bottom: float) -> Tensor:
        return torch.tensor([[[-left, -top], [right, -top], [right, bottom], [-left, bottom]]], dtype=torch.float32)

    shared = (min(said[0], wanted[0]) + min(said[2], wanted[2])) * (min(said[1], wanted[1]) + min(said[3], wanted[3]))
    areas = [(left + right) * (top + bottom) for left, top, right, bottom in (said, wanted)]
    expected = shared / (sum(areas) - shared)
    assert float(framed_iou(corners(*said), corners(*wanted))) == pytest.approx(expected, rel=1e-5)


def test_iou_does_not_change_when_both_turn():
    said, wanted = ((60, 14, 0.1, (3, 2)), (50, 16, 0.0, (0, 0)))
    values = [
        float(framed_iou(
            torch.tensor([turned_box(said[0], said[1], said[2] + turn)]),
            torch.tensor([turned_box(wanted[0], wanted[1], wanted[2] + turn)]),
        ))
        for turn in (0.0, 0.7, 1.6, 3.0, 5.0)
    ]  # fmt: skip
    assert values == pytest.approx([values[0]] * len(values), rel=1e-4)
    assert 0.5 < values[0] < 0.95
