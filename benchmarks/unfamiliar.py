"""How well the page tells pictures unlike the training's: thresholds for each card, and how often they fail.

Needs `$SEGEN_DATA`. For each card that segments and has weights, pictures of its own data set's val are held
against odd ones: noise and textures that the code draws, and pictures of the other data sets. Thresholds are
chosen on every second picture of either kind; misses and false alarms are counted on the others. What it
prints are the lines to put under `[options]` of the card.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from segen.data.datasets import locate, raw_files
from segen.engine import Engine
from segen.evaluation.unfamiliar import TESTED_FITTING, TESTED_ODD, Signs, signs
from segen.imaging import images
from segen.registry import cards
from segen.types import Image, SegmentRequest

HEIGHT, WIDTH = 360, 480
FITTING = 30
"""So many pictures of a card's own data set; a third of them where they are foreign."""
LABELLED = ("camvid", "nuclei", "animals")
ENTROPIES = np.arange(0.01, 0.5, 0.01).round(2).tolist()
SHARES = [*np.arange(0.3, 1.0, 0.02).round(2).tolist(), 1.01]
"""The thresholds to choose from; 1.01 is never reached."""


def main() -> Iterator[str]:
    """A few lines for each card."""
    root = Path(os.environ["SEGEN_DATA"])
    engine, drawn = Engine("cpu"), [*noise(), *textures(), *others(root)]
    fitting = {dataset: _of(root, dataset, FITTING) for dataset in LABELLED}
    for card in cards("segment"):
        if card.parameters and not card.weights.is_dir():
            continue
        foreign = [each for dataset in LABELLED if dataset != card.dataset for each in fitting[dataset][::3]]

        def found(pictures: list[Image], name: str = card.name) -> list[Signs]:
            asked = (SegmentRequest(picture) for picture in pictures)
            return [signs(engine.run(name, each).value.probabilities) for each in asked]

        yield "\n".join((f"# {card.name}", *lines(found(fitting[card.dataset]), found([*drawn, *foreign]))))


def lines(fitting: list[Signs], odd: list[Signs]) -> list[str]:
    """The thresholds chosen on the even ones of either, and their failures on the others."""
    entropy, share = choose(fitting[::2], odd[::2])
    tested = fitting[1::2], odd[1::2]
    assert tuple(map(len, tested)) == (TESTED_FITTING, TESTED_ODD), "the page states these numbers"
    missed, false = failures(*tested, entropy, share)
    return [
        f"unfamiliar_entropy = {entropy}",
        f"unfamiliar_share = {share}",
        f"unfamiliar_missed = {missed:.3f}",
        f"unfamiliar_false = {false:.3f}",
    ]


def choose(fitting: list[Signs], odd: list[Signs]) -> tuple[float, float]:
    """The thresholds with the fewest misses and false alarms; of equals, those in the middle."""
    tried = {pair: sum(failures(fitting, odd, *pair)) for pair in product(ENTROPIES, SHARES)}
    best = sorted(pair for pair, failed in tried.items() if failed <= min(tried.values()) + 1e-9)
    entropies = sorted({entropy for entropy, _ in best})
    entropy = entropies[len(entropies) // 2]
    shares = [share for each, share in best if each == entropy]
    return entropy, shares[len(shares) // 2]


def failures(fitting: list[Signs], odd: list[Signs], entropy: float, share: float) -> tuple[float, float]:
    """The shares of odd pictures that are missed, and of fitting ones that are warned of."""

    def warned(found: list[Signs]) -> float:
        return float(np.mean([each.entropy >= entropy or each.share >= share for each in found]))

    return 1 - warned(odd), warned(fitting)


def noise() -> Iterator[Image]:
    """Uniform and normal, in colour and in grey, fine and coarse."""
    for seed in (0, 1):
        yield np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    for seed in (2, 3):
        yield _grey(np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH)))
    for seed, spread in ((4, 20), (5, 60)):
        values = np.random.default_rng(seed).normal(128, spread, (HEIGHT, WIDTH, 3))
        yield np.clip(values, 0, 255).astype(np.uint8)
    for seed in (6, 7):
        coarse = np.random.default_rng(seed).integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3), dtype=np.uint8)
        yield np.array(Pillow.fromarray(coarse).resize((WIDTH, HEIGHT), Pillow.Resampling.NEAREST))


def textures() -> Iterator[Image]:
    """Stripes, chequers, a ramp, flat colours and blobs."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    for period in (6, 24, 80):
        yield _grey(127 + 127 * np.sin(x * 2 * np.pi / period))
    for side in (8, 40):
        yield _grey(255 * ((x // side + y // side) % 2))
    yield _grey(255 * x / WIDTH)
    for level in (128, 250):
        yield _grey(np.full((HEIGHT, WIDTH), level))
    yield np.full((HEIGHT, WIDTH, 3), (200, 40, 40), np.uint8)
    for seed in (1, 4, 20):
        yield _grey(_blobs(seed, seed))
    for size in (1, 4):
        yield np.stack([_blobs(size + 10 * channel, size) for channel in range(3)], axis=-1)


def _blobs(seed: int, size: int) -> NDArray[np.uint8]:
    values = np.random.default_rng(seed).normal(size=(6 + size, 8 + size))
    levels = ((values - values.min()) / np.ptp(values) * 255).astype(np.uint8)
    return np.array(Pillow.fromarray(levels).resize((WIDTH, HEIGHT), Pillow.Resampling.BICUBIC))


def _grey(values: NDArray[np.generic]) -> Image:
    levels = np.clip(values.astype(float), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.repeat(levels[..., None], 3, axis=2))


def others(root: Path) -> Iterator[Image]:
    """Emoji on white, garments, and photographs of Yosemite, evenly picked."""
    emoji = sorted(locate(root, "emoji").glob("*.webp"))
    for file in emoji[:: len(emoji) // 8][:8]:
        drawing = Pillow.open(file).convert("RGBA")
        white = Pillow.new("RGBA", drawing.size, "white")
        white.alpha_composite(drawing)
        yield np.array(white.convert("RGB"))
    yield from _garments(locate(root, "fashion"))
    photographs = sorted(file for file in locate(root, "yosemite").rglob("*.jpg") if "test" in str(file))
    for file in photographs[:: len(photographs) // 10][:10]:
        yield images.read(file)


def _garments(folder: Path) -> Iterator[Image]:
    pictures, _ = raw_files(folder, "test")
    for number in range(8):
        yield _grey(pictures[97 * number])


def _of(root: Path, dataset: str, count: int) -> list[Image]:
    files = sorted((locate(root, dataset) / "val" / "images").iterdir())
    return [images.read(file) for file in files[:: len(files) // count][:count]]
