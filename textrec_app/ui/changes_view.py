"""Words that two models read differently, as plain values for the page: crop, old and new reading."""

from typing import Any

from textrec_app.errors import NotFoundError
from textrec_app.services.comparing import Changes, Comparison, Example, read_example
from textrec_app.services.context import App
from textrec_app.ui.pictures import to_thumbnail_url

MAX_TEXT_LENGTH = 200


def describe_changes(app: App, found: Changes | Comparison) -> dict[str, Any]:
    """The samples of each kind with their pictures, and how many there are in all."""
    return {
        "fixed": [describe_example(app, example) for example in found.fixed],
        "broken": [describe_example(app, example) for example in found.broken],
        "changed": [describe_example(app, example) for example in found.changed],
        "n_fixed": found.n_fixed,
        "n_broken": found.n_broken,
        "n_changed": found.n_changed,
        "n_compared": found.n_compared,
    }


def describe_example(app: App, example: Example) -> dict[str, Any]:
    """A crop that two models read differently; `text` is empty where nobody knows what it says."""
    try:
        crop = to_thumbnail_url(read_example(app, example))
    except NotFoundError:
        crop = None
    return {
        "crop": crop,
        "source": example.source,
        "text": example.text[:MAX_TEXT_LENGTH],
        "before": example.before[:MAX_TEXT_LENGTH],
        "after": example.after[:MAX_TEXT_LENGTH],
        "likelier": example.likelier,
        "why": example.why,
    }
