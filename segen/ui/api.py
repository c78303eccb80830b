"""The public HTTP API, and the tools of an MCP server: their names are the functions' names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from segen import images, registry
from segen.errors import InputError
from segen.registry import TASKS
from segen.types import SegmentRequest
from segen.ui.downloads import segmentation_files
from segen.ui.language import language_of
from segen.ui.picture import picture_input
from segen.ui.queue import DEVICE

if TYPE_CHECKING:
    from segen.engine import Engine


def publish(engine: Engine) -> None:
    """Add the public endpoints to the current gr.Blocks; every other event is private."""

    def models(task: str) -> list[dict[str, Any]]:
        """List the models with what they reach and cost.

        Args:
            task: one of segment, cluster, generate, translate; empty for all.
        """
        if task and task not in TASKS:
            raise InputError("unknown_task", known=", ".join(TASKS))
        return [registry.describe(card) for card in registry.cards() if task in ("", card.task)]

    def segment(image: Path | None, model: str, request: gr.Request) -> tuple[str, str, dict[str, Any]]:
        """Label every pixel of a picture with a class.

        Args:
            image: the picture.
            model: the name of a model for the task "segment".

        Returns:
            A palette PNG whose raw values are class ids, an overlay PNG, and the regions as JSON.
        """
        if image is None:
            raise InputError("no_picture")
        card = registry.card(model, "segment")
        pixels = images.read(image)
        result = engine.run(model, SegmentRequest(pixels)).value
        labels, overlay, regions, _ = segmentation_files(
            card, pixels, result, image.stem, language_of(request)
        )
        return labels, overlay, json.loads(Path(regions).read_text(encoding="utf-8"))

    with gr.Row(visible=False):
        task = gr.Textbox("", label="task")
        image = picture_input()
        model = gr.Textbox("unet-camvid", label="model")
        listing, regions = gr.JSON(label="models"), gr.JSON(label="regions")
        labels, overlay = gr.File(label="labels"), gr.File(label="overlay")
        button = gr.Button()
    button.click(models, task, listing, api_name="models", queue=False)
    button.click(segment, [image, model], [labels, overlay, regions], api_name="segment", **DEVICE)
