"""Ties plain functions to Gradio events: gives them the app and the visitor, turns our errors into sentences."""

import html
import inspect
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import gradio as gr

from textrec_app.errors import USER_ERRORS
from textrec_app.services.context import App
from textrec_app.ui.access import identify_visitor

_REQUEST_PARAMETERS = (
    inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=gr.Request),
    inspect.Parameter("profile", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=gr.OAuthProfile | None),
)


def bind(app: App, handler: Callable[..., Any], as_html: bool = True) -> Callable[..., Any]:
    """Make an event function of `handler(app, [visitor,] *inputs)`.

    A parameter named `visitor`, if there is one, must be the second; it receives who asks.

    Args:
        as_html: escape error sentences, because Gradio's toast renders HTML; False for JSON endpoints.

    Returns:
        A function (or generator function) whose signature Gradio can read: request, profile, then the inputs.
    """
    wants_visitor = "visitor" in inspect.signature(handler).parameters

    def arguments(received: tuple[Any, ...]) -> tuple[Any, ...]:
        if not wants_visitor:
            return (app, *received)
        request, profile, *inputs = received
        return (app, identify_visitor(app.settings, request, profile), *inputs)

    if inspect.isgeneratorfunction(handler):

        @wraps(handler)
        def streamed(*received: Any) -> Iterator[Any]:
            try:
                yield from handler(*arguments(received))
            except USER_ERRORS as error:
                raise _sentence(error, as_html) from error

        return _with_signature(streamed, handler, wants_visitor)

    @wraps(handler)
    def called(*received: Any) -> Any:
        try:
            return handler(*arguments(received))
        except USER_ERRORS as error:
            raise _sentence(error, as_html) from error

    return _with_signature(called, handler, wants_visitor)


def _with_signature(bound: Callable[..., Any], handler: Callable[..., Any], wants_visitor: bool) -> Callable[..., Any]:
    signature = inspect.signature(handler)
    own = list(signature.parameters.values())[2 if wants_visitor else 1 :]
    parameters = [*(_REQUEST_PARAMETERS if wants_visitor else ()), *own]
    vars(bound)["__signature__"] = signature.replace(parameters=parameters)
    bound.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return bound


def _sentence(error: Exception, as_html: bool) -> gr.Error:
    message = str(error)
    return gr.Error(html.escape(message) if as_html else message, title="", print_exception=False)
