"""Asking a discriminator: at balance it cannot tell, noise it sees through."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from segen.errors import InputError
from segen.registry import card, cards
from segen.text import LANGUAGES
from segen.types import GenerateRequest, JudgeRequest
from segen.ui.tabs.generate.judging import judgement, noise, seen
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
    html = judgement(gan, ["noise"], np.stack([noise(gan)] * 4), [0.01, 0.25, 0.75, 0.5], language)
    assert html.index("0.01") < html.index("0.75</figcaption>") < html.index("0.25</figcaption>")
    assert "0.50" in html
    assert html.count("<figure") == 4
