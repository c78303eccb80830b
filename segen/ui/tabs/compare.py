"""Compare networks: one picture through every model of a data set, and a map of where they disagree."""

from __future__ import annotations

import csv
import io
import math
import traceback
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np

from segen import errors, registry
from segen.errors import SegenError
from segen.evaluation.voting import Vote, agreement, vote
from segen.imaging import export, images
from segen.registry import SEGMENT_MODEL, ModelCard, Reached
from segen.text import device_name, split_name, words
from segen.types import Image, Labels, SegmentRequest
from segen.ui.framework.data_uri import data_uri
from segen.ui.framework.downloads import download_button, saved
from segen.ui.framework.figures import lit, sheet
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Link, Tab, Values, remember
from segen.ui.framework.queue import QUIET, on_device, steps
from segen.ui.widgets.examples import OF_DATASET, STREETS
from segen.ui.widgets.gallery import gallery, gallery_input, on_choice
from segen.ui.widgets.picture import opened, picture_input

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "compare"
SIDE = 640
"""The longer side, at most, of the picture that all get: networks work at no more."""

HEADINGS = (
    "model",
    "title",
    "metric",
    "value",
    "split",
    "parameters",
    "multiply_adds",
    "milliseconds",
    "device",
    "agreement",
    "fault",
)
"""Of the table to take home: `metric` is that of `Reached`, `agreement` is with the majority."""


@dataclass(frozen=True)
class Answer:
    """What one model made of the picture in `seconds` on `device`, or the sentence that says why nothing.

    `shown` is the picture under the colours of the labels, as an address.
    """

    card: ModelCard
    labels: Labels | None = None
    shown: str = ""
    seconds: float = 0.0
    device: str = ""
    fault: str = ""


def build(engine: Engine) -> Tab:
    """Lay out the tab inside the current gr.Tab."""
    datasets = compared_datasets()

    with gr.Row(elem_classes="work"):
        with gr.Column(scale=2, min_width=300):
            picture = picture_input(height=220, elem_id="compare-picture")
            pick = gallery_input(elem_id="compare-examples")
            data = gr.Radio(datasets, value=datasets[0], label=say("compare.data"), elem_id="compare-data")
            with gr.Row():
                run = gr.Button(say("compare.run"), variant="primary", min_width=120, elem_id="compare-run")
                stop = gr.Button(say("page.stop"), interactive=False, min_width=80, elem_id="compare-stop")
        with gr.Column(scale=5, min_width=300):
            told = gr.HTML(elem_classes="told", padding=False, elem_id="compare-told")
            grid = gr.HTML(elem_classes="compare", padding=False, elem_id="compare-grid")
            with gr.Row(visible=False, elem_classes="downloads") as row:
                downloads = [
                    download_button(f"compare.{kind}", elem_id=f"compare-{kind}")
                    for kind in ("table", "sheet")
                ]

    def compare(
        file: Path | None,
        dataset: str,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[dict[Any, Any], None, None]:
        language = language_of(request)
        nothing = {picture: None, told: "", grid: _empty(language), row: gr.Row(visible=False)}
        picked = yield from opened(file, nothing)
        if picked is None:
            return
        read, stem = picked
        image = images.fit(read, SIDE)
        chosen = compared(dataset)
        answers: list[Answer] = []
        yield {grid: _grid(image, chosen, answers, language), row: gr.Row(visible=False)}
        for number, card in enumerate(chosen):
            progress((number, len(chosen)), desc=words(language, "page.working"))
            answers.append((yield from _answer(engine, card, image, progress, language)))
            yield {grid: _grid(image, chosen, answers, language)}
        height, width = image.shape[:2]
        done = [answer for answer in answers if answer.labels is not None]
        yield {told: _told(done, width, height, language)}
        if done:
            files = [
                saved(f"{stem}.models.csv", table(answers)),
                saved(f"{stem}.models.png", images.encode(whole(image, answers))),
            ]
            yield {row: gr.Row(visible=True), **dict(zip(downloads, files, strict=True))}

    on_device(
        [picture.input, data.input, run.click],
        compare,
        [picture, data],
        [picture, told, grid, row, *downloads],
        stop=stop,
        shows=told,
    )
    on_choice(pick, picture, run)

    def describe(dataset: str, request: gr.Request) -> str:
        return gallery(OF_DATASET.get(dataset, STREETS), language_of(request))

    data.change(describe, data, pick, **QUIET)
    remember(NAME, {"data": data})

    def fill(link: Link, language: str) -> Values:
        chosen = link.choice("data", datasets)
        titles = [(registry.dataset_title(dataset)[language], dataset) for dataset in datasets]
        return {
            pick: gallery(OF_DATASET.get(chosen, STREETS), language),
            data: gr.Radio(titles, value=chosen),
            grid: _empty(language),
        }

    return Tab([pick, data, grid], fill)


def compared_datasets() -> list[str]:
    """The data sets that more than one network learned from, the default model's first."""
    counts = Counter(card.dataset for card in registry.cards("segment"))
    several = [dataset for dataset, count in counts.items() if count > 1]
    return sorted(several, key=lambda dataset: dataset != registry.card(SEGMENT_MODEL).dataset)


def compared(dataset: str) -> list[ModelCard]:
    """The models of a data set, the one that was measured best first, those not measured last."""

    def measured(card: ModelCard) -> float:
        found = card.reached()
        return found.value if found else -1.0

    known = [card for card in registry.cards("segment") if card.dataset == dataset]
    return sorted(known, key=measured, reverse=True)


def _answer(
    engine: Engine, card: ModelCard, image: Image, progress: gr.Progress, language: str
) -> Generator[dict[str, Any], None, Answer]:
    """One model's answer; a fault is told in its place, so that the others go on."""
    try:
        if card.name not in engine.loaded():  # the first pass of a network is slow: it must not count
            yield from steps(engine, card.name, SegmentRequest(image), progress, language)
        done = yield from steps(engine, card.name, SegmentRequest(image), progress, language)
    except Exception as fault:
        if not isinstance(fault, SegenError):
            traceback.print_exc()
        return Answer(card, fault=errors.sentence(fault, language))
    shown = _source(export.overlay(card, image, done.value.labels))
    return Answer(card, done.value.labels, shown, done.seconds, done.device)


def _vote(answers: Sequence[Answer]) -> Vote | None:
    maps = [answer.labels for answer in answers if answer.labels is not None]
    return vote(maps) if maps else None


def _empty(language: str) -> str:
    return f"<p class='empty'>{escape(words(language, 'compare.empty'))}</p>"


def _told(done: Sequence[Answer], width: int, height: int, language: str) -> str:
    if not done:
        return ""
    sentence = words(
        language,
        "compare.took",
        width=width,
        height=height,
        device=device_name(done[0].device),
        models=len(done),
    )
    return f"<p>{escape(sentence)}</p>"


def _grid(image: Image, cards: Sequence[ModelCard], answers: Sequence[Answer], language: str) -> str:
    """The picture, what most models say, where they differ, and each of them; those to come are blank."""
    found = _vote(answers)
    shape = "aspect-ratio: {1} / {0}".format(*image.shape)
    cells = [_cell(_source(image), words(language, "compare.picture"), "", shape)]
    if found is None:
        cells += [_cell("", words(language, f"compare.{key}"), "", shape) for key in ("majority", "dissent")]
    else:
        agreed = words(language, "compare.unanimous", share=f"{found.unanimous():.1%}")
        most = words(language, "compare.most", share=f"{found.dissent.max():.0%}")
        labelled = _source(export.overlay(cards[0], image, found.labels))
        cells += [
            _cell(labelled, words(language, "compare.majority"), f"<p>{escape(agreed)}</p>", shape),
            _cell(
                _source(lit(image, found.dissent)),
                words(language, "compare.dissent"),
                f"<p>{escape(most)}</p>",
                shape,
                "dissent",
            ),
        ]
    said = {answer.card.name: answer for answer in answers}
    for card in cards:
        answer = said.get(card.name, Answer(card))
        cells.append(
            _cell(answer.shown, card.title[language], _facts(answer, found, language), shape, card.name)
        )
    swatches = "".join(
        "<li><i style='background: rgb({}, {}, {})'></i>{}</li>".format(
            *known.color, escape(known.name[language].replace("_", " "))
        )
        for known in cards[0].classes
    )
    return f"<ul>{swatches}</ul><div class='cells'>{''.join(cells)}</div>"


def _cell(source: str, title: str, below: str, shape: str, name: str = "") -> str:
    """A figure as large as the others: the picture at `source`, or a blank, over its title and more."""
    title = escape(title)
    shown = f"<img src='{source}' alt='{title}' style='{shape}'>" if source else f"<i style='{shape}'></i>"
    return f"<figure data-cell='{name}'>{shown}<figcaption><b>{title}</b>{below}</figcaption></figure>"


def _source(image: Image) -> str:
    return data_uri(images.encode(image, "JPEG", quality=85), "image/jpeg")


def _facts(answer: Answer, found: Vote | None, language: str) -> str:
    """What the model reached and costs, and how its answer compares, or why there is none."""
    card = answer.card
    reached = card.reached() or Reached("mean_iou", math.nan, "val", {})
    facts = {
        reached.metric: "–" if math.isnan(reached.value) else f"{reached.value:.3f}",
        "parameters": f"{card.parameters / 1e6:.1f} M" if card.parameters else "–",
        "multiply_adds": f"{card.multiply_adds / 1e9:.1f} G" if card.multiply_adds else "–",
    }
    if answer.labels is not None and found is not None:
        facts["seconds"] = f"{answer.seconds * 1e3:.0f} ms"
        facts["agreement"] = f"{agreement(answer.labels, found.labels):.1%}"
    values = {"name": reached.name.get(language, ""), "split": split_name(language, reached.split)}
    listed = "".join(
        f"<div data-fact='{fact}'><dt>{escape(words(language, f'compare.{fact}', **values))}</dt>"
        f"<dd>{value}</dd></div>"
        for fact, value in facts.items()
    )
    fault = f"<p class='fault'>{escape(answer.fault)}</p>" if answer.fault else ""
    return f"{fault}<dl>{listed}</dl>"


def table(answers: Sequence[Answer]) -> bytes:
    """A row for each model as a CSV file in UTF-8; what is not known is empty."""
    found = _vote(answers)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADINGS)
    for each in answers:
        reached = each.card.reached()
        measured = (reached.metric, round(reached.value, 4), reached.split) if reached else ("", "", "")
        took: tuple[object, ...] = ("", "", "")
        if each.labels is not None and found is not None:
            took = (
                round(each.seconds * 1e3, 1),
                each.device,
                round(agreement(each.labels, found.labels), 4),
            )
        title, fault = each.card.title["en"], each.fault
        card = each.card
        writer.writerow((card.name, title, *measured, card.parameters, card.multiply_adds, *took, fault))
    return file.getvalue().encode()


def whole(image: Image, answers: Sequence[Answer]) -> Image:
    """The picture, the majority, the map of where models differ, and each answer on one sheet."""
    found = _vote(answers)
    assert found is not None, "called with an answer at least"
    done = [(answer.card, answer.labels) for answer in answers if answer.labels is not None]
    pictures = [
        ("picture", image),
        ("majority", export.overlay(done[0][0], image, found.labels)),
        (f"all agree on {found.unanimous():.1%}", lit(image, found.dissent)),
    ]
    for card, labels in done:
        reached = card.reached()
        caption = f"{card.name}  {reached.value:.3f}" if reached else card.name
        pictures.append((caption, export.overlay(card, image, labels)))
    return sheet([(caption, np.ascontiguousarray(shown)) for caption, shown in pictures])
