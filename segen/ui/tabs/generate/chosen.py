"""What is chosen beside all views: a model, a class, a seed, how to sample; and the Stop button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from segen import registry
from segen.registry import ModelCard
from segen.text import words
from segen.types import MAX_SEED, SAMPLER_TITLES, SAMPLERS, Sampler
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Link, Values
from segen.ui.tabs.generate import objectives
from segen.ui.tabs.generate.objectives import diffuses, known_timesteps
from segen.ui.tabs.generate.opening import SEED
from segen.ui.tabs.generate.seeds import MAX_COUNT, WHOLE, class_asked, seed_of

Given = Mapping[Any, Any]
"""What an event brings: the values of its components."""
STEPS = (10, 15, 25, 50, 100, 1_000)
"""Sampling steps to choose from."""
USUAL_SAMPLER: Sampler = "dpm-solver"
USUAL_STEPS = 15
"""What the page begins with: as near to real pictures as 50 steps of DDIM (docs/generation.md)."""
MAX_GUIDANCE = 8.0
ANY = ""
"""The label of the address and the page for no class asked for."""


@dataclass(frozen=True)
class Asked:
    """What is asked for: `threshold` truncates, `label` is None for no class."""

    card: ModelCard
    label: int | None
    typed_seed: str
    threshold: float
    sampler: Sampler
    steps: int
    guidance: float
    language: str

    @property
    def seed(self) -> int:
        """The first seed. Raises InputError for what is none."""
        return seed_of(self.typed_seed)

    @property
    def calls(self) -> int:
        """How often the network is called for one picture."""
        if not diffuses(self.card):
            return 1
        return self.steps * (1 if self.guidance in (0, 1) or self.label is None else 2)


@dataclass(frozen=True)
class Chosen:
    """The components of the choices by what they hold."""

    model: gr.Dropdown
    label: gr.Dropdown
    seed: gr.Textbox
    truncation: gr.Slider
    sampling: gr.Column
    sampler: gr.Radio
    steps: gr.Radio
    guidance: gr.Slider
    stop: gr.Button

    @property
    def options(self) -> dict[str, Any]:
        """The options of a link."""
        names = ("model", "seed", "label", "truncation", "sampler", "steps", "guidance")
        return {name: getattr(self, name) for name in names}

    @property
    def inputs(self) -> set[Any]:
        """What `read` needs."""
        return set(self.options.values())

    @property
    def outputs(self) -> list[Any]:
        """What `restored` and `of_card` set."""
        return [*self.options.values(), self.sampling]

    def read(self, given: Given, request: gr.Request) -> Asked:
        """What is asked for. Raises CardError or InputError for what the page does not offer."""
        card = registry.card(given[self.model], "generate")
        known = known_timesteps(card)
        return Asked(
            card,
            class_asked(card, given[self.label]),
            given[self.seed],
            WHOLE if diffuses(card) else given[self.truncation],
            "ddim" if known else given[self.sampler],
            known or int(given[self.steps]),
            given[self.guidance],
            language_of(request),
        )

    def of_card(self, card: ModelCard, label: str, language: str) -> Values:
        """The choices as the card has them; `label` is one of `labels`."""
        any_label = words(language, "diffusion.no_label" if diffuses(card) else "generate.any_label")
        names = [any_label, *(known.name[language] for known in card.classes)]
        known = list(zip(names, labels(card), strict=False))
        return {
            self.label: gr.Dropdown(known, value=label, visible=card.conditional),
            self.truncation: gr.Slider(visible=not diffuses(card)),
            self.sampling: gr.Column(visible=diffuses(card)),
            self.sampler: gr.Radio(visible=not known_timesteps(card)),
            self.steps: gr.Radio(visible=not known_timesteps(card)),
            self.guidance: gr.Slider(info=objectives.guidance(card, language)),
        }

    def restored(self, card: ModelCard, link: Link, names: Sequence[str], language: str) -> Values:
        """The choices of a link that names the card."""
        titles = [(registry.card(name).title[language], name) for name in names]
        samplers = sorted(SAMPLERS, key=lambda each: each != USUAL_SAMPLER)
        steps = sorted(map(str, STEPS), key=lambda each: each != str(USUAL_STEPS))
        truncation = link.number("truncation", 0.25, WHOLE, WHOLE)
        guidance = link.number("guidance", 1.0, MAX_GUIDANCE, 1.0)
        known = known_timesteps(card)
        return {
            **self.of_card(card, link.choice("label", labels(card)), language),
            self.truncation: gr.Slider(value=truncation, visible=not diffuses(card)),
            self.guidance: gr.Slider(value=guidance, info=objectives.guidance(card, language)),
            self.model: gr.Dropdown(titles, value=card.name),
            self.seed: str(link.whole("seed", range(MAX_SEED - MAX_COUNT + 2), SEED)),
            self.sampler: gr.Radio(value=link.choice("sampler", samplers), visible=not known),
            self.steps: gr.Radio(value=int(link.choice("steps", steps)), visible=not known),
        }


def labels(card: ModelCard) -> list[str]:
    """What can be chosen of the card's classes: none, and the id of each."""
    return [ANY, *(str(known.id) for known in card.classes if card.conditional)]


def choices(names: Sequence[str]) -> Chosen:
    """Lay out the choices inside the current column; what is advanced is folded."""
    with gr.Column(elem_id="generate-choice"):
        model = gr.Dropdown(
            list(names), value=names[0], label=say("generate.model"), elem_id="generate-model"
        )
        label = gr.Dropdown(
            [ANY], value=ANY, label=say("generate.label"), visible=False, elem_id="generate-label"
        )
    seed = gr.Textbox(str(SEED), label=say("generate.seed"), max_length=19, elem_id="generate-seed")
    with gr.Accordion(say("generate.advanced"), open=False, elem_id="generate-advanced"):
        truncation = gr.Slider(
            0.25,
            WHOLE,
            WHOLE,
            step=0.25,
            label=say("generate.truncation"),
            info=say("generate.truncation_help"),
            buttons=[],
            elem_id="generate-truncation",
        )
        sampling, sampler, steps, guidance = _sampling()
    stop = gr.Button(say("page.stop"), interactive=False, size="md", elem_id="generate-stop")
    return Chosen(model, label, seed, truncation, sampling, sampler, steps, guidance, stop)


def _sampling() -> tuple[gr.Column, gr.Radio, gr.Radio, gr.Slider]:
    """Sampler, steps and guidance in a column for cards that diffuse."""
    with gr.Column(visible=False, elem_id="generate-sampling") as column:
        sampler = gr.Radio(
            [(SAMPLER_TITLES[name], name) for name in SAMPLERS],
            value=USUAL_SAMPLER,
            label=say("diffusion.sampler"),
            info=say("diffusion.sampler_help"),
            elem_id="generate-sampler",
        )
        steps = gr.Radio(
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
    return column, sampler, steps, guidance
