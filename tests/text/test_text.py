"""The catalogue: both languages say the same things, and every error that is raised has its sentence."""

from __future__ import annotations

import ast
import csv
import io
import re
from pathlib import Path
from string import Formatter

import pytest

from segen.errors import SegenError
from segen.text import LANGUAGES, catalogue, words
from segen.text.table import comma_separated

SOURCES = sorted((Path(__file__).resolve().parents[2] / "segen").rglob("*.py"))
KEYS = sorted(catalogue("en"))
CHINESE = re.compile(r"[\u4e00-\u9fff]")
SHARED = (
    ".credit", ".language", ".model_gan", ".model_vae", ".model_wgan", ".loss_log", ".loss_saturating"
)  # fmt: skip
"""Keys of the same words in every language: names, and short formulas."""
WORDLESS = re.compile(r"(\{.*?\}|[\W\d_])*")
"""Signs and placeholders, which are the same in any language."""


def placeholders(sentence: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(sentence) if name is not None)


def test_languages_have_the_same_keys() -> None:
    assert sorted(catalogue("zh")) == KEYS


@pytest.mark.parametrize("key", KEYS)
def test_sentences_agree(key: str) -> None:
    english, chinese = catalogue("en")[key], catalogue("zh")[key]
    assert english.strip()
    assert chinese.strip()
    assert placeholders(english) == placeholders(chinese)
    if not key.endswith(SHARED) and ".formulas_" not in key:
        assert not CHINESE.search(english)
        assert CHINESE.search(chinese) or WORDLESS.fullmatch(chinese)


@pytest.mark.parametrize("key", [key for key in KEYS if key.startswith(("errors.", "metrics."))])
def test_sentences_end(key: str) -> None:
    assert catalogue("en")[key].endswith((".", "}"))
    assert catalogue("zh")[key].endswith(("。", "}"))


def raised() -> dict[str, set[str]]:
    """The names of the values of every error that the code raises, by key."""
    found: dict[str, set[str]] = {}
    kinds = {kind.__name__ for kind in SegenError.__subclasses__()} | {"SegenError"}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in kinds and node.args:
                (key,) = node.args
                assert isinstance(key, ast.Constant), f"{path.name}:{node.lineno}: the key is not a literal"
                found.setdefault(str(key.value), set()).update(str(value.arg) for value in node.keywords)
    return found


def test_every_error_has_its_sentence() -> None:
    errors = raised()
    assert len(errors) > 10
    for key, values in errors.items():
        assert set(placeholders(catalogue("en")[f"errors.{key}"])) <= values, key


def test_every_sentence_has_its_error() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    for key in KEYS:
        if key.startswith("errors."):
            name = key.removeprefix("errors.")
            assert f'"{name}"' in code or f'"{key}"' in code, key


def test_unknown_language_and_key() -> None:
    with pytest.raises(KeyError):
        catalogue("../en")
    for language in LANGUAGES:
        with pytest.raises(KeyError):
            words(language, "errors.no_such_key")


def test_csv_holds_no_formula_and_says_its_encoding() -> None:
    names = ["=1+1", "+1", "-1", "@SUM(A1)", "cup, red", 'a "b"', "'", -1]
    text = comma_separated([names])
    (cells,) = csv.reader(io.StringIO(text))
    assert cells == ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "cup, red", 'a "b"', "'", "-1"]
    assert text.isascii()
    assert comma_separated([["杯"]]) == "\ufeff杯\n"
