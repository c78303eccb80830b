"""docs/own-data.md, followed command by command; and the folder it begins with."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from segen import registry
from segen.data import datasets
from segen.data.synthetic import folder
from segen.data.synthetic.scenes import DRAWN
from segen.errors import DataError
from segen.models.segmentation import smp
from segen.registry import card, dataset_classes
from segen.text import words
from segen.training.recipe import Place
from segen.training.recipes import RECIPES, build
from tests import commands
from tests.sentences import exactly, sentence

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "own-data.md").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="commands of a POSIX shell")
def test_the_pages_commands_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    root, home = tmp_path / "repository", tmp_path / "home"
    root.mkdir()
    home.mkdir()
    monkeypatch.chdir(root)
    monkeypatch.setenv("HOME", str(home))
    for name in [name for name in os.environ if name.startswith("SEGEN_")]:
        monkeypatch.delenv(name)
    known = dict(registry._read_all())
    monkeypatch.setattr(registry, "_read_all", lambda: known)
    for line in commands.console(PAGE):
        commands.run(line)
    told = capfd.readouterr().out
    assert "0000004.png" in told
    assert '"val/mean_iou"' in told
    assert "own on own val" in told
    assert json.loads((root / "results" / "0012.regions.json").read_text("utf-8"))["model"] == "own"
    assert json.loads((root / "cards/own/metrics.json").read_text("utf-8"))["own"]["val"]["items"] == 3
    assert (home / ".cache/segen/runs/own-focal/export/model.safetensors").is_file()


def test_a_folder_of_drawn_pictures(tmp_path: Path) -> None:
    assert folder.main([str(tmp_path / "own"), "--count", "5", "--like", "nuclei"]) == 0
    known = datasets.classes(tmp_path / "own", "own")
    assert [each.name["en"] for each in known] == [each.name["en"] for each in dataset_classes("nuclei")]
    train, val = (datasets.pairs(tmp_path / "own", split) for split in ("train", "val"))
    assert (len(train), len(val)) == (5, 1)
    for seed, pair in enumerate([*train, *val]):
        image, labels = datasets.read(pair, known)
        drawn, true = DRAWN["nuclei"](seed, folder.WIDTH, folder.HEIGHT)
        assert (image == drawn).all()
        assert (labels == true).all()


def test_faults_of_the_command_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    for code, arguments in (
        (2, [str(tmp_path)]),
        (2, [str(tmp_path / "new"), "--count", "0"]),
        (2, [str(tmp_path / "new"), "--count", "1000000"]),
        (1, [str(tmp_path / "file")]),
    ):
        assert folder.main(arguments) == code
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert err.endswith(".\n")
        assert str(tmp_path) not in err
    assert not (tmp_path / "new").exists()


def test_other_classes_start_from_a_shipped_card(weights: Path, tmp_path: Path) -> None:
    assert folder.main([str(tmp_path / "own"), "--count", "1"]) == 0
    known = json.loads((tmp_path / "own" / "classes.json").read_text("utf-8"))
    (tmp_path / "own" / "classes.json").write_text(json.dumps([*known[:11], {**known[11], "name": "rest"}]))
    place = Place(data=str(tmp_path / "own"), init="unet-camvid")
    recipe = build(replace(RECIPES["unet-camvid"], name="own"), place)
    (network,) = recipe.networks.values()
    with torch.inference_mode():
        assert network.eval()(torch.zeros(1, 3, 32, 32)).shape[1] == len(card("unet-camvid").classes) + 1
    kept, shipped = network.state_dict(), smp.read_network(weights / "unet-camvid").state_dict()
    differing = {name for name in shipped if not torch.equal(kept[name], shipped[name])}
    assert differing == {name for name in shipped if name.startswith("segmentation_head.")}


@pytest.mark.parametrize(
    ("count", "blue", "told"),
    [
        (300, 0, sentence("classes_many", count=300, most=255)),
        (256, 0, sentence("classes_many", count=256, most=255)),
        (2, 256, sentence("classes_color", name="c0")),
        (2, -1, sentence("classes_color", name="c0")),
        (1, 0, sentence("classes_few")),
    ],
)
def test_classes_that_a_label_map_cannot_hold_are_refused(
    tmp_path: Path, count: int, blue: int, told: str
) -> None:
    """The id 299 was read as 43."""
    entries = [{"id": id, "name": f"c{id}", "color": [id % 256, id // 256, blue]} for id in range(count)]
    (tmp_path / "classes.json").write_text(json.dumps(entries))
    with pytest.raises(DataError) as raised:
        datasets.classes(tmp_path, "own")
    assert str(raised.value) == told


def test_one_class_beside_an_ignored_one_is_refused_and_an_unseen_class_is_told(tmp_path: Path) -> None:
    found = datasets.Survey([], "ids", np.array([[4, 0, 2], [1, 0, 0]]))
    names = ("sky", "road", "void")
    entries = [{"id": id, "name": name, "color": [id, 0, 0]} for id, name in enumerate(names)]
    (tmp_path / "classes.json").write_text(json.dumps(entries))
    known = datasets.classes(tmp_path, "own")
    assert found.remark(known) == words("en", "data.classes_unseen", names="road")
    (tmp_path / "classes.json").write_text(json.dumps([entries[0], {**entries[2], "id": 1}]))
    with pytest.raises(DataError, match=exactly("classes_few")):
        datasets.classes(tmp_path, "own")


def entry(id: object, name: object = "thing", color: object = (1, 2, 3)) -> dict[str, object]:
    return {"id": id, "name": name, "color": color}


SKY = entry(0, "sky")


@pytest.mark.parametrize(
    ("second", "told"),
    [
        (entry(1, "sky "), sentence("classes_same", name="sky")),
        (entry(1, ""), sentence("classes_name", id=1)),
        (entry(1, None), sentence("classes_name", id=1)),
        (entry(1.7), sentence("classes_ids", id=1.7, place=1)),
        (entry(2), sentence("classes_ids", id=2, place=1)),
        (entry(True), sentence("classes_ids", id=True, place=1)),
        (entry(1, color=[1.0, 0.5, 0]), sentence("classes_color", name="thing")),
        (entry(1, color=[1.0, 0.0, 0.0]), sentence("classes_color", name="thing")),
        (entry(1, color="123"), sentence("classes_color", name="thing")),
        (entry(1, color=[1, 2]), sentence("classes_color", name="thing")),
        ([1, "thing", [1, 2, 3]], sentence("classes_file")),
    ],
)
def test_what_is_wrong_with_a_class_is_named(tmp_path: Path, second: object, told: str) -> None:
    (tmp_path / "classes.json").write_text(json.dumps([SKY, second]))
    with pytest.raises(DataError) as raised:
        datasets.classes(tmp_path, "own")
    assert str(raised.value) == told


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("name", ["classes.json", "Classes.JSON"])
def test_classes_in_any_unicode(tmp_path: Path, encoding: str, name: str) -> None:
    entries = [entry("0", "Läsion", ["1", "2", "3"]), entry(1, " road ", [4, 5, 6, 255])]
    (tmp_path / name).write_text(json.dumps(entries, ensure_ascii=False), encoding=encoding)
    found = [(each.name["en"], each.color) for each in datasets.classes(tmp_path, "camvid")]
    assert found == [("Läsion", (1, 2, 3)), ("road", (4, 5, 6))]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, sentence("classes_missing")),
        ('[{"name": "Läsion"}]'.encode("latin-1"), sentence("classes_encoding")),
        (b"", sentence("classes_json", line=1, column=1)),
        (b'[{"id": 0},\n]', sentence("classes_json", line=2, column=1)),
        (b'{"classes": []}', sentence("classes_file")),
    ],
)
def test_a_file_of_classes_that_cannot_be_read(tmp_path: Path, content: bytes | None, told: str) -> None:
    if content is not None:
        (tmp_path / "classes.json").write_bytes(content)
    with pytest.raises(DataError) as raised:
        datasets.classes(tmp_path, "own")
    assert str(raised.value) == told
