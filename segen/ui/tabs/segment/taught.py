"""What the view "Teach it" says: of an answer, and of how good its answers are."""

from __future__ import annotations

import gradio as gr
import pandas as pd
from markupsafe import Markup

from segen.evaluation import studies
from segen.registry import dataset_title
from segen.text import device_name, words
from segen.types import Run, Taught
from segen.ui.framework.templates import render

COLORS = ("#7c6ee6", "#0d9488")
"""Of the data sets, in order."""


def told(done: Run[Taught], language: str) -> Markup:
    """What was learned, how long it took, and where to draw next."""
    learned = done.value.classifier
    took = words(
        language,
        "teach.took",
        classes=len(learned.classes),
        trees=len(learned.trees),
        seconds=f"{done.seconds:.2f}",
        device=device_name(done.device),
    )
    return render("tabs/segment/taught.html", lines=[took, words(language, "teach.uncertain")])


def scores(language: str) -> Markup:
    """The table of docs/teach.md: the IoU of each method with the same strokes."""
    report = studies.read("teach")
    measured, strokes = report["data"].values(), str(report["strokes"])
    rows = [[words(language, "teach.taught"), *(each["taught"][strokes] for each in measured)]]
    for method in next(iter(measured))["baselines"]:
        rows.append([words(language, f"teach.{method}"), *(each["baselines"][method] for each in measured)])
    return render(
        "tabs/segment/taught_scores.html",
        language=language,
        pictures=", ".join(str(each["pictures"]) for each in measured),
        strokes=strokes,
        head=[words(language, "teach.method"), *(dataset_title(name)[language] for name in report["data"])],
        rows=[[row[0], *(f"{value:.3f}" for value in row[1:])] for row in rows],
    )


def curve(language: str) -> gr.LinePlot:
    """The IoU over the number of strokes for each class."""
    report = studies.read("teach")
    titles = {name: words(language, f"teach.data_{name}") for name in report["data"]}
    points = [
        (count, each["taught"][str(count)], titles[name])
        for name, each in report["data"].items()
        for count in report["counts"]
    ]
    kinds = words(language, "models.data")
    return gr.LinePlot(
        pd.DataFrame(points, columns=["strokes", "iou", kinds]),
        x="strokes",
        y="iou",
        color=kinds,
        color_map=dict(zip(titles.values(), COLORS, strict=True)),
        x_title=words(language, "teach.strokes"),
        y_title=words(language, "teach.iou"),
        color_title="",
        y_lim=[0, 1],
        x_axis_format="d",
    )
