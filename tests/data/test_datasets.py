"""Folders of labelled pictures in the states that people report: read aright, or refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from segen.data import datasets
from segen.errors import DataError
from segen.imaging import images
from segen.imaging.labels import IGNORED
from segen.text import words
from tests.data.drawn import CLASSES, HEIGHT, WIDTH, Drawn, item, truth, unusable
from tests.sentences import sentence


@pytest.fixture
def drawn(tmp_path: Path) -> Drawn:
    return Drawn(tmp_path)


def white(folder: Drawn) -> None:
    for number in range(3):
        folder.store(f"{number}.png", truth(number) * np.uint8(255))


def white_in_colors(folder: Drawn) -> None:
    for number in range(3):
        folder.store(f"{number}.png", np.repeat(truth(number)[..., None] * np.uint8(255), 3, axis=2))


def jpeg(folder: Drawn) -> None:
    for number in range(3):
        folder.mask(f"{number}.png").unlink()
        folder.store(f"{number}.jpg", truth(number) * np.uint8(255))


def soft(folder: Drawn) -> None:
    for number in range(3):
        values = truth(number) * np.uint8(255)
        values[0, :12] = np.arange(12) * 10
        folder.store(f"{number}.png", values)


def numbered(folder: Drawn) -> None:
    for number in range(3):
        folder.store(f"{number}.png", truth(number).astype(np.uint16) * (number + 3))


def upper_case(folder: Drawn) -> None:
    for number in range(3):
        folder.picture(f"{number}.png").rename(folder.picture(f"{number}.PNG"))
        folder.mask(f"{number}.png").rename(folder.mask(f"{number}.PNG"))


def suffixed(folder: Drawn) -> None:
    for number in range(3):
        folder.mask(f"{number}.png").rename(folder.mask(f"{number}_mask.png"))


def tif(folder: Drawn) -> None:
    for number in range(3):
        folder.mask(f"{number}.png").unlink()
        folder.store(f"{number}.tif", truth(number))


def bom(folder: Drawn) -> None:
    file = folder.root / "classes.json"
    file.write_text(file.read_text(encoding="utf-8"), encoding="utf-8-sig")


def strays(folder: Drawn) -> None:
    for name in (
        "Thumbs.db", "desktop.ini", "notes.json", ".DS_Store", "notes.docx", "x.pdf", "a.svg", "movie.mp4",
        "Icon", "README", "0.npy", "0.geojson", "0.jgw", "0.png~", "0.h5", "0.NEF",
    ):  # fmt: skip
        folder.picture(name).write_bytes(b"no picture")
    (folder.root / "train" / "images" / "notes").mkdir()
    folder.picture("notes/notes.txt").write_bytes(b"no picture")


def without_ending(folder: Drawn) -> None:
    folder.picture("0.png").rename(folder.picture("0"))
    folder.mask("0.png").rename(folder.mask("0"))


def ignored(folder: Drawn) -> None:
    for number in range(3):
        values = truth(number)
        values[-1] = IGNORED
        folder.store(f"{number}.png", values)


@pytest.mark.parametrize(
    "state",
    [white, white_in_colors, jpeg, soft, numbered, upper_case, suffixed, tif, bom, strays, without_ending],
    ids=lambda state: state.__name__,
)
def test_common_states_are_read_aright(drawn: Drawn, state: Callable[[Drawn], None]) -> None:
    state(drawn)
    assert drawn.right()


def test_255_beside_both_classes_is_ignored(drawn: Drawn) -> None:
    ignored(drawn)
    for number, labels in enumerate(drawn.labels()):
        assert (labels[-1] == IGNORED).all()
        assert (labels[:-1] == truth(number)[:-1]).all()


def test_a_last_class_void_takes_255(tmp_path: Path) -> None:
    folder = Drawn(tmp_path, 2)
    entries = json.loads((tmp_path / "classes.json").read_text())
    entries.append({"id": 2, "name": "void", "color": [224, 224, 192]})
    (tmp_path / "classes.json").write_text(json.dumps(entries))
    ignored(folder)
    assert [(labels[-1] == 2).all() for labels in folder.labels()] == [True] * 3


def test_palette_whose_colors_disagree_with_its_indices(tmp_path: Path) -> None:
    folder = Drawn(tmp_path, 3)
    order = (2, 0, 1)  # index n of the file has the color of class order[n]
    for number in range(3):
        mask = Pillow.fromarray(np.array([1, 2, 0], dtype=np.uint8)[truth(number)])
        mask.putpalette([channel for id in order for channel in CLASSES[id][1]])
        mask.save(folder.mask(f"{number}.png"))
    assert folder.right()


def test_16_bit_ids_of_three_classes_are_ids(tmp_path: Path) -> None:
    folder = Drawn(tmp_path, 3)
    for number in range(3):
        values = truth(number).astype(np.uint16)
        values[0] = 2
        folder.store(f"{number}.png", values)
    assert [(labels[0] == 2).all() for labels in folder.labels()] == [True] * 3


def camera_picture(folder: Drawn, orientation: int, upright: bool, ending: str = "jpg") -> None:
    """Store picture 0 turned by EXIF, its mask drawn on it upright or on the pixels as they are stored."""
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    stored = np.repeat(60 + 120 * (truth(0) > 0)[..., None].astype(np.uint8), 3, axis=2)
    folder.picture("0.png").unlink()
    options = {"quality": 95, "subsampling": 0} if ending == "jpg" else {}
    Pillow.fromarray(stored).save(folder.picture(f"0.{ending}"), exif=exif, **options)
    mask = images.turned(truth(0), images.TURNS[orientation]) if upright else truth(0)
    folder.store("0.png", mask)


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
@pytest.mark.parametrize("upright", [True, False])
@pytest.mark.parametrize("ending", ["jpg", "tif"])
def test_a_mask_goes_with_a_picture_that_its_camera_turned(
    drawn: Drawn, orientation: int, upright: bool, ending: str
) -> None:
    camera_picture(drawn, orientation, upright, ending)
    assert next(labels.shape for labels in drawn.labels()) == (WIDTH, HEIGHT)
    pair = datasets.pairs(drawn.root, "train")[0]
    image, labels = datasets.read(pair, datasets.classes(drawn.root, "own"))
    assert image.shape[:2] == labels.shape == (WIDTH, HEIGHT)
    bright = image[..., 0] > 120
    assert (bright & (labels == 1)).sum() / (bright | (labels == 1)).sum() > 0.95


def test_a_mask_with_an_exif_orientation_of_its_own_is_not_turned_twice(drawn: Drawn) -> None:
    camera_picture(drawn, 3, upright=False)
    exif = Pillow.Exif()
    exif[0x0112] = 3
    Pillow.fromarray(truth(0)).save(drawn.mask("0.png"), exif=exif)
    assert (drawn.labels()[0] == truth(0)[::-1, ::-1]).all()


REFUSED = {
    "exif": (
        lambda folder: camera_picture(folder, 3, upright=False),
        unusable(sentence("mask_turned", file="train/images/0.jpg")),
    ),
    "exif of a tiff": (
        lambda folder: camera_picture(folder, 3, upright=False, ending="tif"),
        unusable(sentence("mask_turned", file="train/images/0.tif")),
    ),
    "mirrored": (
        lambda folder: camera_picture(folder, 2, upright=True),
        unusable(sentence("mask_turned", file="train/images/0.jpg")),
    ),
    "one stem": (
        lambda folder: folder.picture("1.bmp").write_bytes(b"BM"),
        unusable(sentence("one_stem", first="train/images/1.bmp", second="train/images/1.png")),
    ),
    "two masks": (
        lambda folder: folder.mask("1_mask.png").write_bytes(b""),
        unusable(sentence("one_stem", first="train/masks/1.png", second="train/masks/1_mask.png")),
    ),
    "no mask": (
        lambda folder: folder.mask("2.png").unlink(),
        unusable(sentence("masks_missing", files="train/images/2.png")),
    ),
    "mixed": (
        lambda folder: folder.store("1.png", truth(1) * np.uint8(255)),
        unusable(sentence("labels_mixed", first="train/masks/2.png", second="train/masks/1.png")),
    ),
    "from one": (
        lambda folder: folder.store("1.png", truth(1) + np.uint8(1)),
        unusable(item("train/masks/1.png", "labels_from_one", ids="2")),
    ),
    "damaged": (
        lambda folder: folder.picture("1.png").write_bytes(b"GIF89a"),
        unusable(item("train/images/1.png", "picture_damaged")),
    ),
    "sub-folder": (
        lambda folder: (
            folder.picture("deep").mkdir(),
            folder.picture("1.png").rename(folder.picture("deep/1.png")),
        ),
        unusable(sentence("pictures_nested", folders="train/images/deep")),
    ),
    "raw": (
        lambda folder: folder.picture("1.png").rename(folder.picture("1.exr")),
        unusable(item("train/images/1.exr", "not_a_picture", formats=", ".join(images.FORMATS))),
    ),
    "camera's raw": (
        lambda folder: (
            folder.picture("1.png").rename(folder.picture("1.CR2")),
            folder.mask("1.png").unlink(),
        ),
        unusable(item("train/images/1.CR2", "camera_raw")),
    ),
    "size": (
        lambda folder: folder.store("1.png", truth(1)[:-1]),
        unusable(sentence("mask_size", file="train/masks/1.png")),
    ),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_could_go_wrong_in_silence_is_refused_by_name(drawn: Drawn, fault: str) -> None:
    degrade, expected = REFUSED[fault]
    degrade(drawn)
    with pytest.raises(DataError) as raised:
        drawn.labels()
    assert str(raised.value) == expected


@pytest.mark.parametrize(("state", "said"), [(white, True), (jpeg, True), (soft, True), (tif, False)])
def test_it_is_said_when_grey_values_are_cut(
    drawn: Drawn, state: Callable[[Drawn], None], said: bool
) -> None:
    state(drawn)
    known = datasets.classes(drawn.root, "own")
    (found,) = datasets.survey(drawn.root, known, ["train"])
    expected = {each: words(each, "data.masks_cut", threshold=128, name="lesion") for each in ("en", "zh")}
    assert {each: found.remark(known, each) for each in expected} == (
        expected if said else dict.fromkeys(expected, "")
    )


def test_masks_of_no_picture_are_told(drawn: Drawn) -> None:
    drawn.picture("1.png").rename(drawn.root / "1.png")
    known = datasets.classes(drawn.root, "own")
    (found,) = datasets.survey(drawn.root, known, ["train"])
    for language in ("en", "zh"):
        assert found.remark(known, language) == words(language, "data.masks_spare", count=1, files="1.png")


def test_every_bad_file_is_named_at_once(tmp_path: Path) -> None:
    folder = Drawn(tmp_path, 3)
    for number in (0, 2):
        folder.store(f"{number}.png", truth(number) + np.uint8(7))
    with pytest.raises(DataError) as raised:
        folder.labels()
    assert str(raised.value) == unusable(
        *(item(f"train/masks/{number}.png", "labels_unknown", ids="7, 8") for number in (0, 2))
    )


def test_jpeg_masks_of_three_classes_are_refused(tmp_path: Path) -> None:
    folder = Drawn(tmp_path, 3)
    jpeg(folder)
    with pytest.raises(DataError) as raised:
        folder.labels()
    assert str(raised.value) == unusable(
        *(item(f"train/masks/{number}.jpg", "labels_lossy") for number in range(3))
    )


def test_two_classes_of_one_color_are_told_apart_by_ids_alone(drawn: Drawn) -> None:
    entries = [{"id": id, "name": str(id), "color": [9, 9, 9]} for id in range(2)]
    (drawn.root / "classes.json").write_text(json.dumps(entries))
    assert drawn.right()
    for number in range(3):
        drawn.store(f"{number}.png", np.full((HEIGHT, WIDTH, 3), (9, 8, 9), dtype=np.uint8))
    with pytest.raises(DataError) as raised:
        drawn.labels()
    assert str(raised.value) == unusable(
        *(item(f"train/masks/{number}.png", "labels_one_color") for number in range(3))
    )


def test_the_pixels_of_each_class_are_counted_picture_by_picture(drawn: Drawn) -> None:
    (found,) = datasets.survey(drawn.root, datasets.classes(drawn.root, "own"), ["train"])
    things = [int(truth(number).sum()) for number in range(3)]
    assert found.pixels.tolist() == [[HEIGHT * WIDTH - each, each] for each in things]


def test_the_files_of_each_split_are_listed_once(drawn: Drawn, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[str] = []

    def pairs(root: Path, split: str) -> list[datasets.Pair]:
        listed.append(split)
        return list_pairs(root, split)

    list_pairs = datasets.pairs
    monkeypatch.setattr(datasets, "pairs", pairs)
    datasets.survey(drawn.root, datasets.classes(drawn.root, "own"), ["train"])
    assert sorted(listed) == ["train", "val"]
