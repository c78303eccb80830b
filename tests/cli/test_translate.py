"""`segen translate`: what it writes, refuses and tells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segen import registry
from segen.cli.main import main
from segen.data.synthetic import scenes
from segen.engine import Engine
from segen.imaging import images
from segen.text import words
from tests.sentences import sentence
from tests.small_translators import noise, write


def test_the_command_writes_pictures_of_their_size(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = write(tmp_path, "a.png", scenes.nuclei(1, 70, 50)[0])
    seen = np.dstack([scenes.nuclei(2, 40, 30)[0], np.zeros((30, 40), np.uint8)])  # fully transparent
    (tmp_path / "b.png").write_bytes(images.encode(seen))
    bad = tmp_path / "c.png"
    bad.write_bytes(b"no picture")
    out = tmp_path / "out"
    arguments = [str(first), str(bad), str(tmp_path / "b.png"), "--model", "small-nuclei", "--out", str(out)]
    assert main(["translate", *arguments]) == 1
    assert "c.png: " in capsys.readouterr().err
    from PIL import Image as Pillow

    for name, size in (("a.png", (70, 50)), ("b.png", (40, 30))):
        with Pillow.open(out / name) as picture:
            assert (picture.mode, picture.size) == ("L", size)
    assert not (out / "c.png").exists()
    assert (
        main(["translate", str(first), "--model", "small-nuclei", "--strength", "0", "--out", str(out)]) == 0
    )
    assert np.array_equal(images.read(out / "a.png"), images.read(first))


@pytest.mark.parametrize(
    ("arguments", "key", "values"),
    [
        (
            ["a.png", "--model", "small-emoji", "--direction", "backward", "--out", "out"],
            "direction_missing",
            {"model": "small-emoji", "known": "forward"},
        ),
        (
            ["a.png", "--model", "small-nuclei", "--strength", "1.5", "--out", "out"],
            "strength_out_of_range",
            {},
        ),
        (
            ["a.png", "--model", "kmeans", "--out", "out"],
            "wrong_task",
            {"model": "kmeans", "task": "translate"},
        ),
        (["--model", "small-nuclei", "--out", "out"], "no_pictures", {}),
        (
            ["a.png", "sub/a.png", "--model", "small-nuclei", "--out", "out"],
            "same_stem",
            {"first": "a.png", "second": "a.png"},
        ),
        (["a.png", "--model", "small-nuclei", "--out", "."], "replaces_input", {"file": "a.png"}),
    ],
)
def test_the_command_refuses_before_any_work(
    engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    key: str,
    values: dict[str, str],
) -> None:
    monkeypatch.chdir(tmp_path)
    before = write(tmp_path, "a.png", noise(5, 6)).read_bytes()
    assert main(["translate", *arguments]) == 2
    known = ", ".join(card.name for card in registry.cards("translate"))
    assert capsys.readouterr().err == sentence(key, **{"known": known} | values) + "\n"
    assert (tmp_path / "a.png").read_bytes() == before
    assert not (tmp_path / "out").exists()


def test_colors_of_no_class_are_told_on_the_command_line(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "map.png", noise(6, 7))
    assert main(["translate", str(path), "--model", "small-streets", "--out", str(tmp_path / "out")]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "map.png: " in line]
    assert len(told) == 1
    assert told[0].endswith("map.png: " + words("en", "translate.strays_labels", pixels="42"))
