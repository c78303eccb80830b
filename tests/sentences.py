"""Sentences of errors, to compare with whole: a part of one would also be found in another."""

from __future__ import annotations

import re

from segen.text import words


def sentence(key: str, **values: object) -> str:
    """The English sentence of the error `key`."""
    return words("en", f"errors.{key}", **values)


def exactly(key: str, **values: object) -> str:
    """The pattern that the English sentence of the error `key` alone matches."""
    return f"^{re.escape(sentence(key, **values))}$"
