"""Models, lower part: fetch checkpoints from the Hub, and publish them there."""

from typing import Any

import gradio as gr

from textrec_app.errors import InputError
from textrec_app.services.context import App
from textrec_app.services.publishing import pull, push
from textrec_app.ui.access import Visitor, require_editor
from textrec_app.ui.handlers import bind
from textrec_app.ui.models_tab import ModelsPanel, open_models


def create_hub_panel(app: App, panel: ModelsPanel) -> None:
    """Lay out the two forms and tie their events."""
    with gr.Accordion("Hugging Face Hub", open=False, elem_id="hub"):
        repo = gr.Textbox(
            label="Repository", value=app.settings.hub_repo or "", placeholder="owner/name", elem_id="hub-repo"
        )
        revision = gr.Textbox(label="Revision to pull", value="main", elem_id="hub-revision")
        with gr.Row():
            pull_button = gr.Button("Pull as a candidate", elem_id="hub-pull")
            push_button = gr.Button("Push the chosen checkpoint", elem_id="hub-push")
        said = gr.Markdown("", elem_id="hub-said")
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal", "show_progress_on": [said]}
    pulled = pull_button.click(bind(app, press_pull), [repo, revision], [said, panel.chosen], **quiet)
    pulled.success(bind(app, open_models), [panel.chosen], panel.outputs(), api_visibility="private", queue=False)
    push_button.click(bind(app, press_push), [panel.chosen, repo], [said], **quiet)


def press_pull(app: App, visitor: Visitor, repo: str, revision: str) -> tuple[str, str]:
    """Fetch a checkpoint; it waits as a candidate until somebody promotes it."""
    require_editor(visitor)
    model = pull(app, repo.strip(), revision.strip() or "main", visitor.name)
    return "Pulled. It is a candidate: compare it with the one in use, then promote it.", model.name


def press_push(app: App, visitor: Visitor, name: str | None, repo: str) -> str:
    """Publish the chosen checkpoint."""
    require_editor(visitor)
    if name is None:
        raise InputError("Choose a checkpoint first, then push it.")
    published = push(app, name, repo.strip(), visitor.name)
    return f"Pushed as commit `{published.commit[:12]}`."
