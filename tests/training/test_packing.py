"""A finished run becomes a card's folder, which is used like what ships, and refused where it may harm."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tomlkit
import torch

from segen import registry
from segen.cli.main import main
from segen.data.synthetic import folder as drawn
from segen.engine import Engine
from segen.errors import UsageError, WeightsError
from segen.evaluation.model_card import model_card
from segen.imaging import images
from segen.models import weights
from segen.registry import folders
from segen.text import words
from segen.training import loop, packing
from segen.training.main import main as train
from segen.training.recipe import Place
from segen.training.recipes.segmentation import Segmentation
from segen.types import SegmentRequest
from tests.sentences import exactly, sentence
from tests.training.test_training import SMALL

NAMES = ("paper", "ink & <b>blots</b>", "unlabelled")
"""Classes of the test's own data; one name could do harm on a page."""


@pytest.fixture(autouse=True)
def only_shipped_cards() -> Iterator[None]:
    """Cards that a test adds are gone after it."""
    shipped = dict(registry._read_all())
    yield
    registry._read_all().clear()
    registry._read_all().update(shipped)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data set `own`, a run `own` that was trained on it, and its card in `cards/own`."""
    root = tmp_path_factory.mktemp("own")
    assert drawn.main([str(root / "own"), "--count", "2", "--like", "nuclei"]) == 0
    entries = [{"id": id, "name": name, "color": [9, id, 99]} for id, name in enumerate(NAMES)]
    (root / "own" / "classes.json").write_text(json.dumps(entries), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGEN_RUNS", str(root / "runs"))
        where = Place(data=str(root / "own"))
        loop.fit(Segmentation(replace(SMALL, name="own", steps=1, evaluate_every=1), where), where)
        packing.pack("own", root / "cards" / "own")
    return root


@pytest.fixture
def cards(place: Path, tmp_path: Path) -> Path:
    """A copy of the folder of cards, to be altered."""
    return Path(shutil.copytree(place / "cards", tmp_path / "cards"))


def test_a_packed_run_is_a_folder_of_data_alone(place: Path) -> None:
    folder = place / "cards" / "own"
    names = {"README.md", "SHA256SUMS", "card.toml", "config.json", "model.safetensors"}
    assert {path.name for path in folder.iterdir()} == names
    weights.verify(folder)
    (card,) = folders.add_all(place / "cards")
    assert (card.name, card.task, card.dataset) == ("own", "segment", "own")
    assert [known.name["zh"] for known in card.classes] == list(NAMES[:2]), "the last one is ignored"
    assert [known.color for known in card.classes] == [(9, 0, 99), (9, 1, 99)]
    assert (folder / "README.md").read_text(encoding="utf-8") == model_card(card)
    assert card.multiply_adds > 10_000_000
    with torch.inference_mode():
        network = Engine("cpu")._predictor("own").network
        assert sum(each.numel() for each in network.parameters()) <= card.parameters


def test_its_card_segments_and_is_measured(
    place: Path, cards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--cards", str(cards)]
    picture = next((place / "own" / "val" / "images").iterdir())
    assert main(["segment", str(picture), "--model", "own", "--out", str(tmp_path / "out"), *given]) == 0
    found = json.loads((tmp_path / "out" / f"{picture.stem}.regions.json").read_text(encoding="utf-8"))
    assert found["model"] == "own"
    assert {each["name"]["en"] for each in found["regions"]} <= set(NAMES)
    data = ["--data", str(place / "own"), "--split", "val"]
    assert main(["evaluate", "--model", "own", *data, "--write", *given]) == 0
    assert "mean_iou" in (cards / "own" / "README.md").read_text(encoding="utf-8")
    capsys.readouterr()
    assert main(["models", "--json", "--task", "segment", *given]) == 0
    (told,) = (each for each in json.loads(capsys.readouterr().out) if each["name"] == "own")
    assert told["metrics"]["own"]["val"]["items"] == 1
    assert registry.card("own").reached() is not None


def test_pack_measures_where_it_is_given_data(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEGEN_RUNS", str(place / "runs"))
    out, data = tmp_path / "measured", str(place / "own")
    assert main(["pack", "own", "--out", str(out), "--name", "measured", "--data", data]) == 0
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert 0 <= metrics["own"]["val"]["metrics"]["mean_iou"] <= 1
    assert folders.read(out).reached() is not None


def test_pack_that_cannot_measure_leaves_nothing(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEGEN_RUNS", str(place / "runs"))
    out, data = tmp_path / "measured", str(place / "own")
    command = ["pack", "own", "--out", str(out), "--name", "measured", "--data"]
    assert main([*command, str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == sentence("data_missing", dataset="own")
    assert main([*command, data, "--split", "none"]) == 1
    assert not out.exists()
    assert main([*command, data]) == 0
    assert (out / "metrics.json").is_file()


def test_what_cannot_be_packed_is_told(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGEN_RUNS", str(place / "runs"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    for run, out, name, key, values in (
        ("none", "new", "", "run_unfit", {"run": "none"}),
        ("own", "new", "../up", "card_name", {"name": "../up"}),
        ("own", "new", "unet-camvid", "card_taken", {"name": "unet-camvid"}),
        ("own", "full", "", "folder_not_empty", {"folder": "full"}),
    ):
        with pytest.raises(UsageError, match=exactly(key, **values)):
            packing.pack(run, tmp_path / out, name)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("change", ["longer", "without weights"])
def test_a_run_that_goes_on_or_lost_its_weights_is_not_packed(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """What an interrupted run exported earlier is not what its configuration says."""
    monkeypatch.setenv("SEGEN_RUNS", str(tmp_path))
    run = Path(shutil.copytree(place / "runs" / "own", tmp_path / "own"))
    if change == "longer":
        config = json.loads((run / "config.json").read_text())
        (run / "config.json").write_text(json.dumps(config | {"steps": 9}))
    else:
        (run / "export" / "model.safetensors").unlink()
    with pytest.raises(UsageError, match=exactly("run_unfit", run="own")):
        packing.pack("own", tmp_path / "new")
    assert not (tmp_path / "new").exists()


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
        (altered("zh =", "de ="), "card_wrong", {"problem": "a text in en and zh"}),
        (altered(r"(?s)(\[\[classes.*?)zh =", r"\1de ="), "card_wrong", {"problem": "a text in en and zh"}),
        (altered(r"color = \[.*", "color = [0, 0, 256]"), "card_wrong", None),
        (altered(NAMES[1], NAMES[0]), "card_wrong", {"problem": "card.toml, classes[1]: a name of its own"}),
        (altered(NAMES[1], NAMES[0] + " "), "card_wrong", {"problem": "card.toml, classes[1]: a name"}),
        (altered(NAMES[0], ""), "card_wrong", {"problem": "card.toml, classes[0]: a name of its own"}),
        (altered(NAMES[1], "  "), "card_wrong", {"problem": "card.toml, classes[1]: a name of its own"}),
        (written("metrics.json", '{"own": {"val": 3}}'), "card_wrong", {"problem": "metrics.json"}),
        (configured(classes=7), "card_wrong", {"problem": "classes: 7 in config.json"}),
        (configured(decoder_channels=[10**9] * 5), "card_wrong", {"problem": "config.json"}),
        (configured(encoder_weights="imagenet"), "card_wrong", {"problem": "config.json"}),
        (written("config.json", '{"classes": 1}'), "card_unsealed", {}),
        (written("SHA256SUMS", ""), "card_unsealed", {}),
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
    frame = words("en", f"errors.{key}", **dict.fromkeys(re.findall(r"{(\w+)}", _raw(key)), "\0"))
    for part in frame.split("\0"):
        assert part in said
    for value in (values or {}).values():
        assert value in said
    with pytest.raises(UsageError) as error:
        folders.add_all(cards)
    assert error.value.key == key
    assert "own" not in [card.name for card in registry.cards()]


def _raw(key: str) -> str:
    from segen.text import catalogue

    return catalogue("en")[f"errors.{key}"]


def test_what_systems_and_editors_leave_does_no_harm(cards: Path) -> None:
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "LICENSE", ".gitattributes"):
        (cards / "own" / name).write_bytes(b"\0")
    file = cards / "own" / "card.toml"
    file.write_text(file.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert [card.name for card in folders.add_all(cards)] == ["own"]


def test_a_network_that_cannot_be_built_is_told_when_it_is_loaded(cards: Path) -> None:
    configured(_model_class="from_pretrained")(cards / "own")
    folders.add_all(cards)
    with pytest.raises(WeightsError, match=exactly("card_unusable", model="own")):
        Engine("cpu").run("own", SegmentRequest(np.zeros((8, 8, 3), np.uint8)))


def test_weights_altered_after_the_start_are_told(cards: Path) -> None:
    folders.add_all(cards)
    (cards / "own" / "model.safetensors").write_bytes(b"")
    with pytest.raises(WeightsError, match=exactly("card_unsealed", folder="own")):
        Engine("cpu").run("own", SegmentRequest(np.zeros((8, 8, 3), np.uint8)))


def test_a_folder_without_cards_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=exactly("cards_missing", folder=tmp_path.name, file="card.toml")):
        folders.add_all(tmp_path)


def test_a_training_that_is_given_no_cards_tells_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(["unet-camvid", "--data", "synthetic", "--cards", str(tmp_path)]) == 2
    told = sentence("cards_missing", folder=tmp_path.name, file="card.toml")
    assert capsys.readouterr().err.splitlines()[-1] == told


def test_texts_may_be_edited_and_one_may_serve_both_languages(cards: Path) -> None:
    file = cards / "own" / "card.toml"
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    table["title"] = {"en": "Blots", "zh": "墨迹"}
    table["source"] = "One for both."
    file.write_text(tomlkit.dumps(table), encoding="utf-8")
    (card,) = folders.add_all(cards)
    assert card.title["zh"] == "墨迹"
    assert card.source == {"en": "One for both.", "zh": "One for both."}


def test_the_page_offers_the_card_and_escapes_its_words(place: Path) -> None:
    folders.add_all(place / "cards")
    from segen.ui.tabs.models.overview import overview
    from segen.ui.tabs.segment.shared import segmenters
    from segen.ui.widgets.viewer import contents

    assert "own" in [card.name for card in segmenters()]
    for language in ("en", "zh"):
        page = str(overview("own", language))
        assert 'data-card="own"' in page
        assert "<b>blots" not in page
    image = images.read(next((place / "own" / "val" / "images").iterdir()))
    value = Engine("cpu").run("own", SegmentRequest(image)).value
    shown = contents(registry.card("own"), image, value)
    assert [each["name"]["en"] for each in shown["classes"]] == list(NAMES[:2])
