"""Rows of text in aligned columns, for a terminal."""

from __future__ import annotations

import unicodedata


def table(rows: list[list[str]], left: int = 1) -> str:
    """Rows of text in aligned columns, the first `left` columns flush left, the others flush right."""
    widths = [max(map(_columns, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = []
        for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
            space = " " * (width - _columns(cell))
            cells.append(cell + space if place < left else space + cell)
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines) + "\n"


def _columns(text: str) -> int:
    """How many columns of a terminal the text fills: a Chinese character fills two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
