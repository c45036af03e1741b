"""The permuted decoder: framing, what is learnt, step-by-step decoding, refinement, long texts."""

import math

import pytest
import torch
from torch.nn import functional

from models.charset import Charset
from models.errors import ShapeError
from models.recognition.parseq_decoder import PermutedDecoder, permuted_loss
from models.recognition.parseq_decoding import DecodingPlan, cloze_context, decode_memory, refine
from models.recognition.permutations import query_mask
from models.recognition.tokens import TOKEN_SPAN_STEPS, token_greedy_decode
from models.tokenizers import IGNORED, begin_id, frame_targets, padding_id

CLASSES = 5  # the end, and A to D
CHARSET = Charset("ABCD")


@pytest.fixture
def decoder() -> PermutedDecoder:
    torch.manual_seed(0)
    made = PermutedDecoder(CLASSES, memory_width=24, width=32, max_length=6, dropout=0.0).eval()
    with torch.no_grad():
        made.embedding.weight.mul_(20.0)  # a context that matters, from the start
        made.positions.mul_(20.0)
    return made


@pytest.fixture
def memory() -> torch.Tensor:
    return torch.randn(3, 7, 24, generator=torch.Generator().manual_seed(1))


def test_frames_hold_no_end_in_the_context_and_ignore_what_follows_it() -> None:
    framed = frame_targets([[1, 2, 3], [4], []], CLASSES, limit=6)
    begin, padding = begin_id(CLASSES), padding_id(CLASSES)
    assert (begin, padding) == (5, 6)
    assert framed.context.tolist() == [[5, 1, 2, 3], [5, 4, 6, 6], [5, 6, 6, 6]]
    assert framed.answers.tolist() == [[1, 2, 3, 0], [4, 0, IGNORED, IGNORED], [0, IGNORED, IGNORED, IGNORED]]


def test_a_text_beyond_the_limit_is_nothing_and_does_not_widen_the_batch() -> None:
    framed = frame_targets([[1] * 7, [2, 3]], CLASSES, limit=6)
    assert framed.context.shape == (2, 3)
    assert framed.answers[0].tolist() == [IGNORED] * 3
    assert framed.usable.tolist() == [False, True]


def _slow_loss(
    decoder: PermutedDecoder, memory: torch.Tensor, texts: list[list[int]], orders: list[list[int]]
) -> float:
    """One order, one text and one character at a time, seeing exactly the characters read before."""
    total, counted = 0.0, 0
    for number, order in enumerate(orders):
        for row, text in enumerate(texts):
            answers = [*text, 0]
            keys = decoder.memory_keys(memory[row : row + 1])
            for place in order[1:]:
                answer = answers[place - 1] if place <= len(answers) else None
                if answer is None or (answer == 0 and number >= 2):
                    continue
                before = [other for other in order[1 : order.index(place)] if other <= len(text)]
                seen = torch.tensor([[place == 0 or place in before for place in range(len(text) + 1)]])
                context = decoder.context_keys(torch.tensor([[begin_id(CLASSES), *text]]))
                logits = decoder(torch.tensor([place - 1]), context, keys, seen[None, None])
                total -= float(logits[0, 0].log_softmax(-1)[answer])
                counted += 1
    return total / counted


def test_the_loss_is_that_of_reading_each_order_one_by_one(decoder: PermutedDecoder, memory: torch.Tensor) -> None:
    texts = [[1, 2], [3], [4, 4]]
    orders = [[0, 1, 2, 3], [0, 3, 2, 1]]  # all that two characters have
    with torch.inference_mode():
        found = float(permuted_loss(decoder, memory, texts))
        assert found == pytest.approx(_slow_loss(decoder, memory, texts, orders), rel=1e-4)


def test_later_orders_do_not_count_the_end(decoder: PermutedDecoder, memory: torch.Tensor) -> None:
    texts = [[1, 2, 3], [3, 1], [4]]
    inner = [[1, 2, 3], [3, 2, 1], [1, 3, 2], [2, 3, 1], [2, 1, 3], [3, 1, 2]]
    orders = [[0, *order, 4] for order in inner]
    orders[1] = [0, 4, 3, 2, 1]
    with torch.inference_mode():
        found = float(permuted_loss(decoder, memory, texts))  # three characters have these six orders
        assert found == pytest.approx(_slow_loss(decoder, memory, texts, orders), rel=1e-4)


def test_weights_count_each_sample_so_often(decoder: PermutedDecoder, memory: torch.Tensor) -> None:
    texts = [[1, 2], [3, 3], [4, 1]]
    with torch.inference_mode():
        each = [float(permuted_loss(decoder, memory[i : i + 1], texts[i : i + 1])) for i in range(3)]
        weighted = float(permuted_loss(decoder, memory, texts, torch.tensor([1.0, 0.0, 3.0])))
    assert weighted == pytest.approx((each[0] + 3 * each[2]) / 4, rel=1e-4)


def test_too_long_texts_and_empty_ones_are_safe(decoder: PermutedDecoder, memory: torch.Tensor) -> None:
    with torch.inference_mode():
        assert float(permuted_loss(decoder, memory, [[1] * 7, [2] * 8, [3] * 9])) == 0.0
        alone = float(permuted_loss(decoder, memory[:1], [[1, 2]]))
        assert float(permuted_loss(decoder, memory[:2], [[1, 2], [1] * 7])) == pytest.approx(alone, rel=1e-4)
        assert math.isfinite(float(permuted_loss(decoder, memory, [[], [], []])))
        assert float(permuted_loss(decoder, memory[:0], [])) == 0.0


def test_a_query_learns_nothing_from_its_own_character(decoder: PermutedDecoder, memory: torch.Tensor) -> None:
    keys = decoder.memory_keys(memory[:1])
    visible = ~query_mask(torch.tensor([0, 2, 1, 3, 4]))
    with torch.inference_mode():
        first, second = (
            decoder(torch.arange(4), decoder.context_keys(torch.tensor([[5, 1, last, 3]])), keys, visible)
            for last in (2, 4)
        )
    changed = [not torch.allclose(a, b, atol=1e-5) for a, b in zip(first[0], second[0], strict=True)]
    assert changed == [True, False, True, True]  # only those that read character 2 before themselves


def test_steps_with_kept_keys_equal_steps_that_read_the_whole_context_again(
    decoder: PermutedDecoder, memory: torch.Tensor
) -> None:
    with torch.inference_mode():
        logits = decode_memory(decoder, memory, DecodingPlan("ar", 0))
        keys, said = decoder.memory_keys(memory), torch.full((3, 1), 5)
        for step in range(logits.shape[1]):
            again = decoder(torch.tensor([step]), decoder.context_keys(said), keys, None)[:, 0]
            torch.testing.assert_close(again, logits[:, step], atol=1e-5, rtol=1e-4)
            said = torch.cat([said, again.argmax(-1, keepdim=True)], dim=1)


def test_all_at_once_answers_every_place_from_the_beginning_only(
    decoder: PermutedDecoder, memory: torch.Tensor
) -> None:
    with torch.inference_mode():
        at_once = decode_memory(decoder, memory, DecodingPlan("nar", 0))
        stepwise = decode_memory(decoder, memory, DecodingPlan("ar", 0))
    assert at_once.shape == (3, 7, CLASSES)
    torch.testing.assert_close(at_once[:, 0], stepwise[:, 0], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("rows", [1, 3])
def test_refinement_sees_all_but_its_own_character_up_to_the_end(
    decoder: PermutedDecoder, memory: torch.Tensor, rows: int
) -> None:
    ids = torch.tensor([[1, 2, 0, 3, 3, 3, 3]] * rows)
    logits = functional.one_hot(ids, CLASSES).float()
    keys = decoder.memory_keys(memory[:rows])
    _, _, visible = cloze_context(decoder, ids)
    assert visible[0, 0].int().tolist()[:3] == [[1, 0, 1, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0]]
    with torch.inference_mode():
        read = refine(decoder, keys, logits)
        other = functional.one_hot(torch.tensor([[1, 4, 0, 1, 1, 1, 1]] * rows), CLASSES).float()
        moved = refine(decoder, keys, other)
    assert not torch.allclose(read[:, 0], moved[:, 0], atol=1e-5)
    torch.testing.assert_close(read[:, 1], moved[:, 1], atol=1e-5, rtol=1e-4)


def _logits(ids: list[int], sharp: float = 4.0) -> torch.Tensor:
    return functional.one_hot(torch.tensor([ids]), CLASSES).float() * sharp


def test_the_log_probability_counts_the_end_as_well() -> None:
    decoded = token_greedy_decode(_logits([1, 2, 0, 3]), CHARSET)[0]
    each = 4.0 - math.log(math.exp(4.0) + 4)
    assert (decoded.text, len(decoded.char_probs)) == ("AB", 2)
    assert decoded.log_prob == pytest.approx(3 * each, rel=1e-4)
    assert decoded.char_probs[0] == pytest.approx(math.exp(each), rel=1e-4)


def test_a_text_without_an_end_is_cut_and_pays_for_it() -> None:
    decoded = token_greedy_decode(_logits([1, 2, 3]), CHARSET)[0]
    each = 4.0 - math.log(math.exp(4.0) + 4)
    assert decoded.text == "AB"
    assert decoded.log_prob == pytest.approx(2 * each - math.log(math.exp(4.0) + 4), rel=1e-4)


def test_spans_share_the_width_and_repeats_stay() -> None:
    decoded = token_greedy_decode(_logits([1, 1, 1, 0]), CHARSET)[0]
    assert decoded.text == "AAA"
    assert (decoded.spans[0][0], decoded.spans[-1][1]) == (0, TOKEN_SPAN_STEPS)
    assert token_greedy_decode(_logits([0, 1, 2]), CHARSET)[0].spans == ()


def test_logits_for_another_charset_are_refused() -> None:
    with pytest.raises(ShapeError, match="5 classes"):
        token_greedy_decode(_logits([1, 0]), Charset("AB"))


def test_the_beginning_has_no_position_and_character_j_that_of_query_j_less_one(decoder: PermutedDecoder) -> None:
    ids = torch.tensor([[begin_id(CLASSES), 3, 2]])
    codes = torch.stack([torch.zeros(32), decoder.positions[0], decoder.positions[1]])
    expected = decoder.context_attention.keys(decoder.context_norm(decoder.embedding(ids) * 32**0.5 + codes))
    torch.testing.assert_close(decoder.context_keys(ids)[0], expected[0])
    torch.testing.assert_close(decoder.context_keys(ids[:, 2:], first=2)[1], expected[1][:, :, 2:])
