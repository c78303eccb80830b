"""The data sets that cards name: their classes, licences and credits, read from `datasets.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from segen.registry.options import Words
from segen.text import LANGUAGES


@dataclass(frozen=True)
class ClassInfo:
    """One class of a label map: the id in the masks, its name by language, its colour in RGB, 0 to 255.

    The page shows it in `shown`, a colour that contrasts with the others and with photographs. An `ignored`
    class ("unlabelled") stands in masks only: no network predicts it, no metric counts it.
    """

    id: int
    name: Words
    color: tuple[int, int, int]
    ignored: bool = False
    display: tuple[int, int, int] | None = None

    @property
    def shown(self) -> tuple[int, int, int]:
        """The colour on the page: that of `display`, else the data set's own."""
        return self.display or self.color

    def title(self, language: str) -> str:
        """The name for people."""
        return self.name[language].replace("_", " ")


@cache
def known() -> dict[str, dict[str, Any]]:
    """The data sets of datasets.toml, by name, as they stand there."""
    return tomllib.loads(files(__package__).joinpath("datasets.toml").read_text(encoding="utf-8"))


def dataset_folder(dataset: str) -> str:
    """The folder of a data set under the data root."""
    return str(known().get(dataset, {}).get("folder", dataset))


@cache
def dataset_classes(dataset: str) -> tuple[ClassInfo, ...]:
    """The classes in the masks of a data set that the cards know, the ignored one last; else empty."""
    return classes(known().get(dataset, {}).get("classes", []))


def dataset_title(dataset: str) -> Words:
    """What a data set is, by language; its name, where the cards know no more."""
    title: Words = known().get(dataset, {}).get("title", dict.fromkeys(LANGUAGES, dataset))
    return title


def classes(entries: list[dict[str, Any]]) -> tuple[ClassInfo, ...]:
    """The classes of a table in TOML."""
    return tuple(
        ClassInfo(
            entry["id"],
            entry["name"],
            tuple(entry["color"]),
            entry.get("ignored", False),
            tuple(entry["display"]) if "display" in entry else None,
        )
        for entry in entries
    )
