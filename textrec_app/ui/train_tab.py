"""Train: one button. The job lives in the store and in its own process; this tab only looks at the row."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import gradio as gr

from textrec_app.errors import InputError, NotFoundError
from textrec_app.services.checkpoints import CheckpointView, get_checkpoint
from textrec_app.services.checkpoints import promote as put_in_use
from textrec_app.services.checkpoints import rollback as go_back
from textrec_app.services.comparing import list_job_changes
from textrec_app.services.context import App
from textrec_app.services.retraining import (
    JobView,
    RetrainRequest,
    active_job,
    job_points,
    list_jobs,
)
from textrec_app.services.retraining import cancel_job as cancel_training
from textrec_app.services.retraining import get_job as find_job
from textrec_app.services.reviewing import review_counts
from textrec_app.services.rounds import active_series, cancel_series, list_series, request_rounds
from textrec_app.ui.access import Visitor, require_editor
from textrec_app.ui.arguments import take_number, take_text, take_whole_number
from textrec_app.ui.assets import load_asset, load_scripts
from textrec_app.ui.changes_view import describe_changes
from textrec_app.ui.handlers import bind
from textrec_app.ui.inputs import INFERENCE
from textrec_app.ui.rounds_view import describe_rounds, describe_rounds_left
from textrec_app.ui.rounds_view import to_json as series_to_json
from textrec_app.ui.train_status import describe_job, describe_nothing, describe_settle

RECIPES = [("Adapt – learn from your words, keep what it knows", "adapt")]
MINUTES = [("2 min", 2), ("5 min", 5), ("10 min", 10), ("20 min", 20)]
DEFAULT_MINUTES, DEFAULT_ROUNDS, MAX_ROUNDS = 10, 1, 5
BUSY_S, STOPPING_S, IDLE_S = 1.0, 0.4, 5.0
N_SERIES = 5
SCRIPTS = ("train_rounds.js", "train_curves.js", "train.js")


@dataclass(frozen=True)
class TrainPanel:
    """The components that one look at the job fills, in the order of `look`'s answer."""

    status: gr.HTML
    retrain: gr.Button
    cancel: gr.Button
    timer: gr.Timer
    seen: gr.State

    def outputs(self) -> list[Any]:
        """All of them."""
        return [self.status, self.retrain, self.cancel, self.timer, self.seen]


def create_train_tab(app: App) -> TrainPanel:
    """Lay out the tab and tie its events."""
    with gr.Row(elem_classes="tr-train-row"):
        with gr.Column(scale=2, min_width=280):
            recipe = gr.Dropdown(RECIPES, value="adapt", label="Recipe", elem_id="train-recipe")
            minutes = gr.Radio(MINUTES, value=DEFAULT_MINUTES, label="Length of a round", elem_id="train-minutes")
            rounds = gr.Slider(
                1,
                MAX_ROUNDS,
                value=DEFAULT_ROUNDS,
                step=1,
                label="Rounds, at most",
                info="After each better model everything is read again, and the next round learns from that.",
                elem_id="train-rounds",
            )
            retrain = gr.Button("Retrain", variant="primary", elem_id="train-start")
            cancel = gr.Button("Cancel", variant="stop", elem_id="train-cancel", interactive=False)
            gr.Markdown(
                "No label needs to be typed. Keep this page closed if you like: training runs on the server and goes "
                "on. A new model is put in use only if it passes the gate.",
                elem_classes="tr-muted",
            )
        with gr.Column(scale=4, min_width=320):
            status = gr.HTML(
                value=None,
                html_template=load_asset("train.html"),
                js_on_load=load_scripts(SCRIPTS),
                apply_default_css=False,
                elem_id="train-status",
            )
    panel = TrainPanel(status, retrain, cancel, gr.Timer(IDLE_S), gr.State(None))
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    panel.timer.tick(bind(app, look), [panel.seen], panel.outputs(), queue=False, **quiet)
    retrain.click(bind(app, press_retrain), [recipe, minutes, rounds], panel.outputs(), queue=False, **quiet)
    cancel.click(bind(app, press_cancel), None, panel.outputs(), queue=False, **quiet)
    status.apply(bind(app, press_settle), [panel.seen], panel.outputs(), concurrency_id=INFERENCE, **quiet)
    _open_api(app)
    return panel


def _open_api(app: App) -> None:
    public: dict[str, Callable[..., Any]] = {
        "retrain": retrain_by_api,
        "retrain_rounds": retrain_rounds,
        "get_job": get_job,
        "cancel_job": cancel_job,
        "list_rounds": list_rounds,
        "cancel_rounds": cancel_rounds,
        "get_changes": get_changes,
    }
    for name, handler in public.items():
        gr.api(bind(app, handler, as_html=False), api_name=name, queue=False)


def look(app: App, seen: dict[str, Any] | None) -> tuple[Any, ...]:
    """Read the job's row and its newest points; what has not changed is not sent again."""
    series = list_series(app, N_SERIES)
    job = active_job(app) or next(iter(list_jobs(app, limit=1)), None)
    rounds = describe_rounds(series)
    if job is None:
        return _answer(seen, _describe_nothing(app) | rounds, [], is_active=False)
    is_known = seen is not None and seen["job_id"] == job.job_id
    earlier = seen["points"] if seen is not None and is_known else []
    points = [*earlier, *job_points(app, job.job_id, after=earlier[-1].index if earlier else 0)]
    current = series[0] if series and series[0].is_active else None
    value = describe_job(job, points, datetime.now(UTC), describe_rounds_left(current))
    candidate = _find_candidate(app, job)
    value["settle"] = describe_settle(job, None if candidate is None else candidate.state)
    value["checks"] = [] if candidate is None else list(candidate.gate.get("checks", ()))
    return _answer(seen, value | rounds, points, is_active=job.is_active or current is not None)


def press_retrain(app: App, visitor: Visitor, recipe: str, minutes: float, rounds: float) -> tuple[Any, ...]:
    """Ask for a retraining and show it; a second press shows the same one."""
    require_editor(visitor)
    request_rounds(app, RetrainRequest(recipe=recipe, minutes=float(minutes), who=visitor.name), int(rounds))
    return look(app, None)


def press_cancel(app: App, visitor: Visitor) -> tuple[Any, ...]:
    """Cancel the job at hand, and the rounds that would follow."""
    require_editor(visitor)
    series, job = active_series(app), active_job(app)
    if series is not None:
        cancel_series(app, series.series_id, visitor.name)
    elif job is not None:
        cancel_training(app, job.job_id, visitor.name)
    return look(app, None)


def press_settle(app: App, visitor: Visitor, seen: dict[str, Any] | None, event: gr.EventData) -> tuple[Any, ...]:
    """Overrule the gate on the job that is shown, or roll its model back.

    Raises:
        InputError: that cannot be done any more.
    """
    require_editor(visitor)
    job = None if seen is None or seen["job_id"] is None else find_job(app, seen["job_id"])
    candidate = None if job is None else _find_candidate(app, job)
    offered = None if job is None or candidate is None else describe_settle(job, candidate.state)
    if candidate is None or offered is None or offered["action"] != event.action:
        raise InputError("The models have changed meanwhile. Look again, or go to Models.")
    if offered["action"] == "overrule":
        put_in_use(app, candidate.name, visitor.name, overrule=True, reread=False)
    else:
        go_back(app, visitor.name, reread=False)
    return look(app, None)


def retrain_by_api(app: App, visitor: Visitor, recipe: str = "adapt", minutes: float = DEFAULT_MINUTES) -> dict:
    """Start a retraining, or return the one that is not finished."""
    series = retrain_rounds(app, visitor, recipe, minutes, 1)
    return to_json(find_job(app, series["rounds"][-1]["job_id"]))


def retrain_rounds(app: App, visitor: Visitor, recipe: str, minutes: float, rounds: int) -> dict:
    """Start several rounds of retraining, each from the better model before, or return those not finished."""
    require_editor(visitor)
    length, most = take_number(minutes, "minutes"), take_whole_number(rounds, "rounds")
    wanted = RetrainRequest(recipe=take_text(recipe, "recipe"), minutes=length, who=visitor.name)
    return series_to_json(request_rounds(app, wanted, most))


def get_job(app: App, job_id: int) -> dict:
    """Look at a retraining."""
    return to_json(find_job(app, take_whole_number(job_id, "job_id")))


def cancel_job(app: App, visitor: Visitor, job_id: int) -> dict:
    """Ask a retraining to stop."""
    require_editor(visitor)
    return to_json(cancel_training(app, take_whole_number(job_id, "job_id"), visitor.name))


def list_rounds(app: App) -> list:
    """List the latest series of rounds, newest first, with before and after of each round."""
    return [series_to_json(series) for series in list_series(app, N_SERIES)]


def cancel_rounds(app: App, visitor: Visitor, series_id: int) -> dict:
    """End a series of rounds; the one that runs stops."""
    require_editor(visitor)
    return series_to_json(cancel_series(app, take_whole_number(series_id, "series_id"), visitor.name))


def get_changes(app: App, job_id: int) -> dict:
    """Show which words a retraining fixed, broke or reads differently, with their crops."""
    job = find_job(app, take_whole_number(job_id, "job_id"))
    return describe_changes(app, list_job_changes(app, job.job_id))


def to_json(job: JobView) -> dict[str, Any]:
    """A job as JSON; times in ISO 8601."""
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in asdict(job).items()}


def _describe_nothing(app: App) -> dict[str, Any]:
    counts = review_counts(app)
    n_labels = counts.get("accepted", 0) + counts.get("corrected", 0)
    return describe_nothing(n_labels, counts.get("kept", 0), counts.get("waiting", 0))


def _find_candidate(app: App, job: JobView) -> CheckpointView | None:
    try:
        return None if job.checkpoint is None else get_checkpoint(app, job.checkpoint)
    except NotFoundError:
        return None


def _answer(seen: dict[str, Any] | None, value: dict[str, Any], points: list[Any], is_active: bool) -> tuple[Any, ...]:
    """Values for all components; those that the page shows already are left as they are."""
    is_cancelling = value["state"] == "cancelling"
    buttons = (is_active, is_cancelling)
    now = {"job_id": value["job_id"], "points": points, "value": value, "buttons": buttons}
    same_value = seen is not None and seen["value"] == value
    same_buttons = seen is not None and seen["buttons"] == buttons
    return (
        gr.skip() if same_value else value,
        *((gr.skip(), gr.skip(), gr.skip()) if same_buttons else _buttons(is_active, is_cancelling)),
        now,
    )


def _buttons(is_active: bool, is_cancelling: bool) -> tuple[Any, Any, Any]:
    return (
        gr.Button("Training…" if is_active else "Retrain", interactive=not is_active),
        gr.Button("Stopping…" if is_cancelling else "Cancel", interactive=is_active and not is_cancelling),
        gr.Timer(STOPPING_S if is_cancelling else BUSY_S if is_active else IDLE_S),
    )
