"""What the page shows of diffusion, without a browser: moments to scrub through, samplers side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from segen.registry import ModelCard, dataset_classes
from segen.text import LANGUAGES, words
from segen.types import SAMPLERS, Generation, Run, Step, Trajectory
from segen.ui import diffusion, samplers
from segen.ui.figures import png
from segen.ui.generators import OBJECTIVES, diffuses
from segen.ui.samplers import STEPS, USUAL_STEPS

CARD = ModelCard(
    "tiny-ddpm", "generate", {}, {}, "", "fashion", "", "", "", {}, (28, 28), 1, 1, {},
    dataset_classes("fashion"), options={"family": "diffusion", "conditional": True},
)  # fmt: skip


def run(level: int, seconds: float = 1.5) -> Run[Any]:
    pictures = np.full((16, 28, 28, 3), level, np.uint8)
    return Run(Generation(pictures, None, tuple(range(16)), True), "tiny-ddpm", "cpu", seconds, 0.0)


def test_a_family_tells_what_diffuses() -> None:
    assert diffuses(CARD)
    assert not diffuses(replace(CARD, options={"family": "gan"}))
    assert "diffusion" in OBJECTIVES
    assert USUAL_STEPS in STEPS


@pytest.mark.parametrize("language", LANGUAGES)
def test_differences_are_told_once_the_reference_is_there(language: str) -> None:
    found = {(SAMPLERS[0], 10): run(100)}
    assert "…" in samplers.table(found, (10, 25), language)
    found |= {(SAMPLERS[0], 25): run(110), (SAMPLERS[1], 10): run(90, 2.25)}
    shown = samplers.table(found, (10, 25), language)
    rows = shown.partition("<tbody>")[2].split("</tr>")
    assert [row.split("<th scope='row'>")[1].split("<")[0] for row in rows[:3]] == [
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
    assert shown["said"][1] == words(language, "diffusion.moment", t=499, number=2, count=2)
    assert len(shown["names"]) == 3
    assert shown["at"] == 1


def test_the_latest_step_is_shown_alone_while_sampling() -> None:
    parts = [np.full((28, 28, 3), level, np.uint8) for level in (10, 20, 30)]
    shown = diffusion._live(Step(3, 1000, np.hstack(parts)), "en")
    assert shown["frames"] == [[png(part) for part in parts]]
    assert shown["said"] == ["Step 3 of 1,000"]
