"""Masks as tools export them become ids: soft edges, permuted palettes, grey, instances, suffixes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from segen.cli.main import main
from segen.data import datasets
from segen.data.importing.folder import Report, convert
from segen.errors import DataError
from segen.imaging import images
from segen.imaging.labels import IGNORED, encode_labels
from segen.text import words
from tests.data.test_importing import HEIGHT, WIDTH, drawn_mask, imported, store_picture
from tests.sentences import sentence

COLORS = np.array([(0, 0, 0), (250, 40, 40), (60, 60, 250)], np.uint8)


def stored(root: Path, masks: dict[str, bytes], folder: str = "SegmentationClass") -> Path:
    for name, content in masks.items():
        store_picture(root / "JPEGImages", f"{Path(name).stem}.png")
        (root / folder).mkdir(exist_ok=True)
        (root / folder / name).write_bytes(content)
    return root


def converted(root: Path) -> tuple[Report, dict[str, NDArray[np.uint8]]]:
    report = convert(root, "masks", root.parent / "out", 0.2, None)
    return report, imported(root.parent / "out")


def smooth(mask: NDArray[np.uint8]) -> bytes:
    """The mask in colors, drawn at four times the size and scaled down, so that its edges are soft."""
    large = Pillow.fromarray(COLORS[mask]).resize((4 * WIDTH, 4 * HEIGHT), Pillow.Resampling.NEAREST)
    return images.encode(np.array(large.resize((WIDTH, HEIGHT), Pillow.Resampling.BICUBIC)))


def test_soft_edges_take_the_class_beside_them_and_are_counted(tmp_path: Path) -> None:
    masks = {f"{number}.png": smooth(drawn_mask(number)) for number in range(6)}
    report, found = converted(stored(tmp_path / "in", masks))
    assert list(report.pixels) == ["background", "#3c3cfa", "#fa2828"]
    swapped = np.array([0, 2, 1])
    agree = [(swapped[found[str(number)]] == drawn_mask(number)).mean() for number in range(6)]
    assert min(agree) > 0.93, "the soft edge is two pixels wide"
    assert report.mixed_pixels > 100
    assert f"{report.mixed_pixels:,}" in report.text()
    assert sum(report.pixels.values()) == 6 * HEIGHT * WIDTH, "no pixel is ignored"


def test_an_edge_between_two_classes_has_no_third_one(tmp_path: Path) -> None:
    mask = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    mask[:, :20], mask[:, 20], mask[:, 21:] = (0, 0, 0), (120, 0, 0), (240, 0, 0)
    mask[:6, :6] = (120, 4, 4)  # a class whose color lies between the others'
    _, found = converted(
        stored(tmp_path / "in", {"a.png": images.encode(mask), "b.png": images.encode(mask)})
    )
    assert set(np.unique(found["a"][10:])) == {0, 2}
    assert (found["a"][:6, :6] == 1).all()


def test_classes_json_names_the_colors(tmp_path: Path) -> None:
    entries = [
        {"id": id, "name": name, "color": COLORS[id].tolist()}
        for id, name in enumerate(("none", "cell", "void"))
    ]
    root = stored(tmp_path / "in", {f"{number}.png": smooth(drawn_mask(number)) for number in range(3)})
    (root / "classes.json").write_text(json.dumps(entries), encoding="utf-8-sig")
    report, found = converted(root)
    assert list(report.pixels) == ["none", "cell"]
    known = datasets.classes(tmp_path / "out", "")
    assert [each.color for each in known] == [tuple(each) for each in COLORS[:2].tolist()]
    assert ((found["1"] == IGNORED) == (drawn_mask(1) == 2)).mean() > 0.93


def test_a_value_of_no_class_is_told_of_the_masks_that_hold_it(tmp_path: Path) -> None:
    good, bad = drawn_mask(3), drawn_mask(3)
    bad[0, 0] = 7
    written = {f"{name}.png": images.encode(mask) for name, mask in (("a", good), ("b", bad), ("c", good))}
    root = stored(tmp_path / "in", written)
    entries = [{"id": id, "name": f"n{id}", "color": COLORS[id].tolist()} for id in range(3)]
    (root / "classes.json").write_text(json.dumps(entries), encoding="utf-8")
    with pytest.raises(DataError) as error:
        converted(root)
    assert "b.png cannot be used" in str(error.value)
    assert "a.png" not in str(error.value)


@pytest.mark.parametrize("scale", [1, 255])
def test_two_grey_values_are_background_and_object(tmp_path: Path, scale: int) -> None:
    masks = {f"{n}_mask.PNG": images.encode((drawn_mask(n) == 1).astype(np.uint8) * scale) for n in range(3)}
    for name in masks:
        store_picture(tmp_path / "in", name.replace("_mask.PNG", ".jpg.png"))
    root = tmp_path / "in"
    for number, content in enumerate(masks.values()):
        store_picture(root, f"{number}.png")
        (root / f"{number}_mask.PNG").write_bytes(content)
    report, found = converted(root)
    assert list(report.pixels) == ["background", "object"]
    assert all((found[str(n)] == (drawn_mask(n) == 1)).all() for n in range(3))
    assert report.without == ("0.jpg.png", "1.jpg.png", "2.jpg.png")


def test_numbered_instances_are_one_class(tmp_path: Path) -> None:
    numbers = np.zeros((HEIGHT, WIDTH), np.uint16)
    numbers[2:9, 2:9], numbers[12:19, 12:19] = 300, 7
    report, found = converted(
        stored(tmp_path / "in", {"a.png": images.encode(numbers), "b.png": images.encode(numbers)}, "Labels")
    )
    assert list(report.pixels) == ["background", "object"]
    assert ((found["a"] == 1) == (numbers > 0)).all()


def squares(most: int, kind: type) -> NDArray[np.integer]:
    """Numbers from 1 to `most`, each on a square of 3 x 3 with a gap beside it."""
    grid = np.arange(8 * 16).reshape(8, 16)
    return np.kron(np.where(grid <= most, grid, 0), np.pad(np.ones((3, 3), int), (0, 1))).astype(kind)


def squared(root: Path, values: NDArray[np.integer], ending: str = "png") -> Path:
    for part in ("images", "masks"):
        (root / part).mkdir(parents=True)
    for name in "ab":
        Pillow.new("RGB", values.shape[1::-1]).save(root / "images" / f"{name}.png")
        Pillow.fromarray(values).save(root / "masks" / f"{name}.{ending}")
    return root


def test_32_bit_numbers_are_one_class_and_it_is_said(tmp_path: Path) -> None:
    values = squares(100, np.int32) * 7
    report, found = converted(squared(tmp_path / "in", values, "tif"))
    assert (found["a"] == (values > 0)).all()
    assert words("en", "data.masks_numbered", name="object") in report.text()


def test_8_bit_numbers_are_asked_about(tmp_path: Path) -> None:
    values = squares(100, np.uint8)
    root = squared(tmp_path / "in", values)
    with pytest.raises(DataError) as error:
        converted(root)
    assert str(error.value) == sentence("import_numbers", most=100)
    entries = [{"id": id, "name": name, "color": [id, 0, 0]} for id, name in enumerate(("none", "cell"))]
    (root / "classes.json").write_text(json.dumps(entries))
    report, found = converted(root)
    assert (found["a"] == (values > 0)).all()
    assert words("en", "data.masks_numbered", name="cell") in report.text()


def test_fractions_are_cut_at_a_half(tmp_path: Path) -> None:
    shares = np.zeros((20, 30), np.float32)
    shares[5:15, 5:15], shares[0, 0] = 0.97, 1
    report, found = converted(squared(tmp_path / "in", shares, "tif"))
    assert (found["b"] == (shares >= 0.5)).all()
    assert words("en", "data.masks_cut", threshold=128, name="object") in report.text()


def test_three_levels_of_grey_are_three_classes(tmp_path: Path) -> None:
    ids = np.kron(np.array([[0, 1, 2], [2, 0, 1]]), np.ones((9, 9), int))
    report, found = converted(squared(tmp_path / "in", np.array([0, 128, 255], np.uint8)[ids]))
    assert list(report.pixels) == ["background", "#808080", "#ffffff"]
    assert (found["a"] == ids).all()
    assert report.ignored_pixels == 0


def test_transparent_is_background(tmp_path: Path) -> None:
    ids = np.kron(np.array([[0, 1, 0], [1, 0, 0]]), np.ones((9, 9), int))
    white = np.full((*ids.shape, 4), 255, np.uint8)
    white[..., 3] = 255 * ids
    _, found = converted(squared(tmp_path / "in", white))
    assert (found["a"] == ids).all()


def test_palettes_keep_their_ids_and_255_is_ignored(tmp_path: Path) -> None:
    labels = drawn_mask(3)
    labels[-4:] = 255
    palette = tuple((id, 255 - id, 3) for id in range(256))
    report, found = converted(
        stored(tmp_path / "in", {f"{n}.png": encode_labels(labels, palette) for n in "ab"})
    )
    assert list(report.pixels) == ["background", "class 1", "class 2"]
    assert (found["a"] == labels).all()
    assert report.ignored_pixels == 2 * 4 * WIDTH


def test_splits_are_those_of_the_folders(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        store_picture(tmp_path / "in" / split / "images", "same.png")
        (tmp_path / "in" / split / "masks").mkdir()
        (tmp_path / "in" / split / "masks" / "same.png").write_bytes(images.encode(drawn_mask(1)))
    report, _ = converted(tmp_path / "in")
    assert report.pictures == {"train": 1, "val": 1}
    assert len(datasets.pairs(tmp_path / "out", "val")) == 1


LABELMAP = "# label:color_rgb:parts:actions\nvoid:250,40,40::\nbackground:0,0,0::\n\ncat:60,60,250::\n"


def cvat(root: Path, labelmap: str = LABELMAP) -> Path:
    """Segmentation masks of CVAT: masks of classes, of objects, a list of classes, and lists of splits."""
    stored(root, {f"{n}.png": images.encode(COLORS[drawn_mask(n)]) for n in range(4)})
    stored(
        root,
        {f"{n}.png": images.encode(COLORS[drawn_mask(n) * 2 % 3]) for n in range(4)},
        "SegmentationObject",
    )
    (root / "labelmap.txt").write_text(labelmap)
    lists = root / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    for name, stems in {"train": "0\n1\n", "val": "2\n", "test": "3\n\n", "trainval": "0\n1\n2"}.items():
        (lists / f"{name}.txt").write_text(stems)
    return root


def test_masks_of_cvat_have_its_names_splits_and_classes(tmp_path: Path) -> None:
    report, found = converted(cvat(tmp_path / "in"))
    assert list(report.pixels) == ["background", "cat"]
    assert (report.pictures, report.test, report.without) == ({"train": 2, "val": 1}, 1, ())
    assert sorted(found) == ["0", "1", "2"]
    written = np.array([0, IGNORED, 1])
    assert all((labels == written[drawn_mask(int(stem))]).all() for stem, labels in found.items())


@pytest.mark.parametrize(
    "labelmap",
    ["cat\n", "cat:1,2::\n", "cat:256,0,0::\n", ":1,1,1::\n", "a:1,1,1::\nb:1,1,1::\n", "a:1,1,1\na:2,2,2"],
)
def test_a_labelmap_of_another_form_is_refused(tmp_path: Path, labelmap: str) -> None:
    with pytest.raises(DataError) as error:
        converted(cvat(tmp_path / "in", labelmap))
    assert str(error.value) == sentence("import_labelmap", file="labelmap.txt")


def test_a_stem_in_the_lists_of_two_splits_is_refused(tmp_path: Path) -> None:
    cvat(tmp_path / "in")
    (tmp_path / "in" / "ImageSets" / "Segmentation" / "val.txt").write_text("2\n1\n")
    with pytest.raises(DataError) as error:
        converted(tmp_path / "in")
    assert str(error.value) == sentence("import_splits", file="1", first="train", second="val")


def test_equal_stems_that_end_in_a_suffix_belong_together(tmp_path: Path) -> None:
    names = ("x_gt", "x", "y_mask", "z-seg")
    _, found = converted(
        stored(tmp_path / "in", {f"{name}.png": images.encode(drawn_mask(n)) for n, name in enumerate(names)})
    )
    assert all((found[name] == drawn_mask(number)).all() for number, name in enumerate(names))


def test_classes_of_one_color_are_refused(tmp_path: Path) -> None:
    root = stored(tmp_path / "in", {"a.png": images.encode(COLORS[drawn_mask(0)])})
    entries = [{"id": id, "name": str(id), "color": [0, 0, 250 * (id > 1)]} for id in range(3)]
    (root / "classes.json").write_text(json.dumps(entries))
    with pytest.raises(DataError) as error:
        converted(root)
    assert str(error.value) == sentence("labels_one_color")


def test_what_is_no_mask_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shades = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    shades[:5, :5] = 0
    root = stored(tmp_path / "in", {"a.png": images.encode(shades), "b.png": smooth(drawn_mask(0))})
    with pytest.raises(DataError) as error:
        converted(root)
    assert str(error.value) == sentence("folder_unusable", faults=sentence("import_mixed", file="a.png"))
    jpeg = stored(tmp_path / "jpeg", {"c.jpg": images.encode(COLORS[drawn_mask(0)], "JPEG")})
    assert main(["import", str(jpeg), "--format", "masks", "--out", str(tmp_path / "new")]) == 1
    assert "c.jpg" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
    assert (
        main(
            [
                "import",
                str(tmp_path / "in" / "JPEGImages"),
                "--format",
                "masks",
                "--out",
                str(tmp_path / "new"),
            ]
        )
        == 1
    )


def test_ids_in_a_jpeg_are_refused(tmp_path: Path) -> None:
    """Whatever is no object anywhere was no mask of 0 and 255."""
    masks = {f"{n}.jpg": images.encode((drawn_mask(n) == 1).astype(np.uint8), "JPEG") for n in range(2)}
    with pytest.raises(DataError) as error:
        converted(stored(tmp_path / "in", masks))
    assert str(error.value) == sentence("item_unusable", file="0.jpg, 1.jpg", fault=sentence("labels_lossy"))
