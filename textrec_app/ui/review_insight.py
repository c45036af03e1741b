"""Below the review card: how right is what was kept unseen, and what the next decisions are worth."""

from dataclasses import asdict
from typing import Any

import gradio as gr

from textrec_app.services import auditing
from textrec_app.services import learning_curve as curves
from textrec_app.services.context import App
from textrec_app.ui.access import Visitor, require_editor
from textrec_app.ui.arguments import take_whole_number
from textrec_app.ui.assets import load_asset
from textrec_app.ui.handlers import bind


def create_review_insight(app: App) -> None:
    """Lay out both cards and open their endpoints."""
    gr.HTML(
        value="",
        html_template=load_asset("review_insight.html"),
        js_on_load=load_asset("review_insight.js"),
        apply_default_css=False,
        elem_id="review-insight",
    )
    gr.api(bind(app, audit_view, as_html=False), api_name="audit_view", queue=False)
    gr.api(bind(app, start_audit, as_html=False), api_name="start_audit", queue=False)
    gr.api(bind(app, learning_curve, as_html=False), api_name="learning_curve", queue=False)


def audit_view(app: App) -> dict:
    """Tell how many of the words that were kept unseen are right, by the random sample that people checked so far.

    The answer has `size`, `decided`, `right`, `skipped`, `early`, `precision`, `ci_low`, `ci_high` (exact 95 %
    interval), `population`, `kept_now`, `reread`, `is_current` and `sentence`.
    """
    return _to_json(auditing.audit_view(app))


def start_audit(app: App, visitor: Visitor, size: int = auditing.DEFAULT_SIZE) -> dict:
    """Draw a new random sample of what is kept unseen, to be checked in the view `audit`; the answer is its view."""
    require_editor(visitor)
    return _to_json(auditing.start_audit(app, visitor.name, take_whole_number(size, "size")))


def learning_curve(app: App) -> dict:
    """Tell what decisions brought so far, and what another 50 are expected to bring.

    The answer has `points` (decisions, accuracy), `gain_per_50`, `trainings`, `model_gain` and `sentence`; a gain is
    null where it cannot be told yet.
    """
    return asdict(curves.learning_curve(app))


def _to_json(view: auditing.AuditView) -> dict[str, Any]:
    made = None if view.made_utc is None else view.made_utc.isoformat(timespec="seconds")
    return asdict(view) | {"made_utc": made}
