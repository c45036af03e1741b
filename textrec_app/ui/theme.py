"""The look: a calm teal on cool grey, the same hues in light and dark."""

import gradio as gr
from gradio.themes.utils import colors, fonts, sizes

TEAL = colors.Color(
    name="textrec_teal",
    c50="#edf8f7",
    c100="#d3efec",
    c200="#a9ded9",
    c300="#76c6c0",
    c400="#45a8a3",
    c500="#258b88",
    c600="#17706f",
    c700="#145a5a",
    c800="#134849",
    c900="#123c3d",
    c950="#062324",
)


def build_theme() -> gr.themes.Base:
    """Theme of the whole page; no font or file comes from the network."""
    theme = gr.themes.Base(
        primary_hue=TEAL,
        secondary_hue=TEAL,
        neutral_hue=colors.slate,
        radius_size=sizes.radius_lg,
        spacing_size=sizes.spacing_md,
        text_size=sizes.text_md,
        font=(fonts.LocalFont("IBM Plex Sans"), "ui-sans-serif", "system-ui", "sans-serif"),
        font_mono=(fonts.LocalFont("IBM Plex Mono"), "ui-monospace", "Consolas", "monospace"),
    )
    return theme.set(
        body_background_fill="#f5f7f8",
        body_background_fill_dark="#0d1417",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#141d21",
        background_fill_secondary="#eef2f3",
        background_fill_secondary_dark="#1a252a",
        block_background_fill="#ffffff",
        block_background_fill_dark="#141d21",
        block_border_width="1px",
        block_border_color="#dde4e6",
        block_border_color_dark="#27343a",
        border_color_primary="#dde4e6",
        border_color_primary_dark="#27343a",
        block_label_text_color="#475569",
        block_label_text_color_dark="#b6c2cc",
        block_info_text_color="#55626f",
        block_info_text_color_dark="#a9b6c0",
        body_text_color_subdued="#55626f",
        body_text_color_subdued_dark="#a9b6c0",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_500",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
        button_large_padding="12px 20px",
        slider_color="*primary_600",
        slider_color_dark="*primary_400",
        input_background_fill="#ffffff",
        input_background_fill_dark="#0f171a",
    )
