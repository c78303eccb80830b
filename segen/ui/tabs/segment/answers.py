"""What several networks made of one picture: a plot of quality and cost, a grid of answers, files of both."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from segen.evaluation.voting import Vote, agreement, vote
from segen.imaging import export, images
from segen.registry import ModelCard, Reached
from segen.text import device_name, split_name, words
from segen.text.table import comma_separated
from segen.types import Image, Labels
from segen.ui.framework.data_uri import data_uri
from segen.ui.framework.figures import lit, sheet
from segen.ui.framework.templates import render
from segen.ui.tabs.segment.overlays import displayed, outlined

HEADINGS = (
    "model",
    "title",
    "metric",
    "value",
    "split",
    "parameters",
    "multiply_adds",
    "views",
    "milliseconds",
    "device",
    "agreement",
    "fault",
)
"""Of the table to take home: `metric` is that of `Reached`, `agreement` is with the majority."""
LABEL_GAP = 13.0
"""So far apart, in the plot's units, labels stand one above the other."""


@dataclass(frozen=True)
class Answer:
    """What one model made of the picture in `seconds` on `device`, or the sentence that says why nothing.

    `int8` says that it was a copy of the network in whole numbers of 8 bits.
    """

    card: ModelCard
    labels: Labels | None = None
    seconds: float = 0.0
    device: str = ""
    fault: str = ""
    int8: bool = False


@dataclass(frozen=True)
class Cell:
    """A figure of the grid: a picture, or a blank for "", over its title and more."""

    title: str
    source: str = ""
    name: str = ""
    note: str = ""
    facts: tuple[tuple[str, str, str], ...] = ()
    fault: str = ""


def plot(cards: Sequence[ModelCard], language: str) -> Markup:
    """Quality over cost as SVG: a dot for each of the cards that was measured, named beside it."""
    known = [(card, card.reached()) for card in cards]
    found = [(card, reached) for card, reached in known if reached and card.multiply_adds]
    if not found:
        return Markup("")
    values = [reached.value for _, reached in found]
    low, high = math.floor(20 * min(values)) / 20, math.ceil(20 * max(values)) / 20
    most = 1.1 * max(card.multiply_adds for card, _ in found)
    dots = [
        {
            "name": card.title[language],
            "x": 50 + 500 * card.multiply_adds / most,
            "y": 190 - 170 * (reached.value - low) / max(high - low, 0.05),
            "value": f"{reached.value:.3f}",
            "cost": f"{card.multiply_adds / 1e9:.1f}",
        }
        for card, reached in found
    ]
    _spread(dots)
    ticks = {"low": f"{low:.2f}", "high": f"{high:.2f}", "most": f"{most / 1e9:.0f}"}
    reached = found[0][1]
    quality = words(
        language,
        f"compare.{reached.metric}",
        name=reached.name.get(language, ""),
        split=split_name(language, reached.split),
    )
    return render("tabs/segment/quality.html", dots=dots, ticks=ticks, quality=quality, language=language)


def _spread(dots: list[dict[str, Any]]) -> None:
    """Give each dot the height of its label, so that labels of near dots do not meet."""
    last = -math.inf
    for dot in sorted(dots, key=lambda dot: float(dot["y"])):
        last = dot["label"] = max(float(dot["y"]), last + LABEL_GAP)
    lowest = max(float(dot["label"]) for dot in dots)
    for dot in dots:
        dot["label"] -= max(0.0, lowest - 190)


def grid(image: Image, cards: Sequence[ModelCard], answers: Sequence[Answer], language: str) -> Markup:
    """The picture, what most models say, where they differ, and each of them; those to come are blank."""
    found = _vote(answers)
    cells = [
        Cell(words(language, "compare.picture"), _source(image)),
        *_votes(image, cards[0], found, language),
    ]
    said = {answer.card.name: answer for answer in answers}
    for card in cards:
        answer = said.get(card.name, Answer(card))
        shown = "" if answer.labels is None else _source(outlined(card, image, answer.labels))
        facts = _facts(answer, found, language)
        cells.append(Cell(card.title[language], shown, card.name, facts=facts, fault=answer.fault))
    return render(
        "tabs/segment/grid.html",
        classes=displayed(cards[0]).classes,
        cells=cells,
        shape="{1} / {0}".format(*image.shape),
        language=language,
    )


def _votes(image: Image, card: ModelCard, found: Vote | None, language: str) -> list[Cell]:
    """The majority and the map of where models differ; blank before there is an answer."""
    titles = {key: words(language, f"compare.{key}") for key in ("majority", "dissent")}
    if found is None:
        return [Cell(title) for title in titles.values()]
    agreed = words(language, "compare.unanimous", share=f"{found.unanimous():.1%}")
    most = words(language, "compare.most", share=f"{found.dissent.max():.0%}")
    return [
        Cell(titles["majority"], _source(outlined(card, image, found.labels)), note=agreed),
        Cell(titles["dissent"], _source(lit(image, found.dissent)), "dissent", most),
    ]


def _facts(answer: Answer, found: Vote | None, language: str) -> tuple[tuple[str, str, str], ...]:
    """What the model reached and costs, and how its answer compares: key, words and value of each."""
    card = answer.card
    reached = card.reached() or Reached("mean_iou", math.nan, "val", {})
    facts = {
        reached.metric: "–" if math.isnan(reached.value) else f"{reached.value:.3f}",
        "parameters": f"{card.parameters / 1e6:.1f} M" if card.parameters else "–",
        "multiply_adds": f"{card.multiply_adds / 1e9:.1f} G" if card.multiply_adds else "–",
        "views": str(card.options.views),
    }
    if answer.labels is not None and found is not None:
        facts["seconds"] = f"{answer.seconds * 1e3:.0f} ms"
        facts["agreement"] = f"{agreement(answer.labels, found.labels):.1%}"
    values = {"name": reached.name.get(language, ""), "split": split_name(language, reached.split)}
    return tuple((key, words(language, f"compare.{key}", **values), value) for key, value in facts.items())


def told(done: Sequence[Answer], image: Image, language: str) -> Markup:
    """What the run took; empty without an answer."""
    if not done:
        return Markup("")
    height, width = image.shape[:2]
    values = {"width": width, "height": height, "device": device_name(done[0].device), "models": len(done)}
    sentence = words(language, "compare.took", **values)
    if names := ", ".join(answer.card.title[language] for answer in done if answer.int8):
        sentence += words(language, "compare.int8", names=names)
    return Markup("<p>{}</p>").format(sentence)


def _vote(answers: Sequence[Answer]) -> Vote | None:
    maps = [answer.labels for answer in answers if answer.labels is not None]
    return vote(maps) if maps else None


def _source(image: Image) -> str:
    return data_uri(images.encode(image, "JPEG", quality=85), "image/jpeg")


def table(answers: Sequence[Answer]) -> bytes:
    """A row for each model as a CSV file in UTF-8; what is not known is empty."""
    found = _vote(answers)
    rows: list[Sequence[object]] = [HEADINGS]
    for each in answers:
        card, reached = each.card, each.card.reached()
        measured = (reached.metric, round(reached.value, 4), reached.split) if reached else ("", "", "")
        took: tuple[object, ...] = ("", "", "")
        if each.labels is not None and found is not None:
            agreed = round(agreement(each.labels, found.labels), 4)
            took = (round(each.seconds * 1e3, 1), each.device, agreed)
        title = card.title["en"]
        cost = card.parameters, card.multiply_adds, card.options.views
        rows.append((card.name, title, *measured, *cost, *took, each.fault))
    return comma_separated(rows).encode()


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
