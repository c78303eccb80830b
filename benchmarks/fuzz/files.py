"""What is read of files and texts: pictures, masks, strokes, recipes, classifiers, folders, commands."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tomlkit
from PIL import Image as Pillow

from benchmarks.fuzz.mutation import ODD, Dice, bytes_of, text_of, value_of
from segen import registry
from segen.cli.main import main
from segen.data import classifiers, datasets, scribbled
from segen.errors import InputError
from segen.evaluation.pipelines import recipe
from segen.imaging import images, labels
from segen.models import hub, load, weights
from segen.registry import folders
from segen.types import PixelClassifier, TaughtClass, Tree
from segen.ui.framework.link import Link

SIDE = 24
CARD, PIPELINE = "unet-nuclei", "ddpm-fashion"
RECIPE = {
    "version": 1,
    "steps": [
        {"task": "generate", "model": "dcgan-fashion", "options": {"seed": 3}},
        {"task": "cluster", "model": "kmeans", "options": {"k": 3, "position": 0.5}, "input": 0},
        {"task": "translate", "model": "cyclegan-yosemite", "options": {"strength": 1, "class": 0},
         "input": "image", "mask": 1},
    ],
}  # fmt: skip
SHAPES = (
    [[1, 1, 9, 1, 9, 9]],
    {"size": [SIDE, SIDE], "counts": [30, 9, 537]},
    {"size": [SIDE, SIDE], "counts": "S36b000000m;"},
)
ANNOTATIONS: dict[str, Any] = {
    "coco": {
        "images": [{"id": 1, "file_name": "a.png", "width": SIDE, "height": SIDE}],
        "categories": [{"id": 1, "name": "x"}],
        "annotations": [{"image_id": 1, "category_id": 1, "segmentation": each} for each in SHAPES],
    },
    "labelme": {
        "imagePath": "a.png",
        "shapes": [
            {"label": "x", "points": [[1, 1], [9, 1], [9, 9]], "shape_type": "polygon"},
            {"label": "y", "points": [[3, 3], [5, 5]], "shape_type": "circle"},
            {"label": "z", "points": [[3, 3], [5, 5]], "shape_type": "rectangle"},
        ],
    },
}
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("models", "--task", "segment", "--json"),
    ("segment", "a.png", "--model", "unet-nuclei", "--out", "out"),
    ("cluster", "a.png", "b.jpg", "--model", "kmeans", "--k", "3", "--eps", "0.1", "--out", "out"),
    ("generate", "--model", "dcgan-fashion", "--seed", "1", "--count", "1", "--out", "out"),
    ("translate", "a.png", "--model", "cyclegan-nuclei", "--strength", "0.5", "--out", "out"),
    ("run", "recipe.json", "a.png", "--out", "out"),
    ("segment", "a.png", "--classifier", "classifier.json", "--out", "out"),
    ("teach", "a.png", "--scribbles", "strokes", "--out", "out"),
    ("evaluate", "--model", "unet-nuclei", "--data", "data", "--split", "val"),
    ("import", ".", "--format", "masks", "--out", "imported"),
)


def kinds(folder: Path) -> dict[str, Callable[[Dice], object]]:
    """What to do with the numbers of one input of each kind; files are written under `folder`."""
    pictures = _pictures()
    return {
        **_of_pictures(folder, pictures), **_of_texts(folder, pictures), "links": _link,
        "weights": _weights(folder), "cards": _cards(folder), "pipelines": _pipelines(folder),
        "commands": _commands(folder, pictures),
    }  # fmt: skip


def _of_pictures(folder: Path, pictures: list[bytes]) -> dict[str, Callable[[Dice], object]]:
    masks = [images.encode(np.tile(np.arange(SIDE, dtype=np.uint8) % 2, (SIDE, 1))), *pictures]
    classes = registry.card(CARD).classes

    def picture(dice: Dice) -> object:
        return images.read(bytes_of(dice.choice(pictures), dice))

    def mask(dice: Dice) -> object:
        return labels.read_labels(bytes_of(dice.choice(masks), dice), classes)

    def strokes(dice: Dice) -> object:
        drawn = folder / "drawn"
        drawn.mkdir(exist_ok=True)
        (folder / "a.png").write_bytes(pictures[0])
        (drawn / "a.png").write_bytes(bytes_of(masks[0], dice))
        content = [{"id": 0, "name": "x", "color": [1, 2, 3]}, {"id": 1, "name": "y", "color": [1, 2, 4]}]
        (drawn / "classes.json").write_text(text_of(content, dice), encoding="utf-8")
        found = scribbled.read(drawn, folder / "a.png")
        return found and scribbled.classes(drawn, [found])

    return {"pictures": picture, "masks": mask, "strokes": strokes}


def _of_texts(folder: Path, pictures: list[bytes]) -> dict[str, Callable[[Dice], object]]:
    file = folder / "file"

    def classes_file(dice: Dice) -> object:
        content = [{"id": id, "name": f"n{id}", "color": [id, 2, 3]} for id in range(3)]
        (folder / "classes.json").write_text(text_of(content, dice), encoding="utf-8")
        return datasets.classes(folder, "own")

    def annotations(dice: Dice) -> object:
        place = folder / "annotated"
        shutil.rmtree(place, ignore_errors=True)
        shutil.rmtree(folder / "imported", ignore_errors=True)
        place.mkdir()
        (place / "a.png").write_bytes(pictures[1])
        made_by = dice.choice(list(ANNOTATIONS))
        (place / "a.json").write_text(text_of(ANNOTATIONS[made_by], dice), encoding="utf-8")
        return _run(["import", str(place), "--format", made_by, "--out", str(folder / "imported")])

    def chain(dice: Dice) -> object:
        if dice.random() < 0.5:
            return recipe.parse(value_of(RECIPE, dice))
        file.write_bytes(bytes_of(text_of(RECIPE, dice).encode(), dice))
        return recipe.read_file(file)

    def classifier(dice: Dice) -> object:
        content = json.loads(classifiers.encode(_classifier()))
        return classifiers.read(text_of(content, dice).encode("utf-8", "replace"))

    return {
        "classes.json": classes_file, "annotations": annotations, "recipes": chain, "classifiers": classifier
    }  # fmt: skip


def _link(dice: Dice) -> object:
    words = Link({name: str(dice.choice(ODD)) for name in ("tab", "k", "views", "eps")})
    found = words.whole("k", range(1, 9), 3), words.number("eps", 0.0, 1.0, 0.5)
    assert 0 <= found[1] <= 1
    return found, words.choice("tab", "ab"), words.several("views", "ab", "a"), words.usable()


def _pictures() -> list[bytes]:
    """One of each format, and some with transparency, 16 bits or EXIF."""
    rows = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    picture = Pillow.fromarray(rows)
    exif = Pillow.Exif()
    exif[274] = 6
    made = [(picture, name, {}) for name in images.FORMATS]
    made += [
        (picture, "JPEG", {"progressive": True, "exif": exif}), (picture.convert("P"), "PNG", {}),
        (picture.convert("RGBA"), "PNG", {"exif": exif}), (picture, "TIFF", {"compression": "tiff_lzw"}),
        (Pillow.fromarray(rows[..., 0].astype(np.uint16) * 200), "PNG", {}),
        (picture.convert("L"), "JPEG", {}), (picture.convert("LA"), "WEBP", {}),
        (picture.convert("CMYK"), "TIFF", {}),
    ]  # fmt: skip
    files = []
    for each, name, options in made:
        written = io.BytesIO()
        each.save(written, name, **options)
        files.append(written.getvalue())
    return files


def _classifier() -> PixelClassifier:
    whole, real = (lambda *each: np.array(each, np.int32)), (lambda *each: np.array(each, np.float32))
    tree = Tree(whole(2, -1, -1), real(0.5, 0, 0), whole(1, -1, -1), whole(2, -1, -1),
                np.array([[0.5, 0.5], [1, 0], [0, 1]], np.float32))  # fmt: skip
    classes = (TaughtClass("a", (1, 2, 3)), TaughtClass("b", (4, 5, 6)))
    return PixelClassifier("unet-camvid", "0" * 64, classes, (tree, tree))


def _altered(folder: Path, dice: Dice, sealed: bool = True) -> None:
    """Change one file of a folder, and mostly make its checksums anew."""
    path = dice.choice([each for each in sorted(folder.rglob("*")) if each.is_file()])
    way = dice.randrange(6)
    if way == 0:
        path.unlink()
    elif path.suffix == ".json" and way < 5:
        path.write_text(text_of(json.loads(path.read_text(encoding="utf-8")), dice), encoding="utf-8")
    else:
        content = path.read_bytes()
        at = dice.choice((0, 8, len(content) // 2, max(0, len(content) - 300)))
        path.write_bytes(content[:at] + bytes_of(content[at : at + 300], dice) + content[at + 300 :])
    if sealed and dice.random() < 0.8:
        weights.seal(folder)


def _copied(source: Path, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return Path(shutil.copytree(source, folder))


def _weights(folder: Path) -> Callable[[Dice], object]:
    def read(dice: Dice) -> object:
        copy = _copied(registry.weights_root() / CARD, folder / "weights" / CARD)
        _altered(copy, dice)
        card = replace(registry.card(CARD), folder=copy)
        return load(card)

    return read


def _cards(folder: Path) -> Callable[[Dice], object]:
    shipped = Path(registry.__file__).parent / "cards" / f"{CARD}.toml"
    table: dict[str, Any] = tomllib.loads(shipped.read_text(encoding="utf-8"))
    known = [
        {"id": each.id, "name": each.name, "color": list(each.color)} for each in registry.card(CARD).classes
    ]
    table |= {"name": "own", "dataset": "own", "classes": known}
    table["licence"] |= {"data": "CC0", "credit": "nobody"}

    def read(dice: Dice) -> object:
        copy = _copied(registry.weights_root() / CARD, folder / "cards" / "own")
        (copy / "metrics.json").unlink()
        text = tomlkit.dumps(table)
        if dice.random() < 0.7:
            with contextlib.suppress(Exception):  # what TOML cannot hold
                text = tomlkit.dumps(value_of(table, dice))
        else:
            text = bytes_of(text.encode(), dice).decode("utf-8", "replace")
        (copy / "card.toml").write_text(text, encoding="utf-8")
        weights.seal(copy)
        if dice.random() < 0.3:
            _altered(copy, dice)
        return folders.read(copy)

    return read


def _pipelines(folder: Path) -> Callable[[Dice], object]:
    def read(dice: Dice) -> object:
        copy = _copied(registry.weights_root() / PIPELINE, folder / "pipelines" / "own")
        unet = copy / hub.UNET
        unet.write_text(unet.read_text().replace('"num_class_embeds": 11', '"num_class_embeds": null'))
        _altered(copy, dice, sealed=False)
        return hub._card(copy, "own")

    return read


def _commands(folder: Path, pictures: list[bytes]) -> Callable[[Dice], object]:
    """Command lines with words changed, in a folder of sound files; none works longer than a moment."""
    place = folder / "place"
    (place / "strokes").mkdir(parents=True)
    for name, content in (("a.png", pictures[1]), ("b.jpg", pictures[0]), ("strokes/a.png", pictures[1])):
        (place / name).write_bytes(content)
    (place / "recipe.json").write_text(json.dumps(RECIPE))
    (place / "classifier.json").write_bytes(classifiers.encode(_classifier()))

    def run(dice: Dice) -> object:
        line = list(dice.choice(COMMANDS))
        for _ in range(dice.randint(1, 2)):
            at = dice.randrange(len(line))
            odd = str(dice.choice((*ODD, "--", "-1", "--k", "--help", ".", "/dev/full", "nothing")))
            line[at : at + dice.randrange(2)] = [odd[:5_000].replace("\0", "")]
        with contextlib.chdir(place):
            return _run(line)

    return run


def _run(line: list[str]) -> int:
    """The exit code of a command line. Raises InputError where it ends in a refusal."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        code = main(line)
    assert code in (0, 1, 2), f"{line} ended with {code}"
    assert not re.search("Traceback|nexpected", said.getvalue()), f"{line} {said.getvalue()}"
    if code:
        raise InputError("arguments")
    return code
