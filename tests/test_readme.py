"""What the README states is true: its commands run, and its table is what the cards say."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from segen.data.synthetic import scenes
from segen.imaging import images
from segen.registry import ModelCard, cards

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def reached(card: ModelCard) -> str:
    """The card's main figure with the split it was measured on, or a dash."""
    found = card.reached()
    return found.phrase("en", f"{card.dataset} {found.split}") if found else "-"


def model_table() -> str:
    """The README's table of models."""
    rows = ["| model | task | what it is | parameters | measured |", "| --- | --- | --- | --- | --- |"]
    for card in cards():
        parameters = f"{card.parameters / 1e6:.1f} M" if card.parameters else "-"
        architecture = card.architecture["en"]
        rows.append(f"| `{card.name}` | {card.task} | {architecture} | {parameters} | {reached(card)} |")
    return "\n".join(rows)


def test_the_table_is_what_the_cards_say() -> None:
    assert model_table() in README, f"put this table into README.md:\n\n{model_table()}"


def test_the_frontmatter_is_what_spaces_need() -> None:
    front = dict(re.findall(r"^(\w+): (.+)$", README.split("---")[1], re.MULTILINE))
    pinned = dict(line.split("==") for line in (ROOT / "requirements.txt").read_text().split())
    assert front["sdk"] == "gradio"
    assert front["sdk_version"] == pinned["gradio"]
    assert (ROOT / front["app_file"]).is_file()


def test_links_lead_to_files() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_versions_named_are_the_pinned_ones() -> None:
    pinned = (ROOT / "requirements.txt").read_text()
    assert all(version in pinned for version in re.findall(r"\b[a-z]+==[\d.]+", README))


def test_ci_calls_the_readmes_test_command() -> None:
    assert "\nmake test\n" in README
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGEN_RUNS", str(tmp_path / "runs"))
    (tmp_path / "street.png").write_bytes(images.encode(scenes.street(0)[0]))
    (tmp_path / "cells.png").write_bytes(images.encode(scenes.nuclei(0)[0]))
    commands = re.findall(r"^```console\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    lines = [shlex.split(line) for block in commands for line in block.splitlines()]
    assert len(lines) >= 5
    for program, *arguments in lines:
        if program == "python":
            command = [sys.executable, str(ROOT / arguments[0]), *arguments[1:]]
        else:
            command = [sys.executable, "-m", program, *arguments]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "results" / "street.regions.json").is_file()
    assert (tmp_path / "unet-camvid.onnx").is_file()
    assert (tmp_path / "runs" / "unet-camvid" / "export" / "model.safetensors").is_file()
    python = re.search(r"^```python\n(from segen.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert python
    subprocess.run([sys.executable, "-c", python[1]], cwd=tmp_path, check=True, capture_output=True)
