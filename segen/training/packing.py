"""The folder of a card, made of a finished run: what `segen pack` writes and `--cards` reads."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import tomlkit
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from segen import models, registry
from segen.data import files
from segen.errors import UsageError
from segen.evaluation.model_card import model_card
from segen.models import weights
from segen.models.segmentation.predictor import logits
from segen.registry import MULTIPLES, ModelCard, folders
from segen.registry.folders import CARD, CONFIG, NAME, WEIGHTS
from segen.registry.options import Words
from segen.text import LANGUAGES, words
from segen.training.recipes import RECIPES
from segen.training.recipes.segmentation import TRAINED_ON, SegmentationConfig
from segen.training.run_folder import log_lines, runs_root

SMP = "segen.models.segmentation.smp:load"
MOST_ENLARGED = 4.0


def pack(run: str, out: Path, name: str = "") -> ModelCard:
    """Write the folder `out` of a card from a finished run, whole or not at all, and return the card.

    `run` is the name of a run under `runs_root()`, or its folder; the card has the name of the run where
    there is no `name`. Raises UsageError for a run that has no weights or is not of a segmentation recipe,
    for a name that no card can have, and for a folder that is not empty.
    """
    folder = runs_root() / run if (runs_root() / run).is_dir() else Path(run)
    config, trained = _told(folder / "config.json", run), _told(folder / "export" / TRAINED_ON, run)
    ended = [line["step"] for line in log_lines(folder / "log.jsonl")][-1:] in ([], [config["steps"]])
    if not ended or not (folder / "export" / WEIGHTS).is_file():  # one that goes on has an earlier export
        raise UsageError("run_unfit", run=run)
    name = name or str(config["name"])
    if not NAME.fullmatch(name):
        raise UsageError("card_name", name=name)
    if any(known.name == name and known.folder is None for known in registry.cards()):
        raise UsageError("card_taken", name=name)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError("folder_not_empty", folder=out.name)
    out.parent.mkdir(parents=True, exist_ok=True)
    with files.replacing_folder(out) as temporary:
        for file in (CONFIG, WEIGHTS):
            shutil.copyfile(folder / "export" / file, temporary / file)
        weights.seal(temporary)
        table = _table(name, config, trained, _last_mean_iou(folder))
        files.write_text(temporary / CARD, tomlkit.dumps(table))
        network = models.load(folders.read(temporary)).network
        table |= _cost(network, *table["input_size"])
        files.write_text(temporary / CARD, tomlkit.dumps(table))
        files.write_text(temporary / "README.md", model_card(folders.read(temporary)))
    return folders.read(out)


def _told(file: Path, run: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        raise UsageError("run_unfit", run=run) from None
    return found


def _last_mean_iou(folder: Path) -> float | None:
    measured = [line["val/mean_iou"] for line in log_lines(folder / "log.jsonl") if "val/mean_iou" in line]
    return measured[-1] if measured else None


def _table(
    name: str, config: dict[str, Any], trained: dict[str, Any], mean_iou: float | None
) -> dict[str, Any]:
    """What stands in card.toml, its cost apart."""
    architecture = str(config["architecture"])
    like = _shipped(architecture, str(config["dataset"]))
    dataset = str(trained["dataset"])
    names = [each["name"]["en"] for each in trained["classes"]]
    if any(
        known.dataset == dataset and names != folders.class_names(known)
        for known in registry.cards("segment")
    ):
        dataset = name
    values = {"name": name, "architecture": architecture, "steps": config["steps"], **trained}
    reached = "" if mean_iou is None else f"{mean_iou:.3f}"
    built = _worded("architecture", **values)
    return {
        "name": name,
        "task": "segment",
        "title": dict.fromkeys(LANGUAGES, name),
        "summary": _worded("summary", **values),
        "architecture": like.architecture if like and like.loader != SMP else built,
        "dataset": dataset,
        "source": like.source if like else built,
        "loader": like.loader if like else SMP,
        "training": f"python train.py {like.name if like else 'RECIPE'} --name {config['name']} --data DIR",
        "checkpoint": _worded("checkpoint_measured" if reached else "checkpoint", **values, value=reached),
        "input_size": trained["input_size"],
        "parameters": 0,
        "multiply_adds": 0,
        "licence": dict.fromkeys(("weights", "data"), _worded("licence"))
        | {"credit": _worded("credit", **values)},
        "options": _options(config, trained, like.loader if like else SMP),
        "classes": trained["classes"],
    }


def _worded(key: str, **values: object) -> Words:
    return {language: words(language, f"pack.{key}", **values) for language in LANGUAGES}


def _shipped(architecture: str, dataset: str) -> ModelCard | None:
    """A card that ships of a network of the same architecture, on the same data set if there is one."""
    found = []
    for known in registry.cards("segment"):
        recipe = RECIPES.get(known.name)
        if type(recipe) is SegmentationConfig and recipe.architecture == architecture:
            found.append(known)
    return min(found, key=lambda known: known.dataset != dataset, default=None)


def _options(config: dict[str, Any], trained: dict[str, Any], loader: str) -> dict[str, float]:
    """Pictures are to be seen at the scale that the crops of the training had, on the average."""
    height, width = trained["input_size"]
    fitted = min(config["crop"][0] / height, config["crop"][1] / width)
    longer = max(height, width) * fitted * sum(config["scale"]) / 2
    multiple = MULTIPLES["segment"]
    options: dict[str, float] = {"max_side": multiple * max(2, round(longer / multiple))}
    return options | ({"zoom": round(min(max(fitted, 1.0), MOST_ENLARGED), 2)} if loader == SMP else {})


def _cost(network: nn.Module, height: int, width: int) -> dict[str, int]:
    """Parameters, and the multiply-adds of a picture of that size."""
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        logits(network.eval(), torch.zeros(1, 3, height, width))
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return {"parameters": parameters, "multiply_adds": counter.get_total_flops() // 2}
