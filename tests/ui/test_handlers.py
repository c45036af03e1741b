"""How plain functions become Gradio's event functions."""

import inspect
from collections.abc import Iterator
from typing import Any

import gradio as gr
import pytest

from textrec_app.errors import InputError, WeightsError
from textrec_app.services.context import App
from textrec_app.ui.access import Visitor
from textrec_app.ui.handlers import bind


def greet(app: App, visitor: Visitor, word: str, times: int = 1) -> str:
    return f"{visitor.name}: {word * times}"


def fail(app: App) -> None:
    raise InputError("<b>bad</b> file")


def fail_to_load(app: App) -> None:
    raise WeightsError("these weights were altered on disk")


def stream(app: App, last: int) -> Iterator[int]:
    yield from range(last)
    raise InputError("The end.")


def test_gradio_sees_the_inputs_and_gives_the_visitor(app: App) -> None:
    bound = bind(app, greet)
    assert list(inspect.signature(bound).parameters) == ["request", "profile", "word", "times"]
    assert bound(gr.Request(username="ana"), None, "ha", 2) == "ana: haha"


def test_an_error_is_a_sentence_and_escaped_where_gradio_renders_it() -> None:
    app: Any = None
    with pytest.raises(gr.Error, match="&lt;b&gt;bad"):
        bind(app, fail)()
    with pytest.raises(gr.Error, match="<b>bad</b> file"):
        bind(app, fail, as_html=False)()
    with pytest.raises(gr.Error, match="altered on disk"):
        bind(app, fail_to_load)()


def test_a_stream_ends_in_a_sentence_too() -> None:
    app: Any = None
    steps = bind(app, stream)(2)
    assert [next(steps), next(steps)] == [0, 1]
    with pytest.raises(gr.Error, match="The end"):
        next(steps)
