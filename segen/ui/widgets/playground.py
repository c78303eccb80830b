"""Models of points in the plane that train in the visitor's browser: what they may be set to.

The folder `playground` beside this file holds the table of settings, the JavaScript and TensorFlow.js; the
page serves it under /playground and loads it when the playground is in sight.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gradio as gr

from segen.ui.framework.component import component
from segen.ui.framework.link import Link

FOLDER = Path(__file__).with_name("playground")
TABLE: dict[str, Any] = json.loads((FOLDER / "settings.json").read_text(encoding="utf-8"))
"""The choices, the lists of values of sliders, the settings that each model begins with, and the presets."""
NO_PRESET = "none"


def playground(**options: Any) -> gr.HTML:
    """The playground; its value is what `contents` returns."""
    return component("playground", padding=False, **options)


def contents(link: Link) -> dict[str, Any]:
    """The table, and the settings that a link asks for: a preset, or what differs from a model's own."""
    asked: dict[str, Any] = {"preset": link.choice("preset", [NO_PRESET, *TABLE["presets"]])}
    for name, allowed in TABLE["choices"].items():
        asked[name] = link.choice(name, allowed)
    for name, values in TABLE["sliders"].items():
        asked[name] = link.number(name, min(values), max(values), float(values[0]))
    asked["seed"] = link.whole("seed", range(TABLE["most_seed"] + 1), 1)
    usable = link.usable()
    return {"table": TABLE, "asked": {name: value for name, value in asked.items() if name in usable}}
