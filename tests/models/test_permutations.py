"""Reading orders and masks: the numbers of METHODS section 24."""

import itertools

import pytest
import torch

from models.recognition.permutations import cloze_mask, content_mask, draw_permutations, query_mask


def _rows(mask: torch.Tensor) -> list[str]:
    return ["".join(str(int(hidden)) for hidden in row) for row in mask.tolist()]


@pytest.mark.parametrize(
    ("order", "rows"),
    [
        ([0, 1, 2, 3, 4], ["0111", "0011", "0001", "0000"]),
        ([0, 4, 3, 2, 1], ["0100", "0110", "0111", "0111"]),
        ([0, 2, 1, 3, 4], ["0101", "0111", "0001", "0000"]),
    ],
)
def test_query_masks_of_three_characters(order: list[int], rows: list[str]) -> None:
    assert _rows(query_mask(torch.tensor(order))) == rows


def test_cloze_hides_each_query_its_own_character_only_and_is_a_new_tensor_each_time() -> None:
    mask = cloze_mask(4)
    assert _rows(mask) == ["0100", "0010", "0001", "0000"]
    mask.fill_(True)
    assert _rows(cloze_mask(4)) == ["0100", "0010", "0001", "0000"]
    assert _rows(cloze_mask(1)) == ["0"]


def test_content_sees_itself_and_what_came_before_in_the_order() -> None:
    assert _rows(content_mask(torch.tensor([0, 1, 2, 3, 4]))) == ["0111", "0011", "0001", "0000"]
    assert _rows(content_mask(torch.tensor([0, 2, 1, 3, 4]))) == ["0111", "0001", "0101", "0000"]


@pytest.mark.parametrize(("length", "count"), [(0, 1), (1, 1), (2, 2), (3, 6), (4, 6), (5, 6), (12, 6)])
def test_how_many_orders_a_length_has(length: int, count: int) -> None:
    assert draw_permutations(length, 6).shape == (count, length + 2)


def test_fewer_orders_can_be_asked_for() -> None:
    assert [len(draw_permutations(7, count)) for count in (1, 2, 4)] == [1, 2, 4]


@pytest.mark.parametrize("length", [2, 3, 4, 5, 9])
def test_orders_come_in_mirrored_pairs_between_beginning_and_end(length: int) -> None:
    orders = draw_permutations(length, 6, torch.Generator().manual_seed(1)).tolist()
    assert orders[0] == list(range(length + 2))
    assert orders[1] == [0, *range(length + 1, 0, -1)]
    for order, mirrored in zip(orders[2::2], orders[3::2], strict=True):
        assert (order[0], order[-1], mirrored[0], mirrored[-1]) == (0, length + 1, 0, length + 1)
        assert order[1:-1] == mirrored[1:-1][::-1]
        assert sorted(order) == list(range(length + 2))


def test_all_orders_of_four_are_reached_and_none_comes_twice_in_a_draw() -> None:
    seen = set()
    for seed in range(60):
        inner = [tuple(order[1:-1]) for order in draw_permutations(4, 6, torch.Generator().manual_seed(seed)).tolist()]
        inner[1] = inner[0][::-1]  # the second is the mirrored first, with the end in front
        assert len(set(inner)) == 6
        seen |= set(inner)
    assert seen == set(itertools.permutations((1, 2, 3, 4)))


def test_every_query_sees_the_beginning_and_never_itself() -> None:
    for order in draw_permutations(6, 6, torch.Generator().manual_seed(2)):
        mask = query_mask(order)
        assert not mask[:, 0].any()
        assert all(bool(mask[row, row + 1]) for row in range(6))
