"""Models: old against new on the same frozen sets, the gate's verdict in words, promote and roll back."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from textrec_app.services.checkpoints import CheckpointView, get_active, get_checkpoint, list_checkpoints
from textrec_app.services.checkpoints import promote as put_in_use
from textrec_app.services.checkpoints import rollback as go_back
from textrec_app.services.comparing import compare
from textrec_app.services.context import App
from textrec_app.ui.access import Visitor, require_editor
from textrec_app.ui.arguments import take_text
from textrec_app.ui.assets import load_asset
from textrec_app.ui.handlers import bind
from textrec_app.ui.inputs import INFERENCE
from textrec_app.ui.model_view import describe_comparison, describe_list, describe_model

TASK = "recognizer"
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


@dataclass(frozen=True)
class ModelActions:
    """The buttons of the tab, and the question before a rejected checkpoint is used."""

    promote: gr.Button
    compare: gr.Button
    overrule: gr.Button
    rollback: gr.Button
    question: gr.Group
    sure: gr.Button
    unsure: gr.Button


@dataclass(frozen=True)
class ModelsPanel:
    """The components that `show_models` fills."""

    listing: gr.HTML
    card: gr.HTML
    chosen: gr.State
    actions: ModelActions

    def outputs(self) -> list[Any]:
        """All of them, in the order of `show_models`."""
        actions = self.actions
        return [
            self.listing,
            self.card,
            self.chosen,
            actions.promote,
            actions.compare,
            actions.overrule,
            actions.question,
        ]


def create_models_tab(app: App) -> ModelsPanel:
    """Lay out the tab and tie its events."""
    with gr.Row(elem_classes="tr-models-row"):
        with gr.Column(scale=2, min_width=300):
            listing = _create_panel("models_list", "models-list")
            rollback = gr.Button("Roll back to the one before", elem_id="models-rollback")
        with gr.Column(scale=3, min_width=320):
            card = _create_panel("model", "models-card")
            actions = _create_actions(rollback)
    panel = ModelsPanel(listing, card, gr.State(None), actions)
    _tie_events(app, panel)
    gr.api(bind(app, list_models, as_html=False), api_name="list_models", queue=False)
    gr.api(bind(app, promote, as_html=False), api_name="promote", concurrency_id=INFERENCE)
    gr.api(bind(app, rollback_by_api, as_html=False), api_name="rollback", concurrency_id=INFERENCE)
    return panel


def _create_panel(asset: str, elem_id: str) -> gr.HTML:
    return gr.HTML(
        value=None,
        html_template=load_asset(f"{asset}.html"),
        js_on_load=load_asset(f"{asset}.js"),
        apply_default_css=False,
        elem_id=elem_id,
    )


def _create_actions(rollback: gr.Button) -> ModelActions:
    with gr.Row():
        promote_button = gr.Button("Promote", variant="primary", elem_id="models-promote", interactive=False)
        compare_button = gr.Button("Compare with the one in use", elem_id="models-compare", interactive=False)
        overrule = gr.Button("Overrule the gate", variant="stop", elem_id="models-overrule", visible=False)
    with gr.Group(visible=False, elem_id="models-question", elem_classes="tr-question") as question:
        gr.Markdown(
            "The gate did not let this checkpoint pass. Use it all the same? That is written down with your name."
        )
        with gr.Row():
            sure = gr.Button("Yes, use it all the same", variant="stop", elem_id="models-sure")
            unsure = gr.Button("No, keep the present one", elem_id="models-unsure")
    return ModelActions(promote_button, compare_button, overrule, rollback, question, sure, unsure)


def _tie_events(app: App, panel: ModelsPanel) -> None:
    actions, outputs = panel.actions, panel.outputs()
    heavy: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal", "concurrency_id": INFERENCE}
    panel.listing.select(bind(app, choose), None, outputs, queue=False, **QUIET)
    actions.promote.click(bind(app, press_promote), [panel.chosen], outputs, **heavy)
    actions.rollback.click(bind(app, press_rollback), None, outputs, **heavy)
    actions.compare.click(
        bind(app, press_compare), [panel.chosen], [panel.card], show_progress_on=[panel.card], **heavy
    )
    actions.overrule.click(_ask, None, [actions.question], queue=False, **QUIET)
    actions.unsure.click(_withdraw, None, [actions.question], queue=False, **QUIET)
    actions.sure.click(bind(app, press_overrule), [panel.chosen], outputs, **heavy)


def _ask() -> gr.Group:
    return gr.Group(visible=True)


def _withdraw() -> gr.Group:
    return gr.Group(visible=False)


def open_models(app: App, chosen: str | None) -> tuple[Any, ...]:
    """The tab for a page that has just opened or comes back to it: the one chosen before, else the active one."""
    models = list_checkpoints(app, TASK)
    wanted = next((model for model in models if model.name == chosen), None)
    active = next((model for model in models if model.state == "active"), None)
    return show_models(models, wanted or active or next(iter(models), None))


def choose(app: App, event: gr.EventData) -> tuple[Any, ...]:
    """Show the checkpoint that was clicked."""
    return show_models(list_checkpoints(app, TASK), get_checkpoint(app, str(event.name)))


def press_promote(app: App, visitor: Visitor, name: str) -> tuple[Any, ...]:
    """Put the chosen checkpoint in use."""
    require_editor(visitor)
    model = put_in_use(app, name, visitor.name, reread=False)
    return show_models(list_checkpoints(app, TASK), model)


def press_overrule(app: App, visitor: Visitor, name: str) -> tuple[Any, ...]:
    """Put the chosen checkpoint in use although the gate did not let it pass."""
    require_editor(visitor)
    model = put_in_use(app, name, visitor.name, overrule=True, reread=False)
    return show_models(list_checkpoints(app, TASK), model)


def press_rollback(app: App, visitor: Visitor) -> tuple[Any, ...]:
    """Put the checkpoint before back in use."""
    require_editor(visitor)
    model = go_back(app, visitor.name, TASK, reread=False)
    return show_models(list_checkpoints(app, TASK), model)


def press_compare(app: App, visitor: Visitor, name: str) -> dict[str, Any]:
    """Let the chosen checkpoint and the one in use read the same frozen sets; that keeps the machine busy for long."""
    require_editor(visitor)
    active = get_active(app, TASK)
    return describe_comparison(app, get_checkpoint(app, name), compare(app, active.name, name))


def show_models(models: list[CheckpointView], chosen: CheckpointView | None) -> tuple[Any, ...]:
    """Values for all components of the tab."""
    name = None if chosen is None else chosen.name
    can_change = chosen is not None and chosen.state != "active"
    is_refused = chosen is not None and needs_overrule(chosen)
    return (
        describe_list(models, name),
        None if chosen is None else describe_model(chosen),
        name,
        gr.Button(interactive=can_change and not is_refused),
        gr.Button(interactive=can_change),
        gr.Button(visible=is_refused),
        gr.Group(visible=False),
    )


def needs_overrule(model: CheckpointView) -> bool:
    """Whether the gate rejected a checkpoint, or has not judged it yet."""
    return model.state == "rejected" or (model.state == "candidate" and not model.gate)


def list_models(app: App) -> list:
    """List the recognizer checkpoints with their state."""
    return describe_list(list_checkpoints(app, TASK), None)["models"]


def promote(app: App, visitor: Visitor, name: str, overrule: bool = False) -> dict:
    """Put a checkpoint in use."""
    require_editor(visitor)
    return describe_model(
        put_in_use(app, take_text(name, "name"), visitor.name, overrule=overrule is True, reread=False)
    )


def rollback_by_api(app: App, visitor: Visitor) -> dict:
    """Put the checkpoint before back in use."""
    require_editor(visitor)
    return describe_model(go_back(app, visitor.name, TASK, reread=False))
