"""The house stays one in which a stranger finds the room: few entries, and files that end in sight."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAX_ENTRIES = 14
MAX_LINES = 330


def test_the_package_has_few_entries() -> None:
    found = [path.name for path in (ROOT / "segen").iterdir() if path.name != "__pycache__"]
    assert 1 < len(found) <= MAX_ENTRIES, sorted(found)


def test_files_are_short() -> None:
    files = [path for part in ("segen", "tests", "benchmarks") for path in (ROOT / part).rglob("*.py")]
    lines = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in files}
    assert "segen/engine.py" in lines
    assert not {name: count for name, count in lines.items() if count > MAX_LINES}
