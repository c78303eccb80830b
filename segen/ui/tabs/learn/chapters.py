"""The view Chapters of the tab Learn: one at a time, each with a guess, ways into the lab, and a check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr
from markupsafe import Markup

from segen.ui.framework.component import component
from segen.ui.framework.language import say
from segen.ui.framework.link import Link, Tab, Values
from segen.ui.framework.templates import render
from segen.ui.tabs.learn.lesson import Lesson, lessons

if TYPE_CHECKING:
    from segen.engine import Engine

NAME = "chapters"
_DELIMITERS: list[dict[str, str | bool]] = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "$", "right": "$", "display": False},
]


def build(_engine: Engine) -> Tab:
    """Lay out the view inside the current gr.Tab."""
    gr.Markdown(say("chapters.help"), elem_classes="help")
    with gr.Row(elem_classes=["work", "lesson-page"]):
        with gr.Column(scale=1, min_width=240):
            contents = component("learn", padding=False, elem_id="learn-contents")
        with gr.Column(scale=3, min_width=300, elem_classes=["lesson", "visits"]):
            lead = gr.Markdown(latex_delimiters=_DELIMITERS, elem_id="learn-lead")
            guess = component("learn", padding=False, elem_id="learn-guess")
            rest = gr.Markdown(latex_delimiters=_DELIMITERS, elem_id="learn-rest")
            foot = component("learn", padding=False, elem_id="learn-foot")

    def fill(link: Link, language: str) -> Values:
        chapters = lessons(language)
        lesson = chapters[link.choice("chapter", list(chapters))]
        return {
            contents: chapter_list(language, lesson.name),
            lead: f"# {lesson.title}\n\n{lesson.lead}",
            guess: render("tabs/learn/guess.html", lesson=lesson, language=language),
            rest: lesson.rest,
            foot: ways_on(lesson, language),
        }

    return Tab([contents, lead, guess, rest, foot], fill)


def chapter_list(language: str, opened: str = "", heading: bool = False) -> Markup:
    """Links to all chapters, the one of the name `opened` marked, as HTML; `heading` says what they are."""
    return render(
        "tabs/learn/contents.html",
        lessons=lessons(language).values(),
        opened=opened,
        heading=heading,
        language=language,
    )


def ways_on(lesson: Lesson, language: str) -> Markup:
    """Ways on from a chapter: the one before, the next, paper."""
    chapters = list(lessons(language).values())
    place = chapters.index(lesson)
    before = chapters[place - 1] if place else None
    after = chapters[place + 1] if place + 1 < len(chapters) else None
    return render("tabs/learn/foot.html", before=before, after=after, language=language)
