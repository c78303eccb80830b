"""docs/performance.md is what the parts of `python -m benchmarks` printed; what fails leaves no trace."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import performance


def test_the_page_is_made_of_the_results() -> None:
    stated = performance.PAGE.read_text("utf-8")
    assert stated == performance.page(performance.read()), "run: python -m benchmarks PART"


def test_results_are_those_of_parts_that_exist() -> None:
    assert set(performance.read()) <= set(performance.PARTS)
    for name in performance.PARTS:
        assert callable(import_module(f"benchmarks.{name}").main)


@pytest.fixture
def own_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where results and page are written in place of the repository's."""
    monkeypatch.setattr(performance, "RESULTS", tmp_path / "performance.json")
    monkeypatch.setattr(performance, "PAGE", tmp_path / "performance.md")
    return tmp_path / "performance.md"


def test_a_part_keeps_its_section_while_others_are_measured(
    own_page: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> Iterator[str]:
        yield "half a figure"
        raise OSError("no browser")

    mains = {
        "speed": lambda: ["twice as fast   1 s / 2 s"],
        "cost": fails,
        "memory": lambda: ["3 MB"],
        "pairs": lambda: ["x"],
    }
    monkeypatch.setattr(
        benchmarks,
        "import_module",
        lambda name: SimpleNamespace(main=mains[name.removeprefix("benchmarks.")]),
    )
    assert benchmarks.main(["memory"]) == 0
    assert benchmarks.main(["speed", "cost", "pairs"]) == 1
    assert "cost: OSError: no browser" in capsys.readouterr().err
    page = own_page.read_text("utf-8")
    speed, memory = (f"## {performance.PARTS[name]}\n" for name in ("speed", "memory"))
    assert (
        0
        < page.index(speed)
        < page.index("- twice as fast; 1 s / 2 s\n")
        < page.index(memory)
        < page.index("- 3 MB\n")
    )
    assert "`python -m benchmarks speed`: 0 s on 20" in page
    assert "half a figure" not in page
    assert "pairs" not in page
    with pytest.raises(OSError, match="no browser"):
        benchmarks.main(["cost"])
