"""How diffusion samples: what a visitor chooses, and what the samplers make of it side by side."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np

from segen import registry
from segen.text import words
from segen.types import SAMPLERS, GenerateRequest, Generation, Pictures, Run, Sampler, seed_range
from segen.ui.framework.figures import png
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Part
from segen.ui.framework.queue import on_device, steps
from segen.ui.tabs.generate.objectives import diffuses
from segen.ui.tabs.generate.seeds import class_asked, seed_of

if TYPE_CHECKING:
    from segen.engine import Engine

STEPS = (10, 25, 50, 100, 1_000)
"""Sampling steps to choose from, and those that are compared."""
USUAL_STEPS = 50
MAX_GUIDANCE = 8.0
AT_ONCE = 16
"""Variations of a picture, and pictures behind a difference: one call of the network for all."""
SHOWN = 4
"""Of the pictures behind a difference."""
Work = Generator[dict[Any, Any], None, None]


@dataclass(frozen=True)
class SamplingPart(Part):
    """How to sample: `inputs` are sampler, steps and guidance, by name."""

    inputs: Mapping[str, Any]


def sampling_inputs() -> SamplingPart:
    """Lay out sampler, steps and guidance, shown for cards that diffuse."""
    with gr.Column(visible=False, elem_id="generate-sampling") as column:
        sampler = gr.Radio(
            [(name.upper(), name) for name in SAMPLERS],
            value=SAMPLERS[0],
            label=say("diffusion.sampler"),
            info=say("diffusion.sampler_help"),
            elem_id="generate-sampler",
        )
        count = gr.Radio(
            [(f"{each:,}", each) for each in STEPS],
            value=USUAL_STEPS,
            label=say("diffusion.steps"),
            elem_id="generate-steps",
        )
        guidance = gr.Slider(
            1,
            MAX_GUIDANCE,
            1,
            step=0.5,
            label=say("diffusion.guidance"),
            info=say("diffusion.guidance_help"),
            buttons=[],
            elem_id="generate-guidance",
        )
    inputs = {"sampler": sampler, "steps": count, "guidance": guidance}
    return SamplingPart([column], lambda card, _language: {column: gr.Column(visible=diffuses(card))}, inputs)


def compare_panel(engine: Engine, options: Sequence[Any], stop: gr.Button) -> Part:
    """Lay out the table; `options` are model, class, seed, sampler, steps and guidance, as beside it."""
    gr.Markdown(say("diffusion.compare_help"), elem_classes="help")
    with gr.Row(elem_classes="beside"):
        most = gr.Checkbox(label=say("diffusion.most"), elem_id="generate-most")
        run = gr.Button(
            say("diffusion.compare_run"),
            variant="primary",
            scale=0,
            min_width=140,
            elem_id="generate-compare",
        )
    told = gr.HTML(elem_classes="said", padding=False)
    view = gr.HTML(elem_classes=["framed", "samplers"], padding=False, elem_id="generate-samplers")

    def compare(
        most: bool,
        name: str,
        asked: str,
        seed: str,
        _sampler: Sampler,
        _count: int,
        guidance: float,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Work:
        language = language_of(request)
        seeds, label = seed_range(seed_of(seed), AT_ONCE), class_asked(registry.card(name, "generate"), asked)
        counts = STEPS if most else STEPS[:-1]
        found: dict[tuple[Sampler, int], Run[Generation]] = {}
        yield {view: "", told: ""}
        for sampler in SAMPLERS:
            for count in counts:
                work = GenerateRequest(seeds, label, sampler, count, guidance)
                found[sampler, count] = yield from steps(engine, name, work, progress, language)
                yield {view: table(found, counts, language)}

    on_device([run.click], compare, [most, *options], [view, told], stop=stop, shows=told)
    return Part([view], lambda _card, _language: {view: ""})


def table(found: dict[tuple[Sampler, int], Run[Generation]], counts: Sequence[int], language: str) -> str:
    """What each sampler drew with each number of steps as an HTML table; differences are to DDIM with most.

    The difference is that of grey levels, 0 to 255, averaged over pixels and pictures.
    """
    reference = found.get((SAMPLERS[0], counts[-1]))
    rows = ""
    for (sampler, count), run in found.items():
        made = run.value.images
        difference = "…"
        if reference is not None:
            difference = f"{np.abs(made.astype(float) - reference.value.images).mean():.1f}"
        rows += (
            f"<tr><th scope='row'>{sampler.upper()}, {count:,}</th><td>{row_of(made[:SHOWN])}</td>"
            f"<td>{run.seconds:.1f} s</td><td>{difference}</td></tr>"
        )
    heads = "".join(
        f"<th scope='col'>{escape(words(language, f'diffusion.head_{key}', steps=f'{counts[-1]:,}'))}</th>"
        for key in ("sampler", "pictures", "seconds", "difference")
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def row_of(pictures: Pictures) -> str:
    """The pictures one after the other, as HTML."""
    return "".join(f"<img src='{png(each)}' alt=''>" for each in pictures)
