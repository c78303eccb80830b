"""The files that commands write, each whole or not at all."""

from __future__ import annotations

from pathlib import Path

from segen.data import files
from segen.imaging.export import contents, picture_file
from segen.registry import ModelCard
from segen.types import Clustering, Generation, Image, Segmentation


def write_segmentation(
    folder: Path, stem: str, card: ModelCard, image: Image, result: Segmentation | Clustering
) -> None:
    """Write STEM.labels.png, .overlay.png, .regions.json and .regions.txt, each whole or not at all.

    STEM.instances.png is written, too, where the result has instances.
    """
    write_contents(folder, stem, contents(card, image, result))


def write_contents(folder: Path, stem: str, by_ending: dict[str, bytes]) -> None:
    """Write each content into the file of its ending, whole or not at all."""
    for ending, content in by_ending.items():
        with files.replacing(folder / f"{stem}{ending}") as temporary:
            temporary.write_bytes(content)


def write_pictures(folder: Path, result: Generation) -> None:
    """Write every generated picture, each whole or not at all."""
    for index in range(len(result.seeds)):
        name, content = picture_file(result, index)
        with files.replacing(folder / name) as temporary:
            temporary.write_bytes(content)
