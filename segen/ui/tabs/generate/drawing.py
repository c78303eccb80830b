"""The view that draws: a grid of pictures from seeds, at first one that was drawn before."""

from __future__ import annotations

import math
import random
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from segen.errors import InputError
from segen.imaging import images, png_text
from segen.text import device_name, words
from segen.types import GenerateRequest, Generation, Run, seed_range
from segen.ui.framework.downloads import download_button, saved
from segen.ui.framework.language import say
from segen.ui.framework.link import Values
from segen.ui.framework.queue import QUIET, on_device, press, press_when_moved, steps
from segen.ui.tabs.generate import opening
from segen.ui.tabs.generate.chosen import Asked, Chosen, Given
from segen.ui.tabs.generate.estimate import SLOW_SECONDS, Pace
from segen.ui.tabs.generate.seeds import MAX_COUNT, WHOLE, draw
from segen.ui.widgets import cells

if TYPE_CHECKING:
    from segen.engine import Engine

COUNTS = (16, opening.COUNT, MAX_COUNT)
"""Squares: the grid has as many rows as columns."""
SHUFFLED_SEEDS = 1_000_000
"""Shuffling picks a first seed below this, so that it stays short enough to be told."""
SCALE = 4
"""The downloaded grid is so many times larger than the pictures."""
Steps = Generator[dict[Any, Any], None, None]


@dataclass(frozen=True)
class Drawing:
    """The view: `first` shows a grid before anything is pressed, `estimated` tells how long one takes."""

    grid: gr.HTML
    count: gr.Radio
    shuffle: gr.Button
    run: gr.Button
    estimate: gr.HTML
    row: gr.Row
    downloads: dict[str, gr.DownloadButton]
    pace: Pace

    @property
    def outputs(self) -> list[Any]:
        """What `first` and `estimated` set."""
        return [self.grid, self.row, self.estimate]

    def first(self, asked: Asked, count: int) -> Values:
        """What was drawn before, if that is what is asked for; else what is drawn quickly is drawn anew."""
        found = opening.kept(asked.card)
        wish = (asked.label, asked.typed_seed.strip(), count, asked.threshold)
        usual = found is not None and wish == (None, str(opening.SEED), opening.COUNT, WHOLE)
        files = {self.row: gr.Row(visible=False)}  # they are of what was drawn before
        if not usual and self.pace.seconds(asked.card, count * asked.calls) <= SLOW_SECONDS:
            return {self.grid: cells.to_press(str(self.run.elem_id)), **files}
        if found is None:
            return {self.grid: None, **files}
        told = words(asked.language, "generate.opening", model=asked.card.title[asked.language])
        return {self.grid: cells.contents(asked.card, found, None, told, asked.language), **files}

    def estimated(self, asked: Asked, count: int) -> Values:
        """How long a grid will take."""
        return {self.estimate: self.pace.told(asked.card, count * asked.calls, asked.language)}


def drawing_view(engine: Engine, chosen: Chosen, pace: Pace) -> Drawing:
    """Lay out the view inside the current tab."""
    view = _laid_out(pace)
    grid, count, run, estimate, row = view.grid, view.count, view.run, view.estimate, view.row

    def generate(
        given: Given,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Steps:
        asked = chosen.read(given, request)
        seeds = seeds_of(asked, given[count])
        done = yield from _drawn(engine, asked, seeds, progress, grid)
        pace.note(asked.card, len(seeds) * asked.calls, done.seconds + done.queued_seconds)
        ending = "" if asked.threshold >= WHOLE else f"-truncated-{asked.threshold:.2f}"
        told = _told(asked, done)
        shown = cells.contents(asked.card, done.value, asked.label, told, asked.language, ending)
        yield {grid: shown, row: gr.Row(visible=False)}  # its files are of the pictures before
        paths = _files(asked, done.value, ending)
        yield {
            row: gr.Row(visible=True),
            **{button: paths[kind] for kind, button in view.downloads.items()},
            **view.estimated(asked, len(seeds)),
        }

    def before(given: Given, request: gr.Request) -> Values:
        return view.estimated(chosen.read(given, request), given[count])

    def first(given: Given, request: gr.Request) -> Values:
        asked = chosen.read(given, request)
        return view.first(asked, given[count]) | view.estimated(asked, given[count])

    inputs = {*chosen.inputs, count}
    told_by = (chosen.label, chosen.steps, chosen.guidance, count)
    gr.on([each.input for each in told_by], before, inputs, estimate, **QUIET)
    grid.seen(first, inputs, view.outputs, **QUIET)
    another = view.shuffle.click(lambda: str(random.randrange(SHUFFLED_SEEDS)), None, chosen.seed, **QUIET)
    another.then(**press(run))
    press_when_moved(run, chosen.truncation)
    on_device(
        [chosen.seed.submit, count.input, run.click],
        generate,
        inputs,
        [*view.outputs, *view.downloads.values()],
        stop=chosen.stop,
        shows=estimate,
    )
    return view


def _laid_out(pace: Pace) -> Drawing:
    """The components, in the order in which they stand."""
    with gr.Column(elem_classes="result-first"):
        with gr.Row(elem_classes="beside"):
            count = gr.Radio(
                list(COUNTS),
                value=opening.COUNT,
                label=say("generate.count"),
                min_width=210,
                elem_id="generate-count",
            )
            shuffle = gr.Button(say("generate.shuffle"), scale=0, min_width=130, elem_id="generate-shuffle")
            run = gr.Button(
                say("generate.run"), variant="primary", scale=0, min_width=120, elem_id="generate-run"
            )
        estimate = gr.HTML(elem_classes="told", padding=False, elem_id="generate-estimate")
        grid = cells.cells_viewer(elem_id="generate-grid")
        with gr.Row(visible=False, elem_classes="downloads") as row:
            downloads = {
                kind: download_button(f"generate.{kind}", elem_id=f"generate-{kind}")
                for kind in ("grid", "zip")
            }
    return Drawing(grid, count, shuffle, run, estimate, row, downloads, pace)


def seeds_of(asked: Asked, count: int) -> range:
    """The seeds asked for. Raises InputError for a count that is not offered."""
    if count not in COUNTS:
        raise InputError("count_out_of_range", most=COUNTS[-1])
    return seed_range(asked.seed, count)


def _drawn(
    engine: Engine, asked: Asked, seeds: range, progress: gr.Progress, grid: gr.HTML
) -> Generator[dict[Any, Any], None, Run[Generation]]:
    """The pictures, truncated where that is asked for; a step with a preview shows it beside the grid."""
    card, language = asked.card, asked.language
    if asked.threshold < WHOLE:
        return (yield from draw(engine, card, seeds, asked.label, asked.threshold, progress, language))
    work = GenerateRequest(seeds, asked.label, asked.sampler, asked.steps, asked.guidance)
    show = lambda step: {grid: cells.so_far(step, language)}  # noqa: E731
    return (yield from steps(engine, card.name, work, progress, language, show))


def _files(asked: Asked, found: Generation, ending: str) -> dict[str, str]:
    """The grid and all pictures as files to take home, by their kind."""
    stem = f"{cells.range_name(asked.card.name, found.seeds)}{ending}"
    whole = images.grid(found.images, math.isqrt(len(found.seeds)))
    large = whole.repeat(SCALE, axis=0).repeat(SCALE, axis=1)
    return {
        "grid": saved(f"{stem}.png", png_text.marked(large, "trainedAlgorithmicMedia")),
        "zip": saved(f"{stem}.zip", cells.archive(found, ending)),
    }


def _told(asked: Asked, run: Run[Generation]) -> str:
    """What was drawn and what it took."""
    seeds = run.value.seeds
    sentence = words(
        asked.language,
        "generate.took",
        model=asked.card.title[asked.language],
        count=len(seeds),
        first=seeds[0],
        last=seeds[-1],
        seconds=f"{run.seconds:.2f}",
        device=device_name(run.device),
    )
    if asked.threshold < WHOLE:
        sentence += words(asked.language, "generate.truncated", threshold=f"{asked.threshold:.2f}")
    return sentence
