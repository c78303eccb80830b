"""The static twin: what of the lab needs no server, as files for any web server or a static Space.

Chapters, the playground, live segmentation and translation, a classifier taught by strokes, generators under
sliders and the drawing pad stand on the lab's own components and networks. Formulas become MathML; nothing is
fetched from anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import FileSystemLoader
from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markupsafe import Markup
from mdit_py_plugins.dollarmath import dollarmath_plugin

from publishing.upload import ROOT, Content
from segen import registry
from segen.engine import Engine
from segen.imaging import images
from segen.models.teaching import regression
from segen.registry import TEACH_MODEL, ModelCard
from segen.text import LANGUAGES, catalogue
from segen.types import Image
from segen.ui import framework, widgets
from segen.ui.framework import templates
from segen.ui.framework.language import LOCALES
from segen.ui.framework.link import Link
from segen.ui.framework.networks import Networks
from segen.ui.tabs.learn import chapters
from segen.ui.tabs.learn.lesson import lessons
from segen.ui.tabs.segment import strokes, teach
from segen.ui.tabs.translate import live, pad
from segen.ui.widgets import camera, coloring, examples, inference, playground, sliders

PAGES = {"en": "index.html", "zh": "zh.html"}
COMPONENTS = ("camera", "coloring", "learn", "paint", "playground", "sliders")
WORDS = (
    "camera",
    "chapters",
    "coloring",
    "downloads",
    "generate",
    "inference",
    "page",
    "paint",
    "playground",
    "sliders",
    "teach",
    "translate",
    "twin",
    "viewer",
)
"""The groups of sentences that its scripts use."""
SIDE = 640
"""The longer side of an example, at most."""
OWN: Image = np.zeros((1, 1, 3), np.uint8)
"""Stands for a visitor's picture, of which only the page knows."""
TWIN = Path(__file__).with_name("twin")
TEMPLATES = templates.TEMPLATES.overlay(loader=FileSystemLoader(TWIN))
"""As the page's own templates are, which escape and know the words."""


def contents() -> dict[str, Content]:
    """All files by their paths; making the networks ready takes a minute the first time.

    Raises WeightsError for weights that are missing or bad.
    """
    shown = {place: list(_examples(cards)) for place, cards in _networks().items()}
    shown["teach"] = [(TEACH_MODEL, name) for name in strokes.EXAMPLES]
    found: dict[str, Content] = {
        "twin.css": _styles(),
        **{f"{name}.js": TWIN / f"{name}.js" for name in ("twin", "teach", "teaching")},
        "words.js": _source(framework, "words.js"),
        "icon.svg": _source(framework, "icon.svg"),
        **{f"widgets/{name}.js": _module(name) for name in COMPONENTS},
        **_folder("inference", inference.FOLDER),
        **_folder("playground", playground.FOLDER),
        **{f"start/{path.name}": path for path in (ROOT / "assets" / "start").glob("*.webp")},
    }
    for language in LANGUAGES:
        found[PAGES[language]] = _page(language, shown)
        found[f"chapters.{language}.json"] = json.dumps(_chapters(language), ensure_ascii=False)
        found[f"teach.{language}.json"] = json.dumps(_boards(language), ensure_ascii=False)
    for name in {name for pairs in shown.values() for _, name in pairs}:
        found[f"examples/{name}.webp"] = _picture(name)
    networks = Networks(Engine("cpu"))
    for name in sorted({name for place in _values("en").values() for name in place.get("models", ())}):
        found[f"networks/{name}.json"] = json.dumps(networks.told(name))
        found[f"networks/{name}.onnx"] = networks.content(name)
    return found


def _networks() -> dict[str, list[ModelCard]]:
    """The cards whose examples stand beside a live view."""
    return {
        "segment": [card for card in registry.segmenters() if card.options.onnx],
        "translate": sorted(
            (card for card in registry.cards("translate") if live.is_of(card)),
            key=lambda card: "photograph" not in card.options.given.values(),
        ),
    }


def _values(language: str) -> dict[str, dict[str, Any]]:
    """What each place's components are given, the places in their order."""
    drawers = [card for card in registry.cards("generate") if not card.options.diffusion]
    colorer = next(card for card in registry.cards("translate") if card.options.pad)
    colored = coloring.contents(colorer, "#draw", "")
    given = {
        "learn": {},
        "playground": playground.contents(Link({})),
        "segment": camera.segmenting(Link({}), language),
        "teach": {
            "model": TEACH_MODEL,
            "models": [TEACH_MODEL],
            "settings": {
                "color": regression.COLOR,
                "product": regression.PRODUCT,
                "told": regression.TOLD,
                "grey": float(regression.GREY),
                "penalty": regression.PENALTY,
            },
            "sides": {"board": teach.BOARD_SIDE, "grid": registry.card(TEACH_MODEL).options.max_side},
            "own": teach.board(OWN, "", language),
        },
        "generate": sliders.contents(drawers, language),
        "translate": camera.translating(_networks()["translate"], language),
        "draw": {"board": pad.blank(language), "coloring": colored, "models": [colored["network"]]},
    }
    for place in given.values():
        if "cards" in place:
            place["models"] = [card["name"] for card in place["cards"]]
    return given


def _examples(cards: Sequence[ModelCard]) -> Iterator[tuple[str, str]]:
    """For each kind of picture, the network that knows it and the names of examples, each once."""
    seen: set[str] = set()
    for card in cards:
        for direction in card.directions or ("",):
            if not direction:
                network, known = card.name, examples.examples_of(card.dataset)
            elif card.options.given[direction] in camera.READ:
                network, known = f"{card.name}.{direction}", examples.to_translate(card, direction)
            else:
                continue
            for example in known[:4]:
                if example.name not in seen:
                    seen.add(example.name)
                    yield network, example.name


def _picture(name: str) -> bytes:
    image = examples.named()[name].draw()
    return images.encode(images.fit(image, SIDE), "WEBP", quality=88)


def _boards(language: str) -> dict[str, Any]:
    """What the board shows of each example of "Teach it", with its strokes."""
    return {
        name: teach.board(images.fit(examples.named()[name].draw(), teach.BOARD_SIDE), name, language)
        for name in strokes.EXAMPLES
    }


def _page(language: str, shown: dict[str, list[tuple[str, str]]]) -> str:
    sentences = {key: text for key, text in catalogue(language).items() if key.partition(".")[0] in WORDS}
    values = _values(language)
    gallery = TEMPLATES.get_template("gallery.html")
    return TEMPLATES.get_template("page.html").render(
        language=language,
        locale=LOCALES[language],
        places=list(values),
        told=_json({"language": language, "locale": LOCALES[language], "words": sentences}),
        values=_json(values),
        templates={name: Markup(_text(widgets, f"{name}.html")) for name in COMPONENTS if name != "learn"},
        galleries={
            place: Markup(gallery.render(language=language, examples=pairs)) for place, pairs in shown.items()
        },
    )


def _json(value: object) -> Markup:
    """A value as JSON that may stand in a script of a page."""
    return Markup(json.dumps(value, ensure_ascii=False).replace("<", "\\u003c"))


def _chapters(language: str) -> dict[str, dict[str, str]]:
    """The HTML of each chapter by its name: contents, lead, guess, rest and ways on."""
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
    markdown.use(dollarmath_plugin, renderer=_formula)
    return {
        name: {
            "contents": chapters.chapter_list(language, name),
            "lead": markdown.render(f"# {lesson.title}\n\n{lesson.lead}"),
            "guess": templates.render("tabs/learn/guess.html", lesson=lesson, language=language),
            "rest": markdown.render(lesson.rest),
            "foot": chapters.ways_on(lesson, language),
        }
        for name, lesson in lessons(language).items()
    }


def _formula(tex: str, options: dict[str, Any]) -> str:
    """MathML, which browsers draw themselves."""
    tex = tex.replace("\\operatorname*", "\\operatorname")  # the star is all that latex2mathml does not know
    return convert(tex, display="block" if options["display_mode"] else "inline")


def _module(name: str) -> str:
    """A component's script, which the lab's page runs as a function's body, as a module."""
    return f"export default (element, props, watch, trigger) => {{\n{_text(widgets, f'{name}.js')}}};\n"


def _styles() -> str:
    """The twin's own style, that of chapters, and each component's within the component."""
    own = (TWIN / "twin.css").read_text("utf-8")
    styled = [name for name in COMPONENTS if name != "learn"]
    nested = [f'[data-component="{name}"] {{\n{_text(widgets, f"{name}.css")}}}\n' for name in styled]
    return "\n".join([own, _text("segen.ui.tabs.learn", "learn.css"), *nested])


def _folder(name: str, folder: Path) -> dict[str, Content]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {f"{name}/{path.relative_to(folder).as_posix()}": path for path in paths}


def _source(package: Any, name: str) -> Path:
    return Path(str(files(package).joinpath(name)))


def _text(package: Any, name: str) -> str:
    return _source(package, name).read_text("utf-8")
