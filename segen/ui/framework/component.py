"""Components of our own: HTML, CSS and JavaScript in files beside the Python that fills them."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import gradio as gr

from segen.ui import widgets


def component(name: str, **options: Any) -> gr.HTML:
    """A gr.HTML of NAME.js; of NAME.html, else its value; of NAME.css, if there, for Gradio's own style."""
    html, script, style = (files(widgets).joinpath(f"{name}.{kind}") for kind in ("html", "js", "css"))
    if html.is_file():
        options["html_template"] = html.read_text(encoding="utf-8")
    if style.is_file():
        options |= {"css_template": style.read_text(encoding="utf-8"), "apply_default_css": False}
    return gr.HTML(js_on_load=script.read_text(encoding="utf-8"), **options)
