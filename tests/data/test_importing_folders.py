"""Which files of a folder are pictures, masks and annotations, whatever else lies beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segen.data.importing.annotations import picture_files, picture_named
from segen.errors import DataError
from segen.imaging import images
from segen.imaging.labels import encode_labels
from tests.data import test_importing_masks as masks
from tests.data.test_importing import drawn_mask, imported, store_picture
from tests.data.test_importing_splits import LAYOUTS, converted, store_coco, store_labelme
from tests.sentences import sentence


@pytest.mark.parametrize("layout", LAYOUTS)
def test_hidden_files_and_those_of_a_macs_archive_are_no_part(tmp_path: Path, layout: str) -> None:
    """A copy in .ipynb_checkpoints is an old one, and ._NAME holds what a Mac knows of NAME."""
    format, store = LAYOUTS[layout]
    root = tmp_path / "in"
    store(root)
    files = sorted(path for path in root.rglob("*") if path.is_file())
    for file in files:
        (file.parent / f"._{file.name}").write_bytes(b"\0\5\26\7")
        for folder in (file.parent / ".ipynb_checkpoints", root / "__MACOSX" / file.parent.relative_to(root)):
            folder.mkdir(exist_ok=True, parents=True)
            (folder / file.name).write_bytes(file.read_bytes())
            if file.suffix == ".json":
                old = file.read_text().replace('"cat"', '"old"')
                (folder / f"{file.stem}-checkpoint.json").write_text(old)
    report = converted(root, format)
    assert report.pictures == {"train": 4, "val": 4}
    assert "old" not in report.pixels
    assert report.without == ()


def labelme2voc(root: Path, new: bool, names: str) -> None:
    """What labelme2voc writes: masks, the same as arrays, overlays, and instances in the same way."""
    for number in range(3):
        labels = drawn_mask(number)
        labels[0, 0] = 255
        content = encode_labels(labels, ((0, 0, 0), (128, 0, 0), (0, 128, 0)))
        for kind, ids in (("Class", content), ("Object", images.encode(labels + 3))):
            masks.stored(root, {f"{number}.png": ids}, f"Segmentation{kind}{'' if new else 'PNG'}")
            masks.stored(root, {f"{number}.jpg": images.encode(labels)}, f"Segmentation{kind}Visualization")
            arrays = root / f"Segmentation{kind}{'Npy' if new else ''}"
            arrays.mkdir(exist_ok=True)
            np.save(arrays / f"{number}.npy", labels)
    (root / "class_names.txt").write_text(names)


@pytest.mark.parametrize("new", [True, False])
@pytest.mark.parametrize("first", ["", "__ignore__\n"])
def test_labelme2voc_gives_masks_and_their_names(tmp_path: Path, new: bool, first: str) -> None:
    labelme2voc(tmp_path / "in", new, f"{first}_background_\ncell\ndust")
    report = converted(tmp_path / "in", "masks")
    assert list(report.pixels) == ["background", "cell", "dust"]
    found = imported(tmp_path / "out")
    assert all(
        (labels.ravel()[1:] == drawn_mask(int(stem)).ravel()[1:]).all() for stem, labels in found.items()
    )
    assert (len(found), report.ignored_pixels, report.without) == (3, 3, ())


@pytest.mark.parametrize("names", ["", "__ignore__", "a\n\nb", "a\nb\na"])
def test_a_list_of_names_of_another_form_is_refused(tmp_path: Path, names: str) -> None:
    labelme2voc(tmp_path / "in", True, names)
    with pytest.raises(DataError) as error:
        converted(tmp_path / "in", "masks")
    assert str(error.value) == sentence("import_names", file="class_names.txt")


@pytest.mark.parametrize("ending", ["jgw", "geojson", "mat", "h5", "png~"])
def test_other_files_beside_pictures_are_passed_over_as_in_data_sets(tmp_path: Path, ending: str) -> None:
    root = masks.stored(tmp_path / "in", {"a.png": images.encode(drawn_mask(0))})
    for folder in ("JPEGImages", "SegmentationClass"):
        (root / folder / f"a.{ending}").write_bytes(b"no picture")
    assert converted(root, "masks").without == ()
    assert (imported(tmp_path / "out")["a"] == drawn_mask(0)).all()


@pytest.mark.parametrize("folder", ["mask_png", "Labels", "SegmentationClassPNG", "masks png"])
def test_folders_of_masks_go_by_many_names(tmp_path: Path, folder: str) -> None:
    masks.stored(tmp_path / "in", {"a.png": images.encode(drawn_mask(0))}, folder)
    converted(tmp_path / "in", "masks")
    assert (imported(tmp_path / "out")["a"] == drawn_mask(0)).all()


@pytest.mark.parametrize("format", ["coco", "labelme"])
def test_names_of_pictures_may_differ_in_case(tmp_path: Path, format: str) -> None:
    root = tmp_path / "in"
    store_coco(root / "all.json", {"A.PNG": [("cat", 5)], "b.png": [("cat", 5)]})
    (root / "A.PNG").rename(root / "a.png")
    if format == "labelme":
        store_labelme(root / "all.json", "A.PNG", [("cat", 5)])
        store_labelme(root / "b.json", "b.png", [("cat", 5)])
    assert converted(root, format).regions["cat"] == 2
    assert sorted(imported(tmp_path / "out")) == ["a", "b"]


def test_case_counts_where_names_differ_in_nothing_else(tmp_path: Path) -> None:
    names = ("b.png", "B.png")
    for name in names:
        store_picture(tmp_path, name)
    files = picture_files(tmp_path)
    file = tmp_path / "a.json"
    assert [picture_named(files, f"x\\{name}", file) for name in names] == [tmp_path / name for name in names]
    with pytest.raises(DataError) as error:
        picture_named(files, "b.PNG", file)
    assert str(error.value) == sentence("import_twice", file="b.PNG")
