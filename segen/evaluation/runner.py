"""Measure a card on one split of a data set, and keep the numbers beside its weights."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
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
from segen.evaluation.roc import Roc
from segen.imaging.corruptions import Corruption
from segen.registry import ModelCard
from segen.registry.options import DiffusionOptions
from segen.text import words
from segen.types import SURE, Progress, Segmentation, SegmentRequest


def evaluate(
    engine: Engine,
    card: ModelCard,
    data: str | Path | None,
    split: str,
    progress: Progress = iter,
    corruption: Corruption | None = None,
) -> dict[str, Any]:
    """Measure a card that segments, generates or translates on one split; `data` is as in `datasets.locate`.

    Gives {model, data, split, items, metrics, definitions, versions}, `data` being the name of the set. Of
    what segments, `reliability` has the bins behind the metric ece; with a corruption, whose seed is the
    number of the picture, {corruption: {name, severity}} stands there, too. Of what generates, `features`
    names the space of the distances. `progress` wraps the list of items as tqdm does. Raises DataError when
    the data cannot be used, UsageError for a corruption of what takes no picture.
    """
    if card.task in ("generate", "translate") and corruption:
        raise UsageError("nothing_to_degrade", model=card.name)
    if card.task == "generate":
        found = generation.measure(engine, card, data, split, progress)
    elif card.task == "translate":
        found = translation.measure(engine, card, data, split, progress)
    else:
        found = _compare(engine, card, data, split, progress, corruption)
    return {
        "model": card.name,
        "data": found.pop("data"),
        "split": split,
        **({"corruption": asdict(corruption)} if corruption else {}),
        **found,
        "definitions": {metric: words("en", f"metrics.{metric}") for metric in found["metrics"]},
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("torch", "torchvision", "segmentation_models_pytorch")},
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
) -> dict[str, Any]:
    """Segment every picture of a split and compare with its labels: {data, items, metrics, reliability}."""
    root = datasets.locate(data, card.dataset)
    classes = datasets.classes(root, card.dataset)
    name = root.resolve().name
    if [known.name["en"] for known in classes if not known.ignored] != [
        known.name["en"] for known in card.classes
    ]:
        raise DataError("classes_differ", dataset=name, model=card.name)
    pairs = datasets.pairs(root, split)
    metrics, calibration, roc = LabelMetrics(classes), Calibration(classes), Roc()
    instances: tuple[InstanceMetrics, Matching] | None = None
    survey = datasets.survey(pairs, classes)
    remark = survey.remark(classes)
    for number, pair in enumerate(progress(pairs)):
        image, labels = datasets.read(pair, classes, survey.coding)
        if corruption:
            image = corruption(image, number)
        value = engine.run(card.name, SegmentRequest(image)).value
        assert isinstance(value, Segmentation)
        metrics.update(value.labels, labels)
        calibration.update(value.probabilities, labels)
        if len(card.classes) == 2:
            roc.update(value.probabilities, labels)
        if value.instances is not None:
            instances = instances or (InstanceMetrics(), Matching())
            numbers = datasets.read_instances(pair)[1]
            instances[0].update(value.instances, numbers)
            instances[1].update([each for each in value.instances if each.score >= SURE], numbers)
    measured = {**metrics.compute(), "ece": calibration.error()}
    if (area := roc.area()) is not None:
        measured["auc_roc"] = area
    if instances:
        measured |= {**instances[0].compute(), "matched_ap": instances[1].compute()}
    return {
        "data": name,
        "items": len(pairs),
        **({"masks": remark} if remark else {}),
        "metrics": measured,
        "reliability": calibration.bins(),
    }


def key(report: dict[str, Any]) -> str:
    """Under what a report is kept: its split, or for a corruption another name, such as val+fog-3."""
    harm = report.get("corruption")
    return f"{report['split']}+{harm['name']}-{harm['severity']}" if harm else str(report["split"])


def store(card: ModelCard, report: dict[str, Any]) -> None:
    """Put the report into metrics.json beside the weights, by data set and key, and into README.md."""
    stored = card.metrics()
    stored.setdefault(report["data"], {})[key(report)] = report
    files.write_text(card.weights / "metrics.json", json.dumps(stored, ensure_ascii=False, indent=1) + "\n")
    files.write_text(card.weights / "README.md", model_card(card))


def size(report: dict[str, Any]) -> str:
    """How many pictures a report is of: "101", or of what generates "2,000 generated, 10,000 real"."""
    items = f"{report['items']:,}"
    return f"{items} generated, {report['real_items']:,} real" if "real_items" in report else items


def figures(metrics: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every number of a report as text, under the names that lead to it: "gap_closed forward low"."""
    for name, value in metrics.items():
        if isinstance(value, dict):
            yield from ((f"{name} {part}", text) for part, text in figures(value))
        elif value is None:
            yield name, words("en", "models.undefined")
        else:
            yield name, f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


TAGS = {
    "segment": "image-segmentation",
    "generate": "unconditional-image-generation",
    "translate": "image-to-image",
}
SNIPPETS = {
    "segment": """from segen import Engine, SegmentRequest, read_image

labels = Engine().run("{name}", SegmentRequest(read_image("picture.png"))).value.labels""",
    "own": """from pathlib import Path

from segen import Engine, SegmentRequest, read_image
from segen.registry import folders

folders.add_all(Path("DIR"))  # the folder that holds this file
labels = Engine().run("{name}", SegmentRequest(read_image("picture.png"))).value.labels""",
    "generate": """from segen import Engine, GenerateRequest

pictures = Engine().run("{name}", GenerateRequest(seeds=range(64))).value.images""",
    "translate": """from segen import Engine, TranslateRequest, read_image

request = TranslateRequest(read_image("picture.png"), "forward")
image = Engine().run("{name}", request).value.image""",
    "diffusion": """import torch
from diffusers import DDIMScheduler, UNet2DModel

folder = "assets/weights/{name}"
network = UNet2DModel.from_pretrained(folder, subfolder="unet").eval()
scheduler = DDIMScheduler.from_pretrained(folder, subfolder="scheduler", timestep_spacing="trailing")
scheduler.set_timesteps(50)
pixels = torch.randn(16, 1, 32, 32)
labels = torch.full((16,), 7)  # sneakers; 10 is no class
with torch.no_grad():
    for t in scheduler.timesteps:
        pixels = scheduler.step(network(pixels, t, labels).sample, t, pixels).prev_sample
pictures = pixels[:, 0, 2:-2, 2:-2].add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)""",
}
"""How a card of each task, or of a family that stands apart, is used, for its README."""


def model_card(card: ModelCard) -> str:
    """The README.md of a weights folder, with the front matter that model hubs read."""
    rows = ["| data | split | pictures | metric | value |", "| --- | --- | --- | --- | --- |"]
    for data, splits in card.metrics().items():
        # The pictures as they are come first, degraded ones after.
        for split, report in sorted(splits.items(), key=lambda item: "corruption" in item[1]):
            rows += [
                f"| {data} | {split} | {size(report)} | {metric} | {value} |"
                for metric, value in figures(report["metrics"])
            ]
    table = "\n".join(rows)
    kind = "own" if card.folder else card.task
    snippet = SNIPPETS["diffusion" if isinstance(card.options, DiffusionOptions) else kind]
    return f"""---
license: other
license_name: {json.dumps(card.licence["weights"]["en"])}
tags: [{TAGS[card.task]}, segen]
---

# {card.title["en"]} (`{card.name}`)

{card.summary["en"]}

- Architecture: {card.architecture["en"]}, {card.parameters:,} parameters
- Source: {card.source["en"]}
- Data: {card.dataset}, {card.licence["data"]["en"]}. {card.licence["credit"]["en"]}
- Licence of the weights: {card.licence["weights"]["en"]}
- Training: `{card.training}`
- Checkpoint: {card.checkpoint["en"]}

```python
{snippet.format(name=card.name)}
```

{table}
"""
