"""Maps of many ids, as Cityscapes has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segen.data.importing.folder import convert
from segen.errors import DataError, UsageError
from segen.imaging import images
from tests.data.test_importing import HEIGHT, WIDTH, imported
from tests.data.test_importing_splits import cityscapes_folders, converted
from tests.sentences import sentence


def test_cityscapes_maps_of_one_name_are_refused(tmp_path: Path) -> None:
    cityscapes_folders(tmp_path / "in")
    twin = tmp_path / "in" / "gtFine" / "val" / "x" / "train0_gtFine_labelIds.png"
    twin.write_bytes(images.encode(np.zeros((HEIGHT, WIDTH), np.uint8)))
    with pytest.raises(DataError) as error:
        converted(tmp_path / "in", "cityscapes")
    assert str(error.value) == sentence("import_twice", file=twin.name)


@pytest.mark.parametrize(("ending", "colored"), [("jpg", False), ("jpg", True), ("png", True)])
def test_cityscapes_maps_in_colors_or_stored_with_losses_are_refused(
    tmp_path: Path, ending: str, colored: bool
) -> None:
    cityscapes_folders(tmp_path / "in")
    file = next((tmp_path / "in").rglob("train0_gtFine_labelIds.png"))
    file.unlink()
    ids = np.tile(np.array([7, 26], np.uint8), (HEIGHT, WIDTH // 2))
    pixels = np.stack([ids, ids[:, ::-1], ids], axis=2) if colored else ids
    file.with_suffix(f".{ending}").write_bytes(images.encode(pixels, "JPEG" if ending == "jpg" else "PNG"))
    with pytest.raises(DataError) as error:
        converted(tmp_path / "in", "cityscapes")
    name = f"train0_gtFine_labelIds.{ending}"
    lossy = sentence("item_unusable", file=name, fault=sentence("labels_lossy"))
    fault = lossy if ending == "jpg" else sentence("import_colors", file=name)
    assert str(error.value) == sentence("folder_unusable", faults=fault)


def test_a_mapping_may_name_an_ignored_class(tmp_path: Path) -> None:
    cityscapes_folders(tmp_path / "in")
    file = tmp_path / "mapping.json"
    file.write_text(json.dumps({"3": "void", "7": "road", "8": "sidewalk"}))
    report = convert(tmp_path / "in", "cityscapes", tmp_path / "out", 0.0, file)
    assert list(report.pixels) == ["road", "sidewalk"]
    assert (imported(tmp_path / "out")["train0_leftImg8bit"] == 0).all()


def test_a_mapping_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    cityscapes_folders(tmp_path / "in")
    for file, key in (("gone.json", "no_such_file"), ("in", "file_unreadable")):
        with pytest.raises(DataError) as error:
            convert(tmp_path / "in", "cityscapes", tmp_path / "out", 0.0, tmp_path / file)
        assert str(error.value) == sentence("item_unusable", file=file, fault=sentence(key))


@pytest.mark.parametrize("format", ["coco", "labelme", "masks"])
def test_a_mapping_for_another_format_is_refused(tmp_path: Path, format: Any) -> None:
    file = tmp_path / "mapping.json"
    file.write_text(json.dumps({"7": "road"}))
    with pytest.raises(UsageError) as error:
        convert(tmp_path, format, tmp_path / "out", 0.0, file)
    assert str(error.value) == sentence("import_mapping_unused", format=format)
    assert not (tmp_path / "out").exists()
