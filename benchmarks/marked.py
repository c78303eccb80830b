"""Pages of docs whose tables the code writes, each between its mark, `<!-- name -->`, and `<!-- end -->`."""

from __future__ import annotations

from pathlib import Path

from segen.data import files

DOCS = Path(__file__).resolve().parent.parent / "docs"


def write(page: Path, name: str, text: str) -> None:
    """Put `text` in place of what stands after the mark `name`."""
    head, begin, rest = page.read_text(encoding="utf-8").partition(f"<!-- {name} -->\n")
    _, end, tail = rest.partition("<!-- end -->")
    files.write_text(page, f"{head}{begin}{text}\n{end}{tail}")


def table(rows: list[list[str]]) -> str:
    """Rows of cells in Markdown, the first one being the head."""
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
