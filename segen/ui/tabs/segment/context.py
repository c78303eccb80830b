"""How one position of a picture gets its context: query, weights and values, or the states of sweeps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from segen.imaging import images
from segen.registry import ModelCard
from segen.text import words
from segen.types import AttentionAt, Grid, Image, SweepsAt
from segen.ui.framework.figures import colored, figure, lit, png
from segen.ui.framework.templates import render

STRONGEST = 5
"""So many positions are told of those that a position attends to, and so many classes."""
SWEEPS = ("right", "left", "down", "up")
"""In the order in which they are made."""


def chosen(card: ModelCard, image: Image, found: AttentionAt | SweepsAt, language: str) -> Markup:
    """The picture to click, with its chosen position and what is drawn of its context; then shares."""
    grid, say = found.grid, partial(words, language)
    rows, columns = grid.classes.shape
    marked, lists, order = [], {}, say("inside.swept_order")
    if isinstance(found, AttentionAt):
        marked = [_corner(grid, place) for place in strongest(found)]
        lists = {"attended_classes": _shares(card, found, language)}
        order = say("inside.attended_order", count=STRONGEST)
    told = {"row": grid.row + 1, "rows": rows, "column": grid.column + 1, "columns": columns}
    name = _name(card, grid, (grid.row, grid.column), language)
    view = render(
        "tabs/segment/spot.html",
        said=say("inside.context_at", **told, stride=grid.stride, name=name),
        order=order,
        stage=say("inside.context_stage"),
        picture=png(framed(image, grid)),
        grid=grid,
        height=rows * grid.stride,
        width=columns * grid.stride,
        here=_corner(grid, (grid.row, grid.column)),
        marked=marked,
        sweeps=isinstance(found, SweepsAt),
    )
    return view + render("tabs/segment/shares.html", lists=lists, language=language)


def seen(card: ModelCard, image: Image, found: AttentionAt | SweepsAt, language: str) -> Markup:
    """What is computed for the position, in the order in which it is."""
    if isinstance(found, AttentionAt):
        return _attended(card, image, found, language)
    return _swept(card, found, language)


def framed(image: Image, grid: Grid) -> Image:
    """The picture as the network saw it, its edge repeated to whole positions."""
    small = images.resize(image, *grid.size)
    sides = zip(grid.classes.shape, grid.size, strict=True)
    border = [(0, count * grid.stride - side) for count, side in sides]
    return np.pad(small, [*border, (0, 0)], mode="edge")


def strongest(found: AttentionAt) -> list[tuple[int, int]]:
    """Row and column of the positions with the largest weights, the mean of the heads, the largest first."""
    mean = found.weights.mean(axis=0)
    order = np.argsort(-mean, axis=None, kind="stable")[:STRONGEST]
    return [(int(row), int(column)) for row, column in zip(*np.unravel_index(order, mean.shape), strict=True)]


def _attended(card: ModelCard, image: Image, found: AttentionAt, language: str) -> Markup:
    say, picture = partial(words, language), framed(image, found.grid)
    heads, rows, columns, numbers = found.values.shape
    mean = found.weights.mean(axis=0)

    def weighed(plane: NDArray[np.float32], key: str, **values: Any) -> Markup:
        even = plane.max() * rows * columns
        told = say(f"inside.{key}", share=f"{plane.max():.2%}", times=f"{even:.1f}", **values)
        large = plane.repeat(found.grid.stride, axis=0).repeat(found.grid.stride, axis=1)
        return figure(png(lit(picture, large)), told)

    maps = [weighed(mean, "attended_mean")]
    maps += [weighed(each, "attended_head", number=head) for head, each in enumerate(found.weights, start=1)]
    values = [
        figure(
            colored(found.values[:, *place]),
            say("inside.attended_place", number=number, name=_name(card, found.grid, place, language),
                share=f"{mean[place]:.2%}"),
        )
        for number, place in enumerate(strongest(found), start=1)
    ]  # fmt: skip
    output = figure(colored(found.output), "Σ a v")
    parts = [
        (say("inside.attended_query", heads=heads, numbers=numbers), [figure(colored(found.query), "q")]),
        (say("inside.attended_weights", numbers=numbers), maps),
        (say("inside.attended_values"), [*values, output]),
    ]
    return render(
        "tabs/segment/attended.html", look=say("inside.attended_look"), parts=parts, language=language
    )


def _swept(card: ModelCard, found: SweepsAt, language: str) -> Markup:
    grid, parts = found.grid, []
    for sweep in SWEEPS:
        states: NDArray[np.float32] = getattr(found, sweep)
        along = sweep in ("right", "left")
        line = grid.classes[grid.row] if along else grid.classes[:, grid.column]
        at = grid.column if along else grid.row
        steps = np.linalg.norm(np.diff(states, axis=0), axis=1)
        most = int(steps.argmax()) if len(steps) else 0
        between = {"first": most + 1, "second": min(most + 2, len(states))}
        told = words(language, f"inside.swept_{sweep}", units=states.shape[1], **between)
        classes = np.array([card.classes[index].shown for index in line], np.uint8)[None]
        parts.append(
            {
                "told": told,
                "classes": png(classes),
                "states": colored(states.T),
                "from": 100 * at / len(states),
                "wide": 100 / len(states),
            }
        )
    return render("tabs/segment/swept.html", parts=parts, language=language)


def _shares(card: ModelCard, found: AttentionAt, language: str) -> Sequence[tuple[str, str]]:
    """The classes that get most of the weight, beside their share of the positions."""
    classes, mean = found.grid.classes, found.weights.mean(axis=0)
    weight = np.bincount(classes.ravel(), mean.ravel(), len(card.classes))
    area = np.bincount(classes.ravel(), minlength=len(card.classes)) / classes.size
    return [
        (f"{card.classes[index].title(language)} ({area[index]:.1%})", f"{weight[index]:.1%}")
        for index in np.argsort(-weight)[:STRONGEST]
        if area[index]
    ]


def _name(card: ModelCard, grid: Grid, place: tuple[int, int], language: str) -> str:
    return card.classes[int(grid.classes[place])].title(language)


def _corner(grid: Grid, place: tuple[int, int]) -> tuple[int, int]:
    """The upper left corner, x and y, of a position in the framed picture."""
    row, column = place
    return column * grid.stride, row * grid.stride
