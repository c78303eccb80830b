"""Group the pixels of a picture without labels, and see how well the groups are told apart."""

from __future__ import annotations

import html
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np
import pandas as pd

from segen import registry
from segen.imaging import export
from segen.registry import ModelCard
from segen.text import device_name, words
from segen.types import SPACES, Clustering, ClusterRequest, Run, Space
from segen.ui.api import CLUSTER_MODEL
from segen.ui.framework.downloads import download_row, segmentation_buttons
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Link, Tab, Values, remember
from segen.ui.framework.queue import QUIET, on_device, steps
from segen.ui.widgets import cards
from segen.ui.widgets.examples import SCENES
from segen.ui.widgets.gallery import gallery, gallery_input, on_choice
from segen.ui.widgets.picture import opened, picture_input
from segen.ui.widgets.viewer import contents, viewer

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "cluster"
VIEWS = ("labels", "overlay", "compare")
CURVE_TO = 8
"""Inertia and silhouette are shown for 2 to this many clusters."""


@dataclass(frozen=True)
class Range:
    """The numbers of a slider: from `low` to `high` in steps of `step`."""

    low: float
    high: float
    step: float


RANGES = {
    "k": Range(1, 20, 1),
    "eps": Range(0.005, 0.2, 0.005),
    "min_samples": Range(1, 30, 1),
    "position": Range(0, 2, 0.1),
    "texture": Range(0, 5, 0.5),
}
"""The sliders, by field of ClusterRequest."""
OF_ALL = ("position", "texture")
"""The sliders of every method; its card names the others that it uses, as `controls`."""
AXES: dict[Space, tuple[tuple[str, str, int, int], ...]] = {
    "lab": (("a*", "b*", 1, 2), ("a*", "L*", 1, 0)),
    "rgb": (("R", "G", 0, 1), ("R", "B", 0, 2)),
}
"""The two views of each colour space: names and indices of the axis to the right and the one up."""


def build(engine: Engine) -> Tab:
    """Lay out the tab inside the current gr.Tab."""
    names = [card.name for card in registry.cards("cluster")]
    names.sort(key=lambda name: name != CLUSTER_MODEL)

    with gr.Row(elem_classes="work"):
        with gr.Column(scale=2, min_width=300):
            picture = picture_input(height=220, elem_id="cluster-picture")
            pick = gallery_input(elem_id="cluster-examples")
            model = gr.Radio(names, value=names[0], label=say("cluster.model"), elem_id="cluster-model")
            space = gr.Radio(
                [("Lab", "lab"), ("RGB", "rgb")],
                value=SPACES[0],
                label=say("cluster.space"),
                info=say("cluster.space_help"),
                elem_id="cluster-space",
            )
            sliders = {
                name: gr.Slider(
                    bounds.low,
                    bounds.high,
                    getattr(ClusterRequest, name),
                    step=bounds.step,
                    label=say(f"cluster.{name}"),
                    info=say(f"cluster.{name}_help"),
                    visible=_used(name, names[0]),
                    buttons=[],
                    elem_id=f"cluster-{name}",
                )
                for name, bounds in RANGES.items()
            }
            with gr.Row():
                run = gr.Button(say("cluster.run"), variant="primary", min_width=120, elem_id="cluster-run")
                stop = gr.Button(say("page.stop"), interactive=False, min_width=80, elem_id="cluster-stop")
            about = gr.HTML(elem_classes="about", padding=False)
        with gr.Column(scale=5, min_width=300):
            view = viewer(VIEWS, tab=NAME, elem_id="cluster-viewer")
            row, downloads = download_row(NAME)
            with gr.Column(visible=False, elem_id="cluster-measured") as measured:
                best = gr.Markdown(elem_classes="help")
                with gr.Row() as curves:
                    lines = [gr.LinePlot(height=240, min_width=260) for _ in range(2)]
                with gr.Row():
                    points = [gr.ScatterPlot(height=300, min_width=260) for _ in range(2)]
                silhouettes = gr.HTML(elem_classes="silhouettes", padding=False)
    options: list[Any] = [model, space, *sliders.values()]
    outputs = [picture, view, row, *downloads, measured, best, curves, *lines, *points, silhouettes]

    def nothing() -> dict[Any, Any]:
        hidden = {row: gr.Row(visible=False), measured: gr.Column(visible=False)}
        return {picture: None, view: None, **hidden}

    def describe(name: str, request: gr.Request) -> list[Any]:
        visible = [gr.Slider(visible=_used(each, name)) for each in sliders]
        return [cards.beside(registry.card(name), language_of(request)), *visible]

    def cluster(
        file: Path | None,
        name: str,
        space: Space,
        k: int,
        eps: float,
        min_samples: int,
        position: float,
        texture: float,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[dict[Any, Any], None, None]:
        picked = yield from opened(file, nothing())
        if picked is None:
            return
        image, stem = picked
        language = language_of(request)
        card = registry.card(name, "cluster")
        asked = ClusterRequest(image, k, space, position, texture, eps, min_samples, CURVE_TO)
        done = yield from steps(engine, name, asked, progress, language)
        found = done.value
        named = export.card_for(card, image, found)
        yield {
            view: contents(named, image, found) | _told(card, asked, done, language),
            measured: gr.Column(visible=True),
            best: gr.Markdown(_best(found, language), visible=bool(found.curve)),
            curves: gr.Row(visible=bool(found.curve)),
            **dict(zip(lines, _lines(found, language), strict=True)),
            **dict(zip(points, _points(named, found, space, language), strict=True)),
            silhouettes: _silhouettes(named, found, language),
        }
        files = segmentation_buttons(named, image, found, stem, language)
        yield {row: gr.Row(visible=True), **dict(zip(downloads, files, strict=True))}

    on_device(
        [picture.input, model.input, space.input, *(each.release for each in sliders.values()), run.click],
        cluster,
        [picture, *options],
        outputs,
        stop=stop,
        shows=view,
    )
    on_choice(pick, picture, run)
    model.change(describe, model, [about, *sliders.values()], **QUIET)
    remember(NAME, {"model": model, "space": space, **sliders})

    def fill(link: Link, language: str) -> Values:
        chosen = link.choice("model", names)
        picked = link.choice("space", SPACES)
        numbers = {
            name: link.number(name, bounds.low, bounds.high, getattr(ClusterRequest, name))
            for name, bounds in RANGES.items()
        }
        link.choice("show", VIEWS)  # these two are the viewer's own, which reads the address itself
        link.whole("opacity", range(101), 0)
        titles = [(registry.card(name).title[language], name) for name in names]
        return {
            pick: gallery(SCENES, language),
            about: cards.beside(registry.card(chosen), language),
            model: gr.Radio(titles, value=chosen),
            space: picked,
            **{
                slider: gr.Slider(value=numbers[name], visible=_used(name, chosen))
                for name, slider in sliders.items()
            },
        }

    return Tab([pick, about, *options], fill)


def _used(slider: str, model: str) -> bool:
    return slider in (*OF_ALL, *registry.card(model).options.controls)


def _told(card: ModelCard, request: ClusterRequest, run: Run[Clustering], language: str) -> dict[str, str]:
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
    return {"sentence": sentence, "notice": " ".join(export.remarks(card, request, found, language))}


def _best_k(found: Clustering) -> tuple[int, float]:
    """The number of clusters on the curve with the highest silhouette, and that silhouette."""
    k, _, silhouette = max(found.curve, key=lambda point: point[2])
    return k, silhouette


def _best(found: Clustering, language: str) -> str:
    if not found.curve:
        return ""
    k, silhouette = _best_k(found)
    return words(language, "cluster.best", k=k, silhouette=f"{silhouette:.2f}", most=found.curve[-1][0])


def _lines(found: Clustering, language: str) -> list[gr.LinePlot]:
    """Inertia and silhouette over k, each with an upright line at the best k."""
    if not found.curve:
        return [gr.LinePlot(None), gr.LinePlot(None)]
    best, _ = _best_k(found)
    mark = words(language, "cluster.best_k", k=best)
    plots = []
    for index, kind in ((1, "inertia"), (2, "score")):
        name = words(language, f"cluster.{kind}")
        curve = [(point[0], point[index], name) for point in found.curve]
        heights = [value for _, value, _ in curve]
        upright = [(best, min(0.0, *heights), mark), (best, max(heights), mark)]
        plots.append(
            gr.LinePlot(
                pd.DataFrame([*curve, *upright], columns=["k", "value", "line"]),
                x="k",
                y="value",
                color="line",
                color_map={name: "#0d9488", mark: "#d97706"},
                y_title=name,
                color_title="",
                x_axis_format="d",
            )
        )
    return plots


def _points(card: ModelCard, found: Clustering, space: Space, language: str) -> list[gr.ScatterPlot]:
    """The sampled pixels in colour space, each in its cluster's colour, seen from two sides."""
    known = {each.id: each for each in card.classes}
    names = [known[id].name[language] for id in found.sample_labels.tolist()]
    colors = {each.name[language]: "#{:02x}{:02x}{:02x}".format(*each.color) for each in card.classes}
    values = found.sample_colors.astype(float).round(1)
    return [
        gr.ScatterPlot(
            pd.DataFrame({right: values[:, x], up: values[:, y], "cluster": names}),
            x=right,
            y=up,
            color="cluster",
            color_map=colors,
            colors_in_legend=[],
            title=words(language, "cluster.points", right=right, up=up),
        )
        for right, up, x, y in AXES[space]
    ]


def _silhouettes(card: ModelCard, found: Clustering, language: str) -> str:
    """A table with a bar for each cluster's silhouette, from -1 to 1; empty where it is undefined."""
    if not found.cluster_silhouettes:
        return ""
    known = {each.id: each for each in card.classes}
    rows = ""
    for id, value in zip(np.unique(found.sample_labels).tolist(), found.cluster_silhouettes, strict=True):
        name, color = html.escape(known[id].name[language]), "rgb({}, {}, {})".format(*known[id].color)
        left, width = 50 + min(0, 50 * value), abs(50 * value)
        rows += (
            f"<tr><th scope='row'><i style='background: {color}'></i>{name}</th>"
            f"<td class='bar'><i style='left: {left:.1f}%; width: {width:.1f}%'></i></td>"
            f"<td>{value:.2f}</td></tr>"
        )
    caption = words(language, "cluster.silhouettes", sample=f"{found.sample_pixels:,}")
    return f"<p>{html.escape(caption)}</p><table>{rows}</table>"
