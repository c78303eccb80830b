"""HTML is made by templates that escape what they are given."""

from __future__ import annotations

import pytest
from jinja2 import DictLoader, UndefinedError

from segen.text import words
from segen.ui.framework import templates
from segen.ui.framework.templates import TEMPLATES, render

POISON = "<img src=x onerror=\"alert('&')\">"


@pytest.fixture
def _given(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {
        "text.html": "<p title='{{ text }}'>{{ text }}</p>",
        "nested.html": "<div>{{ inner }}{{ text }}</div>",
        "sentence.html": "{{ words(language, key) }}",
    }
    monkeypatch.setattr(templates, "TEMPLATES", TEMPLATES.overlay(loader=DictLoader(texts)))


@pytest.mark.usefixtures("_given")
def test_values_are_escaped_once_and_html_is_not_escaped_again() -> None:
    safe = "&lt;img src=x onerror=&#34;alert(&#39;&amp;&#39;)&#34;&gt;"
    inner = render("text.html", text=POISON)
    assert inner == f"<p title='{safe}'>{safe}</p>"
    assert render("nested.html", inner=inner, text=POISON) == f"<div>{inner}{safe}</div>"


@pytest.mark.usefixtures("_given")
def test_a_value_that_is_not_given_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render("text.html")


@pytest.mark.usefixtures("_given")
def test_a_template_speaks_the_language_it_is_given() -> None:
    said = render("sentence.html", language="zh", key="page.stop")
    assert said == words("zh", "page.stop")
