"""Look into a network: what each layer makes of a picture, and what one convolution does to it."""

from __future__ import annotations

import html
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from segen import registry
from segen.errors import InputError, WeightsError
from segen.imaging import export, images, kernels
from segen.imaging.kernels import ACTIVATIONS, KERNELS, PADDINGS, POOLINGS, STRIDES, Padding, Pooling
from segen.registry import ModelCard, segmenters
from segen.text import words
from segen.types import (
    Classification,
    ClassifyRequest,
    Features,
    FeaturesRequest,
    Image,
    Kernels,
    KernelsRequest,
    Segmentation,
    SegmentRequest,
)
from segen.ui.framework.figures import colored, figure, lit, png, shades
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Link, Tab, Values, remember
from segen.ui.framework.queue import QUIET, on_device, picks, press, steps
from segen.ui.widgets import cards
from segen.ui.widgets.examples import OF_DATASET, STREETS
from segen.ui.widgets.gallery import gallery, gallery_input, on_choice
from segen.ui.widgets.picture import opened, picture_input

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "inside"
VIEWS = ("maps", "kernels", "label")
SHOWN_SIDE = 360
"""The longer side of the picture that a convolution is tried on, and of those with labels."""
SHARES = 5
"""So many classes are listed beside the five labels."""
LEARNED = "learned-"
"""With its number from 1 on, the name of a kernel that the network learned."""

_CHOOSE = """let chosen = false;
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-choice]");
  if (!button) return;
  chosen = true;
  trigger("choose", { kind: button.dataset.kind, choice: button.dataset.choice });
});
watch("value", () => requestAnimationFrame(() => {
  const button = element.querySelector("[aria-pressed=true]");
  const list = button?.closest(".layers");
  if (list) list.scrollTop = button.offsetTop - list.clientHeight / 2;
  if (chosen) button?.focus({ preventScroll: true });
  chosen = false;
}));"""


def build(engine: Engine) -> Tab:
    """Lay out the tab inside the current gr.Tab."""
    names = [card.name for card in segmenters()]

    with gr.Row(elem_classes="work"):
        with gr.Column(scale=2, min_width=300):
            picture = picture_input(height=220, elem_id="inside-picture")
            pick = gallery_input(elem_id="inside-examples")
            model = gr.Dropdown(names, value=names[0], label=say("inside.model"), elem_id="inside-model")
            with gr.Row():
                run = gr.Button(say("inside.run"), variant="primary", min_width=120, elem_id="inside-run")
                stop = gr.Button(say("page.stop"), interactive=False, min_width=80, elem_id="inside-stop")
            about = gr.HTML(elem_classes="about", padding=False)
        with gr.Column(scale=5, min_width=300):
            view = gr.Radio(VIEWS, value=VIEWS[0], label=say("inside.view"), elem_id="inside-view")
            with gr.Row(visible=False, elem_id="inside-trial") as trial:
                stride = gr.Radio(list(STRIDES), value=1, label=say("inside.stride"), min_width=340)
                padding = gr.Radio(PADDINGS, value=PADDINGS[0], label=say("inside.padding"), min_width=340)
                activation = gr.Radio(
                    list(ACTIVATIONS), value="none", label=say("inside.activation"), min_width=340
                )
                pooling = gr.Radio(POOLINGS, value="none", label=say("inside.pooling"), min_width=340)
            with gr.Row():
                with gr.Column(scale=3, min_width=300):
                    panel = gr.HTML(elem_classes="inside", padding=False, elem_id="inside-panel")
                with gr.Column(scale=2, min_width=280):
                    choices = gr.HTML(
                        elem_classes="inside", padding=False, js_on_load=_CHOOSE, elem_id="inside-choices"
                    )
    layer = gr.Textbox(visible=False)
    kernel = gr.Textbox(next(iter(KERNELS)), visible=False)
    trials = {"stride": stride, "padding": padding, "activation": activation, "pooling": pooling}
    options: dict[str, Any] = {"model": model, "show": view, "layer": layer, "kernel": kernel, **trials}

    def look(
        file: Path | None,
        name: str,
        view: str,
        asked_layer: str,
        asked_kernel: str,
        stride: int,
        padding: Padding,
        activation: str,
        pooling: Pooling,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[dict[Any, Any], None, None]:
        language = language_of(request)
        picked = yield from opened(file, {picture: None, panel: _empty(language), choices: ""})
        if picked is None:
            return
        image, _ = picked
        card = registry.card(name, "segment")
        if view == "kernels":
            learned = (yield from steps(engine, name, KernelsRequest(), progress, language)).value
            known = [*KERNELS, *(f"{LEARNED}{number + 1}" for number in range(len(learned.weights)))]
            chosen = asked_kernel if asked_kernel in known else known[0]
            said = "" if chosen == asked_kernel else words(language, "inside.no_kernel")
            tried = _tried(image, learned, chosen, stride, padding, activation, pooling, language)
            yield {
                panel: _notice(said) + tried,
                choices: _kernels(learned, chosen, card.title[language], language),
                kernel: chosen,
            }
            return
        if view == "label":
            classes = (yield from steps(engine, name, SegmentRequest(image), progress, language)).value
            try:
                whole = (yield from steps(engine, name, ClassifyRequest(image), progress, language)).value
            except WeightsError as error:
                if error.key != "imagenet_missing":
                    raise
                yield {panel: _notice(error.sentence(language)), choices: ""}
                return
            yield {
                panel: _places(card, image, classes, whole, language),
                choices: _both(card, classes, whole, language),
            }
            return
        said = ""
        try:
            found = yield from steps(engine, name, FeaturesRequest(image, asked_layer), progress, language)
        except InputError as error:
            if error.key != "unknown_layer":
                raise
            said = error.sentence(language)
            found = yield from steps(engine, name, FeaturesRequest(image), progress, language)
        yield {
            panel: _notice(said) + _maps(found.value, language),
            choices: _layers(found.value, language),
            layer: found.value.layer.name,
        }

    on_device(
        [
            picture.input,
            picks(model).change,
            view.input,
            *(each.input for each in trials.values()),
            run.click,
        ],
        look,
        [picture, *options.values()],
        [picture, panel, choices, layer, kernel],
        stop=stop,
        shows=panel,
    )
    on_choice(pick, picture, run)

    def choose(event: gr.EventData) -> dict[Any, str]:
        return {layer if event.kind == "layer" else kernel: event.choice}

    choices.choose(choose, None, [layer, kernel], **QUIET).then(**press(run))

    def describe(name: str, request: gr.Request) -> list[str]:
        card, language = registry.card(name), language_of(request)
        return [gallery(OF_DATASET.get(card.dataset, STREETS), language), cards.beside(card, language)]

    model.change(describe, model, [pick, about], **QUIET)
    view.change(lambda view: gr.Row(visible=view == "kernels"), view, trial, **QUIET)
    remember(NAME, options)

    def fill(link: Link, language: str) -> Values:
        card = registry.card(link.choice("model", names))
        titles = [(registry.card(name).title[language], name) for name in names]
        show = link.choice("show", VIEWS)

        def radio(part: str, allowed: tuple[str, ...]) -> gr.Radio:
            named = [(words(language, f"inside.{part}_{each}"), each) for each in allowed]
            return gr.Radio(named, value=link.choice(part, allowed))

        return {
            pick: gallery(OF_DATASET.get(card.dataset, STREETS), language),
            about: cards.beside(card, language),
            panel: _empty(language),
            trial: gr.Row(visible=show == "kernels"),
            model: gr.Dropdown(titles, value=card.name),
            view: gr.Radio([(words(language, f"inside.{each}"), each) for each in VIEWS], value=show),
            layer: link.options.get("layer", ""),  # which layers and kernels there are, the network knows
            kernel: link.options.get("kernel", next(iter(KERNELS))),
            stride: link.whole("stride", STRIDES, 1),
            padding: radio("padding", PADDINGS),
            activation: radio("activation", tuple(ACTIVATIONS)),
            pooling: radio("pooling", POOLINGS),
        }

    return Tab([pick, about, panel, trial, *options.values()], fill)


def _empty(language: str) -> str:
    return f"<p class='empty'>{html.escape(words(language, 'inside.empty'))}</p>"


def _notice(sentence: str) -> str:
    return f"<p class='notice' role='status'>{html.escape(sentence)}</p>" if sentence else ""


def _maps(found: Features, language: str) -> str:
    """The strongest feature maps, each scaled to its own largest value, with what their shape means."""
    channels, height, width = found.layer.shape
    values = {
        "layer": found.layer.name,
        "channels": f"{channels:,}",
        "height": height,
        "width": width,
        "down": found.input_size[0] // height,
        "across": found.input_size[1] // width,
        "input_height": found.input_size[0],
        "input_width": found.input_size[1],
        "shown": len(found.channels),
    }
    figures = "".join(
        figure(
            colored(plane), words(language, "inside.channel", number=channel + 1, strength=f"{strength:.2f}")
        )
        for channel, strength, plane in zip(found.channels, found.strengths, found.maps, strict=True)
    )
    low, high = (html.escape(words(language, f"inside.{end}")) for end in ("low", "high"))
    return (
        f"<p>{html.escape(words(language, 'inside.shape', **values))}</p>"
        f"<p class='scale'>{low}<i></i>{high}</p>"
        f"<div class='maps'>{figures}</div>"
    )


def _layers(found: Features, language: str) -> str:
    """The layers as buttons, in the order they ran, the one that is shown pressed."""
    rows = "".join(
        f"<button type='button' data-kind='layer' data-choice='{html.escape(each.name)}'"
        f" aria-pressed='{str(each == found.layer).lower()}'>"
        f"<span>{html.escape(each.kind)}<code>{html.escape(each.name)}</code></span>"
        f"<span>{' × '.join(map(str, each.shape))}</span><span>{each.parameters:,}</span></button>"
        for each in found.layers
    )
    heads = "".join(
        f"<span>{html.escape(words(language, f'inside.{column}'))}</span>"
        for column in ("layer", "output", "parameters")
    )
    caption = html.escape(words(language, "inside.layers", count=len(found.layers)))
    return f"<p>{caption}</p><div class='layers'><div class='heads'>{heads}</div>{rows}</div>"


def _tried(
    image: Image,
    learned: Kernels,
    name: str,
    stride: int,
    padding: Padding,
    activation: str,
    pooling: Pooling,
    language: str,
) -> str:
    """One convolution, activation and pooling of the picture beside it, the sizes in words, its edges."""
    image = images.fit(image, SHOWN_SIDE)
    if name in KERNELS:
        pixels, weights, bias = kernels.grey(image), KERNELS[name][None], 0.0
    else:
        number = int(name.removeprefix(LEARNED)) - 1
        pixels, weights, bias = kernels.color(image), learned.weights[number], float(learned.biases[number])
    side = weights.shape[-1]
    zeros = kernels.padding_of(side, padding)
    convolved = kernels.convolve(pixels, weights, stride, zeros, bias)
    output = kernels.pool(ACTIVATIONS[activation](convolved), pooling)
    sums = [
        words(
            language,
            f"inside.size_{along}",
            size=size,
            padding=zeros,
            kernel=side,
            stride=stride,
            found=kernels.output_size(size, side, stride, zeros),
        )
        for along, size in (("width", pixels.shape[2]), ("height", pixels.shape[1]))
    ]
    if pooling != "none":
        height, width = output.shape
        sums.append(words(language, "inside.size_pooled", width=width, height=height))
    lines = "".join(f"<span class='line'>{html.escape(each)}</span>" for each in sums)
    low, high = (f"{value:.2f}".replace("-", "−") for value in (output.min(), output.max()))
    caption = words(language, "inside.tried", kernel=_kernel_name(name, language), low=low, high=high)
    before = image.mean(axis=2).round().astype(np.uint8) if name in KERNELS else image
    figures = (
        figure(png(before), words(language, "inside.before")),
        figure(png(shades(output)), caption, "tried"),
        figure(png(shades(kernels.sobel(image))), words(language, "inside.sobel")),
        figure(png(shades(kernels.canny(image))), words(language, "inside.canny")),
    )
    return f"<p>{lines}</p><div class='trials'>{''.join(figures)}</div>"


def _kernels(learned: Kernels, chosen: str, model: str, language: str) -> str:
    """All kernels as small tiles to click: the well-known ones in grey, the learned ones in colour."""

    def tile(name: str, weights: NDArray[np.float32], caption: str) -> str:
        label = html.escape(_kernel_name(name, language), quote=True)
        scaled = np.rint(127.5 + 127.5 * weights / (np.abs(weights).max() or 1)).astype(np.uint8)
        return (
            f"<button type='button' data-kind='kernel' data-choice='{name}' aria-label='{label}'"
            f" aria-pressed='{str(name == chosen).lower()}'>"
            f"<img src='{png(scaled)}' alt=''>{html.escape(caption)}</button>"
        )

    known = "".join(tile(name, weights, _kernel_name(name, language)) for name, weights in KERNELS.items())
    own = "".join(
        tile(f"{LEARNED}{number}", weights.transpose(1, 2, 0), str(number))
        for number, weights in enumerate(learned.weights, 1)
    )
    count, side = len(learned.weights), learned.weights.shape[-1]
    learned_words = words(language, "inside.learned", model=model, count=count, side=side)
    return (
        f"<p>{html.escape(words(language, 'inside.known'))}</p><div class='tiles named'>{known}</div>"
        f"<p>{html.escape(learned_words)}</p><div class='tiles'>{own}</div>"
    )


def _kernel_name(name: str, language: str) -> str:
    if name in KERNELS:
        return words(language, f"inside.kernel_{name}")
    return words(language, "inside.kernel_learned", number=name.removeprefix(LEARNED))


def _places(card: ModelCard, image: Image, found: Segmentation, whole: Classification, language: str) -> str:
    """The picture with a label for each pixel, then where each of the labels for the whole comes from."""
    small = images.fit(image, SHOWN_SIDE)
    labelled = images.fit(export.overlay(card, image, found.labels), SHOWN_SIDE)
    pixels = figure(png(labelled), words(language, "inside.pixels"))
    figures = pixels + Markup().join(
        figure(png(lit(small, activation)), f"{label} · {probability:.1%}")
        for label, probability, activation in zip(
            whole.labels, whole.probabilities, whole.activations, strict=True
        )
    )
    sentence = html.escape(words(language, "inside.activation_maps"))
    return f"<p>{sentence}</p><div class='trials'>{figures}</div>"


def _both(card: ModelCard, found: Segmentation, whole: Classification, language: str) -> str:
    """The likeliest labels of the whole picture, and the largest classes of its pixels, as bars."""
    counts = np.bincount(found.labels.ravel(), minlength=256) / found.labels.size
    classes = sorted(card.classes, key=lambda known: -counts[known.id])[:SHARES]
    lists = {
        "one_label": list(zip(whole.labels, whole.probabilities, strict=True)),
        "pixel_labels": [(known.name[language].replace("_", " "), counts[known.id]) for known in classes],
    }
    return "".join(
        f"<p>{html.escape(words(language, f'inside.{title}'))}</p><ol class='shares'>"
        + "".join(
            f"<li>{html.escape(name)}<b>{share:.1%}</b><i style='width: {share:.1%}'></i></li>"
            for name, share in entries
        )
        + "</ol>"
        for title, entries in lists.items()
    )
