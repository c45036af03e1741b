"""The page: a title and five tabs."""

import os
from typing import Any

import gradio as gr

from textrec_app.services.context import App
from textrec_app.ui.assets import load_asset, load_head, load_styles
from textrec_app.ui.handlers import bind
from textrec_app.ui.harvest_tab import create_harvest_tab, show_files
from textrec_app.ui.hub_panel import create_hub_panel
from textrec_app.ui.models_tab import create_models_tab, open_models
from textrec_app.ui.read_api import create_api
from textrec_app.ui.read_tab import create_read_tab
from textrec_app.ui.review_insight import create_review_insight
from textrec_app.ui.review_tab import create_review_tab
from textrec_app.ui.theme import build_theme
from textrec_app.ui.train_tab import create_train_tab, look

CACHE_SWEEP_S, CACHE_AGE_S = 3600, 86400
MAX_QUEUED = 64


def build_demo(app: App) -> gr.Blocks:
    """Assemble the page; `launch_options` says how to launch it."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    with gr.Blocks(title="TextRec", analytics_enabled=False, delete_cache=(CACHE_SWEEP_S, CACHE_AGE_S)) as demo:
        gr.HTML(value="", html_template=load_asset("masthead.html"), js_on_load=None, apply_default_css=False)
        if app.settings.is_space and "OAUTH_CLIENT_ID" in os.environ:
            gr.LoginButton()
        with gr.Tabs(elem_id="textrec-tabs", overflow_behavior="wrap"):
            with gr.Tab("Read", id="read"):
                create_read_tab(app)
            with gr.Tab("Harvest", id="harvest"):
                harvested = create_harvest_tab(app)
            with gr.Tab("Review", id="review"):
                create_review_tab(app)
                create_review_insight(app)
            with gr.Tab("Train", id="train"):
                training = create_train_tab(app)
            with gr.Tab("Models", id="models") as models_tab:
                models = create_models_tab(app)
                create_hub_panel(app, models)
        create_api(app)
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
        demo.load(bind(app, show_files), None, [harvested], **quiet)
        demo.load(bind(app, look), [training.seen], training.outputs(), **quiet)
        gr.on([demo.load, models_tab.select], bind(app, open_models), [models.chosen], models.outputs(), **quiet)
    return demo.queue(max_size=MAX_QUEUED)


def launch_options(app: App) -> dict[str, Any]:
    """Keyword arguments for `launch`: where to listen, how it looks, what may be uploaded."""
    return {
        "server_name": "0.0.0.0" if app.settings.is_space else app.settings.host,
        "server_port": app.settings.port,
        "theme": build_theme(),
        "css": load_styles(),
        "head": load_head(),
        "max_file_size": app.settings.max_upload_mb * 1024 * 1024,
        "allowed_paths": [],
        "footer_links": ["api", "settings"],
        "ssr_mode": False,
        "share": False,
        "show_error": False,
    }
