"""Train: one button. The job lives in the store and in its own process; this tab only looks at the row."""

from dataclasses import asdict, dataclass
from typing import Any

import gradio as gr

from textrec_app.services.context import App
from textrec_app.services.retraining import (
    JobView,
    ProgressPoint,
    RetrainRequest,
    active_job,
    job_points,
    list_jobs,
    request_retrain,
)
from textrec_app.services.retraining import cancel_job as cancel_training
from textrec_app.services.retraining import get_job as find_job
from textrec_app.services.reviewing import review_counts
from textrec_app.ui.access import Visitor, require_editor
from textrec_app.ui.arguments import take_number, take_text, take_whole_number
from textrec_app.ui.assets import load_asset
from textrec_app.ui.handlers import bind
from textrec_app.ui.train_status import (
    ACTIVE_STATES,
    build_accuracy_curve,
    build_loss_curve,
    describe_job,
    describe_nothing,
)

RECIPES = [("Adapt – learn from your words, keep what it knows", "adapt")]
BUSY_S, STOPPING_S, IDLE_S = 1.0, 0.4, 5.0


@dataclass(frozen=True)
class TrainPanel:
    """The components that one look at the job fills, in the order of `look`'s answer."""

    status: gr.HTML
    loss: gr.LinePlot
    accuracy: gr.LinePlot
    retrain: gr.Button
    cancel: gr.Button
    timer: gr.Timer
    seen: gr.State

    def outputs(self) -> list[Any]:
        """All of them."""
        return [self.status, self.loss, self.accuracy, self.retrain, self.cancel, self.timer, self.seen]


def create_train_tab(app: App) -> TrainPanel:
    """Lay out the tab and tie its events."""
    with gr.Row(elem_classes="tr-train-row"):
        with gr.Column(scale=2, min_width=300):
            recipe = gr.Dropdown(RECIPES, value="adapt", label="Recipe", elem_id="train-recipe")
            minutes = gr.Slider(1, 60, value=5, step=1, label="Minutes", elem_id="train-minutes")
            retrain = gr.Button("Retrain", variant="primary", elem_id="train-start")
            cancel = gr.Button("Cancel", variant="stop", elem_id="train-cancel", interactive=False)
            gr.Markdown(
                "Training runs on the server, beside this page. Close the tab, come back later: it goes on. "
                "The new model is put in use only if it passes the gate.",
                elem_classes="tr-muted",
            )
        with gr.Column(scale=3, min_width=320):
            status = gr.HTML(
                value=None,
                html_template=load_asset("train.html"),
                js_on_load=load_asset("train.js"),
                apply_default_css=False,
                elem_id="train-status",
            )
            with gr.Row():
                loss = _create_curve("loss", "Loss", "train-loss")
                accuracy = _create_curve("accuracy", "Words right, % (validation)", "train-accuracy")
    panel = TrainPanel(status, loss, accuracy, retrain, cancel, gr.Timer(IDLE_S), gr.State(None))
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
    panel.timer.tick(bind(app, look), [panel.seen], panel.outputs(), **quiet)
    retrain.click(bind(app, press_retrain), [recipe, minutes], panel.outputs(), **quiet)
    cancel.click(bind(app, press_cancel), None, panel.outputs(), **quiet)
    gr.api(bind(app, retrain_by_api, as_html=False), api_name="retrain", queue=False)
    gr.api(bind(app, get_job, as_html=False), api_name="get_job", queue=False)
    gr.api(bind(app, cancel_job, as_html=False), api_name="cancel_job", queue=False)
    return panel


def _create_curve(column: str, label: str, elem_id: str) -> gr.LinePlot:
    return gr.LinePlot(
        x="step", y=column, label=label, height=220, elem_id=elem_id, x_title="step", y_title="", visible=False
    )


def look(app: App, seen: dict[str, Any] | None) -> tuple[Any, ...]:
    """Read the job's row and its newest points; what has not changed is not sent again."""
    job = active_job(app) or next(iter(list_jobs(app, limit=1)), None)
    if job is None:
        return _show_nothing(app, seen)
    is_known = seen is not None and seen["job_id"] == job.job_id
    earlier = seen["points"] if seen is not None and is_known else []
    newer = job_points(app, job.job_id, after=earlier[-1].index if earlier else 0)
    points = [*earlier, *newer]
    has_changed = seen is None or not is_known or seen["state"] != job.state
    is_active = job.state in ACTIVE_STATES
    has_grown = has_changed or bool(newer)
    return (
        describe_job(job, points) if is_active or has_grown else gr.skip(),
        *(_curves(points) if has_grown else (gr.skip(), gr.skip())),
        *(_buttons(is_active, job.state == "cancelling") if has_changed else (gr.skip(), gr.skip(), gr.skip())),
        {"job_id": job.job_id, "state": job.state, "points": points},
    )


def press_retrain(app: App, visitor: Visitor, recipe: str, minutes: float) -> tuple[Any, ...]:
    """Ask for a retraining and show it; a second press shows the same one."""
    require_editor(visitor)
    request_retrain(app, RetrainRequest(recipe=recipe, minutes=float(minutes), who=visitor.name))
    return look(app, None)


def press_cancel(app: App, visitor: Visitor) -> tuple[Any, ...]:
    """Cancel the job at hand."""
    require_editor(visitor)
    job = active_job(app)
    if job is not None:
        cancel_training(app, job.job_id, visitor.name)
    return look(app, None)


def retrain_by_api(app: App, visitor: Visitor, recipe: str = "adapt", minutes: float = 5.0) -> dict:
    """Start a retraining, or return the one that is not finished."""
    require_editor(visitor)
    length = take_number(minutes, "minutes")
    wanted = RetrainRequest(recipe=take_text(recipe, "recipe"), minutes=length, who=visitor.name)
    return to_json(request_retrain(app, wanted))


def get_job(app: App, job_id: int) -> dict:
    """Look at a retraining."""
    return to_json(find_job(app, take_whole_number(job_id, "job_id")))


def cancel_job(app: App, visitor: Visitor, job_id: int) -> dict:
    """Ask a retraining to stop."""
    require_editor(visitor)
    return to_json(cancel_training(app, take_whole_number(job_id, "job_id"), visitor.name))


def to_json(job: JobView) -> dict[str, Any]:
    """A job as JSON; times in ISO 8601."""
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in asdict(job).items()}


def _show_nothing(app: App, seen: dict[str, Any] | None) -> tuple[Any, ...]:
    counts = review_counts(app)
    n_labels = counts.get("accepted", 0) + counts.get("corrected", 0)
    now: dict[str, Any] = {"job_id": None, "state": f"{n_labels}/{counts.get('kept', 0)}", "points": []}
    if seen == now:
        return tuple(gr.skip() for _ in range(7))
    return (
        describe_nothing(n_labels, counts.get("kept", 0)),
        *_curves([]),
        *_buttons(is_active=False, is_cancelling=False),
        now,
    )


def _buttons(is_active: bool, is_cancelling: bool) -> tuple[Any, Any, Any]:
    return (
        gr.Button("Training…" if is_active else "Retrain", interactive=not is_active),
        gr.Button("Stopping…" if is_cancelling else "Cancel", interactive=is_active and not is_cancelling),
        gr.Timer(STOPPING_S if is_cancelling else BUSY_S if is_active else IDLE_S),
    )


def _curves(points: list[ProgressPoint]) -> tuple[Any, Any]:
    loss, accuracy = build_loss_curve(points), build_accuracy_curve(points)
    return gr.LinePlot(loss, visible=len(loss) > 1), gr.LinePlot(accuracy, visible=len(accuracy) > 1)
