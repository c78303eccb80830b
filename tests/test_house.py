"""A house where a stranger finds the room: few entries, files and functions that end in sight."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAX_ENTRIES = 14
MAX_LINES = 330
MAX_FUNCTION_LINES = 60
FILES = [path for part in ("segen", "tests", "benchmarks") for path in (ROOT / part).rglob("*.py")]


def test_the_package_has_few_entries() -> None:
    found = [path.name for path in (ROOT / "segen").iterdir() if path.name != "__pycache__"]
    assert 1 < len(found) <= MAX_ENTRIES, sorted(found)


def test_files_are_short() -> None:
    lines = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in FILES}
    assert "segen/engine/__init__.py" in lines
    assert not {name: count for name, count in lines.items() if count > MAX_LINES}


def test_functions_are_short() -> None:
    lines = {
        f"{path.relative_to(ROOT)}: {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in FILES
        if path.parent.name != "browser"  # one visit may be long
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    assert any(name.startswith("segen/engine/__init__.py") for name in lines)
    assert not {name: count for name, count in lines.items() if count > MAX_FUNCTION_LINES}
