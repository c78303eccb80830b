"""Training replay: samples at snapshots of a training, beside the training log."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import Markup

from segen import registry
from segen.imaging import films, images
from segen.registry import FILM, ModelCard
from segen.text import split_name, words
from segen.ui.framework.component import component
from segen.ui.framework.data_uri import data_uri
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Part
from segen.ui.framework.queue import QUIET
from segen.ui.framework.templates import render
from segen.ui.tabs.generate.chosen import Chosen

CHARTS = {
    "losses": ("generator_loss", "discriminator_loss"),
    "judged": ("d_real", "d_fake"),
    "distance": ("wasserstein",),
    "penalty": ("penalty",),
    "bound": ("test/elbo",),
    "likelihood": ("log_likelihood", "test/log_likelihood"),
    "divergence": ("kl", "test/kl"),
    "loss": ("loss", "test/loss"),
    "frechet": ("val/frechet_",),
}
"""The charts, in this order, and the numbers of a log that each shows, by the beginnings of their names."""
REDUNDANT = {"loss": "bound"}
"""Charts that tell nothing new where the other is there: the loss of a VAE is minus its bound."""
COLORS = ("#0d9488", "#d97706")
Numbers = list[float | None]


def snapshots_view(chosen: Chosen) -> Part:
    """Lay out the view inside the current tab; it asks for frames once it is seen."""
    gr.Markdown(say("generate.snapshots_help"), elem_classes="help")
    view = component("snapshots", elem_classes="snapshots", elem_id="generate-snapshots")

    def show(name: str, request: gr.Request) -> dict[str, Any] | None:
        card = registry.card(name, "generate")
        return contents(card, language_of(request), list(frames(card.weights / FILM)))

    view.seen(show, chosen.model, view, **QUIET)
    return Part([view], lambda card, language: {view: contents(card, language)})


@lru_cache(maxsize=8)
def frames(film: Path) -> tuple[str, ...]:
    """The addresses of a film's frames, a picture each, so that the page can show any of them at once."""
    return tuple(
        data_uri(images.encode(frame, "WEBP", quality=92, method=4), "image/webp")
        for frame in films.read(film)
    )


def contents(card: ModelCard, language: str, shown: list[str] | None = None) -> dict[str, Any] | None:
    """What the view shows, as JSON values, with the frames or still without; None without snapshots."""
    kept = card.snapshots()
    if not kept:
        return None
    steps: list[int] = kept["steps"]
    return {
        "model": card.name,
        "places": [(step - steps[0]) / max(1, steps[-1] - steps[0]) for step in steps],
        "said": [
            words(language, "generate.snapshot", step=f"{step:,}", last=f"{steps[-1]:,}") for step in steps
        ],
        "charts": charts(steps, kept["numbers"], language),
        "look": words(language, f"generate.look_{card.options.family}"),
        "frames": shown,
    }


def charts(steps: list[int], numbers: dict[str, Numbers], language: str) -> Markup:
    """A line chart for each group of numbers, as HTML; `data-values` holds those of all snapshots."""
    found = {
        chart: {name: values for name, values in numbers.items() if name.startswith(beginnings)}
        for chart, beginnings in CHARTS.items()
    }
    present = [chart for chart, shown in found.items() if shown]
    return Markup().join(
        _chart(chart, steps, found[chart], language)
        for chart in present
        if REDUNDANT.get(chart) not in present
    )


def _chart(chart: str, steps: list[int], numbers: dict[str, Numbers], language: str) -> Markup:
    known = [value for values in numbers.values() for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    lines = [
        {
            "color": color,
            "name": _named(name, language),
            "values": json.dumps([_written(value) for value in values], ensure_ascii=False),
            "points": " ".join(
                f"{100 * (step - steps[0]) / max(1, steps[-1] - steps[0]):.2f},"
                f"{40 - 40 * (value - low) / ((high - low) or 1):.2f}"
                for step, value in zip(steps, values, strict=True)
                if value is not None
            ),
        }
        for color, (name, values) in zip(COLORS, numbers.items(), strict=False)
    ]
    title = words(language, f"generate.chart_{chart}")
    ends = (_written(high), _written(low))
    return render("tabs/generate/chart.html", title=title, lines=lines, ends=ends)


def _named(name: str, language: str) -> str:
    """What a number of a log is called."""
    measured, _, plain = name.rpartition("/")
    if plain.startswith("frechet_"):
        return words(language, "generate.line_frechet", samples=f"{int(plain.removeprefix('frechet_')):,}")
    told = words(language, f"generate.line_{plain}")
    if not measured:
        return told
    return words(language, "generate.line_measured", name=told, split=split_name(language, measured))


def _written(value: float | None) -> str:
    """A number of four digits, as text."""
    return "–" if value is None else f"{value:.4g}".replace("-", "−").replace("e+0", "e")
