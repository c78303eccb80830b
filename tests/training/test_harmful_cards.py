"""Folders of cards that may harm, or whose networks cannot answer: each is refused in a sentence."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from segen import registry
from segen.cli.main import main
from segen.engine import Engine
from segen.errors import UsageError, WeightsError
from segen.models import weights
from segen.registry import folders
from segen.text import catalogue, words
from segen.types import SegmentRequest
from tests.sentences import exactly
from tests.training.conftest import NAMES

pytestmark = pytest.mark.usefixtures("only_shipped_cards")


def altered(old: str, new: str) -> Callable[[Path], None]:
    """Writes `new` for `old`, a pattern, in card.toml."""

    def alter(folder: Path) -> None:
        text, count = re.subn(old, new, (folder / "card.toml").read_text(encoding="utf-8"), count=1)
        assert count
        (folder / "card.toml").write_text(text, encoding="utf-8")

    return alter


def written(name: str, content: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")

    return write


def pipe(name: str) -> Callable[[Path], None]:
    """A pipe in place of a file, which whoever reads it waits for."""

    def make(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

    return make


def configured(**values: object) -> Callable[[Path], None]:
    """Other values in config.json, sealed as if they were meant."""

    def write(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        (folder / "config.json").write_text(json.dumps(config | values), encoding="utf-8")
        weights.seal(folder)

    return write


@pytest.mark.parametrize(
    ("harm", "key", "values"),
    [
        (written("loader.py", "print()"), "card_code", {"what": "loader.py"}),
        (written(".hidden.py", "print()"), "card_code", {"what": ".hidden.py"}),
        (written("run", "#!/bin/sh"), "card_code", {"what": "run"}),
        (written("Makefile", "all:"), "card_code", {"what": "Makefile"}),
        (written("deep/weights.pkl", ""), "card_code", {"what": "weights.pkl"}),
        (configured(auto_map={"AutoModel": "m.M"}), "card_code", {"what": "auto_map"}),
        (altered('loader = ".*"', 'loader = "os:system"'), "card_loader", {"loader": "os:system"}),
        (altered('name = "own"', 'name = "unet-camvid"'), "card_taken", {"name": "unet-camvid"}),
        (altered('dataset = ".*"', 'dataset = "camvid"'), "card_dataset", {"dataset": "camvid"}),
        (written("card.toml", "name = ["), "card_unreadable", None),
        (written("card.toml", ""), "card_wrong", None),
        (altered('task = "segment"', 'task = "generate"'), "card_wrong", None),
        (altered('name = "own"', 'name = "../up"'), "card_wrong", None),
        (altered("max_side = .*", "max_side = 100000000"), "card_wrong", None),
        (altered("max_side = .*", "exec = 1"), "card_wrong", None),
        (altered("zoom = .*", "scales = [1.0, 40.0]"), "card_wrong", None),
        (altered("zoom = .*", "scales = []"), "card_wrong", None),
        (altered("id = 1", "id = 7"), "card_wrong", None),
        (altered('title]\nen = "own"', 'title]\nen = " "'), "card_wrong", {"problem": "a title that is"}),
        (altered(NAMES[0], " "), "card_wrong", {"problem": "card.toml, classes[0]: a name of its own"}),
        (altered(NAMES[0], f" {NAMES[1]}"), "card_wrong", {"problem": "card.toml, classes[1]: a name"}),
        (altered("zh =", "de ="), "card_wrong", {"problem": "a text in en and zh"}),
        (altered(r"color = \[.*", "color = [0, 0, 256]"), "card_wrong", None),
        (altered(NAMES[1], NAMES[0]), "card_wrong", {"problem": "card.toml, classes[1]: a name of its own"}),
        (altered(r"(?s)(\[\[classes.*?)zh =", r"\1de ="), "card_wrong", {"problem": "a text in en and zh"}),
        (written("metrics.json", '{"own": {"val": 3}}'), "card_wrong", {"problem": "metrics.json"}),
        (configured(classes=7), "card_wrong", {"problem": "classes: 7 in config.json"}),
        (configured(decoder_channels=[10**9] * 5), "card_wrong", {"problem": "config.json"}),
        (configured(decoder_channels=[2048] * 5), "card_wrong", {"problem": "config.json"}),
        (configured(activation="sigmoid"), "card_wrong", {"problem": "activation in config.json"}),
        (configured(encoder_weights="imagenet"), "card_wrong", {"problem": "config.json"}),
        (written("config.json", '{"classes": 1}'), "card_unsealed", {}),
        (written("SHA256SUMS", ""), "card_unsealed", {}),
        (pipe("metrics.json"), "card_no_file", {"what": "metrics.json"}),
        (pipe("model.safetensors"), "card_no_file", {"what": "model.safetensors"}),
        (lambda folder: (folder / "a.txt").symlink_to("none"), "card_no_file", {"what": "a.txt"}),
        (lambda folder: (folder / "model.safetensors").unlink(), "card_unsealed", {}),
    ],
)  # fmt: skip
def test_a_folder_that_may_harm_is_refused_in_a_sentence(
    cards: Path, harm: Callable[[Path], None], key: str, values: dict[str, str] | None,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    harm(cards / "own")
    assert main(["models", "--cards", str(cards)]) == 2
    said = capsys.readouterr().err.strip()
    assert said.count("\n") == 0
    assert str(cards) not in said
    frame = words(
        "en", f"errors.{key}", **dict.fromkeys(re.findall(r"{(\w+)}", catalogue("en")[f"errors.{key}"]), "\0")
    )
    for part in frame.split("\0"):
        assert part in said
    for value in (values or {}).values():
        assert value in said
    with pytest.raises(UsageError) as error:
        folders.add_all(cards)
    assert error.value.key == key
    assert "own" not in [card.name for card in registry.cards()]


def test_what_systems_and_editors_leave_does_no_harm(cards: Path) -> None:
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "LICENSE", ".gitattributes"):
        (cards / "own" / name).write_bytes(b"\0")
    file = cards / "own" / "card.toml"
    file.write_text(file.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert [card.name for card in folders.add_all(cards)] == ["own"]


def negative_variances(folder: Path) -> None:
    """Weights that are finite, and answers that are not."""
    tensors = load_file(folder / "model.safetensors")
    variances = {name: -each - 1 for name, each in tensors.items() if name.endswith("running_var")}
    save_file(tensors | variances, folder / "model.safetensors")
    weights.seal(folder)


@pytest.mark.parametrize(
    "harm",
    [
        configured(_model_class="from_pretrained"),
        configured(decoder_interpolation="none such"),
        altered("zoom = .*", "kinds = [1, 99]"),
        negative_variances,
    ],
)
def test_a_network_that_cannot_answer_is_told_when_it_is_loaded(
    cards: Path, harm: Callable[[Path], None]
) -> None:
    harm(cards / "own")
    folders.add_all(cards)
    with pytest.raises(WeightsError, match=exactly("card_unusable", model="own")):
        Engine("cpu").run("own", SegmentRequest(np.zeros((8, 8, 3), np.uint8)))


def test_weights_altered_after_the_start_are_told(cards: Path) -> None:
    folders.add_all(cards)
    (cards / "own" / "model.safetensors").write_bytes(b"")
    with pytest.raises(WeightsError, match=exactly("card_unsealed", folder="own")):
        Engine("cpu").run("own", SegmentRequest(np.zeros((8, 8, 3), np.uint8)))
