"""Input components with the project's own rules."""

from typing import Any

import gradio as gr

INFERENCE = "inference"
"""Concurrency group of everything that runs a network: one at a time, whatever asks."""


def take_files_untouched(picture: gr.Image) -> gr.Image:
    """Let a picture arrive as the path of the uploaded file.

    Gradio would decode it first and fail on a damaged file before our own sentence can be said; our one decoder
    (`load_image`) turns it upright and checks its size. Gradio has checked by then that the file is an upload.
    A subclass would be the plainer way, but Gradio writes a `.pyi` file beside every subclass.
    """
    vars(picture)["preprocess"] = _get_path
    return picture


def _get_path(payload: Any) -> str | None:
    return None if payload is None else payload.path
