"""Studies: one small training done several ways, from several seeds, so that the ways can be compared.

`python -m segen.training.studies transfer --data DIR` trains whatever is not finished yet, one run after
the other, and goes on where it was stopped.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from typing import Annotated, Any, Literal, TypeVar

import tyro

import segen
from segen.data import files
from segen.errors import DataError, SegenError, sentence
from segen.evaluation import studies
from segen.imaging import images
from segen.models.features.imagenet import FILE, weights_file
from segen.training.data import labelled
from segen.training.enlarged import Enlarged, EnlargedConfig, sheet
from segen.training.guided import JUDGES, Guided, GuidedConfig
from segen.training.loop import fit
from segen.training.recipe import Place
from segen.training.recipes.segmentation import Segmentation, SegmentationConfig
from segen.training.run_folder import runs_root
from segen.types import Image

Studied = SegmentationConfig | GuidedConfig
RECIPES: dict[type[Studied], Callable[[Any, Place], Any]] = {
    SegmentationConfig: Segmentation,
    EnlargedConfig: Enlarged,
    GuidedConfig: Guided,
}
"""What trains each kind of configuration."""


@dataclass(frozen=True)
class Study:
    """Every way at every number of pictures from every seed, all else being equal."""

    config: Studied
    """What all runs share."""
    ways: dict[str, dict[str, Any]]
    """By the name of a way, the fields of the configuration that it sets."""
    pictures: tuple[int | None, ...]
    """How many training pictures; None is all of them."""
    seeds: tuple[int, ...]
    """A seed draws the pictures, their order and augmentation, and the weights that start from chance."""
    measures: tuple[str, ...]
    """The metrics on val that are summed up, as the recipe's `evaluate` names them."""
    init: str | None = None
    """The shipped card that all runs start from."""

    def runs(self) -> Iterator[tuple[str, int | None, Studied]]:
        """Way, number of pictures and configuration of each run, seed by seed."""
        for seed in self.seeds:
            for pictures in self.pictures:
                for way, fields in self.ways.items():
                    name = f"studies/{self.config.name}/{way}-{pictures or 'all'}-{seed}"
                    yield (
                        way,
                        pictures,
                        replace(self.config, name=name, seed=seed, pictures=pictures, **fields),
                    )


Name = Literal["transfer", "imbalance", "generated", "generated_streets", "guided"]
C = TypeVar("C", bound=SegmentationConfig)


def _unet(kind: type[C], name: str, steps: int, **fields: Any) -> C:
    """The U-Net of the cards with a lighter decoder, for minutes of one core; measured once, at the end."""
    return kind(
        name, steps=steps, batch_size=4, evaluate_every=steps, save_every=steps,
        options={"decoder_channels": [64, 32, 24, 16, 8]}, class_balance=0.0, **fields,
    )  # fmt: skip


DECODER_LR = 2e-3
ENLARGED: dict[str, dict[str, Any]] = {
    "alone": {},
    "augmented": {"augmented": True},
    "gan": {"share_generated": 0.5},
}
"""What few labelled pictures are made more by."""
STUDIES = {
    "transfer": Study(
        _unet(
            SegmentationConfig, "transfer", steps=250, dataset="nuclei", crop=(96, 96), scale=(2.0, 4.0),
            upright=False, decoder_lr=DECODER_LR, loss="cross_entropy_dice",
        ),
        # An encoder that starts from chance has nothing to lose, and learns as fast as the decoder.
        {
            "scratch": {"imagenet": False, "encoder_lr": DECODER_LR},
            "frozen": {"imagenet": True, "freeze_encoder": True},
            "fine_tuned": {"imagenet": True},
        },
        pictures=(10, 50, 253),
        seeds=(0, 1, 2),
        measures=("iou_nucleus",),
    ),
    "imbalance": Study(
        _unet(SegmentationConfig, "imbalance", steps=600, crop=(160, 224), scale=(1.5, 3.5)),
        {
            "cross_entropy": {"loss": "cross_entropy"},
            "weighted": {"loss": "cross_entropy", "class_balance": 1.0},
            "focal": {"loss": "focal"},
            "dice": {"loss": "dice"},
        },
        pictures=(None,),
        seeds=(0, 1),
        measures=("iou_pole", "iou_sign_symbol", "iou_bicyclist", "iou_road", "iou_sky", "mean_iou"),
    ),
    "generated": Study(
        # The pictures are 128 x 128 for the most part, of which half as wide crops see a good part.
        _unet(
            EnlargedConfig, "generated", steps=150, dataset="nuclei", crop=(64, 64),
            scale=(1.4, 2.8), upright=False, freeze_encoder=True, loss="cross_entropy_dice",
        ),
        ENLARGED,
        pictures=(5, 10, 20, 253),
        seeds=(0, 1, 2),
        measures=("iou_nucleus",),
    ),
    "generated_streets": Study(
        # The pictures are 256 x 192, of which half as wide crops see a quarter.
        _unet(
            EnlargedConfig, "generated_streets", steps=150, dataset="camvid", crop=(96, 128),
            scale=(1.4, 2.8), freeze_encoder=True, loss="cross_entropy_dice",
        ),
        ENLARGED,
        pictures=(5, 10, 20, 367),
        seeds=(0, 1, 2),
        measures=("mean_iou",),
    ),
    "guided": Study(
        GuidedConfig(
            "guided", steps=100, dataset="camvid", side=96, halvings=3, dropout=0.3, l1=10.0, features=10.0,
            evaluate_every=100, save_every=100,
        ),
        {"unguided": {}, "guided": {"guide": "unet-camvid"}},
        pictures=(None,),
        seeds=(0, 1, 2),
        measures=tuple(f"{metric}_{judge}" for metric in ("pixel_accuracy", "mean_iou") for judge in JUDGES),
        init="pix2pix-camvid-photo",
    ),
}  # fmt: skip


def train(config: Studied, place: Place) -> dict[str, Any]:
    """Train, unless it was done before, and give {config, data, versions, items, seconds, metrics}.

    `seconds` is the wall clock, `metrics` are those of val after the last step. The run's folder keeps
    them in result.json, and its log; its weights are not kept.
    """
    run = runs_root() / config.name
    asked = {"config": _plain(config), "data": place.data or os.environ.get("SEGEN_DATA")}
    asked["versions"] = _versions()
    result = run / "result.json"
    if result.is_file():
        kept: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        if {name: kept[name] for name in asked} == asked:
            return kept
    start = time.perf_counter()
    recipe = RECIPES[type(config)](config, place)
    exported = fit(recipe, place)
    last = json.loads((run / "log.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    done = {
        **asked,
        "items": len(recipe.val),
        "seconds": round(time.perf_counter() - start, 1),
        "metrics": {
            name.removeprefix("val/"): value for name, value in last.items() if name.startswith("val/")
        },
    }
    files.write_text(result, json.dumps(done, indent=1) + "\n")
    (run / "checkpoint.pt").unlink()
    shutil.rmtree(exported)
    return done


def report(name: str, study: Study, place: Place) -> dict[str, Any]:
    """Train what is not finished and gather all numbers.

    Gives {study, data, split, items, shares, config, ways, pictures, seeds, measures, runs, summary,
    versions}. `shares` is what each class has of the labelled training pixels, 0 to 1. `runs` has {way,
    pictures, seed, seconds, metrics} for each training; `summary` has, for each way and number of pictures,
    {way, pictures, mean, deviation}, both by measure, over the seeds; `deviation` is the sample standard
    deviation, and empty for one seed. Raises DataError when data are missing.
    """
    if place.data != "synthetic" and not weights_file(place.data):
        raise DataError("imagenet_missing", file=FILE)
    runs, items = [], 0
    for way, pictures, config in study.runs():
        done = train(config, replace(place, init=study.init))
        items = done["items"]
        runs.append(
            {"way": way, "pictures": pictures, "seed": config.seed}
            | {k: done[k] for k in ("seconds", "metrics")}
        )
        value = done["metrics"][study.measures[-1]]
        print(f"{config.name}: {study.measures[-1]} {value:.3f} in {done['seconds']} s", file=sys.stderr)
    return {
        "study": name,
        "data": study.config.dataset,
        "split": "val",
        "items": items,
        "shares": _shares(place.data, study.config.dataset),
        "config": _plain(study.config),
        "ways": study.ways,
        "pictures": list(study.pictures),
        "seeds": list(study.seeds),
        "measures": list(study.measures),
        "runs": runs,
        "summary": [
            _summary(runs, way, pictures, study.measures) for pictures in study.pictures for way in study.ways
        ],
        "versions": _versions(),
    }


def _sheet(study: Study, place: Place) -> Image | None:
    """What the GANs of the study's first seed drew, a row for each number of pictures; None without any."""
    configs = [config for _, _, config in study.runs() if config.seed == study.seeds[0]]
    drawing = {
        config.gan: config
        for config in configs
        if isinstance(config, EnlargedConfig) and config.share_generated
    }
    return sheet(list(drawing.values()), place) if drawing else None


def _summary(
    runs: list[dict[str, Any]], way: str, pictures: int | None, measures: tuple[str, ...]
) -> dict[str, Any]:
    alike = [run["metrics"] for run in runs if (run["way"], run["pictures"]) == (way, pictures)]
    values = {measure: [metrics[measure] for metrics in alike] for measure in measures}
    return {
        "way": way,
        "pictures": pictures,
        "mean": {measure: statistics.mean(each) for measure, each in values.items()},
        "deviation": {m: statistics.stdev(each) for m, each in values.items() if len(each) > 1},
    }


def _shares(root: str | None, dataset: str) -> dict[str, float]:
    (train,) = labelled(root, dataset, "train")
    pairs = zip(train.classes, train.class_pixels().sum(axis=0), strict=False)
    pixels = {known.name["en"]: count for known, count in pairs if not known.ignored}
    return {name: count / max(sum(pixels.values()), 1) for name, count in pixels.items()}


def _plain(config: Studied) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    return plain


def _versions() -> dict[str, str]:
    packages = ("torch", "torchvision", "segmentation_models_pytorch")
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
        "segen": segen.__version__,
    }


def main(
    name: Annotated[Name, tyro.conf.Positional],
    data: str | None = None,
    write: bool = False,
) -> int:
    """Run a study, and write its report to $SEGEN_RUNS/studies/NAME.json.

    Args:
        name: Which study.
        data: A folder (docs/data.md), or "synthetic". Default: $SEGEN_DATA.
        write: Write it into the package, too, for the page and the docs.
    """
    try:
        place = Place(data=data)
        told = json.dumps(report(name, STUDIES[name], place), indent=1) + "\n"
    except SegenError as error:
        print(sentence(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    files.write_text(runs_root() / "studies" / f"{name}.json", told)
    if write:
        files.write_text(studies.path(name), told)
        if (drawn := _sheet(STUDIES[name], place)) is not None:
            with files.replacing(studies.pictures(name)) as temporary:
                temporary.write_bytes(images.encode(drawn, "WEBP", quality=80))
    return 0


if __name__ == "__main__":
    sys.exit(tyro.cli(main))
