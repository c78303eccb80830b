"""Chapters as they stand in segen/text/lessons: TOML between two lines of +++, then Markdown."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from segen import text

QUESTIONS = "questions"
"""The page of frequently asked questions: it stands last, and has nothing to guess."""

_CHINESE = r"[\u3001-\u30ff\u4e00-\u9fff\uff01-\uff60]"
_WRAPPED = re.compile(rf"(?<={_CHINESE})\n(?=[“]?{_CHINESE})|(?<={_CHINESE}”)\n(?={_CHINESE})")
"""A line's end within a Chinese paragraph, of which a browser would make a space."""


@dataclass(frozen=True)
class Lab:
    """What a button of a chapter opens: `link` is the query of an address, such as "?tab=segment"."""

    words: str
    link: str


@dataclass(frozen=True)
class Lesson:
    """One chapter in one language; `name` is its file's, and what a link calls it.

    `lead` is the Markdown before the first heading, which comes before the guess; `rest` is what follows.
    `question` is empty where there is nothing to guess.
    """

    name: str
    title: str
    lead: str
    rest: str
    question: str = ""
    guesses: tuple[str, ...] = ()
    labs: tuple[Lab, ...] = ()


@cache
def lessons(language: str) -> dict[str, Lesson]:
    """All chapters of a language by name, in their order, the frequently asked questions last."""
    folder = files(text) / "lessons" / language
    names = sorted(path.name.removesuffix(".md") for path in folder.iterdir())
    return {name: read(name, (folder / f"{name}.md").read_text(encoding="utf-8")) for name in names}


def read(name: str, source: str) -> Lesson:
    """The chapter of that name in a file's text. Raises ValueError for a text of another form."""
    before, front, body = source.split("+++\n", 2)
    if before:
        raise ValueError(f"{name}: text before the first +++")
    fields = tomllib.loads(front)
    lead, heading, rest = _WRAPPED.sub("", body).partition("\n## ")
    return Lesson(
        name,
        fields["title"],
        lead.strip(),
        (heading + rest).strip(),
        fields.get("question", ""),
        tuple(fields.get("guesses", ())),
        tuple(Lab(**lab) for lab in fields.get("labs", ())),
    )
