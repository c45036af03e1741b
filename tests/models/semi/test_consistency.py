"""What a teacher's readings teach: slow references, belief, the whole batch as denominator, every pair."""

import math
from itertools import product
from typing import Literal, get_args

import pytest
import torch

from models.charset import Charset
from models.errors import ShapeError
from models.recognition.abinet import AbinetSteps
from models.recognition.ctc import compute_ctc_loss, ctc_greedy_decode
from models.recognition.semi.consistency import believed_ctc_loss, consistency_loss, text_loss
from models.recognition.semi.options import ALL_PAIRS, MODALITIES, Belief, ConsistencyOptions, Measure, Pair
from models.recognition.semi.pseudo_texts import PseudoTexts, read_fast_texts, read_pseudo_texts

CLASSES = 5
Target = Literal["hard", "soft"]
Divergence = Literal["ce", "kl"]


def draw(shape: tuple[int, ...], seed: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return 2.0 * torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def say(rows: list[list[int]], sure: float = 3.0) -> torch.Tensor:
    """Logits that prefer the given classes."""
    logits = torch.zeros(len(rows), len(rows[0]), CLASSES)
    for row, ids in enumerate(rows):
        for step, one in enumerate(ids):
            logits[row, step, one] = sure
    return logits


def steps_of(vision: torch.Tensor, language: list[torch.Tensor], fusion: list[torch.Tensor]) -> AbinetSteps:
    B = len(vision)
    return AbinetSteps(
        draw((B, 12, CLASSES), 9),
        vision,
        tuple(language),
        tuple(fusion),
        torch.zeros(B, 4, 1, 1),
        torch.zeros(B, 1, 1, 1),
    )


def slow_reference(student: torch.Tensor, teacher: torch.Tensor, options: ConsistencyOptions) -> float:
    """Text by text, step by step in plain Python."""
    total, count = 0.0, 0
    for said, taught in zip(student.tolist(), teacher.tolist(), strict=True):
        q = [[math.exp(x) / sum(math.exp(y) for y in row) for x in row] for row in taught]
        p = [[math.exp(x) / sum(math.exp(y) for y in row) for x in row] for row in said]
        ids = [row.index(max(row)) for row in q]
        length = ids.index(0) + 1 if 0 in ids else len(ids)
        count += length
        if 0 not in ids or ids[0] == 0:
            continue
        tops = [max(row) for row in q[:length]]
        product_of_all = math.prod(tops)
        word = {
            "word": product_of_all,
            "normalised": product_of_all ** (1 / length),
            "minimum": min(tops),
            "character": 1.0,
        }[options.belief.measure]
        for step in range(length):
            sure = tops[step] if options.belief.measure == "character" else word
            if sure < options.belief.threshold:
                continue
            target = q[step] if options.target == "soft" else [float(one == ids[step]) for one in range(CLASSES)]
            total -= sum(a * math.log(b) for a, b in zip(target, p[step], strict=True))
            if options.divergence == "kl":
                total += sum(a * math.log(a) for a in target if a > 0)
    return total / count


@pytest.mark.parametrize("measure", get_args(Measure))
@pytest.mark.parametrize(("target", "divergence"), list(product(["hard", "soft"], ["ce", "kl"])))
@pytest.mark.parametrize("threshold", [0.0, 0.55])
def test_matches_a_slow_reference(measure: Measure, target: Target, divergence: Divergence, threshold: float) -> None:
    teacher, student = draw((9, 4, CLASSES), 1), draw((9, 4, CLASSES), 2)
    options = ConsistencyOptions((), target, divergence, Belief(threshold, measure))
    loss = text_loss(student, read_pseudo_texts(teacher, options.belief), options)
    assert float(loss) == pytest.approx(slow_reference(student, teacher, options), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("target", ["hard", "soft"])
def test_gradient_reaches_the_student_alone(target: Target) -> None:
    teacher = draw((4, 3, CLASSES), 1, torch.float64).requires_grad_()
    student = draw((4, 3, CLASSES), 2, torch.float64).requires_grad_()
    options = ConsistencyOptions((), target, "kl")
    texts = read_pseudo_texts(teacher, options.belief)
    assert torch.autograd.gradcheck(lambda logits: text_loss(logits, texts, options), student)
    text_loss(student, read_pseudo_texts(teacher, options.belief), options).backward()
    assert teacher.grad is None
    assert student.grad is not None
    assert not student.grad[~texts.counted].any()


def test_soft_divergences_have_the_same_gradient() -> None:
    teacher, student = draw((4, 3, CLASSES), 1), draw((4, 3, CLASSES), 2).requires_grad_()
    gradients = []
    for options in (ConsistencyOptions((), "soft", "ce"), ConsistencyOptions((), "soft", "kl")):
        loss = text_loss(student, read_pseudo_texts(teacher, options.belief), options)
        gradients.append(torch.autograd.grad(loss, student)[0])
    torch.testing.assert_close(*gradients)


def test_empty_texts_and_texts_without_an_end_are_never_believed() -> None:
    texts = read_pseudo_texts(say([[0, 1, 2], [1, 2, 3], [1, 0, 2]]), Belief(0.0))
    assert texts.kept.tolist() == [False, False, True]
    assert texts.lengths.tolist() == [1, 3, 2]
    assert texts.believed.tolist() == [[False] * 3, [False] * 3, [True, True, False]]
    assert texts.whole_texts() == [[], [], [1]]


def test_masked_texts_count_as_zero_in_the_mean() -> None:
    sure, unsure = say([[1, 0]], 9.0), say([[1, 0]], 0.5)
    student = draw((2, 2, CLASSES), 3)
    options = ConsistencyOptions((), belief=Belief(0.9))
    both = text_loss(student, read_pseudo_texts(torch.cat([sure, unsure]), options.belief), options)
    alone = text_loss(student[:1], read_pseudo_texts(sure, options.belief), options)
    torch.testing.assert_close(both, alone / 2)


def test_the_end_is_part_of_the_confidence() -> None:
    logits = say([[1, 0]], 9.0)
    logits[0, 1, 0] = 0.1  # hardly an end
    assert not read_pseudo_texts(logits, Belief(0.5)).kept.any()


def test_only_the_product_prefers_short_texts() -> None:
    """METHODS section 24: .99 each step gives .980 of one character with its end, .810 of twenty."""
    sure = math.log(0.99 * (CLASSES - 1) / 0.01)
    short, long = say([[1] + [0] * 20], sure), say([[1] * 20 + [0]], sure)
    both = torch.cat([short, long])
    assert read_pseudo_texts(both, Belief(0.95, "word")).kept.tolist() == [True, False]
    for measure in ("normalised", "minimum", "character"):
        assert read_pseudo_texts(both, Belief(0.95, measure)).kept.tolist() == [True, True]


def test_every_teacher_teaches_every_student_at_all_iterations() -> None:
    teacher = steps_of(draw((3, 4, CLASSES), 1), [draw((3, 4, CLASSES), k) for k in (2, 3)], [draw((3, 4, CLASSES), 4)])
    student = steps_of(
        draw((3, 4, CLASSES), 5),
        [draw((3, 4, CLASSES), k) for k in (6, 7)],
        [draw((3, 4, CLASSES), k) for k in (8, 9)],
    )
    by_pair: dict[Pair, float] = {}
    for name, pupil in product(MODALITIES, MODALITIES):
        options = ConsistencyOptions(((name, pupil),))
        last, said = teacher.of(name)[-1], student.of(pupil)
        expected = sum(slow_reference(logits, last, options) for logits in said) / len(said)
        by_pair[name, pupil] = float(consistency_loss(teacher, student, options).loss)
        assert by_pair[name, pupil] == pytest.approx(expected, rel=1e-5, abs=1e-7)
    together = consistency_loss(teacher, student, ConsistencyOptions(ALL_PAIRS, weight=0.5)).loss
    assert float(together) == pytest.approx(0.5 * sum(by_pair.values()), rel=1e-5)


def test_the_fast_path_learns_from_fused_texts_without_context() -> None:
    fused = say([[1, 2, 0], [0, 1, 1], [3, 0, 0]], 9.0)
    teacher = steps_of(fused, [fused], [fused])
    found = consistency_loss(teacher, teacher, ConsistencyOptions((("fusion", "fast"),), weight=2.0)).loss
    kept = compute_ctc_loss(teacher.fast[[0, 2]], [[1, 2], [3]])
    torch.testing.assert_close(found, 2.0 * kept * 2 / 3)
    assert float(believed_ctc_loss(teacher.fast[:0], [])) == 0.0


def test_texts_of_the_fast_path_are_its_best_paths() -> None:
    paths = [[0, 1, 1, 0, 1, 2], [0, 0, 0, 0, 0, 0], [1, 2, 3, 4, 1, 2], [3, 3, 3, 3, 3, 3]]
    logits = say(paths, 3.0)
    logits[0, 2, 1] = 9.0  # the surest column of its run
    logits[3, :, 3] = 1.0
    texts = read_fast_texts(logits, 4, Belief(0.6))
    assert texts.ids.tolist() == [[1, 1, 2, 0], [0, 0, 0, 0], [1, 2, 3, 4], [3, 0, 0, 0]]
    assert texts.lengths.tolist() == [4, 1, 4, 2]
    assert texts.kept.tolist() == [True, False, False, True]  # nothing is read, too long
    assert texts.whole_texts() == [[1, 1, 2], [], [], [3]]
    assert read_fast_texts(logits, 4, Belief(0.6, "minimum")).kept.tolist() == [True, False, False, False]
    decoded = ctc_greedy_decode(logits, Charset("abcd"))
    assert [one.text for one in decoded] == ["aab", "", "abcdab", "c"]
    options = ConsistencyOptions((), "soft", "kl")
    student = draw((4, 4, CLASSES), 3)
    hard = text_loss(student, texts, ConsistencyOptions(()))
    torch.testing.assert_close(text_loss(student, texts, options), hard)


@pytest.mark.parametrize("pair", [("fast", "vision"), ("fast", "fast"), ("language", "fast")])
def test_pairs_with_the_fast_path_are_defined_for_any_batch(pair: Pair) -> None:
    for batch in (0, 1, 3):
        logits = draw((batch, 4, CLASSES), 1).requires_grad_()
        steps = steps_of(logits, [logits], [logits])
        assert consistency_loss(steps, steps, ConsistencyOptions((pair,))).loss.isfinite()


@pytest.mark.parametrize("batch", [0, 1])
def test_small_batches_are_defined(batch: int) -> None:
    logits = draw((batch, 4, CLASSES), 1).requires_grad_()
    steps = steps_of(logits, [logits], [logits])
    found = consistency_loss(steps, steps, ConsistencyOptions(ALL_PAIRS, belief=Belief(0.99)))
    found.loss.backward()
    assert found.loss.isfinite()
    assert found.kept_share == 0.0


def test_what_was_believed_is_told_by_length() -> None:
    logits = torch.cat([say([[1, 0, 0, 0]], 9.0), say([[1, 2, 3, 0]], 1.0)])
    steps = steps_of(logits, [logits], [logits])
    found = consistency_loss(steps, steps, ConsistencyOptions((("fusion", "fusion"),), belief=Belief(0.9)))
    assert (found.kept_share, found.kept_length, found.read_length) == (0.5, 2.0, 3.0)


def test_other_numbers_of_steps_are_refused() -> None:
    texts: PseudoTexts = read_pseudo_texts(draw((2, 4, CLASSES), 1), Belief())
    with pytest.raises(ShapeError, match="the teacher"):
        text_loss(draw((2, 3, CLASSES), 2), texts, ConsistencyOptions())
