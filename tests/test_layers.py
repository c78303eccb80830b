"""Imports go one way, through other modules too, and what must start fast imports no torch."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "segen").rglob("*.py"))
}

BASE = {"errors", "text", "types", "registry"}
"""What every part may use."""
ALLOWED = {
    "errors": {"text"},
    "text": set(),
    "types": {"errors"},
    "registry": {"errors", "text", "types"},
    "imaging": BASE,
    "data": {*BASE, "imaging"},
    "models": {*BASE, "imaging", "data"},
    "engine": {*BASE, "imaging", "models"},
    "evaluation": {*BASE, "imaging", "data", "models", "engine"},
    "training": {*BASE, "imaging", "data", "models", "evaluation"},
    "ui": {*BASE, "imaging", "data", "evaluation"},
    "cli": {*BASE, "imaging", "data", "models", "engine", "evaluation", "training"},
}
"""The parts of Segen that each part may import, itself aside; `ui` is handed its engine."""
LATENTS = ("segen.models", "segen.models.latents")
"""Mathematics of latent vectors, without a network, which the page may use."""


def imported(path: Path) -> set[str]:
    """Every module that a file imports, inside functions too, but for annotations alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    guarded = {
        each
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for each in ast.walk(node)
    }
    names: set[str] = set()
    for node in ast.walk(tree):
        if node in guarded:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


IMPORTS = {module: imported(path) for module, path in SOURCES.items()}


def reached(module: str) -> dict[str, str]:
    """Every module that `module` imports, directly or not, and the module that imports it."""
    found: dict[str, str] = {}
    waiting = [module]
    while waiting:
        current = waiting.pop()
        for name in IMPORTS.get(current, ()):
            if name not in found:
                found[name] = current
                waiting.append(name)
    return found


def part(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


@pytest.mark.parametrize("module", [module for module in SOURCES if part(module) in ALLOWED])
def test_imports_go_one_way(module: str) -> None:
    allowed = ALLOWED[part(module)] | {part(module)}
    for name in IMPORTS[module]:
        if name in SOURCES and part(name) and name not in LATENTS:
            assert part(name) in allowed, name


def test_every_part_has_a_place_in_the_order() -> None:
    assert {part(module) for module in SOURCES} - {"", "__main__"} == set(ALLOWED)


@pytest.mark.parametrize("module", [module for module in SOURCES if part(module) == "ui"])
def test_the_page_reaches_no_torch_through_any_module(module: str) -> None:
    found = reached(module)
    heavy = ("torch", "torchvision", "torchmetrics", "segmentation_models_pytorch", "diffusers")
    for name, importer in found.items():
        assert name.partition(".")[0] not in heavy, f"{importer} imports {name}"
        assert name in LATENTS or part(name) != "models" or name not in SOURCES, f"{importer} imports {name}"


@pytest.mark.parametrize("module", [module for module in SOURCES if part(module) in ("models", "engine")])
def test_networks_know_no_page(module: str) -> None:
    assert "gradio" not in {name.partition(".")[0] for name in reached(module)}


def test_training_is_one_loop_that_names_no_model() -> None:
    lines = (ROOT / "segen/training/loop.py").read_text(encoding="utf-8").splitlines()
    code = [line for line in lines if line.strip() and not line.strip().startswith("#")]
    assert len(code) < 260
    assert "segen.models" not in "\n".join(lines)


LIGHT = ("segen", "segen.registry", "segen.types", "segen.cli.main", "segen.imaging.images", "segen.ui.app")


def test_light_modules_import_no_torch() -> None:
    """In a process of its own, one after the other; it tells the first that does."""
    program = """
import importlib, sys
for module in sys.argv[1:]:
    importlib.import_module(module)
    if "torch" in sys.modules:
        sys.exit(module)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, *LIGHT], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
