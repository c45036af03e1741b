"""Who may change anything: open on one's own machine, closed on a Space without login, named admins only if set."""

import gradio as gr
import pytest

from textrec_app.errors import ForbiddenError
from textrec_app.settings import Settings
from textrec_app.ui.access import identify_visitor, require_editor


def request(username: str | None) -> gr.Request:
    return gr.Request(username=username)


def profile(username: str) -> gr.OAuthProfile:
    return gr.OAuthProfile({"preferred_username": username, "name": username, "profile": "", "picture": ""})


def test_on_ones_own_machine_everybody_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPACE_ID", raising=False)
    visitor = identify_visitor(Settings(), request(None), None)
    assert (visitor.name, visitor.may_change) == ("local", True)


def test_on_a_space_only_who_logged_in_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACE_ID", "ana/textrec")
    assert not identify_visitor(Settings(), request(None), None).may_change
    assert identify_visitor(Settings(), request(None), profile("bob")).may_change


@pytest.mark.parametrize(("login", "may_change"), [("ana", True), ("bob", False), (None, False)])
def test_named_admins_only(login: str | None, may_change: bool) -> None:
    settings = Settings(admin_users=("ana",))
    visitor = identify_visitor(settings, request(login), None)
    assert visitor.may_change is may_change
    if not may_change:
        with pytest.raises(ForbiddenError, match="may look"):
            require_editor(visitor)
