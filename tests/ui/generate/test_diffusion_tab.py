"""What the page shows of diffusion, without a browser: timesteps to scrub through, samplers side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest

from segen.registry import ModelCard, card, dataset_classes
from segen.registry.options import DiffusionOptions, GenerateOptions
from segen.text import LANGUAGES, words
from segen.types import SAMPLERS, GenerateRequest, Generation, Run, Step, Trajectory
from segen.ui.framework import queue
from segen.ui.framework.figures import png
from segen.ui.tabs.generate import diffusion, samplers
from segen.ui.tabs.generate.chosen import STEPS, USUAL_STEPS, choices
from segen.ui.tabs.generate.estimate import Pace
from segen.ui.tabs.generate.objectives import diffuses
from segen.ui.widgets import cells

CARD = ModelCard(
    "tiny-ddpm", "generate", {}, {}, "", "fashion", "", "", "", {}, (28, 28), 1, 1, {},
    dataset_classes("fashion"), options=DiffusionOptions(conditional=True),
)  # fmt: skip


def run(level: int, seconds: float = 1.5) -> Run[Any]:
    pictures = np.full((16, 28, 28, 3), level, np.uint8)
    return Run(Generation(pictures, None, tuple(range(16)), True), "tiny-ddpm", "cpu", seconds, 0.0)


def test_a_family_tells_what_diffuses() -> None:
    assert diffuses(CARD)
    assert not diffuses(replace(CARD, options=GenerateOptions("gan")))
    assert USUAL_STEPS in STEPS


@pytest.mark.parametrize("language", LANGUAGES)
def test_differences_are_told_once_the_reference_is_there(language: str) -> None:
    found = {(SAMPLERS[0], 10): run(100)}
    assert "…" in samplers.table(found, (10, 25), language)
    found |= {(SAMPLERS[0], 25): run(110), (SAMPLERS[1], 10): run(90, 2.25)}
    shown = samplers.table(found, (10, 25), language)
    rows = shown.partition("<tbody>")[2].split("</tr>")
    assert [row.split('<th scope="row">')[1].split("<")[0] for row in rows[:3]] == [
        "DDIM, 10",
        "DDIM, 25",
        "DDPM, 10",
    ]
    assert [row.rpartition("<td>")[2] for row in rows[:3]] == ["10.0</td>", "0.0</td>", "20.0</td>"]
    assert "2.2 s" in rows[2]
    assert rows[0].count("<img") == samplers.SHOWN
    assert words(language, "diffusion.head_difference", steps="25") in shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_trajectory_becomes_moments_to_scrub_through(language: str) -> None:
    noisy, clean, noise = (np.full((2, 28, 28, 3), level, np.uint8) for level in (10, 20, 30))
    noisy[1] = 11
    shown = diffusion.trajectory(Trajectory((999, 499), noisy, clean, noise, clean[1]), language)
    assert shown["frames"][1] == [png(noisy[1]), png(clean[1]), png(noise[1])]
    assert shown["frames"][0][0] != shown["frames"][1][0]
    assert shown["said"][1] == words(language, "diffusion.timestep", t=499, number=2, count=2)
    assert len(shown["names"]) == 3
    assert shown["at"] == 1


class Streaming:
    """Stands in for the engine: eight steps a tenth of a second apart, the even ones with a preview."""

    def __init__(self) -> None:
        self.seconds, self.steps, self.closed = 0.0, 0, False

    def stream(self, name: str, request: Any) -> Iterator[Any]:
        try:
            for done in range(1, 9):
                self.seconds += 0.1
                self.steps = done
                yield Step(done, 8, np.full((2, 2, 3), done, np.uint8) if done % 2 == 0 else None)
            yield run(0)
        finally:
            self.closed = True


def test_previews_are_shown_at_most_every_half_second(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Streaming()
    monkeypatch.setattr(queue, "monotonic", lambda: engine.seconds)
    ask = GenerateRequest(range(16))
    progress: Any = lambda *_, **__: None  # noqa: E731
    given: Any = (engine, "tiny-ddpm", ask, progress, "en")
    shown = [each for each in queue.steps(*given, lambda step: {"shown": step.done}) if "shown" in each]
    assert shown == [{"shown": 2}, {"shown": 8}]
    unasked = list(queue.steps(*given))
    assert all("shown" not in each for each in unasked), "nothing is shown unless asked for"
    assert len(unasked) == 3, "a step of a tenth of a second is told of every third time"


def test_stop_stops_within_a_step_of_what_is_shown() -> None:
    engine = Streaming()
    given: Any = (engine, "tiny-ddpm", GenerateRequest(range(16)), lambda *_, **__: None, "en")
    work = queue.steps(*given, lambda step: {"shown": step.done})
    while "shown" not in next(work):
        pass
    work.close()
    assert (engine.closed, engine.steps) == (True, 2)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_grid_shows_what_there_is_so_far(language: str) -> None:
    preview = np.full((56, 56, 3), 7, np.uint8)
    shown = cells.so_far(Step(1_200, 4_000, preview), language)
    assert shown["preview"] == png(preview)
    assert "1,200" in shown["sentence"]
    assert "4,000" in shown["sentence"]


def test_the_latest_step_is_shown_alone_while_sampling() -> None:
    parts = [np.full((28, 28, 3), level, np.uint8) for level in (10, 20, 30)]
    shown = diffusion._live(Step(3, 1000, np.hstack(parts)), "en")
    assert shown["frames"] == [[png(part) for part in parts]]
    assert shown["said"] == ["Step 3 of 1,000"]


def test_another_picture_takes_away_what_became_of_the_one_before() -> None:
    """As the picture that is to be varied is one, which comes from the grid."""
    with gr.Blocks():
        part = diffusion.diffusion_view(None, choices(["ddpm-fashion"]), Pace())  # type: ignore[arg-type]
    picture = png(np.zeros((28, 28, 3), np.uint8))
    shown = part.vary(SimpleNamespace(picture=picture), "en")  # type: ignore[arg-type]
    *_, forward = part.varied
    assert shown[forward] == {"empty": words("en", "diffusion.picture_empty")}
    assert set(shown) == set(part.varied)


def test_of_a_distilled_card_neither_sampler_nor_steps_are_asked() -> None:
    with gr.Blocks():
        chosen = choices(["ddpm-fashion", "distilled-fashion"])
    for name, calls in (("ddpm-fashion", 50), ("distilled-fashion", 4)):
        shown = chosen.of_card(card(name), "", "en")
        assert shown[chosen.sampling].visible
        assert shown[chosen.sampler].visible == shown[chosen.steps].visible == (calls == 50)
        given = {each: each.value for each in chosen.inputs}
        given |= {chosen.model: name, chosen.sampler: "ddpm", chosen.steps: 50, chosen.label: "3"}
        asked = chosen.read(given, gr.Request(headers={}, query_params={"lang": "en"}))
        assert (asked.sampler, asked.steps, asked.calls) == ("ddpm" if calls == 50 else "ddim", calls, calls)
