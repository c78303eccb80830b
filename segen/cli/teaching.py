"""`segen teach`: a pixel classifier from strokes on pictures, and what it says of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from segen.cli.pictures import label_each, prepare, tell
from segen.data import files
from segen.errors import DataError, InputError, UsageError, sentence
from segen.registry import TEACH_MODEL
from segen.text import words
from segen.types import UNDRAWN, ApplyRequest, Format, PixelClassifier, TeachRequest

CLASSIFIER = "classifier.json"


def teach(
    images: Annotated[
        tuple[Path, ...],
        tyro.conf.Positional,
        tyro.conf.arg(metavar="IMAGE...", help_behavior_hint="(at least one)"),
    ] = (),
    *,
    scribbles: Annotated[Path, tyro.conf.arg(metavar="DIR")],
    out: Annotated[Path, tyro.conf.arg(metavar="DIR")],
) -> int:
    """Teach a classifier by strokes on pictures, and label their pixels with it.

    Args:
        images: The pictures; those without strokes are labelled, too.
        scribbles: The folder of strokes: for a picture STEM.jpg, a palette PNG STEM.png of its size whose
            values are class ids from 0, and 255 where nothing is drawn. A classes.json in it may name them.
        out: The folder for classifier.json and, as of segment, STEM.labels.png and so on.
    """
    from segen.data import classifiers, scribbled
    from segen.engine import Engine
    from segen.imaging import export

    if not scribbles.is_dir():
        raise UsageError("scribbles_folder", folder=scribbles.name)
    prepare(images, out, (*export.SEGMENTATION_ENDINGS, export.INSTANCES_ENDING))
    code, drawn, undrawn, labelled = 0, [], [], []
    for path in images:
        try:
            strokes = scribbled.read(scribbles, path)
        except (InputError, DataError) as error:
            tell(path, sentence(error))
            code = 1
            continue
        labelled.append(path)
        if strokes is None:
            undrawn.append(path)
        else:
            drawn.append(strokes)
            if (strokes.ids != UNDRAWN).all():
                tell(path, words("en", "teach.covered"))
    for path in scribbled.unused(scribbles, images):
        tell(path, words("en", "teach.unused"))
    if not drawn and code:
        raise UsageError("scribbles_unusable")
    if not drawn:
        raise UsageError("scribbles_missing")
    for path in undrawn:
        tell(path, words("en", "teach.undrawn"))
    request = TeachRequest(
        tuple(each.image for each in drawn),
        tuple(each.ids for each in drawn),
        scribbled.classes(scribbles, drawn),
    )
    classifier = Engine().run(TEACH_MODEL, request).value.classifier
    with files.replacing(out / CLASSIFIER) as temporary:
        temporary.write_bytes(classifiers.encode(classifier))
    return max(code, label_by(classifier, labelled, out))


def label_by(
    classifier: PixelClassifier,
    pictures: Sequence[Path],
    out: Path,
    also: tuple[Format, ...] = (),
) -> int:
    """Write the files of a segmentation by a taught classifier for each picture, and return the exit code."""
    from segen.imaging import export

    card = export.taught_card(classifier)
    return label_each(
        pictures, card, out, lambda image: ApplyRequest(image, classifier), also, classifier.encoder
    )
