"""Group the pixels of a picture without labels, and see how well the groups are told apart."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from segen import registry
from segen.imaging import export
from segen.text import words
from segen.types import SPACES, ClusterRequest, Space
from segen.ui.api import CLUSTER_MODEL
from segen.ui.framework.downloads import download_row, segmentation_buttons
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Link, Values, remember
from segen.ui.framework.queue import QUIET, on_device, press, press_when_moved, steps
from segen.ui.tabs.segment.clusters import CURVE_TO, best_k, lines, points, silhouettes, told
from segen.ui.tabs.segment.formulas import formulas
from segen.ui.tabs.segment.shared import Shared, View
from segen.ui.widgets import cards
from segen.ui.widgets.picture import opened
from segen.ui.widgets.viewer import contents, viewer

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "cluster"
VIEWS = ("labels", "overlay", "compare")


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


def build(engine: Engine, shared: Shared) -> View:
    """Lay out the view inside the current gr.Tab."""
    view = ClusterView(engine, shared)
    return View([*view.options.values(), view.about], view.fill)


class ClusterView:
    """The components of the view and what they do."""

    def __init__(self, engine: Engine, shared: Shared) -> None:
        self.engine, self.picture = engine, shared.picture
        names = _names()
        with gr.Row(elem_classes="controls"):
            self.model = gr.Radio(
                names, value=names[0], label=say("cluster.model"), min_width=320, elem_id="cluster-model"
            )
            self.sliders = {name: _slider(name, names[0]) for name in ("k", "eps", "min_samples")}
            run = gr.Button(say("cluster.run"), variant="primary", min_width=110, elem_id="cluster-run")
            stop = gr.Button(say("page.stop"), interactive=False, min_width=80, elem_id="cluster-stop")
        with gr.Accordion(say("cluster.features"), open=False, elem_id="cluster-features"):
            self.space = gr.Radio(
                [("Lab", "lab"), ("RGB", "rgb")],
                value=SPACES[0],
                label=say("cluster.space"),
                info=say("cluster.space_help"),
                elem_id="cluster-space",
            )
            with gr.Row():
                self.sliders |= {name: _slider(name, names[0]) for name in OF_ALL}
        self.options: dict[str, Any] = {"model": self.model, "space": self.space, **self.sliders}
        self._lay_results()
        self.about = gr.HTML(elem_classes="about", padding=False)

        press_when_moved(run, *self.sliders.values())
        on_device(
            [self.model.input, self.space.input, run.click],
            self.cluster,
            [self.picture, *self.options.values()],
            self.outputs,
            stop=stop,
            shows=self.viewer,
        )
        self.best.click(lambda best: best, self.best_k, self.sliders["k"], **QUIET).then(**press(run))
        self.model.change(self._describe, self.model, [self.about, *self.sliders.values()], **QUIET)
        remember(NAME, self.options)

    def _lay_results(self) -> None:
        self.viewer = viewer(VIEWS, tab=NAME, elem_id="cluster-viewer")
        self.best = gr.Button(visible=False, size="sm", elem_id="cluster-best")
        self.best_k = gr.Number(visible=False)
        self.row, self.downloads = download_row(NAME)
        with gr.Accordion(
            say("cluster.measured"), open=False, visible=False, elem_id="cluster-measured"
        ) as self.measured:
            with gr.Row() as self.curves:
                self.lines = [gr.LinePlot(height=240, min_width=260) for _ in range(2)]
            with gr.Row():
                self.points = [gr.ScatterPlot(height=300, min_width=260) for _ in range(2)]
            self.silhouettes = gr.HTML(elem_classes="silhouettes", padding=False)
        formulas(("kmeans", "silhouette"))
        self.outputs = [
            self.picture,
            self.viewer,
            self.best,
            self.best_k,
            self.row,
            *self.downloads,
            self.measured,
            self.curves,
            *self.lines,
            *self.points,
            self.silhouettes,
        ]

    def fill(self, link: Link, language: str) -> tuple[Values, str]:
        """What the link asks for; `show` and `opacity` are the viewer's, which reads the address itself."""
        chosen = link.choice("model", _names())
        link.choice("show", VIEWS)
        link.whole("opacity", range(101), 0)
        titles = [(registry.card(name).title[language], name) for name in _names()]
        values: Values = {
            self.about: cards.beside(registry.card(chosen), language),
            self.model: gr.Radio(titles, value=chosen),
            self.space: link.choice("space", SPACES),
        }
        for name, slider in self.sliders.items():
            bounds = RANGES[name]
            number = link.number(name, bounds.low, bounds.high, getattr(ClusterRequest, name))
            values[slider] = gr.Slider(value=number, visible=_used(name, chosen))
        return values, ""

    def cluster(
        self,
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
    ) -> Generator[Values, None, None]:
        """Group the pixels, measure the groups and make the files to take home."""
        hidden: Values = {
            self.row: gr.Row(visible=False),
            self.measured: gr.Accordion(visible=False),
            self.best: gr.Button(visible=False),
        }
        picked = yield from opened(file, {self.picture: None, self.viewer: None, **hidden})
        if picked is None:
            return
        image, stem = picked
        language = language_of(request)
        card = registry.card(name, "cluster")
        asked = ClusterRequest(image, k, space, position, texture, eps, min_samples, CURVE_TO)
        done = yield from steps(self.engine, name, asked, progress, language)
        found = done.value
        named = export.card_for(card, image, found)
        better = best_k(found)
        offered = better is not None and better[0] != k
        yield {
            self.viewer: contents(named, image, found) | told(card, asked, done, stem, language),
            self.row: gr.Row(visible=False),  # its files are of the picture before
            self.best: gr.Button(_offer(better, language), visible=offered),
            self.best_k: better[0] if better else None,
            self.measured: gr.Accordion(visible=True),
            self.curves: gr.Row(visible=bool(found.curve)),
            **dict(zip(self.lines, lines(found, language), strict=True)),
            **dict(zip(self.points, points(named, found, space, language), strict=True)),
            self.silhouettes: silhouettes(named, found, language),
        }
        files = segmentation_buttons(named, image, found, stem, language)
        yield {self.row: gr.Row(visible=True), **dict(zip(self.downloads, files, strict=True))}

    def _describe(self, name: str, request: gr.Request) -> Values:
        visible: Values = {each: gr.Slider(visible=_used(part, name)) for part, each in self.sliders.items()}
        return visible | {self.about: cards.beside(registry.card(name), language_of(request))}


def _names() -> list[str]:
    names = [card.name for card in registry.cards("cluster")]
    return sorted(names, key=lambda name: name != CLUSTER_MODEL)


def _slider(name: str, model: str) -> gr.Slider:
    bounds = RANGES[name]
    return gr.Slider(
        bounds.low,
        bounds.high,
        getattr(ClusterRequest, name),
        step=bounds.step,
        label=say(f"cluster.{name}"),
        info=say(f"cluster.{name}_help"),
        visible=_used(name, model),
        buttons=[],
        elem_id=f"cluster-{name}",
    )


def _used(slider: str, model: str) -> bool:
    return slider in (*OF_ALL, *registry.card(model).options.controls)


def _offer(better: tuple[int, float] | None, language: str) -> str:
    """The best number of clusters, as what the button to try it says."""
    if better is None:
        return ""
    k, silhouette = better
    return words(language, "cluster.best", k=k, silhouette=f"{silhouette:.2f}", most=CURVE_TO)
