"""The two priors of a VAE: what they draw, the odds of either, and what was measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from segen.registry import card
from segen.text import LANGUAGES, words
from segen.types import Priors
from segen.ui.tabs.generate.priors import BINS, DRAWN, MEASURED, SHOWN, histograms, priors_view, rare

RNG = np.random.default_rng(0)
NORMAL = RNG.standard_normal((DRAWN, 6), dtype=np.float32)
BOTH = Priors(
    NORMAL,
    NORMAL,
    np.linspace(-100, 0, DRAWN, dtype=np.float32),
    np.linspace(-50, 0, DRAWN, dtype=np.float32),
    np.zeros((DRAWN, 28, 28, 3), np.uint8),
)


def test_those_that_do_not_pass_have_odds_that_codes_hardly_have() -> None:
    assert rare(BOTH) == pytest.approx(0.505, abs=0.01), "the lower half, and a hundredth of the upper"
    alike = replace(BOTH, normal_odds=BOTH.learned_odds)
    assert rare(alike) <= 0.02


def test_the_histogram_holds_all_of_both() -> None:
    low, high, shares = histograms(BOTH)
    assert (low, high) == (pytest.approx(-95, abs=0.1), pytest.approx(-2.5, abs=0.1))
    assert {name: len(each) for name, each in shares.items()} == {"normal": BINS, "learned": BINS}
    assert [sum(each) for each in shares.values()] == [pytest.approx(1)] * 2
    assert shares["normal"][0] > 0.05, "those beyond are in the outer bars"
    assert shares["learned"][-1] > 0.05
    assert shares["learned"][0] == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_are_pictured_beside_what_was_measured(language: str) -> None:
    html = priors_view(card("vae-fashion"), BOTH, BOTH.normal_images[:SHOWN], language)
    for name in ("normal", "learned"):
        assert words(language, f"generate.prior_{name}") in html
    for name in MEASURED:
        assert words(language, f"generate.{name}_row") in html, "the shipped card was measured"
    assert html.count("<rect") == 2 * BINS
    assert html.count('src="data:image/png') == 2
