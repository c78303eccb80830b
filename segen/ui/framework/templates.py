"""HTML from templates that escape every value: .html files beside the widget or tab that fills them."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from segen.text import words

TEMPLATES = Environment(
    loader=PackageLoader("segen", "ui"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
"""Templates may call `words(language, key, **values)`, whose sentences are escaped like any other value."""
TEMPLATES.globals["words"] = words


def render(name: str, **values: Any) -> Markup:
    """The template at `name`, a path below segen/ui such as "widgets/figure.html", filled with `values`.

    The answer is HTML, and so is not escaped again where it is a value of another template. A value that a
    template names and nobody gives raises jinja2.UndefinedError.
    """
    return Markup(TEMPLATES.get_template(name).render(values))
