"""Disagreement under test-time augmentation, on cases worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from segen.evaluation.test_time_augmentation import AUGMENTATIONS, Augmentation, disagreement, entropy


def answer(*shares: float) -> np.ndarray:
    """One pixel's probabilities, C x 1 x 1."""
    return np.array(shares, dtype=np.float32)[:, None, None]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([answer(1, 0), answer(1, 0)], 0.0),
        ([answer(0.5, 0.5), answer(0.5, 0.5)], 0.0),  # undecided, yet of one mind
        ([answer(1, 0), answer(0, 1)], 1.0),
        # Two answers can be log 2 apart at most, however many the classes.
        ([answer(1, 0, 0, 0), answer(0, 0, 0, 1)], 1.0),
        # Their mean is (1/2, 1/4, 1/4), of 3/2 bits; the two have 0 and 1 bit.
        ([answer(1, 0, 0), answer(0, 0.5, 0.5)], 1.0),
        # (1/2, 1/2) has 1 bit, (3/4, 1/4) 2 - 3/4 log2(3) = 0.8113.
        ([answer(0.75, 0.25), answer(0.25, 0.75)], 1 - 0.8113),
        # Three answers, two classes: the mean (2/3, 1/3) has 0.9183 bits, of one bit at most.
        ([answer(1, 0), answer(1, 0), answer(0, 1)], 0.9183),
    ],
)
def test_mutual_information_by_hand(answers: list[np.ndarray], expected: float) -> None:
    assert disagreement(answers) == pytest.approx(expected, abs=1e-4)


def test_entropy_by_hand() -> None:
    assert entropy(answer(0.25, 0.25, 0.25, 0.25)) == pytest.approx(np.log(4), abs=1e-5)
    assert entropy(answer(0, 1)) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("augmentation", AUGMENTATIONS, ids=str)
def test_undoing_brings_every_pixel_back(augmentation: Augmentation) -> None:
    """A network that says how bright a pixel is agrees with itself, however the picture is shown."""
    ramp = np.linspace(0, 255, 40 * 60).reshape(40, 60).astype(np.uint8)
    image = np.repeat(ramp[..., None], 3, axis=2)

    def bright(shown: np.ndarray) -> np.ndarray:
        share = shown[..., 0] / np.float32(255)
        return np.stack([share, 1 - share])

    undone = augmentation.undo(bright(augmentation.apply(image)), 40, 60)
    assert np.abs(undone - bright(image))[:, 2:-2, 2:-2].max() < 0.02
    assert np.abs(undone.sum(axis=0) - 1).max() < 1e-5


def test_the_first_shows_the_picture_as_it_is_and_no_two_alike() -> None:
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    assert np.array_equal(AUGMENTATIONS[0].apply(image), image)
    assert len({augmentation.apply(image).tobytes() for augmentation in AUGMENTATIONS}) == len(AUGMENTATIONS)
    assert AUGMENTATIONS[-1].apply(image[:1, :1]).shape == (1, 1, 3)
