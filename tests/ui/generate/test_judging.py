"""Asking a discriminator: at balance it cannot tell, noise it sees through."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from segen.errors import InputError
from segen.registry import card, cards
from segen.text import LANGUAGES
from segen.types import GenerateRequest, JudgeRequest
from segen.ui.framework.figures import colored
from segen.ui.tabs.generate.judging import PATCHES, flattened, judgement, noise, seen
from segen.ui.tabs.generate.latent import offered
from segen.ui.widgets.examples import GARMENTS


def test_a_gan_at_balance_gives_generated_pictures_a_half_and_sees_through_noise(engine: Any) -> None:
    gan = card("gan-fashion")
    drawn = engine.run(gan.name, GenerateRequest(range(8, 40))).value.images
    garment = seen(GARMENTS[0].draw(), gan)
    scores = engine.run(gan.name, JudgeRequest(np.stack([noise(gan), garment, *drawn]))).value
    assert scores.shape == (34,)
    assert scores[0] < 0.1
    assert 0.4 < scores[2:].mean() < 0.6
    assert 0 <= scores.min() <= scores.max() <= 1
    alone = engine.run(gan.name, JudgeRequest(drawn[:1])).value
    assert alone[0] == pytest.approx(scores[2], abs=1e-5), "a picture's score is its own"


def test_only_what_can_be_asked_is_offered(engine: Any) -> None:
    asked = [each for each in cards("generate") if "judge" in offered(each.options)]
    assert {each.name for each in asked} == {"gan-fashion", "wgan-gp-fashion"}
    critic = engine.run("wgan-gp-fashion", JudgeRequest(noise(asked[-1])[None])).value
    assert np.isfinite(critic).all()
    refused = {"dcgan-fashion": ("no_judge", 28), "gan-fashion": ("judged_size", 64)}
    for name, (key, side) in refused.items():
        with pytest.raises(InputError) as fault:
            engine.run(name, JudgeRequest(np.zeros((1, side, side, 3), np.uint8)))
        assert fault.value.key == key


@pytest.mark.parametrize("language", LANGUAGES)
def test_scores_stand_below_their_pictures_the_generated_from_high_to_low(language: str) -> None:
    gan = card("gan-fashion")
    parts = np.zeros((4, PATCHES, PATCHES), np.float32)
    parts[1, 2, 3], parts[2, 0, 0] = -0.125, 0.0625
    html = judgement(gan, ["noise"], np.stack([noise(gan)] * 4), [0.01, 0.25, 0.75, 0.5], parts, language)
    assert html.index("0.01") < html.index("0.75</figcaption>") < html.index("0.25</figcaption>")
    assert "0.50" in html
    assert "±0.12" in html, "one scale for all pictures"
    assert html.count("<figure") == 4
    maps = [colored(plane, 0.125) for plane in (parts[0], parts[2], parts[3], parts[1])]
    assert re.findall(r'class="parts" src="([^"]+)"', html) == maps


def test_a_patch_is_covered_by_its_own_mean_colour() -> None:
    picture = np.zeros((28, 28, 3), np.uint8)
    picture[4:8, 8:12] = np.arange(48).reshape(4, 4, 3)  # row 1, column 2 of the patches
    copies = flattened(picture)
    assert copies.shape == (PATCHES**2, 28, 28, 3)
    changed = [number for number, copy in enumerate(copies) if (copy != picture).any()]
    assert changed == [PATCHES + 2], "a patch without detail changes nothing"
    assert (copies[PATCHES + 2][4:8, 8:12] == np.rint(picture[4:8, 8:12].mean((0, 1)))).all()


def test_a_patch_that_only_noise_would_show_speaks_against_the_picture(engine: Any) -> None:
    gan = card("gan-fashion")
    spoilt = seen(GARMENTS[4].draw(), gan).copy()
    spoilt[:4, :4] = noise(gan)[:4, :4]
    asked = np.stack([spoilt, *flattened(spoilt)])
    scores = engine.run(gan.name, JudgeRequest(asked)).value
    assert scores[1] > scores[0], "without the noise in its corner it looks more real"
