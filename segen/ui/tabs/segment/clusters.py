"""What a clustering found, and how well its clusters are told apart: curves, points, silhouettes."""

from __future__ import annotations

import gradio as gr
import numpy as np
import pandas as pd
from markupsafe import Markup

from segen.imaging import export
from segen.registry import ModelCard
from segen.text import device_name, words
from segen.types import Clustering, ClusterRequest, Run, Space
from segen.ui.framework.templates import render

CURVE_TO = 8
"""Inertia and silhouette are shown for 2 to this many clusters."""
AXES: dict[Space, tuple[tuple[str, str, int, int], ...]] = {
    "lab": (("a*", "b*", 1, 2), ("a*", "L*", 1, 0)),
    "rgb": (("R", "G", 0, 1), ("R", "B", 0, 2)),
}
"""The two views of each colour space: names and indices of the axis to the right and the one up."""


def told(
    card: ModelCard, request: ClusterRequest, run: Run[Clustering], stem: str, language: str
) -> dict[str, str]:
    """What the viewer says below the picture: what the run found and took, and what it did not find."""
    found = run.value
    height, width = found.labels.shape
    sentence = words(
        language,
        "cluster.took",
        model=card.title[language],
        clusters=found.clusters,
        seconds=f"{run.seconds:.2f}",
        device=device_name(run.device),
        width=width,
        height=height,
    )
    if found.silhouette is not None:
        values = {"silhouette": f"{found.silhouette:.2f}", "sample": f"{found.sample_pixels:,}"}
        sentence += words(language, "cluster.silhouette", **values)
    notice = " ".join(export.remarks(card, request, found, language))
    return {"picture": stem, "sentence": sentence, "notice": notice}


def best_k(found: Clustering) -> tuple[int, float] | None:
    """The number of clusters on the curve with the highest silhouette, and that; None without a curve."""
    if not found.curve:
        return None
    k, _, silhouette = max(found.curve, key=lambda point: point[2])
    return k, silhouette


def lines(found: Clustering, language: str) -> list[gr.LinePlot]:
    """Inertia and silhouette over k, each with a vertical line at the best k."""
    known = best_k(found)
    if known is None:
        return [gr.LinePlot(None), gr.LinePlot(None)]
    best, _ = known
    mark = words(language, "cluster.best_k", k=best)
    kinds = words(language, "cluster.curves")
    plots = []
    for index, kind in ((1, "inertia"), (2, "score")):
        name = words(language, f"cluster.{kind}")
        curve = [(point[0], point[index], name) for point in found.curve]
        heights = [value for _, value, _ in curve]
        vertical = [(best, min(0.0, *heights), mark), (best, max(heights), mark)]
        plots.append(
            gr.LinePlot(
                pd.DataFrame([*curve, *vertical], columns=["k", "value", kinds]),
                x="k",
                y="value",
                color=kinds,
                color_map={name: "#0d9488", mark: "#d97706"},
                y_title=name,
                color_title="",
                x_axis_format="d",
            )
        )
    return plots


def points(card: ModelCard, found: Clustering, space: Space, language: str) -> list[gr.ScatterPlot]:
    """The sampled pixels in colour space, each in its cluster's colour, seen from two sides."""
    known = {each.id: each for each in card.classes}
    names = [known[id].name[language] for id in found.sample_labels.tolist()]
    colors = {each.name[language]: "#{:02x}{:02x}{:02x}".format(*each.color) for each in card.classes}
    values = found.sample_colors.astype(float).round(1)
    kinds = words(language, "cluster.cluster")
    return [
        gr.ScatterPlot(
            pd.DataFrame({right: values[:, x], up: values[:, y], kinds: names}),
            x=right,
            y=up,
            color=kinds,
            color_map=colors,
            colors_in_legend=[],
            title=words(language, "cluster.points", right=right, up=up),
        )
        for right, up, x, y in AXES[space]
    ]


def silhouettes(card: ModelCard, found: Clustering, language: str) -> Markup:
    """A table with a bar for each cluster's silhouette, from -1 to 1; empty where it is undefined."""
    if not found.cluster_silhouettes:
        return Markup("")
    known = {each.id: each for each in card.classes}
    ids = np.unique(found.sample_labels).tolist()
    rows = [(known[id], value) for id, value in zip(ids, found.cluster_silhouettes, strict=True)]
    sample = f"{found.sample_pixels:,}"
    return render("tabs/segment/silhouettes.html", rows=rows, sample=sample, language=language)
