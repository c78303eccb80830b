"""The public HTTP API, and the tools of an MCP server: their names are the functions' names."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from segen import export, images, registry
from segen.errors import InputError
from segen.registry import TASKS, ModelCard
from segen.types import ClusterRequest, Image, Request, SegmentRequest, Space
from segen.ui.downloads import segmentation_files
from segen.ui.language import language_of
from segen.ui.picture import picture_input
from segen.ui.queue import DEVICE

if TYPE_CHECKING:
    from segen.engine import Engine

SEGMENT_MODEL = "unet-camvid"
CLUSTER_MODEL = "kmeans"
"""Taken where none is named."""


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
        return label(image, registry.card(model, "segment"), SegmentRequest, language_of(request))

    def cluster(
        image: Path | None,
        model: str,
        k: int | None,
        space: Space,
        position: float | None,
        eps: float | None,
        min_samples: int | None,
        request: gr.Request,
    ) -> tuple[str, str, dict[str, Any]]:
        """Group the pixels of a picture by colour and place, without labels.

        Args:
            image: the picture.
            model: the name of a model for the task "cluster".
            k: the number of clusters, 1 to 255, for kmeans.
            space: the colour space, lab or rgb.
            position: the weight of row and column beside colour, 0 to 100.
            eps: how near neighbours are, above 0, for dbscan.
            min_samples: how many neighbours make a place dense, for dbscan.

        Returns:
            A palette PNG whose raw values are cluster ids by falling size, 255 for noise, an overlay PNG,
            and the regions as JSON.
        """
        if k is None or position is None or eps is None or min_samples is None:
            raise InputError("arguments")

        def ask(pixels: Image) -> ClusterRequest:
            return ClusterRequest(pixels, k, space, position, eps=eps, min_samples=min_samples)

        return label(image, registry.card(model, "cluster"), ask, language_of(request))

    def label(
        image: Path | None, card: ModelCard, ask: Callable[[Image], Request[Any]], language: str
    ) -> tuple[str, str, dict[str, Any]]:
        if image is None:
            raise InputError("no_picture")
        pixels = images.read(image)
        result = engine.run(card.name, ask(pixels)).value
        named = export.card_for(card, pixels, result)
        labels, overlay, regions, _ = segmentation_files(named, pixels, result, image.stem, language)
        return labels, overlay, json.loads(Path(regions).read_text(encoding="utf-8"))

    with gr.Row(visible=False):
        task = gr.Textbox("", label="task")
        image = picture_input()
        model = gr.Textbox(SEGMENT_MODEL, label="model")
        method = gr.Textbox(CLUSTER_MODEL, label="model")
        numbers = [
            gr.Number(ClusterRequest.k, label="k", precision=0),
            gr.Textbox(ClusterRequest.space, label="space"),
            gr.Number(ClusterRequest.position, label="position"),
            gr.Number(ClusterRequest.eps, label="eps"),
            gr.Number(ClusterRequest.min_samples, label="min_samples", precision=0),
        ]
        listing, regions = gr.JSON(label="models"), gr.JSON(label="regions")
        labels, overlay = gr.File(label="labels"), gr.File(label="overlay")
        button = gr.Button()
    button.click(models, task, listing, api_name="models", queue=False)
    files = [labels, overlay, regions]
    button.click(segment, [image, model], files, api_name="segment", **DEVICE)
    button.click(cluster, [image, method, *numbers], files, api_name="cluster", **DEVICE)
