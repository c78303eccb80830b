"""Pictures unlike those of the training, told by a network's answer."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from benchmarks.unfamiliar import choose, failures
from segen.evaluation.unfamiliar import Signs, signs
from segen.registry import cards, dataset_classes
from segen.registry.options import SegmentOptions


def test_signs_are_the_mean_entropy_and_the_share_of_the_largest_class() -> None:
    sure = np.zeros((4, 2, 5), np.float32)
    sure[1] = 1
    sure[:, 0, 0] = (1, 0, 0, 0)
    found = signs(sure)
    assert found.entropy == pytest.approx(0, abs=1e-4)
    assert found.share == pytest.approx(0.9)
    assert signs(np.full((4, 2, 5), 0.25, np.float32)).entropy == pytest.approx(1)


def test_either_sign_is_enough_for_a_warning() -> None:
    options = SegmentOptions(unfamiliar_entropy=0.2, unfamiliar_share=0.8)
    assert not Signs(0.19, 0.79).unfamiliar(options)
    assert Signs(0.2, 0.1).unfamiliar(options)
    assert Signs(0.0, 0.8).unfamiliar(options)


def test_thresholds_are_put_where_they_fail_least() -> None:
    fitting = [Signs(entropy, 0.4) for entropy in (0.02, 0.04, 0.05)]
    odd = [Signs(0.2, 0.4), Signs(0.3, 0.5), Signs(0.01, 0.95)]
    entropy, share = choose(fitting, odd)
    assert 0.05 < entropy <= 0.2
    assert 0.4 < share <= 0.95
    assert failures(fitting, odd, entropy, share) == (0, 0)
    assert failures(fitting, odd, 0.03, 1.01) == (pytest.approx(1 / 3), pytest.approx(2 / 3))


def test_what_a_card_says_of_its_warning_was_measured_whole() -> None:
    for card in cards("segment"):
        options = card.options
        assert (options.unfamiliar_missed is None) == (options.unfamiliar_false is None), card.name


MACHADO = {
    "none": np.eye(3),
    "protan": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deutan": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritan": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
"""Colours as people see them who lack one kind of cone, in linear RGB: Machado et al. 2009, severity 1."""


@pytest.mark.parametrize("sight", MACHADO)
@pytest.mark.parametrize("dataset", ["camvid", "animals", "nuclei"])
def test_colours_on_the_page_are_told_apart_with_any_sight(dataset: str, sight: str) -> None:
    known = [each for each in dataset_classes(dataset) if not each.ignored]
    colors = np.array([each.shown for each in known]) / 255
    linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(MACHADO[sight]).T, 0, 1)
    seen = np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)
    lab = rgb2lab(seen[None])[0]
    apart = deltaE_ciede2000(lab[:, None], lab[None])
    np.fill_diagonal(apart, np.inf)
    assert apart.min() > 10
