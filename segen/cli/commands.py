"""The sub-commands of `segen`: one function each, and one table of them.

A command returns its exit code or raises. Nothing here imports torch before a command needs it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, cast

import numpy as np
import tyro

from segen import registry
from segen.cli.chains import run_recipe
from segen.cli.exporting import export
from segen.cli.importing import import_annotations
from segen.cli.packing import Cards, add_cards, pack, tell_masks
from segen.cli.pictures import label_each, make_folder, naming, prepare, progress, tell, work_on_each
from segen.cli.serving import serve
from segen.cli.teaching import label_by, teach
from segen.data import classifiers, files
from segen.errors import CardError, UsageError, WeightsError
from segen.models import hub
from segen.registry import Task
from segen.types import (
    ClusterRequest,
    Direction,
    Format,
    GenerateRequest,
    Sampler,
    SegmentRequest,
    Space,
    TranslateRequest,
    seed_range,
)

Pictures = Annotated[
    tuple[Path, ...],
    tyro.conf.Positional,
    tyro.conf.arg(metavar="IMAGE...", help_behavior_hint="(at least one)"),
]
Name = Annotated[str, tyro.conf.arg(metavar="NAME")]
MaybeName = Annotated[str | None, tyro.conf.arg(metavar="NAME")]
Folder = Annotated[Path, tyro.conf.arg(metavar="DIR")]
MaybeFolder = Annotated[Path | None, tyro.conf.arg(metavar="DIR")]
File = Annotated[Path, tyro.conf.arg(metavar="FILE")]
MaybeFile = Annotated[Path | None, tyro.conf.arg(metavar="FILE")]
AsJson = Annotated[bool, tyro.conf.arg(name="json")]
MEASURED: tuple[Task, ...] = ("segment", "generate", "translate")
"""The tasks that `evaluate` measures."""
PICTURES_AT_ONCE = 64
"""So many generated pictures are written before more are made."""


def models(task: Task | None = None, as_json: AsJson = False, cards: Cards = None) -> int:
    """List the models.

    Args:
        task: Only the models for this task.
        as_json: Print an array of whole cards.
        cards: Models of your own, too: a folder that segen pack wrote, or that holds several.
    """
    add_cards(cards)
    found = registry.cards(task)
    if as_json:
        print(json.dumps([registry.describe(card) for card in found], indent=1))
        return 0
    from segen.text.table import table

    rows = [["model", "task", "data", "title", "parameters", "GMAC"]]
    for card in found:
        giga = card.multiply_adds / 1e9
        cost = [f"{card.parameters / 1e6:.2f} M", f"{giga:.2f}" if giga >= 0.1 else f"{giga:.1g}"]
        cost = cost if card.parameters else ["-", "-"]
        rows.append([card.name, card.task, card.dataset or "-", card.title["en"], *cost])
    print(table(rows, left=4), end="")
    return 0


def segment(
    images: Pictures = (),
    *,
    model: MaybeName = None,
    classifier: MaybeFile = None,
    out: Folder,
    also: tuple[Format, ...] = (),
    cards: Cards = None,
) -> int:
    """Label every pixel of pictures.

    Args:
        images: The pictures.
        model: The name of a model that segments.
        classifier: In place of a model, the classifier.json that segen teach wrote.
        out: The folder for STEM.labels.png, .overlay.png, .regions.json and .regions.txt, and
            for models that find instances STEM.instances.png.
        also: Further formats: polygons as STEM.geojson, STEM.coco.json, STEM.yolo.txt, tables of regions
            and of separate objects as STEM.csv and STEM.objects.csv, and for each class ID STEM.mask-ID.png
            and STEM.cutout-ID.png.
        cards: Models of your own, too: a folder that segen pack wrote, or that holds several.
    """
    if (model is None) == (classifier is None):
        raise UsageError("model_or_classifier")
    add_cards(cards)
    if classifier is not None:
        with naming(classifier):
            taught = classifiers.read(classifier)
        return label_by(taught, images, out, also)
    return label_each(images, registry.card(cast(str, model), "segment"), out, SegmentRequest, also)


def cluster(
    images: Pictures = (),
    *,
    model: Name,
    out: Folder,
    k: int = ClusterRequest.k,
    space: Space = ClusterRequest.space,
    position: float = ClusterRequest.position,
    texture: float = ClusterRequest.texture,
    eps: float = ClusterRequest.eps,
    min_samples: int = ClusterRequest.min_samples,
    also: tuple[Format, ...] = (),
) -> int:
    """Group the pixels of pictures, without labels.

    Args:
        images: The pictures.
        model: The name of a model that clusters.
        out: The folder for STEM.labels.png, .overlay.png, .regions.json and .regions.txt.
        k: The number of clusters, 1 to 255, for kmeans.
        space: The colour space.
        position: The weight of row and column beside colour, 0 to 100.
        texture: The weight of local contrast beside colour, 0 to 100.
        eps: How near neighbours are, above 0, for dbscan.
        min_samples: How many neighbours, itself among them, make a place dense, for dbscan.
        also: Further formats, as of segment.
    """
    card = registry.card(model, "cluster")
    request = ClusterRequest(np.empty((0, 0, 3), np.uint8), k, space, position, texture, eps, min_samples)
    return label_each(images, card, out, lambda image: replace(request, image=image), also)


def generate(
    *,
    model: MaybeName = None,
    pipeline: MaybeFolder = None,
    seed: int = 0,
    count: int = 1,
    label: MaybeName = None,
    sampler: Sampler = GenerateRequest.sampler,
    steps: int = GenerateRequest.steps,
    guidance: float = GenerateRequest.guidance,
    out: Folder,
) -> int:
    """Draw pictures from seeds: one seed, one picture.

    Args:
        model: The name of a model that generates.
        pipeline: In place of a model, a folder of an unconditional DDPM or DDIM that diffusers saved.
        seed: The first seed, 0 to 2^63 - 1.
        count: How many pictures, up to 100,000: of this seed and those after it.
        label: The class, by number or name, for a conditional model.
        sampler: For diffusion, ddim, ddpm or, in the fewest steps, dpm-solver.
        steps: For diffusion, the number of sampling steps, 1 to 1,000.
        guidance: For diffusion with a class, the scale of classifier-free guidance; 1 is none.
        out: The folder for seed-000000.png and so on.
    """
    if (model is None) == (pipeline is None):
        raise UsageError("model_or_pipeline")
    card = registry.card(model, "generate") if model is not None else hub.add(cast(Path, pipeline))
    chosen = registry.class_id(card, label or "")
    request = GenerateRequest(seed_range(seed, count), chosen, sampler, steps, guidance)
    make_folder(out)
    from segen.cli.results import write_pictures
    from segen.engine import Engine

    engine = Engine()
    with progress(total=count) as bar:
        for begin in range(0, count, PICTURES_AT_ONCE):
            seeds = request.seeds[begin : begin + PICTURES_AT_ONCE]
            write_pictures(out, engine.run(card.name, replace(request, seeds=seeds)).value)
            bar.update(len(seeds))
    return 0


def translate(
    images: Pictures = (),
    *,
    model: Name,
    direction: Direction = TranslateRequest.direction,
    strength: float = TranslateRequest.strength,
    out: Folder,
) -> int:
    """Translate pictures into a model's other domain, or back.

    Args:
        images: The pictures.
        model: The name of a model that translates.
        direction: forward, such as summer to winter or lines to colours, or backward.
        strength: How much of the translation, 0 to 1, in the picture that is written.
        out: The folder for STEM.png, as large as the picture.
    """
    card = registry.card(model, "translate")
    registry.check_direction(card, direction)
    request = TranslateRequest(np.empty((0, 0, 3), np.uint8), direction, strength)
    prepare(images, out, (".png",))
    from segen.engine import Engine
    from segen.imaging.export import translated_file
    from segen.imaging.images import read

    engine = Engine()

    def work(path: Path) -> None:
        value = engine.run(card.name, replace(request, image=read(path))).value
        with files.replacing(out / f"{path.stem}.png") as temporary:
            temporary.write_bytes(translated_file(value))
        if strays := card.options.strays(direction, value.unknown_pixels, "en"):
            tell(path, strays)

    return work_on_each(images, work)


def evaluate(
    *,
    model: Name,
    data: MaybeFolder = None,
    split: Name,
    corruption: MaybeName = None,
    severity: int | None = None,
    once: bool = False,
    float32: bool = False,
    as_json: AsJson = False,
    write: bool = False,
    cards: Cards = None,
) -> int:
    """Measure a model on data: against labels, against real pictures, or against true drawings.

    Args:
        model: The name of a model.
        data: The folder of one data set, or of several; $SEGEN_DATA by default.
        split: The data set's sub-folder, such as val.
        corruption: Degrade the pictures first: noise, blur, fog, rain, night, jpeg or low-resolution.
        severity: How strongly, 1 to 5.
        once: See each picture once, also where the model averages several scales and mirror images.
        float32: Ask the network itself, also where a copy of it in 8 bits is faster.
        as_json: Print the whole report.
        write: Keep the report beside the model's weights.
        cards: Models of your own, too: a folder that segen pack wrote, or that holds several.
    """
    add_cards(cards)
    card = registry.card(model)
    if card.task not in MEASURED:
        known = ", ".join(each.name for task in MEASURED for each in registry.cards(task))
        raise CardError("wrong_task", model=card.name, task="evaluate", known=known)
    if (corruption is None) != (severity is None):
        raise UsageError("corruption_incomplete")
    from segen.engine import Engine
    from segen.evaluation.model_card import figures, size
    from segen.evaluation.runner import evaluate, key, store
    from segen.imaging.corruptions import Corruption
    from segen.text.table import table

    harm = Corruption(corruption, severity) if corruption is not None and severity is not None else None
    report = evaluate(Engine(int8=not float32), card, data, split, progress, harm, once)
    if card.task == "generate" and "fid" not in report["metrics"]:
        from segen.models.features.inception import FILE

        print(WeightsError("inception_missing", file=FILE), file=sys.stderr)
    tell_masks(report)
    if write:
        store(card, report)
    if as_json:
        print(json.dumps(report, indent=1))
        return 0
    rows = [[f"{card.name} on {report['data']} {key(report)}", f"{size(report)} pictures"]]
    print(table(rows + [list(figure) for figure in figures(report["metrics"])]), end="")
    return 0


COMMANDS: dict[str, Callable[..., Any]] = {
    "models": models,
    "segment": segment,
    "cluster": cluster,
    "generate": generate,
    "translate": translate,
    "evaluate": evaluate,
    "export": export,
    "run": run_recipe,
    "teach": teach,
    "import": import_annotations,
    "pack": pack,
    "serve": serve,
}


def run(arguments: Sequence[str] | None) -> int:
    """Carry out one command line. Raises SystemExit for --help and for what tyro cannot read."""
    code: int = tyro.extras.subcommand_cli_from_dict(
        COMMANDS,
        prog="segen",
        description="See how image segmentation and image generation work.",
        args=arguments,
        config=(tyro.conf.FlagCreatePairsOff,),
    )
    return code
