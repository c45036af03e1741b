"""Answers of the server altered on their way, as if a network had read markup and script on a sign."""

import json
import re

from playwright.sync_api import Page, Route

HOSTILE = '<img src=x onerror="window.hostile=1">${window.hostile=2}`{{constructor}}'


def poison_answers(page: Page, *fields: str) -> None:
    """Put `HOSTILE` into every field of these names that comes to the page, but for empty texts."""
    field = re.compile(rf'("(?:{"|".join(fields)})": ?)(?:null|"(?:[^"\\]|\\.)+")')

    def poison(route: Route) -> None:
        answer = route.fetch()
        body = field.sub(lambda match: match[1] + json.dumps(HOSTILE), answer.text())
        route.fulfill(response=answer, body=body)

    page.route("**/queue/data*", poison)
