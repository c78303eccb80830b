"""Masks with palettes: where these are in no common order, the colors tell the classes, and it is said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from segen.data.importing.folder import Report
from segen.imaging import images
from segen.imaging.labels import IGNORED, encode_labels
from segen.text import words
from tests.data.test_importing import drawn_mask
from tests.data.test_importing_masks import COLORS, converted, stored

SAID = words("en", "import.palettes")
VOID = (224, 224, 192)


def ordered(labels: NDArray[np.uint8], order: tuple[int, ...]) -> bytes:
    """A mask of COLORS whose palette has them in that order, and VOID at the end."""
    indices = np.arange(256, dtype=np.uint8)
    indices[list(order)] = range(len(order))
    palette = [tuple(COLORS[each].tolist()) for each in order] + [(9, 9, 9)] * (IGNORED - len(order)) + [VOID]
    return encode_labels(indices[labels], tuple(palette))


def imported_in(root: Path, *orders: tuple[int, ...]) -> tuple[Report, dict[str, NDArray[np.uint8]]]:
    masks = {f"{n}.png": ordered(bordered(n), order) for n, order in enumerate(orders)}
    return converted(stored(root, masks))


def bordered(number: int) -> NDArray[np.uint8]:
    labels = drawn_mask(number)
    labels[-1:] = IGNORED
    return labels


@pytest.mark.parametrize(
    "orders", [((0, 1, 2), (1, 2, 0), (2, 0, 1)), ((1, 0, 2),) * 2, ((0, 1, 2), (0, 2, 1))]
)
def test_palettes_in_another_order_are_read_by_their_colors(
    tmp_path: Path, orders: tuple[tuple[int, ...], ...]
) -> None:
    report, found = imported_in(tmp_path / "in", *orders)
    assert list(report.pixels) == ["background", "#3c3cfa", "#fa2828"]
    written = np.full(256, IGNORED)
    written[:3] = 0, 2, 1
    assert all((labels == written[bordered(int(stem))]).all() for stem, labels in found.items())
    assert SAID in report.text()


def test_one_order_with_black_first_keeps_its_ids(tmp_path: Path) -> None:
    report, found = imported_in(tmp_path / "in", (0, 2, 1), (0, 2, 1))
    assert list(report.pixels) == ["background", "class 1", "class 2"]
    assert (found["1"][:-1] == np.array([0, 2, 1])[drawn_mask(1)[:-1]]).all()
    assert SAID not in report.text()


@pytest.mark.parametrize("first", [0, 255])
def test_a_palette_of_black_and_white_is_background_and_object(tmp_path: Path, first: int) -> None:
    """Quantizers put the commonest color first, or the lightest."""
    masks = {}
    for number in range(3):
        labels = (drawn_mask(number) == 1).astype(np.uint8)
        palette = ((0, 0, 0), (255, 255, 255)) if first == 0 else ((255, 255, 255), (0, 0, 0))
        masks[f"{number}.png"] = encode_labels(labels if first == 0 else 1 - labels, palette)
    report, found = converted(stored(tmp_path / "in", masks))
    assert list(report.pixels) == ["background", "object"]
    assert all((found[str(number)] == (drawn_mask(number) == 1)).all() for number in range(3))


@pytest.mark.parametrize("colors", [(), ((0, 0, 0), (250, 40, 40))])
def test_black_that_fills_up_a_palette_is_no_background(
    tmp_path: Path, colors: tuple[tuple[int, int, int], ...]
) -> None:
    palette = (*colors, *[(0, 0, 0)] * (256 - len(colors)))
    only = np.full_like(drawn_mask(0), 2)
    masks = {"a.png": encode_labels(bordered(0), palette), "b.png": encode_labels(only, palette)}
    report, found = converted(stored(tmp_path / "in", masks))
    assert list(report.pixels) == ["background", "class 1", "class 2"]
    assert (found["a"] == bordered(0)).all()
    assert (found["b"] == 2).all()


def test_masks_in_colors_and_in_palettes_agree(tmp_path: Path) -> None:
    masks = {"0.png": images.encode(COLORS[drawn_mask(0)]), "1.png": ordered(drawn_mask(1), (2, 1, 0))}
    root = stored(tmp_path / "in", masks)
    entries = [{"id": id, "name": f"n{id}", "color": COLORS[id].tolist()} for id in range(3)]
    (root / "classes.json").write_text(json.dumps(entries))
    _, found = converted(root)
    assert all((found[str(number)] == drawn_mask(number)).all() for number in range(2))


def test_transparent_indices_are_background_in_any_order(tmp_path: Path) -> None:
    root = stored(tmp_path / "in", {"0.png": ordered(drawn_mask(0), (0, 1, 2))})
    stored(root, {"1.png": b""})
    indices = np.array([3, 2, 1], np.uint8)[drawn_mask(1)]
    picture = Pillow.fromarray(indices)
    picture.putpalette([5, 5, 5, *COLORS[2].tolist(), *COLORS[1].tolist(), 255, 255, 255])
    picture.save(root / "SegmentationClass" / "1.png", transparency=3)
    report, found = converted(root)
    assert list(report.pixels) == ["background", "#3c3cfa", "#fa2828"]
    assert (found["1"] == np.array([0, 2, 1])[drawn_mask(1)]).all()


def test_one_bit_is_black_and_white_beside_palettes(tmp_path: Path) -> None:
    """One mask has a palette with white first, and another is of one bit."""
    cells = [drawn_mask(number) == 1 for number in range(2)]
    root = stored(
        tmp_path / "in",
        {"0.png": encode_labels(1 - cells[0].astype(np.uint8), ((255,) * 3, (0,) * 3)), "1.png": b""},
    )
    Pillow.fromarray(cells[1]).save(root / "SegmentationClass" / "1.png")
    _, found = converted(root)
    assert all((found[str(number)] == cells[number]).all() for number in range(2))


@pytest.mark.parametrize("turned", ["mask", "both"])
def test_palettes_read_by_their_colors_obey_an_exif_orientation_of_their_own(
    tmp_path: Path, turned: str
) -> None:
    masks = {f"{n}.png": ordered(drawn_mask(n), order) for n, order in enumerate(((1, 0, 2), (1, 2, 0)))}
    root = stored(tmp_path / "in", masks)
    exif = Pillow.Exif()
    exif[0x0112] = 3
    files = [root / "SegmentationClass" / "0.png", root / "JPEGImages" / "0.png"]
    for file in files if turned == "both" else files[:1]:
        with Pillow.open(file) as picture:
            picture.save(file, exif=exif)
    _, found = converted(root)
    assert (found["0"] == np.array([0, 2, 1])[drawn_mask(0)[::-1, ::-1]]).all()
    assert (found["1"] == np.array([0, 2, 1])[drawn_mask(1)]).all()
