"""Beam search and alignment against every path of crops so small that all paths can be listed."""

from collections import defaultdict
from itertools import product

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.charset import Charset
from models.errors import ShapeError
from models.language.character_model import CharacterModel
from models.recognition.beam import BeamOptions, BeamSearch
from models.recognition.ctc import compute_text_log_probs, ctc_greedy_decode
from models.recognition.ctc_alignment import align_text, top_characters
from tests.support.language import make_language

CHARSET = Charset("ab")
EVERYTHING = BeamOptions(beams=1000, min_prob=0.0)


def draw_log_probs(seed: int, steps: int = 5, classes: int = 3, sharpness: float = 2.0) -> NDArray[np.float32]:
    logits = torch.randn((steps, classes), generator=torch.Generator().manual_seed(seed)) * sharpness
    return logits.log_softmax(dim=-1).numpy()


def collapse(path: tuple[int, ...]) -> tuple[int, ...]:
    merged = [step for index, step in enumerate(path) if index == 0 or step != path[index - 1]]
    return tuple(step for step in merged if step)


def sum_all_paths(log_probs: NDArray[np.float32]) -> dict[tuple[int, ...], float]:
    totals: dict[tuple[int, ...], float] = defaultdict(float)
    for path in product(range(log_probs.shape[1]), repeat=len(log_probs)):
        totals[collapse(path)] += float(np.exp(sum(log_probs[step, index] for step, index in enumerate(path))))
    return totals


@pytest.mark.parametrize("seed", range(5))
def test_a_wide_beam_finds_every_text_with_its_exact_probability(seed: int) -> None:
    log_probs = draw_log_probs(seed)
    totals = sum_all_paths(log_probs)
    found = BeamSearch(CHARSET, EVERYTHING).search(log_probs)
    assert {text.ids for text in found} == set(totals)
    for text in found:
        assert np.exp(text.log_prob) == pytest.approx(totals[text.ids], rel=1e-4)
    assert [text.score for text in found] == sorted((text.score for text in found), reverse=True)


@pytest.mark.parametrize("seed", range(5))
def test_the_model_and_the_length_are_weighed_as_said(seed: int) -> None:
    log_probs, model = draw_log_probs(seed, sharpness=0.5), CharacterModel(make_language(["ab", "aba"]))
    options = BeamOptions(beams=1000, alpha=0.7, beta=0.3, min_prob=0.0)
    totals = sum_all_paths(log_probs)
    scores = {
        ids: np.log(total) + 0.7 * model.score(CHARSET.decode(ids)) + 0.3 * len(ids) for ids, total in totals.items()
    }
    best = BeamSearch(CHARSET, options, model).search(log_probs)[0]
    assert best.ids == max(scores, key=lambda ids: scores[ids])
    assert best.score == pytest.approx(scores[best.ids], abs=1e-3)


def test_a_narrow_beam_is_no_worse_than_the_best_path() -> None:
    charset = Charset("abcdef")
    for seed in range(10):
        log_probs = draw_log_probs(seed, steps=16, classes=7)
        greedy = ctc_greedy_decode(torch.from_numpy(log_probs)[None], charset)[0]
        best = BeamSearch(charset, BeamOptions(beams=8)).search(log_probs)[0]
        exact = compute_text_log_probs(torch.from_numpy(log_probs)[None], [best.ids])[0]
        assert exact >= greedy.log_prob - 1e-4
        assert best.log_prob <= exact + 1e-4


def test_a_long_line_does_not_underflow() -> None:
    found = BeamSearch(CHARSET, BeamOptions(beams=4)).search(np.full((3000, 3), np.log(1 / 3), np.float32))
    assert all(np.isfinite(text.score) for text in found)


def test_repeats_need_a_blank_between_them() -> None:
    with np.errstate(divide="ignore"):
        log_probs = np.log(np.eye(3, dtype=np.float32)[[1, 1, 0, 1, 2]])
    found = BeamSearch(CHARSET, BeamOptions()).search(log_probs)
    assert [text.text for text in found] == ["aab"]
    assert found[0].log_prob == pytest.approx(0.0)


def test_no_steps_are_the_empty_text_and_wrong_classes_are_refused() -> None:
    assert BeamSearch(CHARSET, BeamOptions()).search(np.zeros((0, 3), np.float32))[0].ids == ()
    with pytest.raises(ShapeError, match="charset needs 3"):
        BeamSearch(CHARSET, BeamOptions()).search(np.zeros((2, 9), np.float32))


@pytest.mark.parametrize("seed", range(5))
def test_an_alignment_is_the_likeliest_path_of_its_text(seed: int) -> None:
    log_probs, ids = draw_log_probs(seed, steps=6), (1, 1, 2)
    paths = [path for path in product(range(3), repeat=6) if collapse(path) == ids]
    best = max(paths, key=lambda path: sum(log_probs[step, index] for step, index in enumerate(path)))
    aligned = align_text(log_probs, ids, -1.0, CHARSET)
    assert aligned.text == "aab"
    assert aligned.log_prob == -1.0
    for (first, last), class_id in zip(aligned.spans, ids, strict=True):
        assert best[first:last] == (class_id,) * (last - first)
    assert sum(last - first for first, last in aligned.spans) == sum(index != 0 for index in best)


def test_the_alignment_of_the_best_path_has_its_spans_and_probabilities() -> None:
    log_probs = draw_log_probs(3, steps=20, sharpness=6.0)
    greedy = ctc_greedy_decode(torch.from_numpy(log_probs)[None], CHARSET)[0]
    aligned = align_text(log_probs, CHARSET.encode(greedy.text), greedy.log_prob, CHARSET)
    assert aligned.spans == greedy.spans
    assert aligned.char_probs == pytest.approx(greedy.char_probs)


def test_a_text_that_does_not_fit_still_has_a_span_for_each_character() -> None:
    aligned = align_text(draw_log_probs(0, steps=3), (1, 1, 1), -50.0, CHARSET)
    assert len(aligned.spans) == 3
    assert aligned.char_probs == (0.0, 0.0, 0.0)


def test_the_likeliest_characters_of_a_place_begin_with_its_own() -> None:
    log_probs = draw_log_probs(3, steps=20, sharpness=6.0)
    greedy = ctc_greedy_decode(torch.from_numpy(log_probs)[None], CHARSET)[0]
    places = top_characters(log_probs, greedy, CHARSET, 2)
    assert [place[0][0] for place in places] == list(greedy.text)
    assert all(place[0][1] >= place[1][1] for place in places)
