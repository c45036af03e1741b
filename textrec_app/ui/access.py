"""Who asks, and whether they may change anything here."""

from dataclasses import dataclass

import gradio as gr

from textrec_app.errors import ForbiddenError
from textrec_app.settings import Settings

LOCAL_NAME = "local"


@dataclass(frozen=True, slots=True)
class Visitor:
    """The person behind a request.

    Attributes:
        name: how decisions are signed; "local" where nobody logs in.
        may_change: whether this person may alter the store, train, or switch checkpoints.
    """

    name: str
    may_change: bool


def identify_visitor(settings: Settings, request: gr.Request, profile: gr.OAuthProfile | None) -> Visitor:
    """Find out who asks; a login counts only where it was verified (OAuth profile or Gradio's own `auth`)."""
    login = profile.username if profile is not None else getattr(request, "username", None)
    if settings.admin_users:
        return Visitor(login or "guest", login in settings.admin_users)
    if settings.is_space:
        return Visitor(login or "guest", login is not None)
    return Visitor(login or LOCAL_NAME, True)


def require_editor(visitor: Visitor) -> None:
    """Refuse a visitor who may only look.

    Raises:
        ForbiddenError: the visitor may not change anything here.
    """
    if not visitor.may_change:
        raise ForbiddenError(
            f"'{visitor.name}' may look but not change anything here. "
            "Log in as one of the owners, or run your own copy with `make serve`."
        )
