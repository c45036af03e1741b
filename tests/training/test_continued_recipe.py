"""Going on: the cosine ends with the sitting, a sitting that was cut off keeps its place in it."""

from dataclasses import asdict, replace

import pytest
import torch

from textrec_app.training.continued_recipe import adapt_recipe, choose_crew, schedule_sitting
from textrec_app.training.recipes import get_recognizer_recipe

CPU = torch.device("cpu")
FIT = adapt_recipe(get_recognizer_recipe("base"), CPU).fit


def test_a_first_sitting_has_a_cosine_of_its_own() -> None:
    fit = schedule_sitting(FIT, None, 8.0, None)
    assert (fit.minutes_schedule, fit.minutes_before) == (8.0, 0.0)
    assert schedule_sitting(FIT, None, 8.0, 30.0).minutes_schedule == 30.0


def test_a_sitting_cut_off_goes_on_and_still_ends_with_the_minutes() -> None:
    begun = replace(FIT, minutes_schedule=8.0, minutes_before=10.0, steps_before=100)
    state = {"recipe": asdict(begun), "trained_s": 13 * 60.0, "step": 150}
    fit = schedule_sitting(FIT, state, 8.0, None)
    assert (fit.minutes_before, fit.steps_before) == (10.0, 100)
    assert fit.minutes_schedule == pytest.approx(11.0)
    assert schedule_sitting(FIT, state, 8.0, 20.0).minutes_schedule == 8.0


@pytest.mark.parametrize("name", [FIT.name, "base"])
def test_after_a_whole_sitting_or_another_run_a_new_cosine_begins(name: str) -> None:
    ended = replace(FIT, name=name, minutes_schedule=8.0, minutes_before=10.0, steps_before=100)
    state = {"recipe": asdict(ended), "trained_s": 18 * 60.0, "step": 400}
    fit = schedule_sitting(FIT, state, 5.0, None)
    assert (fit.minutes_schedule, fit.minutes_before, fit.steps_before) == (5.0, 18.0, 400)


def test_larger_batches_get_a_higher_rate() -> None:
    large = adapt_recipe(get_recognizer_recipe("base"), CPU, batch=320).fit
    assert large.learning_rate == pytest.approx(
        2 * adapt_recipe(get_recognizer_recipe("base"), CPU, batch=80).fit.learning_rate
    )
    assert adapt_recipe(get_recognizer_recipe("base"), CPU, learning_rate=1e-4).fit.learning_rate == 1e-4
    assert large.evaluate_first


def test_a_crew_on_the_cpu_leaves_the_cores_to_the_network() -> None:
    assert choose_crew(CPU).renderers == 1
    assert choose_crew(CPU, workers=0).workers == 0
    assert choose_crew(CPU, workers=3).ahead_steps == 26
