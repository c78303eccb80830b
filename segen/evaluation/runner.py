"""Measure a card on one split of a data set, and keep the numbers beside its weights."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import segen
from segen.data import datasets, files
from segen.engine import Engine
from segen.errors import DataError, UsageError
from segen.evaluation import generation, translation
from segen.evaluation.calibration import Calibration
from segen.evaluation.instances import InstanceMetrics
from segen.evaluation.labels import LabelMetrics
from segen.evaluation.matching import Matching
from segen.evaluation.model_card import model_card
from segen.evaluation.roc import Roc
from segen.imaging.corruptions import Corruption
from segen.registry import FLOAT32, ModelCard
from segen.registry.folders import real
from segen.text import words
from segen.types import SURE, Progress, Segmentation, SegmentRequest


def evaluate(
    engine: Engine,
    card: ModelCard,
    data: str | Path | None,
    split: str,
    progress: Progress = iter,
    corruption: Corruption | None = None,
    once: bool = False,
) -> dict[str, Any]:
    """Measure a card that segments, generates or translates on one split; `data` is as in `datasets.locate`.

    Gives {model, data, split, items, metrics, definitions, versions}, `data` being the name of the set. Of
    what segments, `reliability` has the bins behind the metric ece; with a corruption, whose seed is the
    number of the picture, {corruption: {name, severity}} stands there, too; where each picture was seen once
    only, `once`; where a copy in 8 bits answered, `int8`; and `float32` for an engine that asks none. Of what
    generates, `features` names the space of the distances. `progress` wraps the list of items as tqdm does.
    Raises DataError when the data cannot be used, UsageError for a corruption of what takes no picture, and
    for `once` of what does not segment.
    """
    if card.task in ("generate", "translate") and corruption:
        raise UsageError("nothing_to_degrade", model=card.name)
    if card.task != "segment" and once:
        raise UsageError("not_seen_once", model=card.name)
    if card.task == "generate":
        found = generation.measure(engine, card, data, split, progress)
    elif card.task == "translate":
        found = translation.measure(engine, card, data, split, progress)
    else:
        found = _compare(engine, card, data, split, progress, corruption, once)
    return {
        "model": card.name,
        "data": found.pop("data"),
        "split": split,
        **({"corruption": asdict(corruption)} if corruption else {}),
        **({"once": True} if once else {}),
        **({} if engine.int8 else {"float32": True}),
        **found,
        "definitions": {metric: words("en", f"metrics.{metric}") for metric in found["metrics"]},
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("torch", "torchvision", "segmentation_models_pytorch")},
            **({"onnxruntime": version("onnxruntime")} if "int8" in found else {}),
            "segen": segen.__version__,
            "device": str(engine.device),
        },
    }


def _compare(
    engine: Engine,
    card: ModelCard,
    data: str | Path | None,
    split: str,
    progress: Progress,
    corruption: Corruption | None,
    once: bool,
) -> dict[str, Any]:
    """Segment every picture of a split and compare with its labels: {data, items, metrics, reliability}."""
    root = datasets.locate(data, card.dataset)
    classes = datasets.classes(root, card.dataset)
    name = real(root).name
    if [known.name["en"] for known in classes if not known.ignored] != [
        known.name["en"] for known in card.classes
    ]:
        raise DataError("classes_differ", dataset=name, model=card.name)
    (survey,) = datasets.survey(root, classes, [split])
    metrics, calibration, roc = LabelMetrics(classes), Calibration(classes), Roc()
    instances: tuple[InstanceMetrics, Matching] | None = None
    remark, int8 = survey.remark(classes), False
    for number, pair in enumerate(progress(survey.pairs)):
        image, labels = datasets.read(pair, classes, survey.coding)
        if corruption:
            image = corruption(image, number)
        value = engine.run(card.name, SegmentRequest(image, once)).value
        assert isinstance(value, Segmentation)
        int8 = value.int8
        metrics.update(value.labels, labels)
        calibration.update(value.probabilities, labels)
        if len(card.classes) == 2:
            roc.update(value.probabilities, labels)
        if value.instances is not None:
            if not survey.pixels[:, 1].any():
                raise DataError("split_without_instances", split=split)
            instances = instances or (InstanceMetrics(), Matching())
            numbers = datasets.read_instances(pair, survey.coding)[1]
            instances[0].update(value.instances, numbers)
            instances[1].update([each for each in value.instances if each.score >= SURE], numbers)
    measured = {**metrics.compute(), "ece": calibration.error()}
    if (area := roc.area()) is not None:
        measured["auc_roc"] = area
    if instances:
        measured |= {**instances[0].compute(), "matched_ap": instances[1].compute()}
    return {
        "data": name,
        "items": len(survey.pairs),
        **({"masks": remark} if remark else {}),
        **({"int8": True} if int8 else {}),
        "metrics": measured,
        "reliability": calibration.bins(),
    }


def key(report: dict[str, Any]) -> str:
    """Under what a report is kept: its split, or another name such as val+fog-3, val+once or val+float32."""
    harm = report.get("corruption")
    harmed = f"+{harm['name']}-{harm['severity']}" if harm else ""
    once = "+once" if report.get("once") else ""
    return f"{report['split']}{harmed}{once}{FLOAT32 if report.get('float32') else ''}"


def store(card: ModelCard, report: dict[str, Any]) -> None:
    """Put the report into metrics.json beside the weights, by data set and key, and into README.md."""
    stored = card.metrics()
    stored.setdefault(report["data"], {})[key(report)] = report
    files.write_text(card.weights / "metrics.json", json.dumps(stored, ensure_ascii=False, indent=1) + "\n")
    files.write_text(card.weights / "README.md", model_card(card))
