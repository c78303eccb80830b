"""Look into a network: what each layer makes of a picture, and what one convolution does to it."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from segen import registry
from segen.errors import InputError, WeightsError
from segen.imaging.kernels import ACTIVATIONS, KERNELS, PADDINGS, POOLINGS, STRIDES, Padding, Pooling
from segen.registry import ModelCard
from segen.text import words
from segen.types import (
    ClassifyRequest,
    ContextRequest,
    FeaturesRequest,
    Image,
    KernelsRequest,
    SegmentRequest,
)
from segen.ui.framework.component import component
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Link, Values, remember
from segen.ui.framework.queue import CLICKED, QUIET, on_device, press, steps
from segen.ui.framework.templates import render
from segen.ui.tabs.segment import context
from segen.ui.tabs.segment.convolution import Trial, kernel_names, kernels_to_choose, tried
from segen.ui.tabs.segment.formulas import formulas
from segen.ui.tabs.segment.network import drawing, layers, maps
from segen.ui.tabs.segment.one_label import both, places
from segen.ui.tabs.segment.shared import ModelChoice, Shared, View
from segen.ui.widgets.picture import opened

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "inside"
MIDDLE = 0.5
"""The place that is looked at first, as a share of a side."""
VIEWS = ("maps", "kernels", "label", "context")


def build(engine: Engine, shared: Shared) -> View:
    """Lay out the view inside the current gr.Tab."""
    view = InsideView(engine, shared)
    return View([*view.choice.outputs, view.trial, *view.options.values()], view.fill, view.choice)


class InsideView:
    """The components of the view and what they do."""

    def __init__(self, engine: Engine, shared: Shared) -> None:
        self.engine, self.picture = engine, shared.picture
        with gr.Row(elem_classes="controls"):
            self.choice = ModelChoice(NAME)
            run = gr.Button(say("inside.run"), variant="primary", min_width=110, elem_id="inside-run")
            stop = gr.Button(say("page.stop"), interactive=False, min_width=80, elem_id="inside-stop")
        view = gr.Radio(VIEWS, value=VIEWS[0], label=say("inside.view"), elem_id="inside-view")
        trials = self._lay_trial()
        with gr.Row():
            with gr.Column(scale=2, min_width=280):
                self.choices = component(
                    "layers", elem_classes="inside", padding=False, elem_id="inside-choices"
                )
            with gr.Column(scale=3, min_width=300):
                self.panel = gr.HTML(elem_classes="inside", padding=False, elem_id="inside-panel")
        self.list = component("layers", elem_classes="inside", padding=False, elem_id="inside-layers")
        formulas(("attention", "gru"))
        self.choice.lay_about()
        self.layer = gr.Textbox(visible=False)
        self.kernel = gr.Textbox(next(iter(KERNELS)), visible=False)
        self.place = {side: gr.Number(MIDDLE, visible=False) for side in ("x", "y")}
        chosen = {"show": view, "layer": self.layer, "kernel": self.kernel, **self.place}
        self.options: dict[str, Any] = {**chosen, **trials}

        model = self.choice.model
        picked = [self.layer, self.kernel, *self.place.values()]
        results = [self.panel, self.choices, self.list, self.layer, self.kernel]
        on_device(
            [view.input, *(each.input for each in trials.values()), run.click],
            self.look,
            [self.picture, model, *self.options.values()],
            [self.picture, *results],
            stop=stop,
            shows=self.panel,
        )
        for buttons in (self.choices, self.list):
            buttons.choose(self._choose, None, picked, **CLICKED).then(**press(run))
        view.change(lambda view: gr.Row(visible=view == "kernels"), view, self.trial, **QUIET)
        remember(NAME, {"model": model, **self.options})

    def _lay_trial(self) -> dict[str, gr.Radio]:
        """The choices for one convolution of the picture, hidden but for the view of kernels."""
        allowed = {
            "stride": list(STRIDES),
            "padding": PADDINGS,
            "activation": list(ACTIVATIONS),
            "pooling": POOLINGS,
        }
        with gr.Row(visible=False, elem_id="inside-trial") as self.trial:
            return {
                part: gr.Radio(each, value=each[0], label=say(f"inside.{part}"), min_width=340)
                for part, each in allowed.items()
            }

    def fill(self, link: Link, language: str) -> tuple[Values, str]:
        """What the link asks for; which layers and kernels there are, the network knows."""
        values, dataset = self.choice.fill(link, language)
        show = link.choice("show", VIEWS)

        def radio(part: str, allowed: tuple[str, ...]) -> gr.Radio:
            named = [(words(language, f"inside.{part}_{each}"), each) for each in allowed]
            return gr.Radio(named, value=link.choice(part, allowed))

        filled = {
            "show": gr.Radio([(words(language, f"inside.{each}"), each) for each in VIEWS], value=show),
            "layer": link.options.get("layer", ""),
            "kernel": link.options.get("kernel", next(iter(KERNELS))),
            **{side: link.number(side, 0.0, 1.0, MIDDLE) for side in self.place},
            "stride": link.whole("stride", STRIDES, 1),
            "padding": radio("padding", PADDINGS),
            "activation": radio("activation", tuple(ACTIVATIONS)),
            "pooling": radio("pooling", POOLINGS),
        }
        values |= {self.options[name]: value for name, value in filled.items()}
        return values | {self.trial: gr.Row(visible=show == "kernels")}, dataset

    def look(
        self,
        file: Path | None,
        name: str,
        view: str,
        layer: str,
        kernel: str,
        x: float,
        y: float,
        stride: int,
        padding: Padding,
        activation: str,
        pooling: Pooling,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[Values, None, None]:
        """Show what the network has, or makes of the picture, as `view` asks."""
        language = language_of(request)
        nothing = dict.fromkeys([self.panel, self.choices, self.list], "")
        picked = yield from opened(file, {self.picture: None, **nothing})
        if picked is None:
            return
        image, _ = picked
        card = registry.card(name, "segment")
        if view == "kernels":
            trial = Trial(kernel, stride, padding, activation, pooling)
            shown = yield from self._kernels(card, image, trial, progress, language)
        elif view == "context":
            shown = yield from self._context(card, image, (x, y), progress, language)
        elif view == "label":
            shown = yield from self._one_label(card, image, progress, language)
        else:
            shown = yield from self._maps(name, image, layer, progress, language)
        yield {self.list: "", **shown}

    def _maps(
        self, name: str, image: Image, layer: str, progress: gr.Progress, language: str
    ) -> Generator[Values, None, Values]:
        """The maps of a layer, the first one where the network has none of that name."""
        said = ""
        try:
            done = yield from steps(self.engine, name, FeaturesRequest(image, layer), progress, language)
        except InputError as error:
            if error.key != "unknown_layer":
                raise
            said = error.sentence(language)
            done = yield from steps(self.engine, name, FeaturesRequest(image), progress, language)
        found = done.value
        return {
            self.panel: _notice(said) + maps(found, language),
            self.choices: drawing(found, language),
            self.list: layers(found, language),
            self.layer: found.layer.name,
        }

    def _kernels(
        self, card: ModelCard, image: Image, trial: Trial, progress: gr.Progress, language: str
    ) -> Generator[Values, None, Values]:
        """One convolution of the picture, by the first kernel where there is none of that name."""
        done = yield from steps(self.engine, card.name, KernelsRequest(), progress, language)
        learned = done.value
        known = kernel_names(learned)
        chosen = trial.kernel if trial.kernel in known else known[0]
        said = "" if chosen == trial.kernel else words(language, "inside.no_kernel")
        return {
            self.panel: _notice(said) + tried(image, learned, trial.by(chosen), language),
            self.choices: kernels_to_choose(learned, chosen, card.title[language], language),
            self.kernel: chosen,
        }

    def _one_label(
        self, card: ModelCard, image: Image, progress: gr.Progress, language: str
    ) -> Generator[Values, None, Values]:
        """One label for the whole picture beside one for each pixel, where there are ImageNet weights."""
        pixels = yield from steps(self.engine, card.name, SegmentRequest(image), progress, language)
        try:
            whole = yield from steps(self.engine, card.name, ClassifyRequest(image), progress, language)
        except WeightsError as error:
            if error.key != "imagenet_missing":
                raise
            return {self.panel: _notice(error.sentence(language)), self.choices: ""}
        return {
            self.panel: places(card, image, pixels.value, whole.value, language),
            self.choices: both(card, pixels.value, whole.value, language),
        }

    def _context(
        self,
        card: ModelCard,
        image: Image,
        place: tuple[float, float],
        progress: gr.Progress,
        language: str,
    ) -> Generator[Values, None, Values]:
        """How a place of the picture gets its context, where the network has one to look into."""
        work = ContextRequest(image, *place)
        try:
            found = (yield from steps(self.engine, card.name, work, progress, language)).value
        except InputError as error:
            if error.key != "no_context":
                raise
            return {self.panel: _notice(error.sentence(language)), self.choices: ""}
        parts = card, image, found, language
        return {self.panel: context.seen(*parts), self.choices: context.chosen(*parts)}

    def _choose(self, event: gr.EventData) -> Values:
        if event.kind == "place":
            return {part: _share(getattr(event, side)) for side, part in self.place.items()}
        return {self.layer if event.kind == "layer" else self.kernel: event.choice}


def _share(sent: object) -> float:
    """A share of a side that the page sent, if it is a number of 0 to 1, in few digits."""
    return round(float(sent), 4) if isinstance(sent, int | float) and 0 <= sent <= 1 else MIDDLE


def _notice(sentence: str) -> str:
    return render("tabs/segment/notice.html", sentence=sentence) if sentence else ""
