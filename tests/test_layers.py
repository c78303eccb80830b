"""Imports go one way, and what must start fast imports no torch."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "segen").rglob("*.py"))

FORBIDDEN = {
    "segen/ui": ("torch", "segen.models", "segen.training", "torchvision", "segmentation_models_pytorch"),
    "segen/models": ("segen.engine", "segen.ui", "segen.training", "segen.cli", "gradio"),
    "segen/training": ("segen.ui", "segen.engine", "segen.cli", "gradio"),
    "segen/engine.py": ("segen.ui", "segen.training", "segen.cli", "gradio"),
    "segen/registry.py": ("torch", "segen.models", "segen.engine", "segen.ui", "segen.images"),
    "segen/types.py": ("torch", "segen.models", "segen.engine", "segen.ui", "segen.registry"),
    "segen/weights.py": ("segen.models", "segen.engine", "segen.ui", "segen.training"),
    "segen/images.py": ("segen.models", "segen.engine", "segen.ui", "segen.training"),
}


def imported(path: Path) -> set[str]:
    """Every module that a file imports, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def guarded(path: Path) -> set[str]:
    """What a file imports for its annotations alone, under `if TYPE_CHECKING:`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        inner = isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        if inner:
            names |= {
                each.module for each in ast.walk(node) if isinstance(each, ast.ImportFrom) and each.module
            }
            names |= {a.name for each in ast.walk(node) if isinstance(each, ast.Import) for a in each.names}
    return names


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    for folder, forbidden in FORBIDDEN.items():
        if not path.relative_to(ROOT).as_posix().startswith(folder):
            continue
        for name in imported(path) - guarded(path):
            assert not any(name == each or name.startswith(f"{each}.") for each in forbidden), name


def test_training_is_one_loop_that_names_no_model() -> None:
    lines = (ROOT / "segen/training/loop.py").read_text(encoding="utf-8").splitlines()
    code = [line for line in lines if line.strip() and not line.strip().startswith("#")]
    assert len(code) < 260
    assert "segen.models" not in "\n".join(lines)


@pytest.mark.parametrize("module", ["segen", "segen.registry", "segen.types", "segen.cli", "segen.images"])
def test_light_modules_import_no_torch(module: str) -> None:
    program = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
