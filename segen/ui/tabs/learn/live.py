"""The view of the tab Learn in which a small network learns to draw garments, step by step, on the server."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from segen.errors import InputError
from segen.registry import card
from segen.text import words
from segen.types import LiveTraining, LiveTrainingRequest, Run, Step
from segen.ui.framework.figures import empty, png
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Link, Tab, Values, remember
from segen.ui.framework.queue import on_device, steps
from segen.ui.framework.templates import render

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "live"
STEPS = {"vae-fashion": 600, "gan-fashion": 2_000}
"""The cards whose family can be watched, and for how many steps: under a minute of one core each."""
COLORS = ("#2563eb", "#d97706")
MOMENTS = 100
"""Points of a curve: each is the mean of the steps between."""
MOST_SEED = 2**31 - 1


def build(engine: Engine) -> Tab:
    """Lay out the view inside the current gr.Tab."""
    gr.Markdown(say("live.help"), elem_classes="help")
    with gr.Row(elem_classes="beside"):
        model = gr.Radio(list(STEPS), value=next(iter(STEPS)), label=say("live.model"), elem_id="live-model")
        seed = gr.Number(
            1, precision=0, minimum=0, maximum=MOST_SEED, label=say("live.seed"), elem_id="live-seed"
        )
        run = gr.Button(
            say("live.run"), variant="primary", scale=0, min_width=120, elem_id="live-training-run"
        )
        stop = gr.Button(say("live.stop"), interactive=False, scale=0, min_width=110, elem_id="live-stop")
    view = gr.HTML(elem_classes="live-training", padding=False, elem_id="live-view")

    def train(
        name: str,
        chosen_seed: float | None,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[dict[Any, Any], None, None]:
        language = language_of(request)
        if name not in STEPS or chosen_seed is None:
            raise InputError("no_live_training")
        work = LiveTrainingRequest(int(chosen_seed), STEPS[name])
        done = yield from steps(
            engine, name, work, progress, language, lambda step: {view: _so_far(step, language)}
        )
        yield {view: _finished(done, language)}

    on_device([run.click], train, [model, seed], [view], stop=stop, shows=view)
    remember(NAME, {"model": model, "seed": seed})

    def fill(link: Link, language: str) -> Values:
        named = [(card(name).title[language], name) for name in STEPS]
        return {
            model: gr.Radio(named, value=link.choice("model", list(STEPS))),
            seed: link.whole("seed", range(MOST_SEED + 1), 1),
            view: empty(words(language, "live.empty")),
        }

    return Tab([model, seed, view], fill)


def _so_far(step: Step, language: str) -> str:
    assert step.preview is not None
    told = words(language, "live.so_far", done=step.done, total=step.total)
    return render("tabs/learn/live.html", told="", looks=[(png(step.preview), told)], curves=[])


def _finished(run: Run[LiveTraining], language: str) -> str:
    """The looks that were kept side by side, and the losses."""
    value = run.value
    looks = [
        (png(look), words(language, "live.after", steps=step))
        for step, look in zip(value.steps, value.looks, strict=True)
    ]
    told = words(language, "live.done", steps=value.steps[-1], seconds=f"{run.seconds:.0f}")
    return render(
        "tabs/learn/live.html",
        told=told,
        looks=looks,
        curves=_curves(value.losses, language),
        language=language,
    )


def _curves(losses: Mapping[str, NDArray[np.float32]], language: str) -> list[dict[str, str]]:
    """Lines of means over the steps, in a box of 100 x 40, from the least number to the greatest."""
    means = {
        name: [float(part.mean()) for part in np.array_split(values, min(MOMENTS, len(values)))]
        for name, values in losses.items()
    }
    low, high = (end(number for line in means.values() for number in line) for end in (min, max))
    height = high - low or 1.0
    return [
        {
            "name": words(language, f"live.loss_{name}"),
            "color": color,
            "last": f"{line[-1]:.2f}",
            "points": " ".join(
                f"{100 * place / max(1, len(line) - 1):.1f},{39 - 38 * (number - low) / height:.1f}"
                for place, number in enumerate(line)
            ),
        }
        for (name, line), color in zip(means.items(), COLORS, strict=False)
    ]
