"""The page's look as a Gradio theme: system fonts, calm colours, light and dark."""

from __future__ import annotations

import gradio as gr

SANS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "PingFang SC", "Microsoft YaHei", "sans-serif"]
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]


def theme() -> gr.themes.Base:
    """Names of installed fonts only: nothing is fetched."""
    return gr.themes.Base(
        primary_hue="teal", neutral_hue="slate", radius_size="md", font=SANS, font_mono=MONO
    ).set(
        body_background_fill="#f7f8fa",
        body_background_fill_dark="#12151b",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#1a1e26",
        background_fill_secondary="#eceff3",
        background_fill_secondary_dark="#252b35",
        block_background_fill="#ffffff",
        block_background_fill_dark="#1a1e26",
        block_border_color="#dde2e8",
        block_border_color_dark="#323a46",
        block_shadow="none",
        body_text_color_subdued="#566173",
        body_text_color_subdued_dark="#a3aebd",
        button_primary_background_fill="#0f766e",
        button_primary_background_fill_hover="#115e59",
        button_primary_background_fill_dark="#0f766e",
        button_primary_background_fill_hover_dark="#0d9488",
        button_primary_text_color="#ffffff",
        color_accent="#0f766e",
    )
