"""Rows of text: in aligned columns for a terminal, and as CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a formula of a spreadsheet begins with."""


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


def comma_separated(rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV; a text that spreadsheets would take for a formula stands behind an apostrophe.

    Where there are other letters than ASCII, a byte-order mark stands first: without one, spreadsheets read
    them in the encoding of their system. Source: OWASP, "CSV Injection".
    """
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(
        [f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell for cell in row]
        for row in rows
    )
    text = written.getvalue()
    return text if text.isascii() else f"\ufeff{text}"
