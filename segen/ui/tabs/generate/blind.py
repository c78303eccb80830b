"""A blind test: two pictures side by side, and the visitor says which comes from where."""

from __future__ import annotations

import random
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np
from markupsafe import Markup

from segen import registry
from segen.data import datasets, raw
from segen.errors import DataError, InputError
from segen.imaging import images
from segen.registry import ModelCard
from segen.text import words
from segen.types import MAX_SEED, GenerateRequest, Image, Pictures
from segen.ui.framework.component import component
from segen.ui.framework.figures import empty, figure, png
from segen.ui.framework.language import language_of, say
from segen.ui.framework.link import Part, Values
from segen.ui.framework.queue import ONCE, QUIET, on_device, steps
from segen.ui.framework.templates import render
from segen.ui.tabs.generate.chosen import Chosen, Given

if TYPE_CHECKING:
    from segen.engine import Engine

REAL = "real"
"""The source that is the data set; no card may have this name."""
AT_ONCE = 16
"""Pairs that are drawn together: a network answers a batch as fast as one picture."""
SIDES = ("left", "right")
Sources = tuple[str, str]


@dataclass(frozen=True)
class Pair:
    """Two pictures of one size, H x W x 3, and the source of each, from left to right."""

    pictures: tuple[Image, Image]
    sources: Sources


@dataclass(frozen=True)
class Quiz:
    """A visit's test: what was answered, and what is still to be shown. It never leaves the server.

    `scores` are hits and answers by sources; `open` is the pair that waits for an answer.
    """

    sources: Sources = ("", "")
    scores: Mapping[Sources, tuple[int, int]] = field(default_factory=dict)
    open: Pair | None = None
    waiting: tuple[Pair, ...] = ()

    @property
    def target(self) -> str:
        """The source that is asked for: real pictures where they take part, else the first."""
        return REAL if REAL in self.sources else self.sources[0]

    @property
    def score(self) -> tuple[int, int]:
        """Hits and answers of the present sources."""
        return self.scores.get(self.sources, (0, 0))

    def between(self, sources: Sources) -> Quiz:
        """Of these sources: pairs of others are dropped, scores are kept."""
        return self if sources == self.sources else Quiz(sources, self.scores)

    def turned(self) -> Quiz:
        """With the next waiting pair open."""
        return replace(self, open=self.waiting[0], waiting=self.waiting[1:])

    def answered(self, side: str) -> tuple[Quiz, bool]:
        """After the target was said to be on a `side`, "left" or "right", and whether that is right.

        Raises InputError where no pair waits for an answer.
        """
        if self.open is None or side not in SIDES:
            raise InputError("pair_over")
        hit = self.open.sources[SIDES.index(side)] == self.target
        hits, trials = self.score
        scores = {**self.scores, self.sources: (hits + hit, trials + 1)}
        return replace(self, scores=scores, open=None), hit


def paired(sources: Sources, pictures: tuple[Pictures, Pictures], order: random.Random) -> tuple[Pair, ...]:
    """The N pictures of each source as N pairs, each in an order of its own."""
    pairs = []
    for first, second in zip(*pictures, strict=True):
        pair = Pair((first, second), sources)
        swapped = Pair((second, first), (sources[1], sources[0]))
        pairs.append(swapped if order.random() < 0.5 else pair)
    return tuple(pairs)


def interval(hits: int, trials: int) -> tuple[float, float]:
    """Wilson's 95 % interval of the share of right answers, both ends 0 to 1; all of it before any answer."""
    if not trials:
        return 0.0, 1.0
    from scipy.stats import binomtest  # takes a second, which the page need not wait for

    found = binomtest(hits, trials).proportion_ci(0.95, method="wilson")
    return float(found.low), float(found.high)


def known_sources(card: ModelCard) -> list[str]:
    """The cards of the same data set, and REAL where that is on disk."""
    names = [each.name for each in registry.cards("generate") if each.dataset == card.dataset]
    return names + [REAL] * _on_disk(card.dataset)


def _on_disk(dataset: str) -> bool:
    try:
        root = datasets.locate(None, dataset)
        return (root / "raw").is_dir() or bool(datasets.pictures(root, "test"))
    except DataError:
        return False


def real_pictures(card: ModelCard, count: int, order: random.Random) -> Pictures:
    """`count` x H x W x 3 real pictures of the test split. Raises DataError where there are none."""
    root = datasets.locate(None, card.dataset)
    if (root / "raw").is_dir():
        grey, _ = raw.read(root, "test")
        return np.repeat(grey[order.sample(range(len(grey)), count)][..., None], 3, axis=3)
    paths = order.choices(datasets.pictures(root, "test"), k=count)
    return np.stack([images.resize(images.read(path), *card.input_size) for path in paths])


@dataclass(frozen=True)
class Test:
    """The components of the test."""

    first: gr.Dropdown
    second: gr.Dropdown
    begin: gr.Button
    reset: gr.Button
    view: gr.HTML
    score: gr.HTML


def blind_view(engine: Engine, chosen: Chosen) -> Part:
    """Lay out the test of pictures of the data set that the model learned from, inside the current tab."""
    test, kept = _laid_out(), gr.State(Quiz())

    def turn(
        given: Given,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Generator[dict[Any, Any], None, None]:
        language = language_of(request)
        card = registry.card(given[chosen.model], "generate")
        sources = between(card, given[test.first], given[test.second])
        quiz = given[kept].between(sources)
        if not quiz.waiting:
            order = random.SystemRandom()
            drawn = []
            for source in sources:
                drawn.append((yield from _pictures(engine, card, source, order, progress, language)))
            quiz = replace(quiz, waiting=paired(sources, (drawn[0], drawn[1]), order))
        quiz = quiz.turned()
        yield {kept: quiz, test.view: question(quiz, language), test.score: told(quiz, language)}

    def answer(quiz: Quiz, request: gr.Request, event: gr.EventData) -> Values:
        language = language_of(request)
        pair = quiz.open
        quiz, hit = quiz.answered(str(getattr(event, "side", "")))
        assert pair is not None
        return {kept: quiz, test.view: verdict(pair, hit, language), test.score: told(quiz, language)}

    def forget(request: gr.Request) -> Values:
        return {kept: Quiz(), test.view: _empty(language_of(request)), test.score: ""}

    def of_card(card: ModelCard, language: str) -> Values:
        known = known_sources(card)
        names = [(_name(source, language), source) for source in known]
        other = next((source for source in reversed(known) if source != card.name), None)
        return {
            test.first: gr.Dropdown(names, value=card.name),
            test.second: gr.Dropdown(names, value=other),
            test.view: _empty(language),
            test.score: "",
        }

    outputs = [kept, test.view, test.score]
    inputs = {chosen.model, test.first, test.second, kept}
    on_device([test.begin.click], turn, inputs, outputs, stop=chosen.stop, shows=test.view)
    test.view.choose(answer, kept, outputs, **ONCE)
    test.reset.click(forget, None, outputs, **QUIET)
    return Part([test.first, test.second, test.view, test.score], of_card)


def _laid_out() -> Test:
    gr.Markdown(say("generate.blind_help"), elem_classes="help")
    with gr.Row(elem_classes="beside"):
        first = gr.Dropdown([""], label=say("generate.blind_first"), min_width=180, elem_id="blind-first")
        second = gr.Dropdown([""], label=say("generate.blind_second"), min_width=180, elem_id="blind-second")
        begin = gr.Button(
            say("generate.blind_next"), variant="primary", scale=0, min_width=140, elem_id="blind-next"
        )
        reset = gr.Button(say("generate.blind_reset"), scale=0, min_width=90, elem_id="blind-reset")
    view = component("blind", elem_classes="blind", elem_id="blind-pair")
    score = gr.HTML(elem_classes="blind-score", padding=False, elem_id="blind-score")
    return Test(first, second, begin, reset, view, score)


def _pictures(
    engine: Engine,
    card: ModelCard,
    source: str,
    order: random.Random,
    progress: gr.Progress,
    language: str,
) -> Generator[dict[Any, Any], None, Pictures]:
    """AT_ONCE pictures of a source, in no order that could be guessed."""
    if source == REAL:
        return real_pictures(card, AT_ONCE, order)
    work = GenerateRequest([order.randint(0, MAX_SEED) for _ in range(AT_ONCE)])
    return (yield from steps(engine, source, work, progress, language)).value.images


def between(card: ModelCard, *sources: str) -> Sources:
    """The two sources that were asked for. Raises InputError for an unknown one, and for one twice."""
    first, second = sources
    if not {first, second} <= set(known_sources(card)):
        raise InputError("source_unknown")
    if first == second:
        raise InputError("sources_alike")
    return first, second


def question(quiz: Quiz, language: str) -> Markup:
    """The open pair as HTML, each picture with a button; nothing in it tells which is which."""
    assert quiz.open is not None
    asked = (
        words(language, "generate.blind_question_real")
        if quiz.target == REAL
        else words(language, "generate.blind_question", source=_name(quiz.target, language))
    )
    pictures = list(zip(SIDES, map(png, quiz.open.pictures), strict=True))
    return render("tabs/generate/question.html", language=language, asked=asked, pictures=pictures)


def verdict(pair: Pair, hit: bool, language: str) -> Markup:
    """The answered pair as HTML, and where each picture came from."""
    left, right = (_name(source, language) for source in pair.sources)
    outcome = "hit" if hit else "miss"
    return render(
        "tabs/generate/verdict.html",
        outcome=outcome,
        said=words(language, f"generate.blind_{outcome}", left=left, right=right),
        figures=[figure(png(each), name) for each, name in zip(pair.pictures, (left, right), strict=True)],
    )


def told(quiz: Quiz, language: str) -> Markup:
    """Hits, answers, the interval and what it means, as HTML; empty before the first answer."""
    hits, trials = quiz.score
    if not trials:
        return Markup()
    low, high = interval(hits, trials)
    meaning = "better" if low > 0.5 else "worse" if high < 0.5 else "chance"
    shares = {"share": hits / trials, "low": low, "high": high}
    percent = {name: f"{100 * share:.0f}" for name, share in shares.items()}
    said = words(language, "generate.blind_score", hits=hits, trials=trials, **percent)
    means = words(language, f"generate.blind_{meaning}")
    return Markup("<p><b>{}</b> {}</p>").format(said, means)


def _name(source: str, language: str) -> str:
    if source == REAL:
        return words(language, "generate.blind_real")
    return registry.card(source).title[language]


def _empty(language: str) -> Markup:
    return empty(words(language, "generate.blind_empty"))
