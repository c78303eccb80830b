"""`segen generate`: what it writes, how it fails, and its exit codes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from segen import registry
from segen.cli.main import main
from segen.engine import Engine
from segen.registry import ModelCard, cards
from segen.registry.options import GenerateOptions
from segen.text import words
from segen.types import GenerateRequest, Generation, Run

CLASSES = registry.dataset_classes("fashion")
UNCONDITIONAL = ModelCard(
    "garments", "generate", {"en": "g"}, {"en": "g"}, "", "fashion", "", "", "", {"en": ""}, (28, 28), 1, 1,
    {}, CLASSES, options=GenerateOptions("gan", grey=True),
)  # fmt: skip
CONDITIONAL = replace(
    UNCONDITIONAL, name="asked", options=GenerateOptions("cgan", grey=True, conditional=True)
)
COLOR = replace(UNCONDITIONAL, name="colour", options=GenerateOptions("gan"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[GenerateRequest]:
    """Three cards, and an engine whose pictures are as bright as their seed; the requests it got."""
    found: list[GenerateRequest] = []
    known = {card.name: card for card in (UNCONDITIONAL, CONDITIONAL, COLOR, *cards())}
    monkeypatch.setattr(registry, "_read_all", lambda: known)

    def run(engine: Engine, name: str, request: GenerateRequest) -> Run[Generation]:
        found.append(request)
        bright = np.array([seed % 256 for seed in request.seeds], np.uint8)[:, None, None, None]
        grey = known[name].options.grey
        pictures = np.broadcast_to(bright, (len(request.seeds), 28, 28, 3)).copy()
        return Run(Generation(pictures, None, tuple(request.seeds), grey), name, "cpu", 0.0, 0.0)

    monkeypatch.setattr(Engine, "run", run)
    return found


def generate(out: Path, *arguments: str, model: str = "garments") -> int:
    return main(["generate", "--model", model, "--out", str(out), *arguments])


def test_a_file_for_each_seed(asked: list[GenerateRequest], tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    assert generate(out, "--seed", "40", "--count", "130") == 0
    assert sorted(path.name for path in out.iterdir()) == [f"seed-{seed:06d}.png" for seed in range(40, 170)]
    with Pillow.open(out / "seed-000041.png") as picture:
        assert (picture.mode, picture.size) == ("L", (28, 28))
        assert np.asarray(picture).max() == 41
    assert [len(request.seeds) for request in asked] == [64, 64, 2], "written as they are made"


def test_color_stays_and_long_seeds_have_their_name(asked: list[GenerateRequest], tmp_path: Path) -> None:
    assert generate(tmp_path, "--seed", str(2**63 - 1), "--count", "1", model="colour") == 0
    with Pillow.open(tmp_path / f"seed-{2**63 - 1}.png") as picture:
        assert picture.mode == "RGB"


@pytest.mark.parametrize(("label", "id"), [("7", 7), ("sneaker", 7), ("Ankle Boot", 9), ("连衣裙", 3)])
def test_a_class_by_number_or_name(asked: list[GenerateRequest], tmp_path: Path, label: str, id: int) -> None:
    assert generate(tmp_path, "--label", label, model="asked") == 0
    assert [request.label for request in asked] == [id]


def test_diffusion_gets_its_options(asked: list[GenerateRequest], tmp_path: Path) -> None:
    assert generate(tmp_path, "--sampler", "ddpm", "--steps", "7", "--guidance", "2.5") == 0
    assert (asked[0].sampler, asked[0].steps, asked[0].guidance) == ("ddpm", 7, 2.5)
    assert generate(tmp_path) == 0
    assert (asked[1].sampler, asked[1].steps, asked[1].guidance) == ("ddim", 50, 1.0)


BAD: list[tuple[list[str], str, dict[str, Any]]] = [
    (["--seed", "-1"], "seed_out_of_range", {}),
    (["--seed", str(2**70)], "seed_out_of_range", {}),
    (["--seed", str(2**63 - 1), "--count", "2"], "seed_out_of_range", {}),
    (["--count", "0"], "count_out_of_range", {"most": "100,000"}),
    (["--count", str(10**9)], "count_out_of_range", {"most": "100,000"}),
    (["--label", "3"], "unconditional", {"model": "garments"}),
    (["--steps", "0"], "steps_out_of_range", {"most": "1,000"}),
    (["--guidance", "nan"], "guidance_out_of_range", {"most": "20"}),
]


@pytest.mark.parametrize(("arguments", "key", "values"), BAD)
def test_bad_input_gets_one_sentence(
    arguments: list[str],
    key: str,
    values: dict[str, Any],
    asked: list[GenerateRequest],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert generate(tmp_path / "out", *arguments) == 2
    assert capsys.readouterr().err == f"{words('en', f'errors.{key}', **values)}\n"
    assert not (tmp_path / "out").exists()
    assert asked == []


@pytest.mark.parametrize("label", ["10", "-1", "1.0", "hat"])
def test_a_class_that_is_none_gets_one_sentence(
    label: str, asked: list[GenerateRequest], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate(tmp_path / "out", f"--label={label}", model="asked") == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("model", ["no-such", "../x", "unet-camvid"])
def test_a_name_of_no_generator_is_a_usage_error(model: str, tmp_path: Path) -> None:
    assert generate(tmp_path / "out", model=model) == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [["--seed", "1.5"], ["--count", "many"], ["--sampler", "euler"]])
def test_what_is_no_number_is_a_usage_error(
    arguments: list[str], asked: list[GenerateRequest], tmp_path: Path
) -> None:
    assert generate(tmp_path / "out", *arguments) == 2


def test_ctrl_c_leaves_whole_files(
    asked: list[GenerateRequest],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = Engine.run

    def run(engine: Engine, name: str, request: GenerateRequest) -> Run[Generation]:
        if asked:
            raise KeyboardInterrupt
        return whole(engine, name, request)

    monkeypatch.setattr(Engine, "run", run)
    assert generate(tmp_path, "--count", "100") == 130
    assert capsys.readouterr().err.endswith(words("en", "cli.stopped") + "\n")
    found = sorted(path.name for path in tmp_path.iterdir())
    assert found == [f"seed-{seed:06d}.png" for seed in range(64)]
    for name in found:
        with Pillow.open(tmp_path / name) as picture:
            picture.load()
