"""A folder of drawn pictures with masks, and the sentences about its files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from segen.data import datasets
from segen.imaging import images
from tests.sentences import sentence

CLASSES = [("background", (0, 0, 0)), ("lesion", (255, 0, 0)), ("label", (0, 0, 255))]
HEIGHT, WIDTH = 24, 32


def truth(number: int) -> NDArray[np.uint8]:
    labels = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    labels[4 + number : 12 + number, 6:20] = 1
    return labels


class Drawn:
    """A folder of three pictures with masks in `train`."""

    def __init__(self, root: Path, count: int = 2) -> None:
        self.root = root
        for part in ("images", "masks"):
            (root / "train" / part).mkdir(parents=True)
        entries = [
            {"id": id, "name": name, "color": color} for id, (name, color) in enumerate(CLASSES[:count])
        ]
        (root / "classes.json").write_text(json.dumps(entries), encoding="utf-8")
        for number in range(3):
            picture = np.repeat(60 + 120 * (truth(number) > 0)[..., None].astype(np.uint8), 3, axis=2)
            self.picture(f"{number}.png").write_bytes(images.encode(picture))
            self.store(f"{number}.png", truth(number))

    def picture(self, name: str) -> Path:
        return self.root / "train" / "images" / name

    def mask(self, name: str) -> Path:
        return self.root / "train" / "masks" / name

    def store(self, name: str, values: NDArray[np.uint8] | NDArray[np.uint16]) -> None:
        Pillow.fromarray(values).save(self.mask(name))

    def labels(self) -> list[NDArray[np.uint8]]:
        known = datasets.classes(self.root, "own")
        (found,) = datasets.survey(self.root, known, ["train"])
        return [datasets.read(pair, known, found.coding)[1] for pair in found.pairs]

    def right(self) -> bool:
        return [labels.tolist() for labels in self.labels()] == [
            truth(number).tolist() for number in range(3)
        ]


def unusable(*faults: str) -> str:
    """The sentence that names the faults of a folder."""
    return sentence("folder_unusable", faults="\n".join(faults))


def item(file: str, key: str, **values: object) -> str:
    """The sentence about a file that cannot be used."""
    return sentence("item_unusable", file=file, fault=sentence(key, **values))
