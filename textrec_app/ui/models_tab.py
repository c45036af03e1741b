"""Models: old against new on the same frozen sets, the gate's verdict in words, promote and roll back."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from textrec_app.services.checkpoints import CheckpointView, get_checkpoint, list_checkpoints
from textrec_app.services.checkpoints import promote as put_in_use
from textrec_app.services.checkpoints import rollback as go_back
from textrec_app.services.context import App
from textrec_app.ui.access import Visitor, require_editor
from textrec_app.ui.assets import load_asset
from textrec_app.ui.handlers import bind
from textrec_app.ui.inputs import INFERENCE
from textrec_app.ui.model_view import describe_list, describe_model

TASK = "recognizer"


@dataclass(frozen=True)
class ModelActions:
    """The buttons under a checkpoint's card."""

    promote: gr.Button
    overrule: gr.Button
    rollback: gr.Button
    compare: gr.Button
    confirm: gr.Group


def create_models_tab(app: App) -> list[Any]:
    """Lay out the tab and tie its events; returns the components that `open_models` fills."""
    chosen = gr.State(None)
    with gr.Row(elem_classes="tr-models-row"):
        with gr.Column(scale=2, min_width=300):
            listing = _panel("models_list", "models-list")
            rollback = gr.Button("Roll back to the model before", elem_id="models-rollback")
        with gr.Column(scale=3, min_width=320):
            card = _panel("model", "models-card")
            with gr.Row():
                promote = gr.Button("Promote", variant="primary", elem_id="models-promote", interactive=False)
                compare = gr.Button("Compare with the one in use", elem_id="models-compare", interactive=False)
                overrule = gr.Button("Overrule the gate", variant="stop", elem_id="models-overrule", visible=False)
            with gr.Group(visible=False, elem_id="models-confirm") as confirm:
                gr.Markdown("The gate rejected this checkpoint for the reasons above. Use it all the same? Your name is written down.")
                with gr.Row():
                    sure = gr.Button("Yes, use it all the same", variant="stop", elem_id="models-sure")
                    unsure = gr.Button("No, keep the present one", elem_id="models-unsure")
    actions = ModelActions(promote, overrule, rollback, compare, confirm)
    outputs = [listing, card, chosen, promote, compare, overrule, confirm]
    _tie_events(app, actions, listing, chosen, outputs)
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    sure.click(bind(app, press_overrule), [chosen], outputs, concurrency_id=INFERENCE, **quiet)
    unsure.click(lambda: gr.Group(visible=False), None, [confirm], **quiet)
    create_models_api(app)
    return outputs


def _tie_events(app: App, actions: ModelActions, listing: gr.HTML, chosen: gr.State, outputs: list[Any]) -> None:
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    heavy: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal", "concurrency_id": INFERENCE}
    listing.select(bind(app, choose), None, outputs, queue=False, **quiet)
    actions.promote.click(bind(app, press_promote), [chosen], outputs, **heavy)
    actions.rollback.click(bind(app, press_rollback), None, outputs, **heavy)
    actions.overrule.click(lambda: gr.Group(visible=True), None, [actions.confirm], **quiet)


def create_models_api(app: App) -> None:
    """Open the endpoints for programs."""
    gr.api(bind(app, list_models, as_html=False), api_name="list_models", queue=False)
    gr.api(bind(app, promote, as_html=False), api_name="promote", concurrency_id=INFERENCE)
    gr.api(bind(app, rollback, as_html=False), api_name="rollback", concurrency_id=INFERENCE)


def _panel(asset: str, elem_id: str) -> gr.HTML:
    return gr.HTML(
        value=None,
        html_template=load_asset(f"{asset}.html"),
        js_on_load=load_asset(f"{asset}.js"),
        apply_default_css=False,
        elem_id=elem_id,
    )


def open_models(app: App) -> tuple[Any, ...]:
    """The tab as a page sees it that has just opened: the active checkpoint is chosen."""
    models = list_checkpoints(app, TASK)
    active = next((model for model in models if model.state == "active"), None)
    return show_models(models, active or next(iter(models), None))


def choose(app: App, event: gr.EventData) -> tuple[Any, ...]:
    """Show the checkpoint that was clicked."""
    return show_models(list_checkpoints(app, TASK), get_checkpoint(app, str(event.name)))


def press_promote(app: App, visitor: Visitor, name: str) -> tuple[Any, ...]:
    """Put the chosen checkpoint in use."""
    require_editor(visitor)
    model = put_in_use(app, name, visitor.name)
    gr.Info(f"{model.name} reads from now on.", title="", duration=4)
    return show_models(list_checkpoints(app, TASK), model)


def press_overrule(app: App, visitor: Visitor, name: str) -> tuple[Any, ...]:
    """Put the chosen checkpoint in use although the gate rejected it."""
    require_editor(visitor)
    model = put_in_use(app, name, visitor.name, overrule=True)
    return show_models(list_checkpoints(app, TASK), model)


def press_rollback(app: App, visitor: Visitor) -> tuple[Any, ...]:
    """Put the checkpoint before back in use."""
    require_editor(visitor)
    model = go_back(app, visitor.name, TASK)
    return show_models(list_checkpoints(app, TASK), model)


def show_models(models: list[CheckpointView], chosen: CheckpointView | None) -> tuple[Any, ...]:
    """Values for all components of the tab."""
    name = None if chosen is None else chosen.name
    state = None if chosen is None else chosen.state
    is_refused = chosen is not None and (state == "rejected" or (state == "candidate" and not chosen.gate))
    return (
        describe_list(models, name),
        None if chosen is None else describe_model(chosen),
        name,
        gr.Button(interactive=state not in (None, "active") and not is_refused),
        gr.Button(interactive=state not in (None, "active")),
        gr.Button(visible=is_refused),
        gr.Group(visible=False),
    )


def list_models(app: App) -> list:
    """List the recognizer checkpoints with their state."""
    return describe_list(list_checkpoints(app, TASK), None)["models"]


def promote(app: App, visitor: Visitor, name: str, overrule: bool = False) -> dict:
    """Put a checkpoint in use."""
    require_editor(visitor)
    return describe_model(put_in_use(app, name, visitor.name, overrule=overrule))


def rollback(app: App, visitor: Visitor) -> dict:
    """Put the checkpoint before back in use."""
    require_editor(visitor)
    return describe_model(go_back(app, visitor.name, TASK))
