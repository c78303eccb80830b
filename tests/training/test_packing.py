"""A finished run becomes a card's folder, which is used like what ships, and refused where it may harm."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import pytest
import tomlkit
import torch

from segen import registry
from segen.cli.main import main
from segen.engine import Engine
from segen.errors import UsageError
from segen.evaluation.model_card import model_card
from segen.imaging import images
from segen.models import weights
from segen.registry import folders
from segen.training import packing
from segen.training.main import main as train
from segen.types import SegmentRequest
from tests.sentences import exactly, sentence
from tests.training.conftest import NAMES

pytestmark = pytest.mark.usefixtures("only_shipped_cards")


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
