"""The pictures of a training: read, decoded and augmented each time, against `train.py --cache`."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from PIL import Image as Pillow

from benchmarks.pairs import compare
from segen.data.synthetic import scenes
from segen.registry import dataset_classes
from segen.training import augment, cache
from segen.training.data import LabelledFolder, LabelledPictures
from segen.training.sampler import Plain, Seeded, drawing

PICTURES, WIDTH, HEIGHT = 64, 500, 376
CROP = 208


def main() -> Iterator[str]:
    """What a picture costs the processor that augments it, and the one beside a GPU that augments."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "camvid"
        _draw(root)
        read = LabelledPictures(
            LabelledFolder(str(root), "camvid", "train"),
            augment.crops(CROP, CROP, (0.75, 2.0), 0.4, 255, upright=True),
        )
        kept = cache.read_once(read, root / "cache", 0, writes=True)
        each_time, plain = Seeded(read, 0), Plain(kept)

        def augmented(number: int) -> None:
            image, labels, _ = plain[number, number]
            with drawing(0, number):
                kept.augmented(image, labels)

        def all_by(one: Callable[[int], object]) -> list[object]:
            return [one(number) for number in range(PICTURES)]

        read_each_time = partial(all_by, lambda number: each_time[number, number])
        ways: dict[str, Callable[[int], object]] = {
            "--cache on a processor": augmented,
            "--cache beside a GPU, which augments": lambda number: plain[number, number],
        }
        for what, ours in ways.items():
            found = compare(read_each_time, partial(all_by, ours), rounds=5)
            yield (
                f"a JPEG of {WIDTH} x {HEIGHT} read and augmented each time / {what}: {found.ratio:.1f}"
                f"   {found.first / PICTURES * 1e3:.1f} ms / {found.second / PICTURES * 1e3:.2f} ms"
            )


def _draw(root: Path) -> None:
    """A data set of drawn streets."""
    for part in ("images", "masks"):
        (root / "train" / part).mkdir(parents=True)
    told = [
        {"id": each.id, "name": each.name["en"], "color": each.color} for each in dataset_classes("camvid")
    ]
    (root / "classes.json").write_text(json.dumps(told), encoding="utf-8")
    for seed in range(PICTURES):
        image, labels = scenes.street(seed, WIDTH, HEIGHT)
        Pillow.fromarray(image).save(root / "train" / "images" / f"{seed}.jpg", quality=90)
        Pillow.fromarray(labels).save(root / "train" / "masks" / f"{seed}.png")
