"""`segen run`: what it writes, refuses and tells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segen.cli.main import main
from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.evaluation.pipelines.recipe import KEYWORD, parse
from segen.imaging import images
from segen.imaging.png_text import text_in
from segen.types import GenerateRequest, TranslateRequest
from tests.cli.calls import names
from tests.sentences import sentence
from tests.small_translators import noise, write

STEPS: list[dict[str, Any]] = [
    {"task": "translate", "model": "small-nuclei", "options": {"strength": 0.5}},
    {"task": "cluster", "model": "kmeans", "options": {"k": 2}, "input": 0},
    {"task": "generate", "model": "dcgan-fashion", "options": {"seed": 40}},
]
LABELS = (".png", ".labels.png", ".overlay.png", ".regions.json", ".regions.txt")


def _recipe(folder: Path, steps: Any = STEPS, version: int = 1) -> Path:
    path = folder / "chain.json"
    path.write_text(json.dumps({"version": version, "steps": steps}))
    return path


def test_the_command_writes_a_picture_for_each_step_and_what_its_command_would(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = _recipe(tmp_path)
    first = write(tmp_path, "a.png", scenes.nuclei(1, 70, 50)[0])
    bad = tmp_path / "b.png"
    bad.write_bytes(b"no picture")
    out = tmp_path / "out"
    assert main(["run", str(recipe), str(first), str(bad), "--out", str(out)]) == 1
    assert "b.png: " in capsys.readouterr().err
    assert names(out) == {"a.0.png", "a.2.png", *(f"a.1{ending}" for ending in LABELS)}

    translated = engine.run("small-nuclei", TranslateRequest(images.read(first), strength=0.5)).value
    assert np.array_equal(images.read(out / "a.0.png"), translated.image)
    drawn = engine.run("dcgan-fashion", GenerateRequest([40])).value
    assert np.array_equal(images.read(out / "a.2.png"), drawn.images[0])
    again = tmp_path / "again"
    cluster = ["cluster", str(out / "a.0.png"), "--model", "kmeans", "--k", "2", "--out", str(again)]
    assert main(cluster) == 0
    for ending in LABELS[1:]:
        ours, theirs = out / f"a.1{ending}", again / f"a.0{ending}"
        if ending.endswith(".png"):
            assert np.array_equal(images.read(ours), images.read(theirs))
        else:
            assert ours.read_bytes() == theirs.read_bytes()
    for path in out.glob("*.png"):
        assert parse(text_in(path.read_bytes(), KEYWORD)) == parse(recipe.read_text()), path.name


def test_a_picture_that_holds_its_recipe_repeats_it(engine: Engine, tmp_path: Path) -> None:
    assert main(["run", str(_recipe(tmp_path, STEPS[2:])), "--out", str(tmp_path / "out")]) == 0
    first = tmp_path / "out" / "chain.0.png"
    assert main(["run", str(first), "--out", str(tmp_path / "again")]) == 0
    assert (tmp_path / "again" / "chain.0.0.png").read_bytes() == first.read_bytes()


@pytest.mark.parametrize(
    ("steps", "arguments", "key", "values"),
    [
        (STEPS, ["--out", "out"], "no_pictures", {}),
        (STEPS[2:], ["a.png", "--out", "out"], "recipe_no_image", {}),
        (STEPS, ["a.png", "sub/a.png", "--out", "out"], "same_stem", {"first": "a.png", "second": "a.png"}),
        (STEPS, ["a.png", "a.0.png", "--out", "."], "replaces_input", {"file": "a.0.png"}),
        (
            [],
            ["a.png", "--out", "out"],
            "item_unusable",
            {"file": "chain.json", "fault": sentence("recipe_steps", count="0", most=20)},
        ),
    ],
)
def test_the_command_refuses_before_any_work(
    engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    steps: Any,
    arguments: list[str],
    key: str,
    values: dict[str, Any],
) -> None:
    monkeypatch.chdir(tmp_path)
    _recipe(tmp_path, steps)
    for name in ("a.png", "a.0.png"):
        write(tmp_path, name, noise(5, 6))
    assert main(["run", "chain.json", *arguments]) == 2
    assert capsys.readouterr().err == sentence(key, **values) + "\n"
    assert not (tmp_path / "out").exists()


def test_a_newer_recipe_and_one_that_is_not_there_are_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(name: str, fault: str) -> str:
        return sentence("item_unusable", file=name, fault=fault) + "\n"

    assert main(["run", str(_recipe(tmp_path, version=2)), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err == said("chain.json", sentence("recipe_newer", version=2, known=1))
    assert main(["run", str(tmp_path / "none.json"), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err == said("none.json", sentence("no_such_file"))
