"""The chapters: both languages say the same, and every link in them opens what it names."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import gradio as gr
import pytest

from segen import registry
from segen.registry import cards
from segen.text import LANGUAGES
from segen.ui.app import TABS
from segen.ui.framework.link import Link
from segen.ui.tabs.learn.chapters import chapter_list
from segen.ui.tabs.learn.lesson import QUESTIONS, Lesson, lessons, read
from segen.ui.tabs.start.tab import PICTURES

NAMES = list(lessons("en"))
CHAPTERS = [name for name in NAMES if name != QUESTIONS]
BOTH = [(language, name) for language in LANGUAGES for name in NAMES]
HEADING = re.compile(r"^#+ ", re.MULTILINE)
FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$]+\$", re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]+\]\((.+?)\)")
PICTURE = re.compile(r"!\[[^\]]+\]\((.+?)\)")
SILENT = {"tab", "view", "show"}
"""What a link names and the values need not repeat: they stand in a value's properties."""


def whole(lesson: Lesson) -> str:
    return f"{lesson.lead}\n\n{lesson.rest}"


def links(lesson: Lesson) -> list[str]:
    return [lab.link for lab in lesson.labs] + LINK.findall(whole(lesson))


def structure(lesson: Lesson) -> dict[str, Any]:
    """What must be the same in any language."""
    text = whole(lesson)
    return {
        "guesses": len(lesson.guesses),
        "asks": bool(lesson.question),
        "labs": [lab.link for lab in lesson.labs],
        "headings": HEADING.findall(text),
        "formulas": Counter(FORMULA.findall(text)),
        "links": LINK.findall(text),
        "pictures": PICTURE.findall(text),
        "rows": len(re.findall(r"^\|", text, re.MULTILINE)),
        "folded": text.count("<details>"),
    }


def test_there_are_ten_chapters_a_last_page_and_the_questions() -> None:
    assert [name[:2] for name in CHAPTERS] == [f"{number:02}" for number in range(1, 12)]
    assert NAMES[-1] == QUESTIONS


@pytest.mark.parametrize("name", NAMES)
def test_languages_have_the_same_structure(name: str) -> None:
    assert list(lessons("zh")) == NAMES
    assert structure(lessons("zh")[name]) == structure(lessons("en")[name])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_has_every_part(name: str, language: str) -> None:
    lesson = lessons(language)[name]
    found = structure(lesson)
    assert lesson.question
    assert len(lesson.guesses) >= 2
    assert lesson.labs
    assert "$$" in lesson.rest
    assert found["folded"] == lesson.rest.count("</details>") == 2  # what happens, and the check's answer
    assert found["rows"] >= 4, "a word for each symbol"
    assert len(found["headings"]) >= 4


@pytest.fixture(scope="module")
def built() -> dict[str, Any]:
    with gr.Blocks():
        return {tab.NAME: tab.build(None) for tab in TABS}  # type: ignore[arg-type]


@pytest.mark.parametrize(("language", "name"), BOTH)
def test_every_button_and_link_opens_what_it_names(language: str, name: str, built: dict[str, Any]) -> None:
    for address in links(lessons(language)[name]):
        assert address.startswith("?")
        options = dict(parse_qsl(address[1:], strict_parsing=True))
        link = Link(options)
        values = built[link.choice("tab", list(built))].fill(link, language)
        assert link.nonsense == [], address
        restored = {text for value in values.values() for text in told(value)}
        asked = {part for key, text in options.items() if key not in SILENT for part in text.split(",")}
        if "chapter" in options:
            assert lessons(language)[options["chapter"]].rest in restored
        elif options.get("view") != "playground":  # what it is asked for stands in its one value
            assert asked <= restored, address


@pytest.mark.parametrize(
    ("model", "tab"),
    [("unet-camvid", "segment"), ("gan-fashion", "generate"), ("cyclegan-yosemite", "translate")],
)
def test_a_chapter_whose_model_is_missing_opens_another_and_says_so(
    monkeypatch: pytest.MonkeyPatch, model: str, tab: str
) -> None:
    known = {name: card for name, card in registry._read_all().items() if name != model}
    monkeypatch.setattr(registry, "_read_all", lambda: known)
    with gr.Blocks():
        (opened,) = (each.build(None) for each in TABS if tab == each.NAME)  # type: ignore[arg-type]
    asked = [
        dict(parse_qsl(address[1:]))
        for name in NAMES
        for address in links(lessons("en")[name])
        if re.search(rf"tab={tab}\b.*[=,]{model}\b", address)
    ]
    assert asked
    for options in asked:
        link = Link(options)
        values = opened.fill(link, "en")
        assert {"model", "models"} & set(link.nonsense), "which the page tells"
        assert model not in {text for value in values.values() for text in told(value)}


def told(value: Any) -> set[str]:
    """The values that a component is given, as a link writes them."""
    value = getattr(value, "value", value)
    values = value if isinstance(value, list) else [value]
    return {str(each) for each in values} | {Path(str(each)).stem for each in values}


@pytest.mark.parametrize(("language", "name"), BOTH)
def test_pictures_are_shipped_and_formulas_survive_markdown(language: str, name: str) -> None:
    text = whole(lessons(language)[name])
    for picture in PICTURE.findall(text):
        assert (PICTURES / picture.removeprefix("start/")).is_file()
    for formula in FORMULA.findall(text):
        if not formula.startswith("$$"):  # Markdown would take these signs for its own
            assert not re.search(r"\\[^a-zA-Z]|\*|\|", formula), formula


def test_a_line_that_ends_within_a_chinese_paragraph_leaves_no_space() -> None:
    lesson = read(
        "new", '+++\ntitle = "新"\n+++\n第一行：\n第二行 of\n第三行。\n\n“引文”\n\n## 标题\n\n- 甲\n- 乙'
    )
    assert lesson.lead == "第一行：第二行 of\n第三行。\n\n“引文”"
    assert lesson.rest == "## 标题\n\n- 甲\n- 乙"
    lesson = read("new", '+++\ntitle = "New"\n+++\nOne line,\n“quoted”\n“twice”')
    assert lesson.lead == "One line,\n“quoted”\n“twice”"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_list_marks_the_chapter_that_is_open(language: str) -> None:
    page = chapter_list(language, CHAPTERS[1])
    assert page.count("<li>") == len(NAMES)
    assert page.count("aria-current") == 1
    assert f'data-lesson="{CHAPTERS[1]}" aria-current' in page
    assert "<h2>" in chapter_list(language, heading=True)


def test_a_chapter_is_text_and_no_html_of_its_author(monkeypatch: pytest.MonkeyPatch) -> None:
    lesson = read("x", '+++\ntitle = "<b>"\n+++\nLead.\n\n## Look\n\nThere.\n')
    assert (lesson.title, lesson.lead, lesson.rest) == ("<b>", "Lead.", "## Look\n\nThere.")
    monkeypatch.setattr("segen.ui.tabs.learn.chapters.lessons", lambda _language: {"x": lesson})
    assert "&lt;b&gt;" in chapter_list("en")
    with pytest.raises(ValueError, match="before the first"):
        read("x", "Hello\n+++\n+++\n")


def test_the_syllabus_has_no_row_without_a_place() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "syllabus.md").read_text(encoding="utf-8")
    rows = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("| ")][2:]
    known = {each.name for each in cards()}
    assert len(rows) > 30
    for _, place in rows:
        assert re.search(r"`|tab |chapter|docs/|segen|Frequently", place), place
        named = set(re.findall(r"`([a-z0-9]+(?:-[a-z0-9]+)+)`", place))
        assert named <= known, named - known
        for part in re.findall(r"chapters? ([0-9]+(?: and [0-9]+)*)", place):
            assert {int(number) for number in part.split(" and ")} <= set(range(1, len(CHAPTERS) + 1))
