"""`segen teach`, and `segen segment --classifier`: what they write and how they fail."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from segen.cli.main import main
from segen.data import scribbled
from segen.imaging import export, images
from segen.text import words
from segen.types import MAX_NAME, MAX_TAUGHT
from tests.cli.calls import names, results
from tests.sentences import sentence


@pytest.fixture
def scribbles(pictures: Path, tmp_path: Path) -> Path:
    """Strokes of two classes on the first of two pictures, as a palette PNG."""
    folder = tmp_path / "scribbles"
    folder.mkdir()
    width, height = Pillow.open(pictures / "a.png").size
    drawn = np.full((height, width), 255, np.uint8)
    drawn[2, 5:30], drawn[height - 3, 5:30] = 0, 1
    (folder / "a.png").write_bytes(export.encode_labels(drawn, ((255, 0, 0), (0, 255, 0))))
    return folder


def teach(pictures: Path, scribbles: Path, out: Path) -> int:
    given = [str(path) for path in sorted(pictures.iterdir())]
    return main(["teach", *given, "--scribbles", str(scribbles), "--out", str(out)])


def test_a_classifier_is_taught_and_used(
    weights: Path, pictures: Path, scribbles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (scribbles / "classes.json").write_text(
        json.dumps(
            [{"id": 0, "name": "sky", "color": [1, 2, 3]}, {"id": 1, "name": "road", "color": [4, 5, 6]}]
        )
    )
    out, again = tmp_path / "out", tmp_path / "again"
    assert teach(pictures, scribbles, out) == 0
    assert names(out) == results("a", "b.v2") | {"classifier.json"}
    assert f"b.v2.jpg: {'no strokes; labelled by what the other pictures taught.'}" in capsys.readouterr().err
    found = json.loads((out / "a.regions.json").read_text("utf-8"))
    assert found["model"] == export.TAUGHT
    assert [region["name"]["en"] for region in found["regions"]] == ["sky", "road"]
    labels = np.array(Pillow.open(out / "a.labels.png"))
    assert labels.shape == images.read(pictures / "a.png").shape[:2]
    assert (labels[2, 5:30] == 0).mean() > 0.9
    assert (labels[-3, 5:30] == 1).mean() > 0.9
    command = ["segment", str(pictures / "a.png"), "--classifier", str(out / "classifier.json")]
    assert main([*command, "--out", str(again), "--also", "cutouts"]) == 0
    assert names(again) == results("a") | {"a.cutout-0.png", "a.cutout-1.png"}
    for ending in export.SEGMENTATION_ENDINGS:
        assert (again / f"a{ending}").read_bytes() == (out / f"a{ending}").read_bytes()


def test_strokes_of_no_picture_and_pictures_full_of_strokes_are_told(
    weights: Path, pictures: Path, scribbles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = np.array(Pillow.open(scribbles / "a.png"))
    drawn[drawn == 255] = 2
    Pillow.fromarray(drawn).save(scribbles / "a.png")
    for name in ("b.v2.jpg", "b.v2_mask.png"):
        Pillow.fromarray(drawn).save(scribbles / name)
    assert teach(pictures, scribbles, tmp_path / "out") == 0
    told = capsys.readouterr().err
    assert f"a.png: {words('en', 'teach.covered')}\n" in told
    for name in ("b.v2.jpg", "b.v2_mask.png"):
        assert f"{name}: {words('en', 'teach.unused')}\n" in told


def test_strokes_that_cannot_be_used_are_named(
    weights: Path, pictures: Path, scribbles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = {
        "scribbles_colors": (np.random.default_rng(0).integers(0, 255, (64, 40, 3), dtype=np.uint8), {}),
        "too_many_taught": (np.full((64, 40), 299, np.uint16), {"count": 300, "most": MAX_TAUGHT}),
    }
    for number, (key, (drawn, values)) in enumerate(wrong.items()):
        (scribbles / "b.v2.png").write_bytes(images.encode(drawn))
        out = tmp_path / f"out{number}"
        assert teach(pictures, scribbles, out) == 1
        fault = sentence("item_unusable", file="b.v2.png", fault=sentence(key, **values))
        assert f"b.v2.jpg: {fault}" in capsys.readouterr().err.splitlines()
        assert names(out) == results("a") | {"classifier.json"}


def turned(pictures: Path, orientation: int, size: tuple[int, int]) -> Path:
    """A picture of this stored size with an EXIF orientation, the only one of the folder."""
    for path in pictures.iterdir():
        path.unlink()
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    Pillow.linear_gradient("L").resize(size).convert("RGB").save(pictures / "a.jpg", exif=exif)
    return pictures / "a.jpg"


def test_strokes_are_turned_with_their_picture(pictures: Path, scribbles: Path) -> None:
    picture = turned(pictures, 6, (64, 48))
    drawn = np.full((48, 64), 255, np.uint8)
    drawn[2, 5:30] = 1
    for given in (drawn, np.rot90(drawn, -1)):
        (scribbles / "a.png").write_bytes(images.encode(np.ascontiguousarray(given)))
        found = scribbled.read(scribbles, picture)
        assert found is not None
        assert found.image.shape[:2] == (64, 48)
        assert (found.ids == np.rot90(drawn, -1)).all()


def test_strokes_with_an_exif_orientation_of_their_own_are_not_turned_twice(
    pictures: Path, scribbles: Path
) -> None:
    picture = turned(pictures, 3, (64, 48))
    drawn = np.full((48, 64), 255, np.uint8)
    drawn[2, 5:30] = 1
    exif = Pillow.Exif()
    exif[0x0112] = 3
    Pillow.fromarray(drawn).save(scribbles / "a.png", exif=exif)
    found = scribbled.read(scribbles, picture)
    assert found is not None
    assert (found.ids == np.rot90(drawn, 2)).all()


@pytest.mark.parametrize(
    ("orientation", "size", "strokes", "key", "values"),
    [
        (3, (64, 48), (48, 64), "mask_turned", {"file": "a.jpg"}),
        (6, (48, 48), (48, 48), "mask_turned", {"file": "a.jpg"}),
        (1, (64, 48), (5, 5), "mask_size", {"file": "a.png"}),
    ],
)
def test_strokes_that_fit_in_no_one_way_are_refused(
    pictures: Path,
    scribbles: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    orientation: int,
    size: tuple[int, int],
    strokes: tuple[int, int],
    key: str,
    values: dict[str, str],
) -> None:
    turned(pictures, orientation, size)
    (scribbles / "a.png").write_bytes(images.encode(np.full(strokes, 255, np.uint8)))
    assert teach(pictures, scribbles, tmp_path / "out") == 2
    assert f"a.jpg: {sentence(key, **values)}" in capsys.readouterr().err.splitlines()


def test_two_files_of_strokes_of_one_picture_are_refused(
    pictures: Path, scribbles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (scribbles / "a.png.png").write_bytes((scribbles / "a.png").read_bytes())
    assert teach(pictures, scribbles, tmp_path / "out") == 2
    told = sentence("scribbles_twice", first="a.png", second="a.png.png", file="a.png")
    assert f"a.png: {told}" in capsys.readouterr().err.splitlines()


def test_strokes_of_one_class_and_none_at_all(
    weights: Path, pictures: Path, scribbles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = np.array(Pillow.open(scribbles / "a.png"))
    (scribbles / "a.png").write_bytes(images.encode(np.where(drawn == 1, 255, drawn).astype(np.uint8)))
    assert teach(pictures, scribbles, tmp_path / "out") == 2
    assert capsys.readouterr().err.splitlines()[-1] == sentence("scribbles_of_one")
    (scribbles / "a.png").write_bytes(images.encode(np.zeros((3, 3), np.uint8)))
    assert teach(pictures, scribbles, tmp_path / "out") == 2
    assert capsys.readouterr().err.splitlines()[-1] == sentence("scribbles_unusable"), "there are strokes"
    (scribbles / "a.png").unlink()
    assert teach(pictures, scribbles, tmp_path / "out") == 2
    assert capsys.readouterr().err.splitlines() == [sentence("scribbles_missing")], "no picture is labelled"
    assert names(tmp_path / "out") == set()
    assert teach(pictures, tmp_path / "none", tmp_path / "new") == 2
    assert capsys.readouterr().err.splitlines() == [sentence("scribbles_folder", folder="none")]
    assert not (tmp_path / "new").exists()


def test_a_name_that_no_classifier_can_have_is_told_before_teaching(
    pictures: Path, scribbles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names_given = ["sky", "x" * (MAX_NAME + 1)]
    entries = [{"id": id, "name": each, "color": [id, 0, 0]} for id, each in enumerate(names_given)]
    (scribbles / "classes.json").write_text(json.dumps(entries))
    assert teach(pictures, scribbles, tmp_path / "out") == 2
    fault = sentence("taught_class", most=MAX_NAME)
    told = sentence("item_unusable", file="classes.json", fault=fault)
    assert capsys.readouterr().err.splitlines()[-1] == told
    assert names(tmp_path / "out") == set()


def test_a_model_or_a_classifier(pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["segment", str(pictures / "a.png"), "--out", str(tmp_path / "out")]
    assert main(command) == 2
    assert capsys.readouterr().err == sentence("model_or_classifier") + "\n"
    assert main([*command, "--classifier", str(tmp_path / "none.json")]) == 2
    told = sentence("item_unusable", file="none.json", fault=sentence("no_such_file"))
    assert capsys.readouterr().err == told + "\n"
    (tmp_path / "bad.json").write_text("{}")
    assert main([*command, "--classifier", str(tmp_path / "bad.json")]) == 2
    told = sentence("item_unusable", file="bad.json", fault=sentence("classifier_version", version=2))
    assert capsys.readouterr().err == told + "\n"
    assert not (tmp_path / "out").exists()
